import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { neighbourPurity } from "./scores.js";
import { klDivergence, tsne } from "./tsne.js";

/** Three clusters in five dimensions, sample i of cluster i mod 3; feature 4 is dead. */
function clusters(N: number, seed = 1): number[][] {
  const rng = new Rng(seed);
  return Array.from({ length: N }, (_, i) =>
    Array.from({ length: 5 }, (_, f) => (f === 4 ? 0 : (f === i % 3 ? 4 : 0) + 0.5 * rng.normal())),
  );
}

const labels = (N: number) => Array.from({ length: N }, (_, i) => i % 3);
const short = { perplexity: 5, iterations: 200 };

/** Runs with the stop button pressed after so many looks at it. */
function stoppedAfter<T>(looks: number, run: () => T): T {
  const flag = Symbol.for("Jupyter.interrupt");
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const load = Atomics.load;
  let seen = 0;
  Reflect.set(globalThis, flag, cell);
  Atomics.load = ((array: Int32Array, index: number) => {
    if (array === cell && ++seen > looks) return 1;
    return load(array, index);
  }) as typeof Atomics.load;
  try {
    return run();
  } finally {
    Atomics.load = load;
    Reflect.deleteProperty(globalThis, flag);
  }
}

for (const method of ["gradbook", "tsne-js"] as const) {
  test(`${method}: clusters stand apart in the map, dead features or not`, () => {
    const map = tsne(clusters(45), { ...short, method });
    assert.equal(map.points.length, 45);
    assert.ok(neighbourPurity(map.points, labels(45)) > 0.95);
    assert.equal(map.kl, klDivergence(clusters(45), map.points, { perplexity: 5 }));
  });

  test(`${method}: the same seed gives the same bits, another seed another map`, () => {
    const run = (seed: number) => tsne(clusters(20), { ...short, method, init: "random", seed }).points;
    assert.deepEqual(run(3), run(3));
    assert.notDeepEqual(run(3), run(4));
  });

  test(`${method}: typed rows, a tensor of float32 and plain rows of the same numbers are the same`, () => {
    const rows = clusters(20).map((row) => Float32Array.from(row));
    const flat = Float32Array.from(rows.flatMap((row) => [...row]));
    const map = tsne(
      rows.map((row) => [...row]),
      { ...short, method },
    );
    assert.deepEqual(tsne(rows, { ...short, method }), map);
    assert.deepEqual(tsne(new Tensor([20, 5], flat), { ...short, method }), map);
  });

  test(`${method}: the stop button ends it with the map so far`, () => {
    const map = stoppedAfter(30, () => tsne(clusters(20), { ...short, method }));
    assert.equal(map.ending, "interrupted");
    assert.equal(map.iterations, 30);
    assert.ok(map.points.flat().every(Number.isFinite));
  });

  test(`${method}: progress every 10 iterations and at the end`, () => {
    const seen: number[] = [];
    const onProgress = (done: number, of: number) => seen.push(done, of);
    const { iterations } = tsne(clusters(20), { ...short, iterations: 125, method, onProgress });
    assert.deepEqual(seen.slice(0, 4), [10, 125, 20, 125]);
    assert.deepEqual(seen.slice(-2), [iterations, 125]);
  });
}

test("tsne leaves Math as it was, also after tsne-js threw", () => {
  const kept = [Math.random, Math.exp, Math.log, Math.pow];
  assert.throws(
    () =>
      tsne(clusters(20), {
        ...short,
        method: "tsne-js",
        onProgress: () => {
          throw new Error("from the callback");
        },
      }),
    /from the callback/,
  );
  assert.deepEqual([Math.random, Math.exp, Math.log, Math.pow], kept);
});

test("duplicates stay neighbours, and a set of nothing but duplicates gives a finite map", () => {
  const rows = clusters(18).flatMap((row) => [row, row]);
  const { points } = tsne(rows, { ...short, iterations: 500 });
  assert.ok(
    neighbourPurity(
      points,
      rows.map((_, i) => Math.floor(i / 2)),
      { k: 1 },
    ) > 0.9,
  );
  const { points: all } = tsne(
    Array.from({ length: 12 }, () => [1, 2]),
    { iterations: 100 },
  );
  assert.ok(all.flat().every(Number.isFinite));
});

test("samples on a line unfold into the plane: the second component is 0, the noise of the start is not", () => {
  const { points } = tsne(
    Array.from({ length: 30 }, (_, i) => [i, 2 * i]),
    { perplexity: 4 },
  );
  assert.ok(Math.max(...points.map(([, y]) => Math.abs(y))) > 1);
});

test("PCA start: mirrored features give the mirrored problem and the same map", () => {
  const rows = clusters(20);
  const mirrored = rows.map((row) => row.map((v) => -v));
  assert.ok(Math.abs(tsne(rows, short).kl - tsne(mirrored, short).kl) < 0.05);
});

test("tsne refuses: unknown options, a perplexity of N/3, too few samples, NaN, ragged rows", () => {
  const x = clusters(30);
  assert.throws(
    () => tsne(x, { perplexty: 5 } as object),
    /unknown option "perplexty".*Did you mean "perplexity"\?/,
  );
  assert.throws(() => tsne(x, { perplexity: 10 }), {
    message:
      "tsne: perplexity 10 for 30 samples, expected at least 1 and below N/3 = 10. Take more samples, or perplexity: 9 or less.",
  });
  assert.throws(() => tsne(x, { perplexity: 0.5 }), /perplexity is 0.5, expected a number of at least 1/);
  assert.throws(() => tsne(x.slice(0, 3)), /tsne: 3 samples, expected at least 4/);
  assert.throws(
    () =>
      tsne([
        [1, 2],
        [3, 4],
        [5, Number.NaN],
        [7, 8],
      ]),
    /NaN in sample 2, feature 1/,
  );
  assert.throws(
    () => tsne(Tensor.zeros([20001, 1])),
    /20001 samples, expected at most 20000\. Take a subset/,
  );
  assert.throws(() => tsne(Tensor.from([[1], [2], [1e200], [3]])), /1e\+200 in sample 2, feature 0/);
  assert.throws(() => tsne([[1, 2], [3]]), /a row of 1 values/);
  assert.throws(() => tsne(Tensor.zeros([8, 1, 2])), /\[8, 1, 2\], expected \[N, F\].*reshape/);
});

test("tsne refuses: methods, starts and numbers that do not exist; what tsne-js cannot do", () => {
  const x = clusters(30);
  const tsneJs = { method: "tsne-js" } as const;
  assert.throws(
    () => tsne(x, { method: "umap" } as object),
    /method is "umap", expected "gradbook" or "tsne-js"/,
  );
  assert.throws(() => tsne(x, { init: "zeros" } as object), /init is "zeros", expected "pca" or "random"/);
  assert.throws(() => tsne(x, { learningRate: 0 }), /learningRate is 0, expected a finite number above 0/);
  assert.throws(() => tsne(x, { iterations: 1.5 }), /iterations is 1.5, expected a whole number/);
  assert.throws(() => tsne(x, { ...tsneJs, iterations: 101 }), /101 iterations, expected at least 102/);
  assert.throws(() => tsne(x, { ...tsneJs, init: "pca" }), /init "pca", expected "random"/);
});

test("tsne: a learning rate that breaks the map is said, not returned as NaN", () => {
  assert.throws(
    () => tsne(clusters(30), { learningRate: 1e300 }),
    /not finite, at the learning rate 1e\+300/,
  );
});

test("klDivergence refuses a map of another size", () => {
  assert.throws(
    () => klDivergence(clusters(20), clusters(20)),
    /a map of 20 points in 5 dimensions, expected 20 points, one for each sample, in 2/,
  );
});
