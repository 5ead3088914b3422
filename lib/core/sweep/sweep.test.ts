import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { GradbookError } from "@gradbook/base";
import type { SweepProgress } from "./progress.js";
import { sweep } from "./sweep.js";

const symbol = Symbol.for("Jupyter.interrupt");

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "sweep-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("sweep: 2 × 2 settings × 2 seeds, rows in the grid's order with the scalars of each result", () => {
  const found = sweep({
    grid: { lr: [0.1, 0.2], loss: ["mse", "euclidean"] },
    seeds: [1, 2],
    run: ({ lr, loss }, seed) => ({ error: lr * seed, name: loss, curve: [1, 2] }),
  });
  assert.equal(found.runs.length, 8);
  assert.deepEqual(found.rows[1], { lr: 0.1, loss: "mse", seed: 2, error: 0.2, name: "mse" });
  assert.deepEqual(found.runs[0].result?.curve, [1, 2]);
  assert.equal(found.of({ loss: "mse" }).length, 4);
  assert.equal(String(found), "Sweep(8 of 8 runs, 4 settings)");
  const [first] = found.summary(({ error }) => error);
  assert.deepEqual(first.values, [0.1, 0.2]);
  assert.ok(Math.abs((first.mean ?? 0) - 0.15) < 1e-12);
  // t(0.975, 1) = 12.706, standard error 0.05
  assert.ok(Math.abs((first.half ?? 0) - 12.7062047364 * 0.05) < 1e-9);
});

test("sweep: where leaves combinations out", () => {
  const found = sweep({
    grid: { a: [1, 2, 3], b: [1, 2, 3] },
    where: ({ a, b }) => a < b,
    run: ({ a, b }) => a * b,
  });
  assert.deepEqual(
    found.runs.map(({ result }) => result),
    [2, 3, 6],
  );
});

test("sweep: a finished run is not made again; another seed, text of run or dependency is", () => {
  inFolder((folder) => {
    let made = 0;
    const run = ({ lr }: { lr: number }, seed: number) => {
      made++;
      return { error: lr + seed };
    };
    const config = { grid: { lr: [1, 2] }, seeds: [1], run, folder };
    assert.equal(sweep(config).runs.length, 2);
    const again = sweep(config);
    assert.equal(made, 2);
    assert.ok(again.runs.every(({ reused }) => reused));
    assert.deepEqual(
      again.runs.map(({ result }) => result),
      [{ error: 2 }, { error: 3 }],
    );
    sweep({ ...config, grid: { lr: [1, 2, 3] } });
    assert.equal(made, 3, "a larger grid makes only what is new");
    sweep({ ...config, seeds: [1, 2] });
    assert.equal(made, 5);
    sweep({ ...config, depends: [{ epochs: 5 }] });
    assert.equal(made, 7);
    sweep({ ...config, depends: [{ epochs: 6 }] });
    assert.equal(made, 9);
    sweep({ ...config, run: ({ lr }, seed) => run({ lr }, seed) });
    assert.equal(made, 11);
  });
});

test("sweep: a result file that is damaged or belongs elsewhere is made again, and leaves no part behind", () => {
  inFolder((folder) => {
    let made = 0;
    const config = { grid: { lr: [1, 2] }, run: () => ++made, folder };
    sweep(config);
    const [first, second] = readdirSync(join(folder, "results"));
    writeFileSync(join(folder, "results", first), readFileSync(join(folder, "results", second)));
    writeFileSync(join(folder, "results", second), '{"key":"');
    sweep(config);
    assert.equal(made, 4);
    assert.equal(readdirSync(join(folder, "results")).length, 2);
  });
});

test("sweep: the stop button ends it; what was finished is returned, and the next call makes the rest", () => {
  inFolder((folder) => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    Object.assign(globalThis, { [symbol]: cell });
    try {
      let made = 0;
      let stopAt = 3;
      const config = {
        grid: { n: [1, 2, 3, 4, 5] },
        run: ({ n }: { n: number }) => {
          if (++made === stopAt) Atomics.store(cell, 0, 1);
          return n;
        },
        folder,
      };
      const found = sweep(config);
      assert.equal(found.ending, "interrupted");
      assert.deepEqual(
        found.runs.map(({ result }) => result),
        [1, 2],
      );
      assert.equal(cell[0], 2, "acknowledged");
      Atomics.store(cell, 0, 0);
      stopAt = -1;
      const rest = sweep(config);
      assert.equal(rest.ending, "finished");
      assert.equal(made, 3 + 3);
      assert.equal(String(rest), "Sweep(5 of 5 runs, 5 settings, 2 reused)");
    } finally {
      Reflect.deleteProperty(globalThis, symbol);
    }
  });
});

test("sweep: progress counts finished runs and fractions, and estimates the time left", () => {
  let now = 0;
  const seen: SweepProgress[] = [];
  sweep({
    grid: { n: [1, 2, 3, 4] },
    run: (_setting, _seed, { progress }) => {
      now += 500;
      progress(0.5);
      now += 500;
      return null;
    },
    clock: () => now,
    onProgress: (progress) => seen.push(progress),
  });
  assert.deepEqual(seen[0], { done: 0, total: 4, reused: 0, failed: 0 });
  assert.deepEqual(seen[1], { done: 0.5, total: 4, reused: 0, failed: 0, secondsLeft: 3.5 });
  assert.deepEqual(seen[2], { done: 1, total: 4, reused: 0, failed: 0, secondsLeft: 3 });
  assert.deepEqual(seen[8], { done: 4, total: 4, reused: 0, failed: 0, secondsLeft: 0 });
});

test("sweep: a run that diverges is a finding, every other error ends the sweep", () => {
  inFolder((folder) => {
    const diverged = new GradbookError({ code: "diverged", what: "fit", got: "the loss is NaN" });
    let made = 0;
    const config = {
      grid: { lr: [1, 1000] },
      run: ({ lr }: { lr: number }) => {
        made++;
        if (lr === 1000) throw diverged;
        return { error: 0.5 };
      },
      folder,
    };
    for (let call = 0; call < 2; call++) {
      const found = sweep(config);
      assert.deepEqual(found.rows, [
        { lr: 1, seed: 1, error: 0.5, diverged: null },
        { lr: 1000, seed: 1, error: null, diverged: "fit: the loss is NaN." },
      ]);
      const summary = found.summary(({ error }) => error);
      assert.deepEqual([summary[1].mean, summary[1].diverged], [null, 1]);
    }
    assert.equal(made, 2);
  });
  const broken = () => sweep({ grid: { lr: [1] }, run: () => JSON.parse("{") });
  assert.throws(broken, SyntaxError);
});

test("sweep: a run gets a file for its checkpoint where there is a folder", () => {
  inFolder((folder) => {
    const files: string[] = [];
    const run = (_setting: object, _seed: number, context: { checkpoint?: string }) => {
      files.push(context.checkpoint ?? "none");
      if (context.checkpoint !== undefined) writeFileSync(context.checkpoint, "half-way");
      return 1;
    };
    sweep({ grid: { n: [1] }, run, folder });
    sweep({ grid: { n: [1] }, run });
    assert.match(files[0], /checkpoints.[0-9a-f]{32}\.ckpt$/);
    assert.equal(files[1], "none");
    assert.deepEqual(readdirSync(join(folder, "checkpoints")), [], "a finished run needs none");
  });
});

test("sweep refuses what JSON would change silently, with its place", () => {
  const of = (result: unknown) => () => sweep({ grid: { lr: [0.1] }, seeds: [3], run: () => result });
  assert.throws(
    of({ maps: [new Float32Array(3)] }),
    /sweep: run \(lr 0\.1, seed 3\): result\.maps\[0\] is a Float32Array, expected plain JSON.*Array\.from/,
  );
  assert.throws(of({ loss: Number.NaN }), /result\.loss is NaN.*Write null for what could not be measured/);
  assert.throws(of(new Map()), /result is an object of class Map/);
  assert.throws(of(undefined), /result is nothing, expected plain JSON.*Is its return missing\?/);
  assert.throws(of(Promise.resolve(1)), /a promise, expected the result itself\. fit is synchronous/);
});

test("sweep refuses a result that says another seed or setting than the run's; the same may stand in it", () => {
  const of = (result: unknown) => sweep({ grid: { lr: [0.1] }, seeds: [3], run: () => result });
  assert.throws(() => of({ seed: 7 }), {
    message:
      "sweep: run (lr 0.1, seed 3): result.seed is 7, expected 3, the run's own seed. Give it a name other than seed.",
  });
  assert.throws(() => of({ lr: 0.05, error: 1 }), /result\.lr is 0\.05, expected 0\.1, the run's own lr/);
  assert.deepEqual(of({ lr: 0.1, seed: 3, error: 1 }).rows, [{ lr: 0.1, seed: 3, error: 1 }]);
});

test("sweep refuses a folder that is a file, before the first run", () =>
  inFolder((folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    let runs = 0;
    const run = () => ++runs;
    assert.throws(() => sweep({ grid: { a: [1] }, run, folder: file }), /nothing can be written there/);
    assert.equal(runs, 0);
  }));

test("sweep refuses seeds that are no whole numbers or come twice, an empty where, no run, and unknown options", () => {
  const config = { grid: { a: [1] }, run: () => 1 };
  assert.throws(
    () => sweep({ ...config, seeds: [1, 1] }),
    /sweep: seeds is \[1, 1\], expected whole numbers, each once/,
  );
  assert.throws(() => sweep({ ...config, seeds: [0.5] }), /sweep: seeds is \[0\.5\]/);
  assert.throws(() => sweep({ ...config, seeds: [] }), /sweep: seeds is \[\]/);
  assert.throws(() => sweep({ ...config, where: () => false }), /where leaves none of 1 settings/);
  const withoutRun: Record<string, unknown> = { grid: { a: [1] } };
  assert.throws(
    () => Reflect.apply(sweep, undefined, [withoutRun]),
    /run is missing, expected a function \(setting, seed, context\), or \{ module: FILE \}/,
  );
  const typo = { ...config, seed: [1] };
  assert.throws(() => sweep(typo), /sweep: unknown option "seed".*Did you mean "seeds"\?/);
});
