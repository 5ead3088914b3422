import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** `gradbook sweep --engine slurm` against a real Slurm. Not in `npm test`: tests/slurm/run.sh starts one for it. */

const project = fileURLToPath(new URL("../../..", import.meta.url));
const gradbook = join(project, "lib/gradbook/gradbook.mjs");
mkdirSync(join(project, ".cache"), { recursive: true });
const scratch = mkdtempSync(join(project, ".cache/slurm-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function sweepFile(): string {
  const folder = mkdtempSync(join(scratch, "file-"));
  for (const name of ["sweep.ts", "sweep-square.ts"])
    cpSync(join(project, "tests/fixtures", name), join(folder, name));
  return join(folder, "sweep.ts");
}

function call(file: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [gradbook, "sweep", file, "--engine", "slurm", ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

const folderOf = (file: string) => join(file, "../.cache/sweeps/sweep");
const resultsOf = (file: string) => readdirSync(join(folderOf(file), "results"));

test("a sweep of 10 runs as a job array: submitted, waited for, collected into the table", () => {
  const file = sweepFile();
  const { status, stdout, stderr } = call(file);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /submitted array job \d+ with 10 runs; its script: .*array\.sh/);
  assert.match(stdout, /All 10 runs are finished\./);
  const table = readFileSync(join(folderOf(file), "table.csv"), "utf8")
    .trim()
    .split("\r\n");
  assert.equal(table.length, 11);
  assert.match(table[10], /^3,plain,2,9,\d+,1,\d+$/);
  const script = readFileSync(join(folderOf(file), "slurm/array.sh"), "utf8");
  assert.match(script, /^#SBATCH --array=0-9$/m);
  assert.equal(readdirSync(join(folderOf(file), "slurm")).filter((name) => name.endsWith(".log")).length, 10);
  // nothing is left to submit
  assert.doesNotMatch(call(file).stderr, /submitted/);
});

test("arguments after -- reach sbatch, --jobs limits the array", () => {
  const file = sweepFile();
  const { status, stderr } = call(file, ["--jobs", "2", "--", "--time=00:05:00", "--comment=graded"]);
  assert.equal(status, 0, stderr);
  assert.match(readFileSync(join(folderOf(file), "slurm/array.sh"), "utf8"), /--array=0-9%2$/m);
  const refused = call(sweepFile(), ["--", "--partition=nowhere"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /sweep: engine slurm \(sbatch\): .*invalid partition/);
});

test("runs that fail are named with their reason, and only they are submitted again", () => {
  const file = sweepFile();
  const failed = call(file, [], { GRADBOOK_TEST_FAILS: "throw" });
  assert.equal(failed.status, 1);
  assert.match(
    failed.stderr,
    /4 of 10 runs failed; the first: x 2, mode \w+, seed \d: Error: two is refused/,
  );
  assert.equal(resultsOf(file).length, 6);
  const again = call(file);
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stderr, /with 4 runs/);
  assert.equal(resultsOf(file).length, 10);
});

test("a task that dies without a word is a failure that names the array job", () => {
  const failed = call(sweepFile(), [], { GRADBOOK_TEST_FAILS: "exit" });
  assert.match(
    failed.stderr,
    /4 of 10 runs failed; the first: x 2.*array job \d+ ended without it; see .*slurm/,
  );
});

test("a call that is stopped leaves the array running; the next one waits for it and submits nothing", async () => {
  const file = sweepFile();
  const child = spawn(
    process.execPath,
    [gradbook, "sweep", file, "--engine", "slurm", "--", "--begin=now+6"],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text;
  });
  while (!said.includes("submitted array job")) await sleep(100);
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(code, 1);
  assert.match(said, /array job \d+ goes on: the same call collects its results, scancel \d+ ends it/);
  const next = call(file);
  assert.equal(next.status, 0, next.stderr);
  assert.match(next.stderr, /array job \d+ of an earlier call is still there: waiting for it/);
  assert.doesNotMatch(next.stderr, /submitted/);
  assert.match(next.stdout, /All 10 runs are finished\./);
});
