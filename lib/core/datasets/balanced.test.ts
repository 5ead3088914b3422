import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { arrayDataset } from "./array-dataset.js";
import { balancedSubset } from "./balanced.js";
import type { Dataset } from "./dataset.js";

const labels = [1, 1, 0, 2, 0, 2, 1, 0, 2, 2];
const data = arrayDataset(Float64Array.from(labels.keys()), labels, [1], { name: "ten" });

function positions(dataset: Dataset): number[] {
  const out = new Float64Array(dataset.size);
  for (let i = 0; i < dataset.size; i++) dataset.read(i, out, i);
  return [...out];
}

test("the first two of each class, the classes taking turns", () => {
  const subset = balancedSubset(data, { perClass: 2 });
  assert.deepEqual([...subset.labels], [0, 1, 2, 0, 1, 2]);
  assert.deepEqual(positions(subset), [2, 0, 3, 4, 1, 5]);
  assert.equal(subset.name, "ten, 2 per class");
});

test("a smaller subset is the beginning of a larger one", () => {
  const large = positions(balancedSubset(data, { perClass: 3 }));
  assert.deepEqual(positions(balancedSubset(data, { perClass: 1 })), large.slice(0, 3));
});

test("seeded: the same seed chooses the same, each class k times, every member in its turn", () => {
  const choose = (seed: number) => balancedSubset(data, { perClass: 2, rng: new Rng(seed).fork("subset") });
  assert.deepEqual(positions(choose(1)), positions(choose(1)));
  const seen = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const subset = choose(seed);
    assert.deepEqual([...subset.labels], [0, 1, 2, 0, 1, 2]);
    assert.equal(new Set(positions(subset)).size, 6, "no sample twice");
    for (const p of positions(subset)) seen.add(p);
  }
  assert.equal(seen.size, 10, "every sample is chosen under some seed");
});

test("refuses a class with too few samples, and says what would do", () => {
  assert.throws(() => balancedSubset(data, { perClass: 4 }), {
    message:
      "balancedSubset(ten): 3 samples of class 0 (0), expected at least 4. The smallest class allows perClass: 3.",
  });
});

test("refuses half a sample and an unknown option", () => {
  assert.throws(() => balancedSubset(data, { perClass: 1.5 }), {
    message: "balancedSubset: perClass is 1.5, expected a whole number of at least 1.",
  });
  const config = { perclass: 2, perClass: 2 };
  assert.throws(() => balancedSubset(data, config), {
    message:
      'balancedSubset: unknown option "perclass", expected one of perClass, rng, name. Did you mean "perClass"?',
  });
});
