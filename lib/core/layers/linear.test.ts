import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { arange, checkGradients, checkPromises, noise, randomised } from "./gradients.test.helper.js";
import { linear } from "./linear.js";

test("linear 3→2: literal output and integer gradients", () => {
  const layer = linear({ in: 3, out: 2 });
  for (const p of Object.values(layer.params)) p.cast("float64");
  layer.params.weight.value.data.set([1, 2, 3, 4, 5, 6]);
  if ("bias" in layer.params) layer.params.bias.value.data.set([10, 20]);
  // 10 + 1·1 + 2·2 + 3·3 = 24, 20 + 4·1 + 5·2 + 6·3 = 52
  assert.deepEqual(layer.forward(arange([2, 3])).toNested(), [
    [24, 52],
    [42, 97],
  ]);
  assert.deepEqual(
    layer
      .backward(
        Tensor.from([
          [1, 0],
          [0, 1],
        ]),
      )
      .toNested(),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  assert.deepEqual(layer.params.weight.grad.toNested(), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.deepEqual("bias" in layer.params && layer.params.bias.grad.toNested(), [1, 1]);
});

for (const [N, I, O, bias] of [
  [4, 3, 5, true],
  [1, 7, 2, true],
  [3, 2, 1, false],
] as const) {
  test(`linear gradient x=[${N},${I}] w=[${O},${I}]${bias ? "" : ", no bias"}`, () => {
    checkGradients(randomised(linear({ in: I, out: O, bias })), noise([N, I], 1));
    checkPromises(randomised(linear({ in: I, out: O, bias })), noise([N, I], 2));
  });
}

test("linear refuses images, and says that a flatten is missing", () => {
  assert.throws(() => linear({ in: 196, out: 49 }).forward(noise([1, 4, 7, 7], 1)), {
    message:
      "linear: the input has the shape [1, 4, 7, 7], expected 2 axes [N, I]. A flatten() before it makes features of images.",
  });
});

test("linear refuses a wrong number of features and a negative size", () => {
  assert.throws(
    () => linear({ in: 4, out: 2 }).forward(noise([3, 5], 1)),
    /the input has 5 features \(\[3, 5\]\), expected 4 \(weight \[2, 4\]\)/,
  );
  assert.throws(() => linear({ in: -1, out: 2 }), /linear: in is -1, expected a whole number of at least 1/);
});
