import type { Dataset } from "../datasets/dataset.js";
import type { Sequential } from "../layers/sequential.js";
import { mse } from "../losses/squared.js";
import { sgd } from "../optimizers/sgd.js";
import { Tensor } from "../tensor/tensor.js";
import { assertSamples } from "./assert-fits.js";
import { makeTrainer } from "./make-trainer.js";

/**
 * What a model gives for each sample of a set, in the set's order: [N, …output]. For classes there is `predict`.
 * @throws GradbookError when the samples are not the model's input
 *
 * @example
 * ```ts
 * import { linear, outputs, sequential, targetDataset } from "gradbook";
 *
 * const set = targetDataset(Float32Array.of(0, 1, 2, 3), Float32Array.of(1, 3, 5, 7), [1]);
 * const model = sequential([linear({ in: 1, out: 1 })], { input: [1], seed: 1 });
 * console.log(outputs(model, set).shape); // [ 4, 1 ]
 * ```
 */
export function outputs(model: Sequential, set: Dataset): Tensor {
  assertSamples("outputs", model, set);
  const all = Tensor.zeros([set.size, ...model.output], model.dtype);
  const each = all.size / set.size;
  visitOutputs(model, set, (output, from) => all.data.set(output.data, from * each));
  return all;
}

/**
 * Runs a set through a model, outside of training; `visit` gets the outputs [n, …output] of the samples from … from + n − 1,
 * valid within that call alone.
 */
export function visitOutputs(
  model: Sequential,
  set: Dataset,
  visit: (output: Tensor, from: number) => void,
): void {
  const trainer = makeTrainer(model, {
    loss: mse(),
    optimizer: sgd({ lr: 0 }),
    train: set,
    batch: Math.min(100, set.size),
    seed: 0,
  });
  try {
    trainer.outputs(set, visit);
  } finally {
    trainer.dispose();
  }
}
