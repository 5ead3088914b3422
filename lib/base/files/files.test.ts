import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { draftPath, removeDeadDrafts } from "./drafts.js";
import { makeIgnoredFolder } from "./ignored-folder.js";
import { withLock } from "./lock.js";
import { host, isRunning } from "./owner.js";
import { htmlComment, isSealed, seal, shellComment } from "./seal.js";
import { temporaryFolder } from "./temporary.js";
import { writeAtomic } from "./write-atomic.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-files-"));
after(() => rmSync(root, { recursive: true, force: true }));
const scratch = () => mkdtempSync(join(root, "s-"));
/** A process that has certainly ended. */
const dead = spawnSync(process.execPath, ["-e", ""]).pid;
const names = ["plain.txt", "mit Leerzeichen ü 😀.txt", "x".repeat(255), "CON", "-rf", "a\nb", "…"];

for (const name of names) {
  test(`writes ${JSON.stringify(name.slice(0, 30))} as a whole, over itself, with nothing beside it`, () => {
    const folder = join(scratch(), "made/on the way");
    writeAtomic(join(folder, name), "first");
    writeAtomic(join(folder, name), [Buffer.from("sec"), Buffer.from("ond")]);
    assert.equal(readFileSync(join(folder, name), "utf8"), "second");
    assert.deepEqual(readdirSync(folder), [name]);
  });
}

const impossible: readonly [title: string, path: (folder: string) => string, words: RegExp][] = [
  [
    "a folder",
    (folder) => join(folder, "sub"),
    /sub: it is a folder\. Name a file, or choose another location with --out FILE\.$/,
  ],
  ["below a file", (folder) => join(folder, "old/x"), /old is a file\. Move old away/],
  ["a name of 256 bytes", (folder) => join(folder, "x".repeat(256)), /name is too long \(256 bytes/],
  ["a circle of links", (folder) => join(folder, "loop/x"), /symbolic links form a loop/],
];

for (const [title, path, words] of impossible) {
  test(`refuses to write ${title}; what is there stays, and nothing is left`, () => {
    const folder = scratch();
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "sub/mine"), "mine");
    writeFileSync(join(folder, "old"), "old");
    symlinkSync("loop", join(folder, "loop"));
    assert.throws(() => writeAtomic(path(folder), "new", { elsewhere: "--out FILE" }), words);
    assert.deepEqual(readdirSync(folder).sort(), ["loop", "old", "sub"]);
    assert.equal(readFileSync(join(folder, "old"), "utf8"), "old");
    assert.equal(readFileSync(join(folder, "sub/mine"), "utf8"), "mine");
  });
}

test("drafts of dead processes are removed; those of living ones and everything else stay", () => {
  const folder = scratch();
  const own = basename(draftPath(folder));
  const random = "0123456789ab";
  const gone = [`.gradbook-${host}-${dead}-${random}`, `.gradbook-ffffffff-${dead}-${random}`];
  const stay = [
    own,
    `.gradbook-ffffffff-1-${random}`,
    `.gradbook-${host}-${dead}-${random}.txt`,
    `x.gradbook-${host}-${dead}-${random}`,
    `.gradbook-${host}-${dead}-short`,
    ".gradbook-notes",
  ];
  for (const name of [...gone, ...stay]) writeFileSync(join(folder, name), "x");
  const yesterday = new Date(Date.now() - 25 * 3600_000);
  utimesSync(join(folder, gone[1]), yesterday, yesterday);
  removeDeadDrafts(folder);
  assert.deepEqual(readdirSync(folder).sort(), [...stay].sort());
  removeDeadDrafts(join(folder, "not there"));
});

test("what a dead process had moved out of the way is moved back, unless something has taken its place", () => {
  const folder = scratch();
  const draft = join(folder, `.gradbook-${host}-${dead}-0123456789ab`);
  for (const name of ["old/report", "old/taken", "new/report"])
    mkdirSync(join(draft, name), { recursive: true });
  writeFileSync(join(draft, "old/report/file"), "whole");
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken/file"), "new");
  removeDeadDrafts(folder);
  assert.deepEqual(readdirSync(folder).sort(), ["report", "taken"]);
  assert.equal(readFileSync(join(folder, "report/file"), "utf8"), "whole");
  assert.equal(readFileSync(join(folder, "taken/file"), "utf8"), "new");
});

test("one at a time; the lock of a dead process is void, and none is left", async () => {
  const path = join(scratch(), "lock");
  writeFileSync(path, `${host} ${dead}`);
  const silent = { onWait: () => {} };
  let inside = 0;
  let waits = 0;
  const work = async () => {
    inside++;
    assert.equal(inside, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
  };
  await Promise.all([1, 2].map(() => withLock(path, { onWait: () => waits++ }, work)));
  assert.equal(existsSync(path), false);
  await assert.rejects(
    withLock(path, silent, async () => {
      throw new Error("failed");
    }),
    /failed/,
  );
  assert.equal(existsSync(path), false);
  await assert.rejects(withLock(join(path, "no/folder"), silent, work), /its folder has disappeared/);
});

test("temporary folders of dead processes are removed by the next, a link of such a name is not followed", () => {
  const parent = scratch();
  const { TMPDIR } = process.env;
  process.env.TMPDIR = parent;
  try {
    const left = join(parent, `gradbook-run-${host}-${dead}-abcDEF`);
    mkdirSync(left);
    writeFileSync(join(left, "kernel.json"), "a key");
    const elsewhere = scratch();
    writeFileSync(join(elsewhere, "mine"), "mine");
    const link = `gradbook-run-${host}-${dead}-linked`;
    symlinkSync(elsewhere, join(parent, link));
    const others = ["gradbook-test-abcdef", `gradbook-run-${host}-${process.pid}-aaaaaa`, link];
    for (const name of others.slice(0, 2)) mkdirSync(join(parent, name));
    const made = temporaryFolder("run");
    assert.equal(dirname(made), parent);
    assert.equal(lstatSync(made).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(parent).sort(), [...others, basename(made)].sort());
    assert.equal(readFileSync(join(elsewhere, "mine"), "utf8"), "mine");
    process.env.TMPDIR = join(parent, "none");
    assert.throws(
      () => temporaryFolder("run"),
      /none: its folder has disappeared\. Make it again, or choose another location with the variable TMPDIR/,
    );
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
});

for (const comment of [htmlComment, shellComment]) {
  test(`a sealed text is known again, a changed one is not (${comment.open})`, () => {
    const text = seal("<p>one\ntwo", comment);
    assert.ok(isSealed(text, comment));
    assert.equal(text.split("\n").length, 4);
    const [one, two, last] = text.split("\n");
    const changed = [
      "",
      "\n",
      "one",
      text.slice(0, -1),
      `${text}\n`,
      text.replace("one", "One"),
      `${one}\n${last}\n`,
      `${one}\n${two}\n`,
      seal(text, comment === htmlComment ? shellComment : htmlComment),
    ];
    for (const other of changed) assert.equal(isSealed(other, comment), false, JSON.stringify(other));
  });
}

test("a folder for what can be made again is ignored by git; one that was there is left as it is", () => {
  const folder = scratch();
  mkdirSync(join(folder, "mine"));
  makeIgnoredFolder(join(folder, "mine"));
  assert.deepEqual(readdirSync(join(folder, "mine")), []);
  makeIgnoredFolder(join(folder, "a/b"));
  makeIgnoredFolder(join(folder, "a/b"));
  assert.equal(readFileSync(join(folder, "a/b/.gitignore"), "utf8"), "*\n");
});

if (process.platform === "linux") {
  test("not running: who had the number before, and a zombie", async () => {
    assert.equal(isRunning(process.pid, Date.now() - 7 * 24 * 3600 * 1000), false);
    // The child ends at once, and its parent, which has become another program, does not ask for its end.
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const zombie = await new Promise<number>((resolve) =>
        parent.stdout.once("data", (text) => resolve(Number(text))),
      );
      for (const end = Date.now() + 5000; isRunning(zombie) && Date.now() < end; ) await sleep(10);
      process.kill(zombie, 0);
      assert.equal(isRunning(zombie), false);
    } finally {
      parent.kill();
    }
  });
}

test("running: this process, not a dead one, no process at all", () => {
  assert.deepEqual(
    [process.pid, process.ppid, dead, 0, -1, 1.5, Number.NaN].map((pid) => isRunning(pid)),
    [true, true, ...new Array(5).fill(false)],
  );
});
