import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { balancedSubset } from "../datasets/balanced.js";
import type { Dataset } from "../datasets/dataset.js";
import { contentDigest } from "../datasets/samples.js";
import { reconstruction, targetDataset } from "../datasets/targets.js";
import { conv2d } from "../layers/conv2d.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { tanh } from "../layers/tanh.js";
import { binaryCrossEntropy, huber } from "../losses/elementwise.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { mse } from "../losses/squared.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { earlyStop } from "./early-stop.js";
import { firstMinute } from "./first-minute/first-minute.js";
import { fit } from "./fit.js";
import { lastEpoch } from "./history.js";
import { confusionMatrix, predict } from "./metrics.js";
import { outputs } from "./outputs.js";
import { rmse } from "./scores.js";

/** y = [x₀ − 2x₁, x₀·x₁] at 60 points. */
function surface(size = 60): Dataset {
  const rng = new Rng(3);
  const x = Float32Array.from({ length: 2 * size }, () => rng.normal());
  const y = x.map((v, i) => (i % 2 === 0 ? v - 2 * x[i + 1] : x[i - 1] * v));
  return targetDataset(x, y, [2], { name: "surface" });
}

const net = (out: number, dtype: "float32" | "float64" = "float32") =>
  sequential([linear({ in: 2, out: 16 }), tanh(), linear({ in: 16, out })], { input: [2], seed: 1, dtype });

test("a regression with two outputs learns, and its history speaks of RMSE in the targets' unit", () => {
  const train = surface();
  const model = net(2);
  const run = fit(model, { train, test: train, optimizer: adam({ lr: 0.02 }), loss: mse(), epochs: 120 });
  const last = lastEpoch(run);
  assert.equal(last.measure, "RMSE");
  assert.ok(last.testError < 0.25 && run.epochs[0].testError > 1, `${last.testError}`);
  const y = outputs(model, train);
  assert.deepEqual(y.shape, [60, 2]);
  const t = new Float32Array(120);
  for (let i = 0; i < 60; i++) train.targets?.read(i, t, 2 * i);
  assert.ok(Math.abs(rmse(y, t) - last.testError) < 1e-6);
  assert.ok(Math.abs(last.testLoss - last.testError ** 2) < 1e-6);
});

test("the engine's bits are the same on 1, 2 and 3 threads, and near those of float64", () => {
  const train = surface();
  for (const loss of [mse(), huber(), binaryCrossEntropy()] as const) {
    const set = loss.spec.kind === "binaryCrossEntropy" ? answers() : train;
    const out = set.targets?.shape[0] ?? 0;
    const trained = (dtype: "float32" | "float64", threads?: number) => {
      const model = net(out, dtype);
      const run = fit(model, {
        train: set,
        optimizer: sgd({ lr: 0.05 }),
        loss,
        epochs: 5,
        batch: 16,
        threads,
      });
      return { digest: weightsDigest(model), last: lastEpoch(run) };
    };
    const [one, two, three] = [1, 2, 3].map((threads) => trained("float32", threads));
    assert.equal(one.digest, two.digest);
    assert.equal(one.digest, three.digest);
    const exact = trained("float64");
    assert.ok(Math.abs(one.last.trainLoss - exact.last.trainLoss) < 1e-5);
    assert.ok(Math.abs(one.last.trainError - exact.last.trainError) < 1e-4);
  }
});

/** Three yes-or-no answers about each point. */
function answers(): Dataset {
  const rng = new Rng(4);
  const x = Float32Array.from({ length: 160 }, () => rng.normal());
  const t = Float32Array.from({ length: 240 }, (_, i) => {
    const [a, b] = [x[2 * Math.floor(i / 3)], x[2 * Math.floor(i / 3) + 1]];
    return [a > 0, b > a, a + b > 0.5][i % 3] ? 1 : 0;
  });
  return targetDataset(x, t, [2]);
}

test("several yes-or-no answers, and one: the error is the share of wrong decisions", () => {
  const train = answers();
  const model = net(3);
  const run = fit(model, { train, optimizer: adam({ lr: 0.05 }), loss: binaryCrossEntropy(), epochs: 60 });
  assert.equal(lastEpoch(run).measure, undefined);
  assert.ok(lastEpoch(run).trainError < 0.05);
  const z = outputs(model, train).data;
  const t = new Float32Array(240);
  for (let i = 0; i < 80; i++) train.targets?.read(i, t, 3 * i);
  const wrong = Array.from(z).reduce((sum, v, i) => sum + (v > 0 !== t[i] > 0.5 ? 1 : 0), 0);
  assert.equal(lastEpoch(run).trainError, wrong / 240);

  const single = targetDataset(Float32Array.of(-2, -1, 1, 2), Float32Array.of(0, 0, 1, 1), [1]);
  const logistic = sequential([linear({ in: 1, out: 1 })], { input: [1], seed: 1 });
  const learned = fit(logistic, {
    train: single,
    optimizer: sgd({ lr: 1 }),
    loss: binaryCrossEntropy(),
    epochs: 50,
  });
  assert.equal(lastEpoch(learned).trainError, 0);
});

test("an autoencoder learns its own input, images too, and a set of one's own with targets", () => {
  const rng = new Rng(5);
  const images = arrayDataset(
    Float32Array.from({ length: 20 * 36 }, () => rng.uniform()),
    new Array(20).fill(0),
    [1, 6, 6],
  );
  const set = reconstruction(images);
  assert.deepEqual(set.targets?.shape, [1, 6, 6]);
  const model = sequential(
    [conv2d({ in: 1, out: 3, kernel: 3, pad: 1 }), relu(), conv2d({ in: 3, out: 1, kernel: 3, pad: 1 })],
    {
      input: [1, 6, 6],
      seed: 1,
    },
  );
  const run = fit(model, { train: set, optimizer: adam({ lr: 0.02 }), loss: mse(), epochs: 60, batch: 5 });
  assert.ok(lastEpoch(run).trainError < 0.15, `${lastEpoch(run).trainError}`);
  assert.ok(lastEpoch(run).trainError < run.epochs[0].trainError / 3);

  const own: Dataset = {
    name: "own",
    size: 20,
    shape: [1, 6, 6],
    classes: 0,
    labels: new Uint8Array(0),
    classNames: [],
    source: "a formula",
    digest: "",
    read: (index, out, offset) => images.read(index, out, offset),
    targets: { shape: [1, 6, 6], read: (index, out, offset) => images.read(index, out, offset) },
    subset: () => own,
  };
  const two = [own, set].map((train) => {
    const copy = sequential([conv2d({ in: 1, out: 1, kernel: 3, pad: 1 })], { input: [1, 6, 6], seed: 2 });
    fit(copy, { train, optimizer: sgd({ lr: 0.1 }), loss: mse(), epochs: 2 });
    return weightsDigest(copy);
  });
  assert.equal(two[0], two[1]);
});

test("a loss of one's own gets the numbers, in the engine and in the definition", () => {
  const seen: string[] = [];
  const own: Loss = {
    sum(output, targets) {
      seen.push(`${targets.constructor.name} ${targets.length / output.shape[0]}`);
      return Array.from(output.data).reduce((sum, y, i) => sum + (y - targets[i]) ** 2, 0);
    },
    gradient: (output, targets) =>
      new Tensor(
        output.shape,
        output.data.map((y, i) => (2 * (y - targets[i])) / output.shape[0]),
      ),
  };
  const losses = (["float32", "float64"] as const).map((dtype) => {
    const run = fit(net(2, dtype), { train: surface(), optimizer: sgd({ lr: 0.02 }), loss: own, epochs: 3 });
    return lastEpoch(run).trainLoss;
  });
  assert.ok(Math.abs(losses[0] - losses[1]) < 1e-5);
  assert.deepEqual([...new Set(seen)].sort(), ["Float32Array 2", "Float64Array 2"]);
});

test("a run on numbers resumes to the same bits; other targets are another run", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
  const checkpoint = join(folder, "run.ckpt");
  const config = (train: Dataset) => ({ train, optimizer: adam({ lr: 0.01 }), loss: mse(), checkpoint });
  const whole = fit(net(2), { ...config(surface()), checkpoint: undefined, epochs: 4 });
  fit(net(2), { ...config(surface()), epochs: 2 });
  const resumed = fit(net(2), { ...config(surface()), epochs: 4, resume: true });
  assert.equal(resumed.digest, whole.digest);
  assert.deepEqual(resumed.epochs, whole.epochs);
  const other = targetDataset(new Float32Array(120), new Float32Array(120), [2]);
  assert.throws(() => fit(net(2), { ...config(other), epochs: 4, resume: true }), /training set/);
  rmSync(folder, { recursive: true });
});

test("early stopping watches the RMSE", () => {
  const train = surface();
  const stop = earlyStop({ watch: "testError", patience: 2 });
  const run = fit(net(2), {
    train,
    test: train,
    optimizer: sgd({ lr: 0 }),
    loss: mse(),
    epochs: 20,
    onEpoch: stop,
  });
  assert.equal(run.ending, "stopped early");
});

test("more than 256 classes", () => {
  const labels = Array.from({ length: 600 }, (_, i) => i % 300);
  const set = arrayDataset(
    Float32Array.from(labels, (c) => c / 300),
    labels,
    [1],
  );
  assert.equal(set.classes, 300);
  assert.equal(set.subset([299]).labels[0], 299);
  for (const dtype of ["float32", "float64"] as const) {
    const model = sequential([linear({ in: 1, out: 300 })], { input: [1], seed: 1, dtype });
    const run = fit(model, { train: set, optimizer: sgd({ lr: 0.1 }), epochs: 1 });
    assert.ok(Number.isFinite(lastEpoch(run).trainLoss));
    assert.equal(
      confusionMatrix(model, set)
        .flat()
        .reduce((a, b) => a + b),
      600,
    );
  }
});

test("outputs needs no classes, and no more outputs than there are classes", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const model = sequential([linear({ in: 1, out: 2 })], { input: [1], seed: 1, dtype });
    const set = arrayDataset(Float32Array.of(1, 2, 3), [0, 1, 5], [1]);
    assert.deepEqual(outputs(model, set).shape, [3, 2]);
  }
});

/** A set as somebody writes it, with targets. */
function written(more: Partial<Dataset>): Dataset {
  const set: Dataset = {
    name: "own",
    size: 2,
    shape: [2],
    classes: 0,
    labels: new Uint8Array(0),
    classNames: [],
    source: "a test",
    digest: "",
    read: (index, out, offset) => out.fill(index, offset, offset + 2),
    targets: { shape: [2], read: (index, out, offset) => out.fill(index, offset, offset + 2) },
    subset: () => set,
    ...more,
  };
  return set;
}

test("class numbers above 255 count whole in a run's identity, whatever holds them", () => {
  const [a, b] = [300, 44].map((label) =>
    contentDigest(
      written({ targets: undefined, classes: 400, labels: [0, label] as unknown as Uint16Array }),
    ),
  );
  assert.notEqual(a, b);
});

const numbers = () => Float32Array.of(1, 2, 3, 4);
const refused: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "no targets for some",
    () => targetDataset(numbers(), Float32Array.of(1), [2]),
    /4 numbers and 1 targets, expected 2 numbers and the same number of targets/,
  ],
  ["a list as targets", () => targetDataset(numbers(), [1, 2] as unknown as Float32Array, [2]), /targets/],
  [
    "a target that is no number",
    () => targetDataset(numbers(), Float32Array.of(1, Number.NaN), [2]),
    /target NaN of sample 1, expected a finite number/,
  ],
  [
    "another shape",
    () => targetDataset(numbers(), numbers(), [2], { targetShape: [3] }),
    /expected 2 numbers and 3 targets/,
  ],
  [
    "outputs of another number",
    () => train(net(3), surface()),
    /targets of the shape \[2\] for a model with the output \[3\]/,
  ],
  [
    "the default loss",
    () => train(net(2), surface(), softmaxCrossEntropy()),
    /probabilities of the classes, with the sum 1.*mse\(\)/,
  ],
  [
    "class weights of another number",
    () => train(net(2), classes(), softmaxCrossEntropy({ classWeights: [1] })),
    /1 classWeights for 2 outputs/,
  ],
  [
    "classes to test what was trained on numbers",
    () => train(net(2), surface(), mse(), classes()),
    /classes, expected numbers as targets/,
  ],
  [
    "targets that are no numbers",
    () =>
      train(
        net(2),
        written({
          targets: { shape: [2], read: (_i, out, offset) => out.fill(Number.NaN, offset, offset + 2) },
        }),
      ),
    /target NaN of sample \d, expected a finite number/,
  ],
  [
    "classes beside targets",
    () => train(net(2), written({ classes: 2, labels: Uint8Array.of(0, 1) })),
    /2 classes and 2 labels beside targets, expected either classes or targets/,
  ],
  [
    "more classes than can be numbered",
    () => train(net(2), written({ targets: undefined, classes: 70000, labels: Uint8Array.of(0, 1) })),
    /at most 65536/,
  ],
  ["predict", () => predict(net(2), surface()), /outputs\(model, set\)/],
  ["confusionMatrix", () => confusionMatrix(net(2), surface()), /a set of classes/],
  ["firstMinute", () => firstMinute(net(2), surface()), /a set of classes/],
  ["balancedSubset", () => balancedSubset(surface(), { perClass: 1 }), /a set of classes/],
];
const classes = () => arrayDataset(Float32Array.of(1, 0, 0, 1), [0, 1], [2]);

function train(model: Sequential, set: Dataset, loss: Loss = mse(), on?: Dataset): unknown {
  return fit(model, { train: set, test: on, optimizer: sgd({ lr: 0.1 }), loss, epochs: 1 });
}

for (const [name, run, message] of refused) test(`refused: ${name}`, () => assert.throws(run, message));

test("a subset has its samples' targets, and the digest knows them", () => {
  const set = surface();
  const some = set.subset([5, 2]);
  const [all, two] = [new Float32Array(2), new Float32Array(2)];
  set.targets?.read(2, all, 0);
  some.targets?.read(1, two, 0);
  assert.deepEqual(two, all);
  const [a, b] = [1, 2].map((v) => targetDataset(numbers(), Float32Array.of(v, 0), [2]).digest);
  assert.notEqual(a, b);
  assert.equal(set.digest, surface().digest);
});
