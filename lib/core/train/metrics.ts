import { assertList, type Given, options } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { assertClasses } from "../datasets/samples.js";
import type { Sequential } from "../layers/sequential.js";
import { softmaxCrossEntropy, softmaxRows } from "../losses/softmax-cross-entropy.js";
import { Tensor } from "../tensor/tensor.js";
import { assertFits, assertSamples } from "./assert-fits.js";
import { gather } from "./definition.js";
import { assertLoss, lossOption } from "./fit-config.js";
import { argmax, measureOf } from "./measure.js";
import { asSet, chosenOf, type ModelInput } from "./model-input.js";
import { evaluation, layerOutputs, visitOutputs } from "./outputs.js";

/** A model's answers on a set, in the set's order. */
export interface Predictions {
  /** Most probable class of each sample, [N]; bytes, as labels are, where the model has at most 256 outputs. */
  readonly classes: Uint8Array | Uint32Array;
  /** Softmax of the outputs, [N, K]. */
  readonly probabilities: Tensor;
}

/**
 * A model's answers on a set: the most probable class of each sample, and all probabilities.
 * @param input a set; or numbers as they are, normalised as those that the model was trained on: a batch [N, …input], one
 *   sample […input] as a tensor, or its numbers in a row
 * @throws GradbookError when set and model do not fit, as `fit` does, or the numbers are not whole samples
 *
 * @example
 * ```ts
 * import { arrayDataset, linear, predict, sequential } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const { classes, probabilities } = predict(model, train);
 * console.log(classes.length, probabilities.shape); // 4 [ 4, 2 ]
 * console.log(predict(model, [1, 0]).probabilities.shape); // [ 1, 2 ]
 * ```
 */
export function predict(model: Sequential, input: ModelInput): Predictions {
  const set = asSet("predict", model, input);
  assertFits("predict", model, set);
  assertClasses("predict", set, "outputs(model, set) gives the model's numbers.");
  const [K] = model.output;
  const classes = K > 256 ? new Uint32Array(set.size) : new Uint8Array(set.size);
  const probabilities = Tensor.zeros([set.size, K], model.dtype);
  visitOutputs(model, set, (output, from) => {
    const [n] = output.shape;
    for (let i = 0; i < n; i++) classes[from + i] = argmax(output.data, i, K);
    softmaxRows(output.data, probabilities.data.subarray(from * K, (from + n) * K), K);
  });
  return { classes, probabilities };
}

const evaluateOptions = {
  /**
   * What the loss is.
   * @default softmaxCrossEntropy()
   */
  loss: lossOption().or(softmaxCrossEntropy()),
};
/**
 * Options of `evaluate`.
 * @interface
 */
export type EvaluateConfig = Given<typeof evaluateOptions>;

/** A model's loss and error on a set. */
export interface SetEvaluation {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** The error rate, 1 − accuracy, in 0 … 1, or what `measure` says. */
  readonly error: number;
  /**
   * `"RMSE"` where the set has numbers as targets.
   * @default the error rate
   */
  readonly measure?: "RMSE";
}

/**
 * Loss and error of any set with the model's present weights, as `fit` measures them after an epoch.
 * @throws GradbookError when set and model do not fit, as `fit` does
 *
 * @example
 * ```ts
 * import { arrayDataset, evaluate, linear, sequential } from "gradbook";
 *
 * const validation = arrayDataset(Float32Array.of(1, 0, 0, 1), [0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], init: "zeros" });
 * const { loss, error } = evaluate(model, validation);
 * console.log(loss.toFixed(4), error); // 0.6931 0.5
 * ```
 */
export function evaluate(model: Sequential, set: Dataset, config: EvaluateConfig = {}): SetEvaluation {
  const { loss } = options("evaluate", evaluateOptions, config);
  assertLoss("evaluate", loss);
  assertFits("evaluate", model, set);
  const { loss: mean, error } = evaluation(model, set, loss);
  return { loss: mean, error, ...(measureOf(loss, set) === "RMSE" && { measure: "RMSE" }) };
}

/**
 * counts[t][p]: how many samples of class t the model calls p, [K, K] for K outputs. Rows sum to the class's samples; a
 * set may lack classes.
 * @throws GradbookError when set and model do not fit, as `fit` does
 *
 * @example
 * ```ts
 * import { arrayDataset, confusionMatrix, linear, sequential } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const counts = confusionMatrix(model, train);
 * console.log(counts.map((row) => row.reduce((sum, n) => sum + n))); // [ 2, 2 ]
 * ```
 */
export function confusionMatrix(model: Sequential, set: Dataset): number[][] {
  assertFits("confusionMatrix", model, set);
  assertClasses("confusionMatrix", set, "outputs(model, set) gives the model's numbers.");
  const [K] = model.output;
  const counts = Array.from({ length: K }, () => new Array<number>(K).fill(0));
  const { classes } = predict(model, set);
  for (let n = 0; n < set.size; n++) counts[set.labels[n]][classes[n]]++;
  return counts;
}

/**
 * Every layer's output for the given samples of a set, by the layer's name: `[samples, …]`.
 * @param samples indices into the set
 * @throws GradbookError when set and model do not fit, as `fit` does
 *
 * @example
 * ```ts
 * import { activations, arrayDataset, linear, sequential } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * console.log(activations(model, train, [0, 3]).linear1.shape); // [ 2, 2 ]
 * ```
 */
export function activations(
  model: Sequential,
  set: Dataset,
  samples: ArrayLike<number>,
): Record<string, Tensor> {
  assertSamples("activations", model, set);
  assertList("activations", "samples", samples, "a list of samples, from 0");
  const input = gather(model, set, samples);
  const names = model.layers.map(({ name }) => name);
  const positions = names.map((_, i) => i);
  const values = samples.length === 0 ? [] : layerOutputs(model, chosenOf(set, samples), positions);
  return samples.length === 0
    ? { input, ...model.activations(input) }
    : { input, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
}

/**
 * One layer's output for a whole set, flattened to features: [N, F]; what `tsne` takes.
 * @throws GradbookError when set and model do not fit, as `fit` does
 *
 * @example
 * ```ts
 * import { arrayDataset, features, linear, sequential } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * console.log(features(model, train, "linear1").shape); // [ 4, 2 ]
 * ```
 */
export function features(model: Sequential, set: Dataset, layer: string): Tensor {
  assertSamples("features", model, set);
  model.layer(layer);
  const position = model.layers.findIndex(({ name }) => name === layer);
  const [output] = layerOutputs(model, set, [position]);
  return output.reshape([set.size, output.size / set.size]);
}
