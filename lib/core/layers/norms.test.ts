import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { checkGradients, checkPromises, noise, randomised } from "./gradients.test.helper.js";
import { groupNorm, instanceNorm2d } from "./group-norm.js";
import { layerNorm } from "./layer-norm.js";
import { prelu } from "./prelu.js";

for (const [make, shape] of [
  [() => layerNorm({ shape: 4 }), [3, 4]],
  [() => layerNorm({ shape: 4 }), [2, 3, 4]],
  [() => layerNorm({ shape: [2, 3, 4] }), [5, 2, 3, 4]],
  [() => groupNorm({ features: 6, groups: 2 }), [2, 6, 3, 4]],
  [() => groupNorm({ features: 6, groups: 3 }), [2, 6, 5]],
  [() => groupNorm({ features: 6, groups: 1 }), [3, 6]],
  [() => instanceNorm2d({ features: 3 }), [2, 3, 4, 5]],
  [() => prelu(), [2, 3, 4]],
  [() => prelu({ features: 3 }), [2, 3, 4, 5]],
] as const) {
  test(`${make()} gradients x=[${shape}]`, () => {
    checkGradients(randomised(make()), noise(shape, 1));
    checkPromises(randomised(make()), noise(shape, 2));
  });
}

test("layerNorm: 1, 2, 3 becomes ∓√1.5 and 0; a constant row its shift", () => {
  const layer = layerNorm({ shape: 3, eps: 0 });
  const y = layer.forward(Tensor.from([[1, 2, 3]]));
  assert.ok(Math.abs(y.data[2] - Math.sqrt(1.5)) < 1e-15 && y.data[1] === 0);
  const flat = layerNorm({ shape: 3 });
  flat.params.bias.value.data.set([7, 8, 9]);
  assert.deepEqual(Array.from(flat.forward(Tensor.from([[5, 5, 5]])).data), [7, 8, 9]);
});

test("groupNorm of one sample does not depend on the others", () => {
  const layer = groupNorm({ features: 4, groups: 2 });
  const [a, b] = [noise([1, 4, 3, 3], 1), noise([1, 4, 3, 3], 2)];
  const both = new Tensor([2, 4, 3, 3], Float64Array.from([...a.data, ...b.data]));
  assert.deepEqual(layer.forward(both).data.slice(0, 36), layer.forward(a).data);
});

for (const [make, message] of [
  [
    () => groupNorm({ features: 6, groups: 4 }),
    /groupNorm: 4 groups of 6 channels, expected a number that divides the channels\. groups: 1, 2, 3, 6 would do\./,
  ],
  [() => groupNorm({ features: 0, groups: 1 }), /groupNorm: features is 0/],
  [
    () => layerNorm({ shape: [] }),
    /layerNorm: shape is \[\], expected a whole number of at least 1, or a list of them/,
  ],
  [
    () => layerNorm({ shape: 4 }).outputShape([3, 5]),
    /layerNorm: one sample has the shape \[3, 5\], expected last axes \[4\]\. layerNorm\(\{ shape: 5 \}\) would fit\./,
  ],
  [
    () => layerNorm({ shape: [2, 3, 4] }).outputShape([3, 4]),
    /one sample has the shape \[3, 4\], expected last axes \[2, 3, 4\]/,
  ],
  [
    () => instanceNorm2d({ features: 3 }).outputShape([4, 2, 2]),
    /instanceNorm2d: the input has 4 channels \(\[1, 4, 2, 2\]\), expected 3/,
  ],
  [() => prelu({ features: 2 }).outputShape([3]), /prelu: the input has 3 features \(\[1, 3\]\), expected 2/],
  [() => prelu({ slope: Number.NaN }), /prelu: slope is NaN, expected a finite number/],
] as const) {
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(make, message));
}
