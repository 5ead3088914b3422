import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "./array-dataset.js";

const x = Float64Array.of(1, 2, 3, 4, 5, 6);

test("own numbers come back as they are, also from a subset", () => {
  const data = arrayDataset(x, [0, 2, 1], [1, 1, 2]);
  const out = new Float32Array(5);
  data.read(1, out, 2);
  assert.deepEqual([...out], [0, 0, 3, 4, 0]);
  assert.equal(String(data), "own data: 3 samples 1×1×2, 3 classes");
  assert.deepEqual(data.classNames, ["0", "1", "2"]);
  const picked = data.subset([2, 1]).subset([1], "the middle one");
  picked.read(0, out, 0);
  assert.deepEqual([...out].slice(0, 2), [3, 4]);
  assert.deepEqual([picked.name, ...picked.labels], ["the middle one", 2]);
});

test("the digest tells float32 from float64, shapes and orders apart", () => {
  const data = arrayDataset(x, [0, 1, 1], [1, 1, 2], { classNames: ["no", "yes"] });
  const others = [
    data.subset([1, 0, 2]),
    arrayDataset(Float32Array.from(x), [0, 1, 1], [1, 1, 2]),
    arrayDataset(x, [0, 1, 1], [2]),
    arrayDataset(x, [0, 1, 0], [1, 1, 2]),
  ];
  assert.equal(new Set([data, ...others].map((d) => d.digest)).size, 5);
  assert.equal(data.digest, arrayDataset(x.slice(), [0, 1, 1], [1, 1, 2], { name: "other" }).digest);
});

test("refuses numbers and labels that don't fit together", () => {
  assert.throws(() => arrayDataset(x, [0, 1], [1, 1, 2]), {
    message: "own data: 6 numbers and 2 labels, expected 2 numbers (1·1·2) for each of at least one label.",
  });
  assert.throws(() => arrayDataset(x, [0, 1.5, 1], [2]), {
    message: "own data: label 1.5 of sample 1, expected a whole number in 0 … 65535.",
  });
  assert.throws(() => arrayDataset(x, [0, 1, 2], [2], { classNames: ["no", "yes"] }), {
    message: "own data: label 2 of sample 2, expected a whole number in 0 … 1.",
  });
  assert.throws(() => arrayDataset(x, [0, Number.NaN, 1], [2]), {
    message: "own data: label NaN of sample 1, expected a whole number in 0 … 65535.",
  });
  for (const [numbers, got] of [
    [Array.from(x), "a list of 6"],
    [Int32Array.from(x), "an object of the class Int32Array"],
    [undefined, "missing"],
  ]) {
    assert.throws(() => Reflect.apply(arrayDataset, undefined, [numbers, [0, 1, 1], [2]]), {
      message: `own data: x is ${got}, expected a Float32Array or Float64Array. Call arrayDataset(x, labels, shape); Float32Array.from(numbers) makes x of a list.`,
    });
  }
  assert.throws(() => arrayDataset(x, [0, -1, 2], [2]), { message: /label -1 of sample 1/ });
  assert.throws(() => arrayDataset(x, [0], []), { message: /sample shape \[\]/ });
  assert.throws(() => arrayDataset(x, [0, 1, 1], [2]).read(3, new Float32Array(2), 0), {
    message: "own data: sample 3, expected 0 … 2.",
  });
});
