// What the operating system refuses, through every command that writes: one sentence with the cure of its own cause,
// nothing half-written, the old content kept.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./support/kernel.js";
import { noSmallDisk, type OnSmallDisk, onSmallDisk } from "./support/small-disk.js";

const program = [process.execPath, join(root, "lib/gradbook/gradbook.mjs")];
const work = mkdtempSync(join(tmpdir(), "gradbook-disks-"));
chmodSync(work, 0o755);
// what commands keep for the user when his place does not take it goes with the test
const temporaryFiles = join(work, "temporary");
mkdirSync(temporaryFiles);
process.env.TMPDIR = temporaryFiles;
after(() => rmSync(work, { recursive: true, force: true }));

const cell = (source: string) => ({
  cell_type: "code",
  id: "one",
  metadata: {},
  source,
  execution_count: null,
  outputs: [],
});
const metadata = { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } };
const notebook = (source: string) =>
  JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: [cell(source)] });

const nb = join(work, "nb.ipynb");
writeFileSync(nb, notebook("1 + 1"));
const sweep = join(work, "sweep.mjs");
writeFileSync(sweep, "export const grid = { a: [1] };\nexport const run = () => ({ y: 1 });\n");
/** The sweep's bundle stands beside its file: made here, where there is room. */
mkdirSync(join(work, "mirror"));
for (const name of [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
])
  writeFileSync(join(work, "mirror", name), "x");

/** Every command that writes, into a place. */
const commands: Readonly<Record<string, (place: string) => readonly string[]>> = {
  report: (place) => ["report", nb, "--out", place],
  run: (place) => ["run", nb, "--out", join(place, "nb.ipynb")],
  submit: (place) => ["submit", nb, "--roll", "CS21B001", "--out", place],
  sweep: (place) => ["sweep", sweep, "--out", place],
  data: (place) => ["data", "mnist", "--folder", place, "--from", join(work, "mirror")],
  "kernel install": (place) => ["kernel", "install", "--prefix", place],
};

function assertOneSentence({ status, stderr }: Pick<OnSmallDisk, "status" | "stderr">, words: RegExp): void {
  assert.notEqual(status, 0);
  const said = stderr.split("\n").filter((line) => /^(?:gradbook |nb: )/.test(line));
  assert.equal(said.length, 1, stderr);
  assert.match(said[0], words);
  assert.doesNotMatch(stderr, /\n {4}at |errno|syscall|node:internal/, "no stack, nothing raw");
}

const full: Readonly<Record<string, RegExp>> = {
  report:
    /place.nb: the disk is full \(\d+\.\d MB needed, 0\.0 MB free\)\. Make room on it, or choose another location with --out DIR\. The executed notebook is kept as .*nb\.ipynb\.$/,
  run: /nb\.ipynb: the disk is full \(0\.0 MB needed, 0\.0 MB free\)\. Make room on it, or choose another location with --out FILE\. The executed notebook is kept as .*nb\.ipynb\.$/,
  submit:
    /cs21b001-nb\.ipynb: the disk is full .*\. Make room on it, or choose another location with --out DIR\. The executed notebook is kept/,
  sweep:
    /sweep: 1 of 1 runs failed; the first: a 1, seed 1: .*json: the disk is full .*\. Make room on it, or choose another location/,
  data: /place: the disk is full \(0\.0 MB free\)\. Make room on it, or choose another location with --folder DIR\.$/,
  "kernel install": /kernel\.json: the disk is full .*\. Make room on it, or choose another location with --/,
};

for (const [name, args] of Object.entries(commands)) {
  test(`gradbook ${name} on a full disk`, { skip: noSmallDisk ?? false, timeout: 120_000 }, () => {
    // a file to fill it; directories cost nothing on such a disk
    const prepare = "mkdir place; echo mine > place/mine; head -c 1000000 /dev/zero > filler 2> /dev/null";
    const ended = onSmallDisk(128, prepare, (disk) => [...program, ...args(join(disk, "place"))]);
    assertOneSentence(ended, full[name]);
    const files = ended.left.filter((line) => !/ 40$/.test(line));
    assert.deepEqual(
      files.map((line) => line.split(" ")[0]),
      ["filler", "place/mine"],
    );
  });

  test(`gradbook ${name} on a read-only disk, before anything runs`, {
    skip: noSmallDisk ?? false,
    timeout: 120_000,
  }, () => {
    const prepare = 'mkdir place; echo mine > place/mine; mount -o remount,bind,ro "$DISK" || exit 99';
    const ended = onSmallDisk(128, prepare, (disk) => [...program, ...args(join(disk, "place"))]);
    assertOneSentence(
      ended,
      /place.*: its file system is read-only\. Copy the project to a place of your own, or choose another location with --/,
    );
    assert.deepEqual(ended.left, ["place/mine 5"]);
  });
}

test("a full disk for temporary files is named with the variable that moves them", {
  skip: noSmallDisk ?? false,
}, () => {
  const env = (disk: string) => ({ TMPDIR: disk });
  const command = [...program, "run", nb, "--out", join(work, "t.ipynb")];
  const ended = onSmallDisk(64, "head -c 1000000 /dev/zero > filler 2> /dev/null", () => command, env);
  assertOneSentence(
    ended,
    /the disk is full .*\. Make room on it, or choose another location with the variable TMPDIR\.$/,
  );
  assert.equal(existsSync(join(work, "t.ipynb")), false);
});

/** Places that no right in the world makes a folder or a file. */
const impossible: readonly [title: string, place: (base: string) => string, words: RegExp][] = [
  [
    "a file",
    (base) => join(base, "file"),
    /file.* \((?:\S*file|it) is a file\)|file is a file|file: it is a file\. Move/,
  ],
  ["below a file", (base) => join(base, "file/deep"), /file is a file/],
  ["a circle of links", (base) => join(base, "loop"), /symbolic links form a loop/],
  [
    "a link to nowhere",
    (base) => join(base, "nowhere"),
    /symbolic link to nothing|its folder has disappeared|a file is where/,
  ],
  [
    "a name of 300 bytes",
    (base) => join(base, "ü".repeat(150)),
    /its name is too long \(300 bytes; most file systems take 255\)\. Shorten it/,
  ],
  [
    "no name at all",
    () => "",
    /"": (?:nothing can be written there|expected)|--out: "", expected a path|--folder: "", expected|--prefix: "", expected/,
  ],
];

for (const [title, place, words] of impossible) {
  test(`every command refuses a place that is ${title}, before anything runs`, { timeout: 120_000 }, () => {
    const base = mkdtempSync(join(work, "i-"));
    writeFileSync(join(base, "file"), "mine");
    symlinkSync("loop", join(base, "loop"));
    symlinkSync("none", join(base, "nowhere"));
    for (const [name, args] of Object.entries(commands)) {
      const there = place(base);
      // a run's place is a file: the empty name is one of its own
      const words_ = args(there).map((word) => (there === "" && word === "nb.ipynb" ? "" : word));
      const { status, stderr } = spawnSync(program[0], [program[1], ...words_], {
        encoding: "utf8",
        cwd: base,
      });
      assertOneSentence({ status: status ?? -1, stderr }, words);
      assert.match(stderr, new RegExp(`^gradbook ${name.split(" ")[0]}: `));
    }
    assert.deepEqual(readdirSync(base).sort(), ["file", "loop", "nowhere"]);
    assert.equal(readFileSync(join(base, "file"), "utf8"), "mine");
  });
}

/** Root may write everywhere, unless it gives up that right before. */
const withoutPrivilege =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : [];
const noPermissions =
  process.platform === "win32" ||
  (withoutPrivilege.length > 0 && spawnSync(withoutPrivilege[0], ["--version"]).error !== undefined)
    ? "permissions cannot be taken away here: Windows, or root without setpriv"
    : false;

test("a folder that one may not write is named, with no word of full disks", {
  skip: noPermissions,
  timeout: 120_000,
}, () => {
  const locked = join(work, "locked");
  mkdirSync(locked, { mode: 0o555 });
  for (const args of Object.values(commands)) {
    const [command, ...words] = [...withoutPrivilege, ...program, ...args(join(locked, "new"))];
    const env = { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR };
    const { status, stderr } = spawnSync(command, words, { encoding: "utf8", cwd: work, env });
    assertOneSentence(
      { status: status ?? -1, stderr },
      /you have no permission to write in .*locked\. Check its permissions with ls -ld, or choose another location/,
    );
  }
  assert.deepEqual(readdirSync(locked), []);
});

const unreadable: readonly [title: string, path: string, words: RegExp][] = [
  ["missing", "none.ipynb", /none\.ipynb: there is no such file/],
  ["a folder", "folder.ipynb", /folder\.ipynb: it is a folder\. Name a file\./],
  ["below a file", "nb.ipynb/x.ipynb", /nb\.ipynb\/x\.ipynb: (?:there is no such file|nb\.ipynb is a file)/],
  [
    "a circle of links",
    "loop.ipynb",
    /loop\.ipynb: (?:its symbolic links form a loop|there is no such file)/,
  ],
  ["a name of 300 bytes", `${"x".repeat(294)}.ipynb`, /its name is too long|there is no such file/],
];

for (const [title, path, words] of unreadable) {
  test(`every command that reads a notebook names one that is ${title}`, () => {
    const base = mkdtempSync(join(work, "u-"));
    mkdirSync(join(base, "folder.ipynb"));
    cpSync(nb, join(base, "nb.ipynb"));
    symlinkSync("loop.ipynb", join(base, "loop.ipynb"));
    for (const args of [
      ["report", path],
      ["run", path],
      ["submit", path, "--roll", "CS21B001"],
    ]) {
      const { status, stderr } = spawnSync(program[0], [program[1], ...args], {
        encoding: "utf8",
        cwd: base,
      });
      assert.notEqual(status, 0);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /\n {4}at |errno|syscall/);
    }
  });
}

test("a limit on the size of files is named as such, and leaves nothing", {
  skip: process.platform === "win32",
}, () => {
  const folder = mkdtempSync(join(work, "l-"));
  const big = join(folder, "big.ipynb");
  writeFileSync(big, notebook('console.log("x".repeat(3_000_000))'));
  const script = 'ulimit -f 2000; exec "$@"';
  const args = ["-c", script, "sh", ...program, "run", big, "--out", join(folder, "out.ipynb")];
  const { status, stderr } = spawnSync("bash", args, { encoding: "utf8" });
  assertOneSentence(
    { status: status ?? -1, stderr },
    /out\.ipynb: the file is larger than allowed \(3\.\d MB needed\)\. Raise the limit of this shell/,
  );
  assert.deepEqual(readdirSync(folder), ["big.ipynb"]);
});

test("output that nobody reads any more ends a command quietly, a full disk behind it is named", () => {
  const shell = (script: string) =>
    spawnSync("bash", ["-c", script, "bash", ...program], { encoding: "utf8" });
  assert.equal(shell('"$@" report --help | true').stderr, "");
  if (existsSync("/dev/full")) {
    assert.match(
      shell('"$@" report --help > /dev/full').stderr,
      /^gradbook: standard output: it cannot be written \(ENOSPC\)\.\n$/,
    );
  }
});

test("a folder that was deleted under the shell is named, by every command", {
  skip: process.platform === "win32",
}, () => {
  for (const args of [
    ...Object.values(commands).map((of) => of("x")),
    ["lab"],
    ["start"],
    ["doctor", "x.ts"],
  ]) {
    const gone = mkdtempSync(join(work, "g-"));
    const script = 'rmdir "$PWD"; exec "$@"';
    const { stderr } = spawnSync("sh", ["-c", script, "sh", ...program, ...args], {
      cwd: gone,
      encoding: "utf8",
      timeout: 30_000,
    });
    assert.match(
      stderr,
      /^gradbook \w+: the current folder: it has been deleted\. Change to another one\.\n$/,
    );
  }
});

test("runner and kernel killed at once: the next start removes the folder with the connection key", {
  timeout: 60_000,
}, async () => {
  const temporary = mkdtempSync(join(work, "k-"));
  const folder = mkdtempSync(join(work, "n-"));
  const long = join(folder, "long.ipynb");
  writeFileSync(long, notebook('require("node:fs").writeFileSync("pid", String(process.pid));\nfor (;;) {}'));
  const env = { ...process.env, TMPDIR: temporary };
  const keys = () =>
    readdirSync(temporary, { recursive: true }).filter((name) => String(name).endsWith("kernel.json"));
  const runner = spawn(program[0], [program[1], "run", long], { env, stdio: "ignore" });
  const ended = new Promise((resolve) => runner.once("exit", resolve));
  while (!existsSync(join(folder, "pid")) || readFileSync(join(folder, "pid"), "utf8") === "")
    await sleep(50);
  process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), "SIGKILL");
  runner.kill("SIGKILL");
  await ended;
  assert.equal(keys().length, 1, "what was killed could not tidy up");
  const { status } = spawnSync(program[0], [program[1], "run", nb, "--out", join(folder, "nb.ipynb")], {
    env,
  });
  assert.equal(status, 0);
  assert.deepEqual(keys(), []);
  assert.deepEqual(
    readdirSync(temporary).filter((name) => name.startsWith("gradbook-run-")),
    [],
  );
  assert.equal(dirname(long), folder);
});
