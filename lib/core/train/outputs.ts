import type { Dataset } from "../datasets/dataset.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { mse } from "../losses/squared.js";
import { sgd } from "../optimizers/sgd.js";
import { Tensor } from "../tensor/tensor.js";
import { assertSamples } from "./assert-fits.js";
import { makeTrainer } from "./make-trainer.js";
import { asSet, type ModelInput } from "./model-input.js";
import type { Evaluation, Trainer } from "./trainer.js";

/**
 * What a model gives for each sample of a set, in the set's order: [N, …output]. For classes there is `predict`.
 * @param input a set; or numbers as they are: a batch [N, …input], one sample […input] as a tensor, or its numbers in a row
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
export function outputs(model: Sequential, input: ModelInput): Tensor {
  const set = asSet("outputs", model, input);
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
  withTrainer(model, set, mse(), false, (trainer) => trainer.outputs(set, visit));
}

/** Every chosen layer's output for a whole set, [N, …]: `layers` are positions in the model. */
export function layerOutputs(model: Sequential, set: Dataset, layers: readonly number[]): readonly Tensor[] {
  const all = layers.map((i) => Tensor.zeros([set.size, ...model.layers[i].output], model.dtype));
  withTrainer(model, set, mse(), true, (trainer) =>
    trainer.layerOutputs(set, layers, (outputs, from) => {
      for (const [i, { data, size }] of all.entries()) data.set(outputs[i].data, (from * size) / set.size);
    }),
  );
  return all;
}

/** Loss and error of a whole set with the model's present weights. */
export function evaluation(model: Sequential, set: Dataset, loss: Loss): Evaluation {
  return withTrainer(model, set, loss, false, (trainer) => trainer.evaluate(set));
}

/** What computes a model, for something that trains nothing. */
function withTrainer<T>(
  model: Sequential,
  set: Dataset,
  loss: Loss,
  observed: boolean,
  use: (trainer: Trainer) => T,
): T {
  const batch = Math.min(100, set.size);
  const trainer = makeTrainer(model, {
    loss,
    optimizer: sgd({ lr: 0 }),
    train: set,
    batch,
    seed: 0,
    observed,
  });
  try {
    return use(trainer);
  } finally {
    trainer.dispose();
  }
}
