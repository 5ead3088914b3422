import assert from "node:assert/strict";
import { test } from "node:test";
import { windowCount } from "./shape.js";
import { Tensor } from "./tensor.js";

test("Tensor.from reads the shape off nested arrays, toNested gives them back", () => {
  const x = Tensor.from([
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]);
  assert.deepEqual(x.shape, [1, 2, 3]);
  assert.equal(x.at(0, 1, 2), 6);
  assert.deepEqual(x.toNested(), [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]);
});

test("Tensor.rows and reshape are views, clone is a copy", () => {
  const x = Tensor.from([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  x.rows(1, 3).data[0] = 30;
  x.reshape([6]).data[5] = 60;
  x.clone().data[0] = 10;
  assert.deepEqual(x.toNested(), [
    [1, 2],
    [30, 4],
    [5, 60],
  ]);
});

test("Tensor prints shape, precision and the first values", () => {
  assert.equal(String(Tensor.from([1, 2.5], "float32")), "Tensor [2] float32 (1, 2.5)");
});

test("Tensor refuses data of another length, ragged rows, and an index outside", () => {
  assert.throws(() => new Tensor([2, 3], new Float32Array(5)), {
    message: "Tensor [2, 3]: 5 values, expected 2 × 3 = 6.",
  });
  assert.throws(
    () => Tensor.from([[1, 2], [3]]),
    /a row of 1 values on axis 1, expected 2 values, as in the first row/,
  );
  assert.throws(() => Tensor.from([1, 2]).at(2), /index 2 on axis 0, expected 0 … 1/);
  assert.throws(() => Tensor.from([[1, 2]]).at(0, 1, 5), {
    message: "Tensor [1, 2]: 3 indices, expected 2, one for each axis.",
  });
  for (const make of [
    Tensor.zeros,
    (_: unknown, dtype: unknown) => Reflect.apply(Tensor.prototype.clone, Tensor.zeros([2]), [dtype]),
  ]) {
    assert.throws(
      () => Reflect.apply(make, undefined, [[2], "float16"]),
      /dtype is "float16", expected "float32" or "float64"/,
    );
  }
  assert.throws(() => Tensor.zeros([2, -1]), /axis 1 of \[2, -1\] is -1/);
});

test("windowCount: ⌊(size + 2·pad − kernel)/stride⌋ + 1", () => {
  assert.equal(windowCount("t", 28, 5, 1, 2), 28);
  assert.equal(windowCount("t", 7, 2, 2, 0), 3);
  assert.equal(windowCount("t", 5, 5, 3, 0), 1);
});
