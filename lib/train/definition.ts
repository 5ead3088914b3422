import type { Dataset } from "../datasets/dataset.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { type FloatArray, Tensor } from "../tensor/tensor.js";
import type { Evaluation, Trainer } from "./trainer.js";

/** Samples of one evaluation pass: bounds the memory, changes no result but the order of no sum. */
const EVALUATION_BATCH = 100;

/** The trainer that runs the layers' own loops: what is meant, whatever the engine does. */
export function definitionTrainer(
  model: Sequential,
  loss: Loss,
  optimizer: Optimizer,
  train: Dataset,
  seed: number | string,
): Trainer {
  const parameters = model.parameters.map(({ parameter }) => parameter);
  const state = parameters.map(({ value }) =>
    Array.from({ length: optimizer.slots }, () => Tensor.zeros(value.shape, model.dtype).data),
  );
  const randomness = new Rng(seed).fork("step");
  return {
    step(order, from, to, lr, step) {
      const { x, labels } = gather(model, train, order, from, to);
      model.zeroGradients();
      const output = model.forward(x, { training: true, rng: randomness.fork(step) });
      model.backward(loss.gradient(output, labels));
      for (const [i, { value, grad }] of parameters.entries()) {
        optimizer.update(value.data, grad.data, state[i], lr, step);
      }
      return loss.sum(output, labels) / (loss.spec.reduction === "mean" ? to - from : 1);
    },
    evaluate: (set) => evaluate(model, loss, set),
    outputs: (set, see) => forEachBatch(model, set, (output, _labels, from) => see(output, from)),
    sync() {},
    load() {},
    readState: () => state.flat(),
    writeState(saved) {
      for (const [i, slot] of state.flat().entries()) slot.set(saved[i]);
    },
    dispose() {},
  };
}

/** Mean loss and error rate of a whole set, with the model's present weights. */
function evaluate(model: Sequential, loss: Loss, set: Dataset): Evaluation {
  const [K] = model.output;
  let total = 0;
  let wrong = 0;
  forEachBatch(model, set, (output, labels) => {
    total += loss.sum(output, labels);
    for (let n = 0; n < labels.length; n++) if (argmax(output.data, n, K) !== labels[n]) wrong++;
  });
  return { loss: total / set.size, error: wrong / set.size };
}

/** Runs a set through the model in its own order, a batch at a time. */
function forEachBatch(
  model: Sequential,
  set: Dataset,
  see: (output: Tensor, labels: Uint8Array, from: number) => void,
): void {
  for (let from = 0; from < set.size; from += EVALUATION_BATCH) {
    const to = Math.min(from + EVALUATION_BATCH, set.size);
    const { x, labels } = gather(model, set, undefined, from, to);
    see(model.forward(x), labels, from);
  }
}

/** Position of the largest of K values in row n; the first among equals. */
export function argmax(values: FloatArray, n: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[n * K + k] > values[n * K + best]) best = k;
  return best;
}

/** The samples order[from] … order[to − 1] (or from … to − 1 themselves) as one tensor [to − from, …shape]. */
export function gather(
  model: Sequential,
  set: Dataset,
  order: Uint32Array | undefined,
  from: number,
  to: number,
): { x: Tensor; labels: Uint8Array } {
  const x = Tensor.zeros([to - from, ...model.input], model.dtype);
  const labels = new Uint8Array(to - from);
  const size = sizeOf(model.input);
  for (let i = from; i < to; i++) {
    const sample = order === undefined ? i : order[i];
    set.read(sample, x.data, (i - from) * size);
    labels[i - from] = set.labels[sample];
  }
  return { x, labels };
}
