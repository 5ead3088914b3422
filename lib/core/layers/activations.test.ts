import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { dropout } from "./dropout.js";
import { elu } from "./elu.js";
import { flatten } from "./flatten.js";
import { gelu } from "./gelu.js";
import { arange, checkGradients, checkPromises, context, noise } from "./gradients.test.helper.js";
import { hardSigmoid, hardSwish, hardTanh } from "./hard-activations.js";
import { leakyRelu } from "./leaky-relu.js";
import { relu } from "./relu.js";
import { sigmoid } from "./sigmoid.js";
import { silu } from "./silu.js";
import { softplus } from "./softplus.js";
import { tanh } from "./tanh.js";

test("relu: literal values, derivative 0 at 0", () => {
  const layer = relu();
  assert.deepEqual(layer.forward(Tensor.from([-2, 0, 3])).toNested(), [0, 0, 3]);
  assert.deepEqual(layer.backward(Tensor.from([5, 5, 5])).toNested(), [0, 0, 5]);
});

test("leakyRelu: literal values, derivative at 0 is the slope", () => {
  const layer = leakyRelu({ slope: 0.5 });
  assert.deepEqual(layer.forward(Tensor.from([-2, 0, 3])).toNested(), [-1, 0, 3]);
  assert.deepEqual(layer.backward(Tensor.from([4, 4, 4])).toNested(), [2, 2, 4]);
});

test("sigmoid and tanh: 0, both ends, and slopes at 0", () => {
  const s = sigmoid();
  assert.deepEqual(s.forward(Tensor.from([0, -800, 800])).toNested(), [0.5, 0, 1]);
  assert.deepEqual(s.backward(Tensor.from([4, 1, 1])).toNested(), [1, 0, 0]);
  const t = tanh();
  assert.deepEqual(t.forward(Tensor.from([0, -800, 800])).toNested(), [0, -1, 1]);
  assert.deepEqual(t.backward(Tensor.from([3, 1, 1])).toNested(), [3, 0, 0]);
});

test('gelu: values and slopes of PyTorch\'s GELU(approximate="tanh")', () => {
  const layer = gelu();
  const near = (got: Tensor, expected: readonly number[]) =>
    expected.forEach((v, i) => {
      assert.ok(Math.abs(got.data[i] - v) < 1e-15, `${got.data[i]} for ${v}`);
    });
  const y = [0.8411919906082768, -0.15428599017485606, 2.996362607918227, -7.024594819227126e-5, 0];
  const dx = [1.0829640838457826, 0.13263009646535764, 1.0115841666309695, -0.00033512319712218684, 0.5];
  near(layer.forward(Tensor.from([1, -0.5, 3, -4, 0])), y);
  near(layer.backward(Tensor.from([1, 1, 1, 1, 1])), dx);
});

test("silu, elu, softplus: both ends and 0, values and slopes", () => {
  const ends = Tensor.from([-800, 0, 800]);
  const ones = Tensor.from([1, 1, 1]);
  for (const [layer, y, dx] of [
    [silu(), [-0, 0, 800], [0, 0.5, 1]],
    [elu(), [-1, 0, 800], [0, 1, 1]],
    [elu({ alpha: 0 }), [-0, 0, 800], [0, 0, 1]],
    [softplus(), [0, Math.LN2, 800], [0, 0.5, 1]],
  ] as const) {
    assert.deepEqual(layer.forward(ends).toNested(), y, `${layer}`);
    assert.deepEqual(layer.backward(ones).data.map(Math.abs), Float64Array.from(dx), `${layer}`);
  }
  // where 1 + e^x and e^x − 1 would round everything away
  const tiny = Tensor.from([-1e-12]);
  assert.equal(elu().forward(tiny).data[0], -9.999999999995e-13);
  assert.equal(softplus().forward(Tensor.from([-40])).data[0], 4.248354255291589e-18);
});

test("hard activations: inside, at the borders and beyond, values and slopes", () => {
  const x = Tensor.from([-4, -3, -1.5, 0, 1.5, 3, 4]);
  const ones = Tensor.from([6, 6, 6, 6, 6, 6, 6]);
  for (const [layer, y, dx] of [
    [hardSigmoid(), [0, 0, 0.25, 0.5, 0.75, 1, 1], [0, 0, 1, 1, 1, 0, 0]],
    [hardTanh(), [-1, -1, -1, 0, 1, 1, 1], [0, 0, 0, 6, 0, 0, 0]],
    [hardSwish(), [-0, -0, -0.375, 0, 1.125, 3, 4], [0, 0, 0, 3, 6, 6, 6]],
  ] as const) {
    assert.deepEqual(layer.forward(x).toNested(), y, `${layer}`);
    assert.deepEqual(layer.backward(ones).toNested(), dx, `${layer}`);
  }
});

test("flatten is C-major: [1,2,2,2] → [1,8] in the same order, and back", () => {
  const layer = flatten();
  assert.deepEqual(layer.forward(arange([1, 2, 2, 2])).toNested(), [[1, 2, 3, 4, 5, 6, 7, 8]]);
  assert.deepEqual(layer.backward(arange([1, 8])).toNested(), [
    [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ],
  ]);
});

for (const layer of [
  relu(),
  leakyRelu({ slope: 0.02 }),
  sigmoid(),
  tanh(),
  gelu(),
  silu(),
  elu({ alpha: 0.7 }),
  softplus(),
  hardSigmoid(),
  hardTanh(),
  hardSwish(),
  flatten(),
  dropout({ p: 0.3 }),
]) {
  test(`${layer} gradient x=[2,3,4,5]`, () => {
    checkGradients(layer, noise([2, 3, 4, 5], 1));
    checkPromises(layer, noise([2, 3, 4, 5], 2));
  });
}

test("dropout keeps the expectation, drops about p, and does nothing when not training", () => {
  const layer = dropout({ p: 0.25 });
  const ones = Tensor.zeros([100, 100], "float64");
  ones.data.fill(1);
  const y = layer.forward(ones, { training: true, rng: new Rng(1) });
  const dropped = y.data.filter((v) => v === 0).length / y.size;
  const mean = Array.from(y.data).reduce((sum, v) => sum + v, 0) / y.size;
  assert.ok(Math.abs(dropped - 0.25) < 0.02, `dropped ${dropped}`);
  assert.ok(Math.abs(mean - 1) < 0.03, `mean ${mean}`);
  assert.deepEqual(layer.forward(ones, context(false)).data, ones.data);
});

test("activations refuse a dy of another shape, and settings out of range", () => {
  const layer = relu();
  layer.forward(noise([2, 3], 1));
  assert.throws(() => layer.backward(noise([3, 2], 1)), /relu: dy has the shape \[3, 2\], expected \[2, 3\]/);
  assert.throws(() => dropout({ p: 1 }), /dropout: p is 1, expected a number in \[0, 1\)/);
  assert.throws(() => leakyRelu({ slope: -1 }), /leakyRelu: slope is -1/);
  assert.throws(() => elu({ alpha: -1 }), /elu: alpha is -1, expected a number of at least 0/);
  assert.throws(() => sigmoid().backward(noise([1], 1)), /sigmoid: backward without a forward/);
});
