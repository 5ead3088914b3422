import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { neighbourPurity, trustworthiness } from "./scores.js";

const line = [0, 1, 2.1, 3.3, 4.6, 6].map((at) => [at]);

test("trustworthiness: 1 for a map that keeps the order of neighbours", () => {
  assert.equal(trustworthiness(line, line, { k: 2 }), 1);
});

test("trustworthiness k=1: one false neighbour, counted by hand", () => {
  // the point at 6 is put between 0 and 1. N = 6, k = 1: false neighbours and their ranks in the features are
  // 0 → 6 (rank 5), 1 → 6 (rank 5), 6 → 0 (rank 5); the others keep theirs. Σ (r − k) = 4 + 4 + 4
  const map = line.map(([at]) => [at === 6 ? 0.49 : at]);
  assert.equal(trustworthiness(line, map, { k: 1 }), 1 - (2 / (6 * 1 * (12 - 3 - 1))) * 12);
});

test("neighbourPurity k=1 of pairs: a pair of two classes halves nothing but its own share", () => {
  const points = [[0], [1], [10], [11]];
  assert.equal(neighbourPurity(points, [7, 7, 8, 8], { k: 1 }), 1);
  assert.equal(neighbourPurity(points, [7, 7, 8, 9], { k: 1 }), 0.5);
});

test("neighbourPurity: duplicates have one order, the lower index first", () => {
  const points = [[0], [0], [0], [0]];
  // neighbours: 0 → 1, 1 → 0, 2 → 0, 3 → 0
  assert.equal(neighbourPurity(points, [1, 1, 2, 2], { k: 1 }), 0.5);
});

test("scores take tensors and typed rows", () => {
  assert.equal(
    trustworthiness(
      Tensor.from(line),
      line.map((row) => Float32Array.from(row)),
      { k: 2 },
    ),
    1,
  );
});

test("scores refuse: k out of range, other counts, an unknown option", () => {
  assert.throws(() => trustworthiness(line, line, { k: 3 }), {
    message: "trustworthiness: k is 3, expected a whole number from 1 to 2, below N/2.",
  });
  assert.throws(() => neighbourPurity(line, [0, 1, 2, 3, 4, 5], { k: 6 }), /from 1 to 5, below N/);
  assert.throws(() => trustworthiness(line, line.slice(1), { k: 1 }), /5 points for 6 samples, expected 6/);
  assert.throws(() => neighbourPurity(line, [1, 2], { k: 1 }), /2 labels for 6 samples, expected 6/);
  assert.throws(
    () => neighbourPurity(line, [0, 0, 0, 0, 0, 0], { n: 1 } as object),
    /unknown option "n", expected one of k/,
  );
});
