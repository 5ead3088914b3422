import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { batchNorm2d } from "../layers/batch-norm.js";
import { add, residual } from "../layers/branches.js";
import { conv1d } from "../layers/conv1d.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { gelu } from "../layers/gelu.js";
import { hw4Layers } from "../layers/hw4.test.helper.js";
import type { Layer } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { lstm } from "../layers/lstm.js";
import { maxPool2d } from "../layers/max-pool2d.js";
import { relu } from "../layers/relu.js";
import { sequential } from "../layers/sequential.js";
import { mse } from "../losses/squared.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { fit } from "./fit.js";
import { lastEpoch } from "./history.js";
import { activations, evaluate, features, predict } from "./metrics.js";
import { outputs } from "./outputs.js";

function randomSet(size: number, shape: readonly number[], classes = 4): Dataset {
  const rng = new Rng("inside");
  const data = Float32Array.from({ length: size * sizeOf(shape) }, () => rng.normal());
  return arrayDataset(
    data,
    Array.from({ length: size }, (_, i) => i % classes),
    shape,
  );
}

class Doubled implements Layer {
  forward(x: Tensor): Tensor {
    return new Tensor(
      x.shape,
      x.data.map((v) => 2 * v),
    );
  }
  backward(dy: Tensor): Tensor {
    return this.forward(dy);
  }
}

const models: Readonly<Record<string, readonly [readonly number[], () => Layer[] | Layer]>> = {
  hw4: [[1, 28, 28], hw4Layers],
  "fused and overwritten layers, dropout, a layer by hand": [
    [2, 12, 12],
    () => [
      conv2d({ in: 2, out: 3, kernel: 3, pad: 1 }),
      batchNorm2d({ features: 3 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      conv2d({ in: 3, out: 4, kernel: 3 }),
      gelu(),
      dropout({ p: 0.5 }),
      flatten(),
      linear({ in: 64, out: 9 }),
      relu(),
      new Doubled(),
      linear({ in: 9, out: 4 }),
    ],
  ],
  sequences: [
    [3, 8],
    () => [
      conv1d({ in: 3, out: 5, kernel: 3 }),
      relu(),
      lstm({ in: 6, hidden: 4 }),
      linear({ in: 4, out: 4 }),
    ],
  ],
};

for (const [title, [input, layers]] of Object.entries(models)) {
  test(`every layer's output from the engine is that of its definition: ${title}`, () => {
    const model = sequential([layers()].flat(), { input, seed: 1, init: "he" });
    const set = randomSet(230, input);
    fit(model, { train: set.subset([0, 1, 2, 3]), optimizer: sgd({ lr: 0.01 }), batch: 2, epochs: 1 });
    const chosen = [7, 0, 229, 7];
    const got = activations(model, set, chosen);
    const expected = { input: got.input, ...model.activations(got.input) };
    assert.deepEqual(Object.keys(got), Object.keys(expected));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      assert.deepEqual(got[name].shape, shape, name);
      for (const [i, v] of data.entries())
        assert.ok(Math.abs(got[name].data[i] - v) < 1e-5 * (1 + Math.abs(v)), `${name}[${i}]`);
      if (name === "input") continue;
      const all = features(model, set, name);
      assert.deepEqual(all.shape, [230, sizeOf(shape.slice(1))]);
      const each = all.shape[1];
      assert.deepEqual(all.data.slice(7 * each, 8 * each), got[name].data.slice(0, each), name);
      assert.deepEqual(all.data.slice(229 * each), got[name].data.slice(2 * each, 3 * each), name);
    }
  });
}

test("with branches, and in float64, too", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const block = residual([conv2d({ in: 2, out: 2, kernel: 3, pad: 1 }), relu()]);
    const sum = add([[conv2d({ in: 2, out: 3, kernel: 1 })], [conv2d({ in: 2, out: 3, kernel: 3, pad: 1 })]]);
    const model = sequential([block, relu(), sum, flatten(), linear({ in: 75, out: 4 })], {
      ...{ input: [2, 5, 5], seed: 1 },
      dtype,
    });
    const set = randomSet(104, [2, 5, 5]);
    const got = activations(model, set, [0, 103]);
    for (const [name, { data }] of Object.entries(model.activations(got.input)))
      for (const [i, v] of data.entries()) assert.ok(Math.abs(got[name].data[i] - v) < 1e-5, `${name}[${i}]`);
  }
});

const net = () => sequential([flatten(), linear({ in: 4, out: 3 })], { input: [1, 2, 2], seed: 3 });

test("predict takes a set, a batch, one sample as a tensor, its numbers in a row, and says the same", () => {
  const model = net();
  const set = randomSet(3, [1, 2, 2], 3);
  const x = Tensor.zeros([3, 1, 2, 2]);
  for (let i = 0; i < 3; i++) set.read(i, x.data, 4 * i);
  const { classes, probabilities } = predict(model, set);
  assert.deepEqual(predict(model, x), { classes, probabilities });
  assert.deepEqual(outputs(model, x), outputs(model, set));
  const one = x.rows(1, 2);
  const expected = Array.from(probabilities.data.slice(3, 6));
  for (const input of [one, one.reshape([1, 2, 2]), one.reshape([4]), one.data, Array.from(one.data)])
    assert.deepEqual(Array.from(predict(model, input).probabilities.data), expected);
});

test("evaluate says what fit says of the same set", () => {
  const model = net();
  const train = randomSet(40, [1, 2, 2], 3);
  for (const loss of [undefined, mse()]) {
    const run = fit(model, { train, optimizer: sgd({ lr: 0.1 }), epochs: 1, ...(loss && { loss }) });
    const { trainLoss, trainError } = lastEpoch(run);
    assert.deepEqual(evaluate(model, train, loss && { loss }), { loss: trainLoss, error: trainError });
  }
});

for (const [run, message] of [
  [
    () => predict(net(), new Float32Array(5)),
    /predict: a list of 5 numbers, expected 4, one sample of \[1, 2, 2\]/,
  ],
  [() => predict(net(), new Float32Array(8)), /2 samples are a batch: new Tensor\(\[2, 1, 2, 2\], data\)/],
  [
    () => predict(net(), Tensor.zeros([2, 4])),
    /predict: a tensor of the shape \[2, 4\], expected \[N, 1, 2, 2\] or \[1, 2, 2\].* reshape\(\[2, 1, 2, 2\]\) would fit/,
  ],
  [
    () =>
      Reflect.apply(predict, undefined, [
        net(),
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    /predict: element 0 of the list is \[1, 2\].* Tensor\.from\(lists\)/,
  ],
  // @ts-expect-error: nothing
  [() => predict(net(), undefined), /predict: the data set is missing, expected a data set\./],
  // @ts-expect-error: no loss
  [() => evaluate(net(), randomSet(2, [1, 2, 2]), { loss: 3 }), /evaluate: loss is 3/],
  [
    () => features(net(), randomSet(2, [1, 2, 2]), "conv9"),
    /no layer "conv9", expected one of flatten, linear1/,
  ],
] as const) {
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
}
