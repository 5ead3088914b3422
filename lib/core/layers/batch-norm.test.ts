import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { batchNorm1d, batchNorm2d } from "./batch-norm.js";
import { checkGradients, checkPromises, context, noise, randomised } from "./gradients.test.helper.js";

test("batchNorm1d: two samples ±1 around their mean, running variance unbiased", () => {
  const layer = batchNorm1d({ features: 1, eps: 0, momentum: 0.5 });
  for (const p of Object.values({ ...layer.params, ...layer.buffers })) p.cast("float64");
  const y = layer.forward(Tensor.from([[3], [7]]), context());
  // mean 5, biased variance 4: (3 − 5)/2 = −1; the running variance takes the unbiased 8: ½·1 + ½·8
  assert.deepEqual(y.toNested(), [[-1], [1]]);
  assert.deepEqual(Array.from(layer.buffers.mean.value.data), [2.5]);
  assert.deepEqual(Array.from(layer.buffers.variance.value.data), [4.5]);
});

test("batchNorm: a gradient that all samples share disappears, because it only moves the mean", () => {
  const layer = randomised(batchNorm1d({ features: 2 }));
  layer.forward(noise([5, 2], 1), context());
  const dy = Tensor.zeros([5, 2], "float64");
  dy.data.fill(1);
  for (const v of layer.backward(dy).data) assert.ok(Math.abs(v) < 1e-12);
});

for (const training of [true, false]) {
  test(`batchNorm gradients x=[5,3] and x=[3,2,4,5], ${training ? "training" : "with running statistics"}`, () => {
    checkGradients(randomised(batchNorm1d({ features: 3 })), noise([5, 3], 1), training, 1e-6);
    checkGradients(randomised(batchNorm2d({ features: 2 })), noise([3, 2, 4, 5], 2), training, 1e-6);
  });
}

test("batchNorm keeps the three promises", () => {
  checkPromises(randomised(batchNorm2d({ features: 2 })), noise([3, 2, 4, 5], 2));
});

test("batchNorm refuses a single value a feature, and the wrong number of channels", () => {
  assert.throws(
    () => batchNorm1d({ features: 2 }).forward(noise([1, 2], 1), context()),
    /only one value per feature during training, expected at least 2/,
  );
  assert.throws(
    () => batchNorm2d({ features: 2 }).forward(noise([2, 3, 4, 4], 1), context()),
    /batchNorm2d: the input has 3 channels/,
  );
});
