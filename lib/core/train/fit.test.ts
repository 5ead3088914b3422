import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { conv2d } from "../layers/conv2d.js";
import { type Layer, Parameter } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { tanh } from "../layers/tanh.js";
import { mse } from "../losses/squared.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { stepDecay } from "../schedules/schedule.js";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { type EarlyStopConfig, earlyStop } from "./early-stop.js";
import { type FitConfig, fit } from "./fit.js";
import { activations, confusionMatrix, features, predict } from "./metrics.js";

/** Two clouds of points around (−1, −1) and (1, 1): a line separates them. */
function clouds(size: number, seed = 1): Dataset {
  const rng = new Rng(seed);
  const x = new Float32Array(2 * size);
  const labels = new Uint8Array(size);
  for (let n = 0; n < size; n++) {
    labels[n] = n % 2;
    for (const axis of [0, 1]) x[2 * n + axis] = (labels[n] === 1 ? 1 : -1) + 0.3 * rng.normal();
  }
  return arrayDataset(x, labels, [2]);
}

const network = (seed = 1) =>
  sequential([linear({ in: 2, out: 8 }), relu(), linear({ in: 8, out: 2 })], {
    input: [2],
    seed,
    dtype: "float64",
  });

const config = (more: Partial<FitConfig> = {}): FitConfig => ({
  train: clouds(50),
  test: clouds(20, 2),
  optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
  batch: 8,
  epochs: 5,
  ...more,
});

test("fit learns two clouds, its history starts at epoch 0", () => {
  const run = fit(network(), config());
  assert.deepEqual(
    run.epochs.map(({ epoch }) => epoch),
    [0, 1, 2, 3, 4, 5],
  );
  assert.ok(run.epochs[5].trainLoss < 0.1 * run.epochs[0].trainLoss);
  assert.equal(run.epochs[5].testError, 0);
  // 50 samples in batches of 8: six whole ones and a short one of 2
  assert.equal(run.stepLosses.length, 5 * 7);
  assert.equal(run.ending, "finished");
});

test("fit: same model, data and seed → same digest; another seed, batch or rate → another", () => {
  const digest = (more: Partial<FitConfig> = {}, seed = 1) => fit(network(seed), config(more)).digest;
  const first = digest();
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(digest(), first);
  for (const other of [
    digest({ seed: 9 }),
    digest({}, 2),
    digest({ batch: 9 }),
    digest({ optimizer: sgd({ lr: 0.2 }) }),
  ]) {
    assert.notEqual(other, first);
  }
});

test("fit: a run of 3 epochs is the beginning of a run of 5", () => {
  const short = fit(network(), config({ epochs: 3 }));
  const long = fit(network(), config({ epochs: 5 }));
  assert.equal(long.epochs[3].digest, short.digest);
});

test("fit: the last short batch divides by its own size", () => {
  const still = { optimizer: sgd({ lr: 0 }), shuffle: false, epochs: 1 } as const;
  const whole = fit(network(), config({ ...still, train: clouds(10), batch: 8 }));
  const tail = clouds(10).subset([8, 9]);
  assert.ok(
    Math.abs(whole.stepLosses[1] - fit(network(), config({ ...still, train: tail })).epochs[0].trainLoss) <
      1e-12,
  );
});

test("fit: callbacks see each step and epoch; schedules move the rate", () => {
  const steps: number[] = [];
  const epochs: number[] = [];
  fit(network(), config({ onStep: (step) => steps.push(step), onEpoch: ({ epoch }) => epochs.push(epoch) }));
  assert.deepEqual(
    steps,
    Array.from({ length: 35 }, (_, i) => i + 1),
  );
  assert.deepEqual(epochs, [0, 1, 2, 3, 4, 5]);
  const decay = stepDecay({ every: 2, factor: 0.5 });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((epoch) => decay(epoch, 1)),
    [1, 1, 0.5, 0.5, 0.25],
  );
});

test("fit: a limit of steps ends within an epoch, whose number is then a fraction", () => {
  const run = fit(network(), config({ steps: 10 }));
  // 7 steps are an epoch of 50; three batches of 8 more are 24/50
  assert.deepEqual(
    run.epochs.map(({ epoch }) => epoch),
    [0, 1, 1.48],
  );
  assert.equal(run.stepLosses.length, 10);
  assert.equal(run.ending, "finished");
  assert.deepEqual(
    fit(network(), config({ steps: 7 })).epochs.map(({ epoch }) => epoch),
    [0, 1],
  );
});

test("fit: evaluateEvery looks at the test set between epochs, without changing a bit", () => {
  const run = fit(network(), config({ evaluateEvery: 10 }));
  assert.deepEqual(
    run.evaluations.map(({ step }) => step),
    [10, 20, 30],
  );
  const mean = run.stepLosses.slice(10, 20).reduce((sum, v) => sum + v, 0) / 10;
  assert.ok(Math.abs(run.evaluations[1].trainLoss - mean) < 1e-12);
  assert.ok(run.evaluations[2].testLoss < run.evaluations[0].testLoss);
  assert.equal(run.digest, fit(network(), config()).digest);
});

test("fit: trainSample measures a part of the training set", () => {
  const part = clouds(50).subset([0, 1]);
  const run = fit(network(), config({ trainSample: part, epochs: 0 }));
  assert.equal(
    run.epochs[0].trainLoss,
    fit(network(), config({ train: part, epochs: 0 })).epochs[0].trainLoss,
  );
});

test("fit: early stop ends a run that no longer improves, with its history", () => {
  const run = fit(
    network(),
    config({ epochs: 50, optimizer: sgd({ lr: 0 }), onEpoch: earlyStop({ patience: 3 }) }),
  );
  assert.equal(run.ending, "stopped early");
  assert.equal(run.epochs.length, 4);
});

test("fit: one early stop serves one run after another", () => {
  const more = {
    epochs: 9,
    optimizer: sgd({ lr: 0 }),
    onEpoch: earlyStop({ watch: "trainLoss", patience: 2 }),
  };
  for (let again = 0; again < 2; again++) assert.equal(fit(network(), config(more)).epochs.length, 3);
});

test("early stop refuses what it cannot watch", () => {
  const { test: _, ...untested } = config();
  assert.throws(
    () => fit(network(), { ...untested, onEpoch: earlyStop() }),
    /earlyStop: testLoss of epoch 0 is NaN, expected a number\. Give fit a test set .*watch: "trainLoss"/,
  );
  const run = fit(network(), { ...untested, onEpoch: earlyStop({ watch: "trainError", patience: 9 }) });
  assert.equal(run.epochs.length, 6);
  const typo = { watch: "testAccuracy" } as unknown as EarlyStopConfig;
  assert.throws(
    () => earlyStop(typo),
    /earlyStop: watch is "testAccuracy", expected one of "testLoss", "testError"/,
  );
});

for (const dtype of ["float32", "float64"] as const)
  test(`fit goes on with the weights that onEpoch leaves in the model, ${dtype}`, () => {
    // large enough for packed products of the whole batch
    const layers = () => [
      linear({ in: 2, out: 150 }),
      relu(),
      linear({ in: 150, out: 150 }),
      linear({ in: 150, out: 2 }),
    ];
    const model = sequential(layers(), { input: [2], dtype });
    const still = { optimizer: sgd({ lr: 0 }), epochs: 1, batch: 50 };
    const run = fit(
      model,
      config({
        ...still,
        onEpoch: (_, { parameters }) => {
          for (const { parameter } of parameters) parameter.value.data.fill(0);
        },
      }),
    );
    // all scores are the same
    for (const loss of [run.epochs[1].trainLoss, run.stepLosses[0]])
      assert.ok(Math.abs(loss - Math.LN2) < 1e-6);
    assert.ok(model.parameters.every(({ parameter }) => parameter.value.data.every((v) => v === 0)));
    const other = fit(sequential(layers(), { input: [2], dtype }), config(still));
    assert.ok(Math.abs(other.epochs[1].trainLoss - Math.LN2) > 1e-3);
  });

test("fit: the stop button ends it between two batches, the history is kept and the flag acknowledged", () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const symbol = Symbol.for("Jupyter.interrupt");
  Object.assign(globalThis, { [symbol]: cell });
  try {
    const run = fit(network(), config({ onStep: (step) => step === 10 && Atomics.store(cell, 0, 1) }));
    assert.equal(run.ending, "interrupted");
    assert.equal(run.stepLosses.length, 10);
    assert.equal(run.epochs.length, 2);
    assert.equal(cell[0], 2);
  } finally {
    Reflect.deleteProperty(globalThis, symbol);
  }
});

test("fit: a layer written by hand trains beside the built-in ones", () => {
  class Square implements Layer {
    private x = Tensor.zeros([0]);
    forward(x: Tensor): Tensor {
      this.x = x;
      return new Tensor(
        x.shape,
        x.data.map((v) => v * v),
      );
    }
    backward(dy: Tensor): Tensor {
      return new Tensor(
        dy.shape,
        dy.data.map((v, i) => 2 * this.x.data[i] * v),
      );
    }
  }
  const model = sequential([linear({ in: 2, out: 6 }), new Square(), linear({ in: 6, out: 2 })], {
    input: [2],
    seed: 3,
  });
  const run = fit(model, config({ optimizer: sgd({ lr: 0.05 }), epochs: 20 }));
  assert.ok(run.epochs[20].trainLoss < run.epochs[0].trainLoss);
});

/** y = x·Wᵀ as a notebook cell would write it. */
class Matrix implements Layer {
  readonly params = { weight: new Parameter([6, 2], 2, 6) };
  private x = Tensor.zeros([0]);
  forward(x: Tensor): Tensor {
    this.x = x;
    const y = Tensor.zeros([x.shape[0], 6], x.dtype);
    const w = this.params.weight.value.data;
    for (let i = 0; i < y.size; i++)
      for (let k = 0; k < 2; k++) y.data[i] += x.data[2 * Math.floor(i / 6) + k] * w[2 * (i % 6) + k];
    return y;
  }
  backward(dy: Tensor): Tensor {
    const { value, grad } = this.params.weight;
    const dx = Tensor.zeros(this.x.shape, dy.dtype);
    for (let i = 0; i < dy.size; i++)
      for (let k = 0; k < 2; k++) {
        const at = 2 * Math.floor(i / 6) + k;
        grad.data[2 * (i % 6) + k] += dy.data[i] * this.x.data[at];
        dx.data[at] += dy.data[i] * value.data[2 * (i % 6) + k];
      }
    return dx;
  }
}

/** A model with a layer in front, so that the gradient that goes on is used too. */
function withMatrix(byHand: boolean): Sequential {
  const matrix = byHand ? new Matrix() : linear({ in: 2, out: 6, bias: false });
  const layers = [linear({ in: 2, out: 2 }), matrix, tanh(), linear({ in: 6, out: 2 })];
  const model = sequential(layers, { input: [2], seed: 3 });
  const rng = new Rng("the same weights");
  for (const { parameter } of model.parameters)
    for (let i = 0; i < parameter.value.size; i++) parameter.value.data[i] = rng.normal();
  return model;
}

for (const optimizer of [sgd({ lr: 0.1 }), sgd({ lr: 0.1, momentum: 0.9 }), adam({ lr: 0.02 })])
  for (const batch of [1, 7, 50])
    test(`fit: a linear layer written by hand learns as the built-in one does, ${JSON.stringify(optimizer.spec)}, batch ${batch}`, () => {
      const more = { optimizer, batch, evaluateEvery: 3, epochs: 3 };
      const [own, builtin] = [true, false].map((byHand) => fit(withMatrix(byHand), config(more)));
      for (const [i, loss] of builtin.stepLosses.entries())
        assert.ok(Math.abs(loss - own.stepLosses[i]) < 1e-4 * (1 + loss), `step ${i + 1}`);
      for (const [i, { testLoss }] of builtin.evaluations.entries())
        assert.ok(Math.abs(testLoss - own.evaluations[i].testLoss) < 1e-4);
    });

test("fit: checkpoints within an epoch change no bit of a layer written by hand", () => {
  const folder = mkdtempSync(join(tmpdir(), "fit-"));
  const checkpoint = join(folder, "run.ckpt");
  try {
    const run = fit(withMatrix(true), config({ checkpoint, checkpointEvery: 2 }));
    assert.equal(run.digest, fit(withMatrix(true), config()).digest);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("confusionMatrix, predict and features read a trained model", () => {
  const model = network();
  const set = clouds(20, 2);
  fit(model, config());
  assert.deepEqual(confusionMatrix(model, set), [
    [10, 0],
    [0, 10],
  ]);
  assert.deepEqual(predict(model, set).classes, set.labels);
  assert.deepEqual(features(model, set, "relu1").shape, [20, 8]);
  assert.throws(
    () => features(model, set, "relu7"),
    /no layer "relu7", expected one of linear1, relu1, linear2/,
  );
});

for (const dtype of ["float32", "float64"] as const)
  test(`a test set without the model's last class: an answer of that class is an error everywhere, ${dtype}`, () => {
    const model = sequential([linear({ in: 2, out: 3 })], { input: [2], dtype });
    const [weight, bias] = model.parameters.map(({ parameter }) => parameter.value.data);
    weight.fill(0);
    bias.set([1, 0, 2]);
    const set = clouds(10);
    assert.equal(set.classes, 2);
    const run = fit(model, config({ train: set, test: set, epochs: 0 }));
    assert.equal(run.epochs[0].testError, 1);
    assert.deepEqual(Array.from(predict(model, set).classes), new Array(10).fill(2));
    assert.deepEqual(confusionMatrix(model, set), [
      [0, 0, 5],
      [0, 0, 5],
      [0, 0, 0],
    ]);
  });

for (const dtype of ["float32", "float64"] as const)
  test(`predict and its kin refuse data that fit refuses, ${dtype}`, () => {
    const wide = arrayDataset(new Float32Array(6), [0, 1], [3]);
    const many = arrayDataset(new Float32Array(6), [0, 1, 2], [2]);
    const model = sequential([linear({ in: 2, out: 2 })], { input: [2], dtype });
    const shape = /on own data: samples of the shape \[3\], expected \[2\], the model's input/;
    for (const measure of [
      () => predict(model, wide),
      () => confusionMatrix(model, wide),
      () => activations(model, wide, [0]),
      () => features(model, wide, "linear1"),
    ])
      assert.throws(measure, shape);
    assert.throws(() => predict(model, wide), /^GradbookError: predict on own data/);
    assert.throws(() => predict(model, many), /3 classes for a model with the output \[2\], expected \[3\]/);
    const images = arrayDataset(new Float32Array(32), [0, 1], [1, 4, 4]);
    const conv = sequential([conv2d({ in: 1, out: 2, kernel: 2 })], { input: [1, 4, 4], dtype });
    assert.throws(() => predict(conv, images), /2 classes for a model with the output \[2, 3, 3\], expected/);
    assert.deepEqual(features(conv, images, "conv1").shape, [2, 18]);
  });

test("predict names a class beyond 255", () => {
  const model = sequential([linear({ in: 2, out: 300 })], { input: [2] });
  const [weight, bias] = model.parameters.map(({ parameter }) => parameter.value.data);
  weight.fill(0);
  bias[290] = 50;
  assert.deepEqual(Array.from(predict(model, clouds(2)).classes), [290, 290]);
});

test("fit refuses a loss that is no longer a number, with epoch, step, parameter and cure", () => {
  assert.throws(
    () => fit(network(), config({ optimizer: sgd({ lr: 1e200 }) })),
    /^GradbookError: fit, epoch 1, step \d+: the loss is (NaN|Infinity).*expected a finite number\. Try a smaller learning rate \(now 1e\+200\)/,
  );
});

test("fit refuses what is missing, of another kind, or a function that was not called", () => {
  const refused = (more: object, words: string) =>
    assert.throws(
      () => fit(network(), { ...config(), ...more }),
      new RegExp(`^GradbookError: fit: ${words}`),
    );
  refused(
    { optimizer: undefined },
    "optimizer is missing, expected an optimizer\\. sgd\\({ lr: 0.01 }\\) makes one",
  );
  refused({ optimizer: adam }, "optimizer is the function adam, expected an optimizer\\. Call it: adam\\(");
  refused({ optimizer: "adam" }, 'optimizer is "adam", expected an optimizer');
  refused({ train: undefined }, "train is missing, expected a data set");
  refused({ train: [1, 2] }, "train is \\[1, 2\\], expected a data set");
  refused({ test: null }, "test is null, expected a data set");
  refused({ trainSample: {} }, "trainSample is an object, expected a data set");
  refused({ loss: mse }, "loss is the function mse, expected a loss\\. Call it: mse\\(");
  refused({ loss: "mse" }, 'loss is "mse", expected a loss');
  refused({ schedule: 0.1 }, "schedule is 0.1, expected a function");
  refused({ onEpoch: "log" }, 'onEpoch is "log", expected a function');
  const [none, list] = [undefined, [relu()]] as unknown as Sequential[];
  assert.throws(() => fit(none, config()), /fit: model is missing, expected a model\. sequential/);
  assert.throws(() => fit(list, config()), /fit: model is a list of 1, expected a model/);
  const nothing = undefined as unknown as FitConfig;
  assert.throws(() => fit(network(), nothing), /fit: missing argument, expected an object \{ train, test\?/);
});

test("fit names the schedule or the data that brought NaN", () => {
  for (const rate of [Number.NaN, undefined]) {
    const schedule = (epoch: number) => (epoch < 2 ? 0.1 : (rate as number));
    assert.throws(
      () => fit(network(), config({ schedule })),
      new RegExp(
        `fit, epoch 2: schedule returned ${rate ?? "nothing"}, expected a learning rate, a finite number`,
      ),
    );
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const x = new Float32Array(20).fill(1);
    x[7] = value;
    const train = arrayDataset(x, new Uint8Array(10), [2]);
    assert.throws(
      () => fit(network(), config({ train })),
      new RegExp(
        `the loss is NaN.*; sample 3 of own data holds ${value}, .*Look for what went wrong where the data`,
      ),
    );
  }
});

for (const dtype of ["float32", "float64"] as const)
  test(`what a layer written by hand lacks is named, ${dtype}`, () => {
    const refused = (layer: object, words: RegExp) =>
      assert.throws(() => {
        const model = sequential([layer as Layer, linear({ in: 2, out: 2 })], { input: [2], dtype });
        fit(model, config({ epochs: 1 }));
      }, words);
    const forward = (x: Tensor) => x.clone();
    const backward = (dy: Tensor) => dy.clone();
    const outputShape = () => [2];
    class Mine {}
    refused(
      { forward() {}, backward },
      /object1 .*: forward returned nothing, expected a Tensor\. Is its return/,
    );
    refused({ forward() {}, backward, outputShape }, /object1: forward returned nothing, expected a Tensor/);
    refused({ forward: () => [1, 2], backward }, /forward returned \[1, 2\], expected a Tensor/);
    refused({ forward, backward() {} }, /object1: backward returned nothing, expected a Tensor/);
    refused({ forward }, /object1: no method backward, expected forward\(x\) and backward\(dy\)/);
    refused({ backward }, /sequential, layer 1 \(Object\): no method forward/);
    refused(
      { forward, backward, params: { w: Tensor.zeros([2]) } },
      /layer 1 \(Object\): params\.w is not a Parameter/,
    );
    refused(relu, /layer 1 is the function relu, expected a layer\. A layer is made by calling it: relu\(\)/);
    refused(Mine, /layer 1 is the class Mine, expected a layer\. Make one of the class: new Mine\(\)/);
    assert.throws(
      () => sequential([undefined as unknown as Layer], { input: [2] }),
      /layer 1 is nothing, expected a layer/,
    );
  });

test("fit refuses data of another shape, too many classes, no samples, a batch of 0, and unknown options", () => {
  const wide = arrayDataset(new Float32Array(6), new Uint8Array([0, 1]), [3]);
  assert.throws(
    () => fit(network(), config({ train: wide })),
    /samples of the shape \[3\], expected \[2\], the model's input/,
  );
  const many = arrayDataset(new Float32Array(6), new Uint8Array([0, 1, 2]), [2]);
  assert.throws(
    () => fit(network(), config({ train: many })),
    /3 classes for a model with the output \[2\], expected \[3\]/,
  );
  assert.throws(
    () => fit(network(), config({ batch: 0 })),
    /fit: batch is 0, expected a whole number of at least 1/,
  );
  const typo = { ...config(), epoch: 3 };
  assert.throws(() => fit(network(), typo), /fit: unknown option "epoch".*Did you mean "epochs"\?/);
});
