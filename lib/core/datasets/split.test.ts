import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "./array-dataset.js";
import type { Dataset } from "./dataset.js";
import { kFold, split } from "./split.js";
import { targetDataset } from "./targets.js";

/** Sample i is the number i. */
const classed = (labels: readonly number[]): Dataset =>
  arrayDataset(
    Float32Array.from(labels, (_, i) => i),
    labels,
    [1],
  );
const numbered = (size: number): Dataset =>
  targetDataset(
    Float32Array.from({ length: size }, (_, i) => i),
    new Float32Array(size),
    [1],
  );

function members(set: Dataset | undefined): number[] {
  if (set === undefined) return [];
  return Array.from({ length: set.size }, (_, i) => {
    const out = new Float32Array(1);
    set.read(i, out, 0);
    return out[0];
  });
}

const shares = (set: Dataset, classes: number) =>
  Array.from({ length: classes }, (_, c) => Array.from(set.labels).filter((label) => label === c).length);

for (const size of [3, 4, 10, 97, 1000])
  for (const set of [classed(Array.from({ length: size }, (_, i) => (i * i) % 3)), numbered(size)])
    test(`split and kFold of ${size} samples (${set.targets ? "numbers" : "classes"}): each sample once`, () => {
      for (const seed of [0, "a"]) {
        const { train, validation, test } = split(set, { validation: 0.34, test: 1, seed });
        const all = [train, validation, test].flatMap(members).sort((a, b) => a - b);
        assert.deepEqual(all, members(set));
        assert.equal(validation.size, Math.round(0.34 * size));
        assert.equal(test?.size, 1);
        const folds = kFold(set, { folds: 3, seed });
        assert.deepEqual(
          folds.flatMap(({ validation }) => members(validation)).sort((a, b) => a - b),
          members(set),
        );
        for (const fold of folds) {
          assert.deepEqual(
            [...members(fold.train), ...members(fold.validation)].sort((a, b) => a - b),
            members(set),
          );
          assert.ok(Math.abs(fold.validation.size - size / 3) < 1);
        }
      }
    });

test("stratified: each part has the classes' proportions, to one sample", () => {
  const labels = Array.from({ length: 210 }, (_, i) => (i % 21 < 14 ? 0 : i % 21 < 20 ? 1 : 2));
  const { train, validation, test } = split(classed(labels), { validation: 0.2, test: 0.1 });
  for (const [part, share] of [
    [train, 0.7],
    [validation, 0.2],
    [test, 0.1],
  ] as const)
    for (const [c, count] of shares(part ?? assert.fail(), 3).entries())
      assert.ok(Math.abs(count - share * [140, 60, 10][c]) <= 1, `class ${c}: ${count}`);
  for (const { validation } of kFold(classed(labels), { folds: 10 }))
    assert.deepEqual(shares(validation, 3), [14, 6, 1]);
});

test("the seed decides, and nothing else", () => {
  const set = classed(Array.from({ length: 50 }, (_, i) => i % 2));
  const of = (seed: number) => members(split(set, { validation: 10, seed }).validation);
  assert.deepEqual(of(1), of(1));
  assert.notDeepEqual(of(1), of(2));
  assert.deepEqual(
    of(1),
    [...of(1)].sort((a, b) => a - b),
    "in the set's order",
  );
});

test("the parts say what they are", () => {
  const { train, validation } = split(classed([0, 1, 0, 1]), { validation: 0.5 });
  assert.deepEqual([train.name, validation.name], ["own data, training part", "own data, validation part"]);
  assert.equal(kFold(classed([0, 1]), { folds: 2 })[1].train.name, "own data, training part of fold 2 of 2");
});

for (const [run, message] of [
  [
    () => split(classed([0, 1]), { validation: 2 }),
    /split\(own data\): 0 of 2 samples to train on, 2 for validation/,
  ],
  [
    () => split(classed([0, 1, 0]), { validation: 0.1 }),
    /3 of 3 samples to train on, 0 for validation, expected at least one/,
  ],
  [
    () => split(classed([0, 1]), { validation: 20.5 }),
    /validation is 20\.5, expected a share in \(0, 1\).* 20\.5 % is 0\.205/,
  ],
  [
    () => split(numbered(4), { validation: 1, stratified: true }),
    /stratified with a set of numbers.* Leave stratified out/,
  ],
  [() => kFold(classed([0, 1]), { folds: 3 }), /3 folds of 2 samples, expected at most 2/],
  [() => kFold(classed([0, 1]), { folds: 1 }), /folds is 1, expected a whole number of at least 2/],
] as const)
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
