import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sweep } from "gradbook";

const project = fileURLToPath(new URL("../..", import.meta.url));
mkdirSync(join(project, ".cache"), { recursive: true });
const scratch = mkdtempSync(join(project, ".cache/sweep-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A fresh copy of the sweep file: inside the project, because it imports gradbook. */
function sweepFile(): string {
  const folder = mkdtempSync(join(scratch, "file-"));
  for (const name of ["sweep.ts", "sweep-square.ts"])
    cpSync(join(project, "tests/fixtures", name), join(folder, name));
  return join(folder, "sweep.ts");
}

function gradbook(args: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(project, "lib/gradbook/gradbook.mjs"), "sweep", ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

const hasParallel = spawnSync("parallel", ["--version"]).status === 0;

for (const engine of ["local", "parallel"]) {
  const skip = engine === "parallel" && !hasParallel ? "GNU parallel is not installed" : false;

  test(`gradbook sweep --engine ${engine}: 10 runs in processes with one thread, a table, and nothing made twice`, {
    skip,
  }, () => {
    const file = sweepFile();
    const first = gradbook([file, "--engine", engine, "--jobs", "2"]);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /All 10 runs are finished\./);
    const folder = join(file, "../.cache/sweeps/sweep");
    const table = readFileSync(join(folder, "table.csv"), "utf8").trim().split("\r\n");
    assert.equal(table[0], "x,mode,seed,square,drawn,threads,pid");
    assert.equal(table.length, 11);
    assert.match(table[1], /^1,plain,1,1,\d+,1,\d+$/);
    assert.match(table[10], /^3,plain,2,9,\d+,1,\d+$/);
    const pids = new Set(table.slice(1).map((line) => line.split(",")[6]));
    assert.ok(pids.size >= 2 && !pids.has(String(process.pid)));
    // an unchanged sweep makes nothing, whichever engine: the table keeps its process numbers
    assert.equal(gradbook([file]).status, 0);
    assert.deepEqual(readFileSync(join(folder, "table.csv"), "utf8").trim().split("\r\n"), table);
  });

  test(`gradbook sweep --engine ${engine}: runs that fail are named, the others kept, and only they tried again`, {
    skip,
  }, () => {
    const file = sweepFile();
    const args = [file, "--engine", engine, "--jobs", "2"];
    const failed = gradbook(args, { GRADBOOK_TEST_FAILS: "throw" });
    assert.equal(failed.status, 1);
    assert.match(
      failed.stderr,
      /4 of 10 runs failed; the first: x 2, mode \w+, seed \d: Error: two is refused/,
    );
    assert.match(failed.stderr, /The finished ones are kept in .*; the next call tries only the others\./);
    const results = join(file, "../.cache/sweeps/sweep/results");
    const kept = readdirSync(results);
    assert.equal(kept.length, 6);
    const before = kept.map((name) => readFileSync(join(results, name), "utf8"));
    assert.equal(gradbook(args).status, 0);
    assert.deepEqual(
      kept.map((name) => readFileSync(join(results, name), "utf8")),
      before,
    );
    assert.equal(readdirSync(results).length, 10);
  });
}

test("gradbook sweep: a process that dies takes only its own run with it", () => {
  const file = sweepFile();
  const failed = gradbook([file, "--jobs", "2"], { GRADBOOK_TEST_FAILS: "exit" });
  assert.match(failed.stderr, /4 of 10 runs failed; the first: x 2.*: its process ended with code 3/);
  assert.equal(readdirSync(join(file, "../.cache/sweeps/sweep/results")).length, 6);
});

test("gradbook sweep: a run finds what it left in its checkpoint, and an edited import makes new runs", () => {
  const file = sweepFile();
  assert.equal(gradbook([file], { GRADBOOK_TEST_FAILS: "once" }).status, 1);
  assert.equal(gradbook([file], { GRADBOOK_TEST_FAILS: "once" }).status, 0);
  writeFileSync(
    join(file, "../sweep-square.ts"),
    "export const square = (x: number): number => x * x + 1;\n",
  );
  assert.match(gradbook([file, "--list"]).stdout, /^0 of 10 runs are finished/);
  assert.equal(gradbook([file]).status, 0);
  const table = readFileSync(join(file, "../.cache/sweeps/sweep/table.csv"), "utf8").split("\r\n");
  assert.match(table[1], /^1,plain,1,2,/);
});

test("sweep({ run: { module } }) from code: progress, and a stop that keeps what is finished", async () => {
  const file = sweepFile();
  const stop = new AbortController();
  const seen: number[] = [];
  const config = { grid: { x: [1, 3], mode: ["plain"] }, seeds: [1, 2, 3], run: { module: file }, jobs: 1 };
  const found = await sweep({
    ...config,
    signal: stop.signal,
    onProgress: ({ done }) => {
      seen.push(done);
      if (done >= 2) stop.abort();
    },
  });
  assert.equal(found.ending, "interrupted");
  assert.ok(found.runs.length >= 2 && found.runs.length < 6, `${found.runs.length}`);
  assert.ok(seen.includes(0.5) && seen.includes(2));
  const rest = await sweep<typeof config.grid, { square: number }>(config);
  assert.equal(rest.ending, "finished");
  assert.equal(rest.runs.filter(({ reused }) => reused).length, found.runs.length);
  assert.deepEqual(
    rest.runs.map(({ result }) => result?.square),
    [1, 1, 1, 9, 9, 9],
  );
});

test("gradbook sweep refuses a file that is missing, broken or no sweep, an unknown engine, and a bad count", () => {
  const folder = mkdtempSync(join(scratch, "bad-"));
  const write = (text: string) => {
    const file = join(folder, `${Math.abs(text.length)}.ts`);
    writeFileSync(file, text);
    return file;
  };
  const says = (args: readonly string[], words: RegExp) => {
    const { status, stderr } = gradbook(args);
    assert.equal(status, 1);
    assert.match(stderr, words);
  };
  says(
    [join(folder, "none.ts")],
    /none\.ts: there is no such file, expected a TypeScript or JavaScript module/,
  );
  says([write("export const = 1;")], /Build failed.*expected a TypeScript or JavaScript module/);
  says([write("export const grid = { a: [1] };")], /no function run among its exports/);
  says([write("export const run = () => 1;")], /no grid among its exports/);
  says([], /FILE: no file given, expected one/);
  const good = sweepFile();
  says([good, "--engine", "pbs"], /--engine: "pbs", expected one of local, parallel, slurm/);
  says([good, "--out", good], /nothing can be written there \(.*\.ts is a file\)/);
  says([good, "--jobs", "0"], /--jobs: "0", expected an integer of at least 1/);
});

test("engines slurm and parallel say so when their programs are missing", () => {
  const file = sweepFile();
  const nowhere = { PATH: "/nonexistent" };
  assert.match(
    gradbook([file, "--engine", "slurm"], nowhere).stderr,
    /no program sbatch on this machine, expected a machine that can submit to Slurm/,
  );
  assert.match(
    gradbook([file, "--engine", "parallel"], nowhere).stderr,
    /no program parallel on this machine/,
  );
});
