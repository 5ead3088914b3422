import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { targetDataset } from "../datasets/targets.js";
import { batchNorm1d } from "../layers/batch-norm.js";
import { dropout } from "../layers/dropout.js";
import { hw4Layers } from "../layers/hw4.test.helper.js";
import type { Layer } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { rnn } from "../layers/rnn.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { mse } from "../losses/squared.js";
import { adam } from "../optimizers/adam.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { batches } from "./batch.js";
import { weightsDigest } from "./digest.js";
import { type FitConfig, fit } from "./fit.js";
import { trainer } from "./own-loop.js";

const numbers = (count: number, seed: string) => {
  const rng = new Rng(seed);
  return Float32Array.from({ length: count }, () => rng.normal());
};
function classed(size: number, shape: readonly number[], classes: number): Dataset {
  return arrayDataset(
    numbers(size * sizeOf(shape), "x"),
    Array.from({ length: size }, (_, i) => (i * 7) % classes),
    shape,
  );
}

class Doubled implements Layer {
  forward = (x: Tensor) =>
    new Tensor(
      x.shape,
      x.data.map((v) => 2 * v),
    );
  backward = (dy: Tensor) => this.forward(dy);
}
const ownLoss: Loss = {
  sum: (y, t) => Array.from(y.data).reduce((sum, v, i) => sum + v * v * (1 + t[i % t.length]), 0),
  gradient: (y, t) =>
    new Tensor(
      y.shape,
      y.data.map((v, i) => 2 * v * (1 + t[i % t.length])),
    ),
};
const ownRule: Optimizer = {
  spec: { kind: "mine", lr: 0.01 },
  slots: 1,
  update(w, g, [m], lr) {
    for (let i = 0; i < w.length; i++) {
      m[i] += g[i];
      w[i] -= lr * m[i];
    }
  },
};

const cases: Readonly<
  Record<string, { layers: () => Layer[]; train: Dataset; more?: Partial<FitConfig>; dtype?: "float64" }>
> = {
  hw4: { layers: hw4Layers, train: classed(30, [1, 28, 28], 10) },
  "batch norm, dropout, a layer by hand": {
    layers: () => [
      linear({ in: 6, out: 9 }),
      batchNorm1d({ features: 9 }),
      relu(),
      dropout({ p: 0.3 }),
      new Doubled(),
      linear({ in: 9, out: 3 }),
    ],
    train: classed(20, [6], 3),
    more: { optimizer: adam({ lr: 0.01, weightDecay: 0.1 }) },
  },
  "numbers, clipped": {
    layers: () => [rnn({ in: 2, hidden: 4 }), linear({ in: 4, out: 2 })],
    train: targetDataset(numbers(120, "x"), numbers(40, "t"), [3, 2]),
    more: { loss: mse(), clip: { norm: 0.1 } },
  },
  "a loss and a rule of one's own": {
    layers: () => [linear({ in: 5, out: 3 })],
    train: classed(20, [5], 3),
    more: { loss: ownLoss, optimizer: ownRule, clip: { value: 0.05 } },
  },
  float64: {
    layers: () => [linear({ in: 5, out: 4 }), dropout({ p: 0.5 }), linear({ in: 4, out: 3 })],
    train: classed(20, [5], 3),
    dtype: "float64",
  },
};

for (const [title, { layers, train, more = {}, dtype = "float32" }] of Object.entries(cases))
  for (const threads of [1, 3])
    test(`a loop of one's own has fit's bits: ${title}, ${threads} threads`, () => {
      const make = () => sequential(layers(), { input: train.shape, seed: 2, dtype });
      const config = {
        train,
        optimizer: sgd({ lr: 0.05, momentum: 0.9 }),
        batch: 8,
        seed: 5,
        threads,
        ...more,
      };
      const [expected, model] = [make(), make()];
      const run = fit(expected, { ...config, epochs: 3 });
      const step = trainer(model, config);
      const losses: number[] = [];
      for (let epoch = 1; epoch <= 3; epoch++)
        for (const batch of batches(train, { size: 8, epoch, seed: 5, dtype })) {
          step.forward(batch);
          if (epoch > 1) losses.push(step.loss());
          step.backward();
          step.update();
        }
      assert.equal(weightsDigest(model), weightsDigest(expected));
      assert.deepEqual(losses, run.stepLosses.slice(-losses.length));
      assert.equal(step.steps, run.stepLosses.length);
      step.end();
    });

const small = (dtype: "float32" | "float64"): [Sequential, Dataset] => [
  sequential([linear({ in: 2, out: 3 }), relu(), linear({ in: 3, out: 2 })], { input: [2], seed: 1, dtype }),
  classed(6, [2], 2),
];

for (const dtype of ["float32", "float64"] as const) {
  test(`what is changed between the parts counts: ${dtype}`, () => {
    const [model, train] = small(dtype);
    const step = trainer(model, { train, optimizer: sgd({ lr: 1 }), observe: true });
    const [batch] = batches(train, { size: 6, dtype });
    const [first, , last] = model.parameters.map(({ parameter }) => parameter);
    // weights before forward
    last.value.data.fill(0);
    const y = step.forward(batch);
    const { bias } = Object(model.layer("linear2")).params;
    for (let n = 0; n < 6; n++) assert.deepEqual(y.data.slice(2 * n, 2 * n + 2), bias.value.data);
    // activations
    const hidden = model.activations(batch.x);
    for (const name of ["linear1", "relu1"])
      for (const [i, v] of hidden[name].data.entries())
        assert.ok(Math.abs(step.layer(name).data[i] - v) < 1e-6, name);
    // gradients after backward
    step.backward();
    const before = first.value.data.slice();
    assert.ok(last.grad.data.some((g) => g !== 0));
    for (const { parameter } of model.parameters) parameter.grad.data.fill(0);
    first.grad.data[1] = 2;
    step.update(0.5);
    const moved = Array.from(first.value.data, (v, i) => Math.round(1e6 * (before[i] - v)) / 1e6);
    assert.deepEqual(moved, [0, 1, 0, 0, 0, 0]);
    step.end();
  });

  test(`a gradient of one's own by the outputs: ${dtype}`, () => {
    const train = small(dtype)[1];
    const digests = [true, false].map((own) => {
      const [model] = small(dtype);
      const step = trainer(model, { train, optimizer: sgd({ lr: 0.1 }) });
      for (const batch of batches(train, { size: 3, dtype })) {
        const y = step.forward(batch);
        step.backward(own ? softmaxCrossEntropy().gradient(y, batch.labels) : undefined);
        step.update();
      }
      step.end();
      return model.parameters.flatMap(({ parameter }) => Array.from(parameter.value.data));
    });
    for (const [i, v] of digests[0].entries()) assert.ok(Math.abs(v - digests[1][i]) < 1e-6);
  });
}

test("frozen between two steps: its weights stay", () => {
  const [model, train] = small("float32");
  const step = trainer(model, { train, optimizer: sgd({ lr: 0.1 }) });
  const [batch] = batches(train, { size: 6 });
  const once = () => {
    step.forward(batch);
    step.backward();
    step.update();
  };
  once();
  model.layer("linear1").trainable = false;
  const [frozen, , other] = model.parameters.map(({ parameter }) => parameter.value.data.slice());
  once();
  assert.deepEqual(model.parameters[0].parameter.value.data, frozen);
  assert.notDeepEqual(model.parameters[2].parameter.value.data, other);
  step.end();
});

test("batches: fit's order, every sample once, the last one shorter or left out", () => {
  const train = classed(10, [2], 2);
  const seen = [...batches(train, { size: 4, seed: 3, epoch: 2 })];
  assert.deepEqual(
    seen.map(({ indices }) => indices.length),
    [4, 4, 2],
  );
  const all = seen.flatMap(({ indices }) => Array.from(indices));
  assert.deepEqual(
    [...all].sort((a, b) => a - b),
    [...Array(10).keys()],
  );
  assert.equal([...batches(train, { size: 4, dropLast: true })].length, 2);
  const [plain] = batches(train, { size: 10, shuffle: false });
  assert.deepEqual(Array.from(plain.indices), [...Array(10).keys()]);
});

const started = (more = {}) => {
  const [model, train] = small("float32");
  return { model, train, step: trainer(model, { train, optimizer: sgd({ lr: 1 }), batch: 3, ...more }) };
};
for (const [run, message] of [
  [() => started().step.backward(), /trainer: backward without forward before it/],
  [() => started().step.update(), /trainer: update without backward before it/],
  [() => started().step.loss(), /trainer: loss without forward before it/],
  [() => started().step.layer("relu1"), /layer\("relu1"\): a trainer that does not observe/],
  [() => started({ observe: true }).step.layer("relu9"), /no layer "relu9"/],
  [
    () => {
      const { step, train } = started();
      for (const batch of batches(train, { size: 5 })) step.forward(batch);
    },
    /a batch of 5 samples, expected at most 3\. trainer\(model, \{ batch: 5/,
  ],
  [
    () => {
      const { step, train } = started();
      const [batch] = batches(train, { size: 2 });
      step.forward(batch);
      step.backward(Tensor.zeros([2, 3]));
    },
    /backward: dy has the shape \[2, 3\], expected \[2, 2\]/,
  ],
  [
    () => {
      const { step, train } = started();
      for (const batch of batches(train, { size: 3, dtype: "float64" })) step.forward(batch);
    },
    /forward: x in float64, expected float32, as the model\. batches\(train, \{ size, dtype: "float32" \}\)/,
  ],
  [() => [...batches(started().train, { size: 9, dropLast: true })], /dropLast with size 9 and 6 samples/],
  [
    () => Reflect.apply(started().step.forward, started().step, [3]),
    /forward: the batch is 3, expected a batch/,
  ],
] as const)
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
