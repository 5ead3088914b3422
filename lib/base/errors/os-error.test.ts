import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { configError, GradbookError } from "./error.js";
import { type FileTask, osError } from "./os-error.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-os-error-"));
after(() => rmSync(root, { recursive: true }));
const file = join(root, "file");
writeFileSync(file, "");

function raw(code: string): Error {
  return Object.assign(new Error(`${code}: in the system's words, write`), {
    code,
    syscall: "write",
    errno: -1,
  });
}

const write: FileTask = { path: join(root, "out"), doing: "write", bytes: 4_600_000, elsewhere: "--out DIR" };
const read: FileTask = { path: join(root, "out"), doing: "read" };
const other = "or choose another location with --out DIR\\.$";

/** Every cause has a cure of its own; none speaks of permissions but those that are about them. */
const table: readonly [code: string, task: FileTask, sentence: RegExp][] = [
  [
    "ENOSPC",
    write,
    new RegExp(
      `: the disk is full \\(4\\.6 MB needed, \\d+(\\.\\d)? MB free\\)\\. Make room on it, ${other}`,
    ),
  ],
  ["ENOSPC", { ...read, doing: "write" }, /: the disk is full \(\d+(\.\d)? MB free\)\. Make room on it\.$/],
  [
    "EDQUOT",
    write,
    new RegExp(
      `your quota on this disk is used up \\(4\\.6 MB needed\\)\\. Delete files of yours there, ${other}`,
    ),
  ],
  [
    "EFBIG",
    write,
    new RegExp(`larger than allowed \\(4\\.6 MB needed\\)\\. Raise the limit .*ulimit -f.*, ${other}`),
  ],
  [
    "EROFS",
    write,
    new RegExp(`its file system is read-only\\. Copy the project to a place of your own, ${other}`),
  ],
  [
    "EACCES",
    write,
    new RegExp(
      `you have no permission to write in .*gradbook-os-error-\\w+\\. Check its permissions with ls -ld, ${other}`,
    ),
  ],
  ["EACCES", { ...write, path: file }, /file: you have no permission to write it\. /],
  ["EACCES", read, /: you have no permission to read it\. Check its permissions with ls -l\.$/],
  ["EPERM", write, /you have no permission to write in/],
  ["EISDIR", write, new RegExp(`it is a folder\\. Name a file, ${other}`)],
  ["ENOTDIR", { ...write, path: join(file, "a") }, new RegExp(`file is a file\\. Move file away, ${other}`)],
  ["EEXIST", { ...write, path: file }, /file: it is a file\. Move file away, or/],
  ["ENOTDIR", { ...read, path: join(file, "a") }, /file is a file\. Check the path\.$/],
  [
    "ENAMETOOLONG",
    { ...write, path: `${root}/${"ü".repeat(150)}/x` },
    /its name is too long \(300 bytes;.*\)\. Shorten it, or/,
  ],
  ["ELOOP", write, /its symbolic links form a loop\. Repair the links/],
  ["EMFILE", write, /too many files open\. Raise the limit of this shell \(ulimit -n 4096\)\.$/],
  ["ENFILE", write, /this computer has too many files open\. Close other programs\.$/],
  ["ENOENT", write, /its folder has disappeared\. Make it again, or/],
  ["ENOENT", read, /there is no such file\. Check the path and its spelling\.$/],
  ["EBUSY", write, /another program holds it open\. Close that program, or/],
  ["EIO", write, /the disk reports an I\/O error \(EIO\)\. Save what is on it, or/],
  ["ENOTEMPTY", write, /another process writes there at the same time\. Call again, or/],
  ["ENOMEM", write, /out of memory\. Close other programs\.$/],
  [
    "ESTALE",
    write,
    /: it cannot be written \(ESTALE: in the system's words, write\)\. Choose another location with --out DIR\.$/,
  ],
  ["ESTALE", read, /: it cannot be read \(ESTALE: in the system's words, write\)\.$/],
  ["constructor", write, /it cannot be written \(constructor: in the/],
];

for (const [code, task, sentence] of table) {
  test(`${code} while ${task.doing === "read" ? "reading" : "writing"} ${task.path.slice(root.length, root.length + 9)}`, () => {
    const cause = raw(code);
    const error = osError(cause, task);
    assert.ok(error instanceof GradbookError);
    assert.match(error.message, sentence);
    assert.equal(error.cause, cause);
    if (!["EACCES", "EPERM"].includes(code)) assert.doesNotMatch(error.message, /permission/);
  });
}

test("a real error of the system", () => {
  try {
    readFileSync(join(root, "none"));
    assert.fail("there is no such file");
  } catch (cause) {
    assert.match(
      String(osError(cause, { path: join(root, "none"), doing: "read" })),
      /none: there is no such file\. Check/,
    );
  }
});

test("what the system did not say is left as it is", () => {
  const own = configError("x", "y");
  for (const error of [
    own,
    new TypeError("x is no function"),
    "text",
    undefined,
    Object.assign(new Error(), { code: "ENOSPC" }),
  ]) {
    assert.equal(osError(error, write), error);
  }
});
