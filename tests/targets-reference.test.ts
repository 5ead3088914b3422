import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arrayDataset,
  binaryCrossEntropy,
  type Dataset,
  type DType,
  euclidean,
  fit,
  hinge,
  huber,
  klDivergenceLoss,
  type Loss,
  linear,
  mae,
  mse,
  nll,
  sequential,
  sgd,
  softmax,
  softmaxCrossEntropy,
  Tensor,
  tanh,
  targetDataset,
} from "gradbook";
import {
  assertTrainedAlike,
  filled,
  readTrained,
  type Trained,
  trainedOf,
} from "./support/trained-reference.js";

// The library's losses on classes and on numbers, against the same in PyTorch: tests/reference/make_targets.py.

const reference = readTrained("targets.json");

type Kind = "classes" | "numbers" | "answers" | "probabilities";

function setOf(kind: Kind, outputs: number): Dataset {
  const x = filled(30, 11, 3);
  if (kind === "classes")
    return arrayDataset(
      x,
      Array.from({ length: 10 }, (_, i) => (7 * i + 2) % 3),
      [3],
    );
  const numbers = filled(10 * outputs, 41, 3);
  if (kind === "numbers") return targetDataset(x, numbers, [3]);
  if (kind === "answers")
    return targetDataset(
      x,
      numbers.map((v) => (v > 0 ? 1 : 0)),
      [3],
    );
  const logits = new Tensor(
    [10, outputs],
    numbers.map((v) => 2 * v),
  );
  return targetDataset(x, softmax(logits).data, [3]);
}

const losses: Readonly<Record<string, readonly [Kind, number, Loss]>> = {
  "mse numbers": ["numbers", 2, mse()],
  "mse one number": ["numbers", 1, mse()],
  "mse sum numbers": ["numbers", 2, mse({ reduction: "sum" })],
  "euclidean numbers": ["numbers", 2, euclidean()],
  "mae numbers": ["numbers", 2, mae()],
  "mae classes": ["classes", 3, mae()],
  "huber numbers": ["numbers", 2, huber({ delta: 0.7 })],
  "huber sum numbers": ["numbers", 2, huber({ delta: 0.7, reduction: "sum" })],
  "huber classes": ["classes", 3, huber({ delta: 0.7 })],
  "binaryCrossEntropy one answer": ["answers", 1, binaryCrossEntropy()],
  "binaryCrossEntropy answers": ["answers", 5, binaryCrossEntropy()],
  "binaryCrossEntropy classes": ["classes", 3, binaryCrossEntropy()],
  "softmaxCrossEntropy probabilities": ["probabilities", 3, softmaxCrossEntropy()],
  "softmaxCrossEntropy smoothed": ["classes", 3, softmaxCrossEntropy({ labelSmoothing: 0.1 })],
  "softmaxCrossEntropy weighted": ["classes", 3, softmaxCrossEntropy({ classWeights: [1, 2, 0.5] })],
  "klDivergenceLoss probabilities": ["probabilities", 3, klDivergenceLoss()],
  "hinge classes": ["classes", 3, hinge({ margin: 0.8 })],
  "nll classes": ["classes", 3, nll()],
};

function trained([kind, outputs, loss]: readonly [Kind, number, Loss], dtype: DType): Trained {
  const model = sequential([linear({ in: 3, out: 4 }), tanh(), linear({ in: 4, out: outputs })], {
    input: [3],
    dtype,
  });
  const start = [filled(12, 21, 2), filled(4, 22, 0.4), filled(outputs * 4, 23, 2), filled(outputs, 24, 0.4)];
  for (const [i, { parameter }] of model.parameters.entries()) parameter.value.data.set(start[i]);
  const train = setOf(kind, outputs);
  const run = fit(model, { train, optimizer: sgd({ lr: 0.1 }), loss, batch: 4, epochs: 2, shuffle: false });
  return trainedOf(run, model);
}

for (const [name, row] of Object.entries(losses))
  for (const [dtype, tolerance] of [
    ["float64", 1e-10],
    ["float32", 2e-5],
  ] as const)
    test(`${name}, ${dtype}: trains as in PyTorch`, () => {
      assertTrainedAlike(name, trained(row, dtype), reference[name], tolerance);
    });

test("the reference has every loss of this table, and no other", () => {
  assert.deepEqual(Object.keys(reference).sort(), Object.keys(losses).sort());
});
