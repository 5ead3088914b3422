import { type GradbookError, inWords, isPromise, ownCodeError, withoutAsync } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { readerOf } from "../datasets/samples.js";
import { Rng } from "../tensor/rng.js";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.js";
import { type FloatArray, hasNaN, isFloatArray, isTensor, Tensor } from "../tensor/tensor.js";

/**
 * Changes a training sample each time it is trained on; evaluations see the samples as they are.
 *
 * @param sample a copy, of the set's shape, without the batch's axis; changed in place, or replaced by the tensor returned
 * @param rng stream of this very sample in this very epoch: the same draws for any batch size and number of threads
 *
 * @example
 * ```ts
 * import { type Augment, Rng, Tensor } from "gradbook";
 *
 * // half of the images are seen in a mirror
 * const mirror: Augment = ({ data, shape: [, , W] }, rng) => {
 *   if (rng.int(2) === 0) return;
 *   for (let row = 0; row < data.length; row += W) data.subarray(row, row + W).reverse();
 * };
 * const image = Tensor.from([[[1, 2, 3]]]); // [1, 1, 3]
 * mirror(image, new Rng(2));
 * console.log(image.data.join()); // 3,2,1
 * ```
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is the usual case
export type Augment = (sample: Tensor, rng: Rng) => Tensor | void;

/** Reads a sample of the training set as an epoch trains on it. */
export type TrainingReader = (index: number, epoch: number, out: FloatArray, offset: number) => void;

export function trainingReader(
  set: Dataset,
  augment: Augment | undefined,
  seed: number | string,
): TrainingReader {
  const read = readerOf(set);
  if (augment === undefined) return (index, _epoch, out, offset) => read(index, out, offset);
  const randomness = new Rng(seed).fork("augment");
  const size = sizeOf(set.shape);
  let [present, stream] = [0, randomness];
  return (index, epoch, out, offset) => {
    if (epoch !== present) [present, stream] = [epoch, randomness.fork(epoch)];
    const data = out instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
    read(index, data, 0);
    const changed = changedBy(augment, new Tensor(set.shape, data), stream.fork(index), index);
    out.set(changed.data, offset);
    if (!hasNaN(changed)) return;
    read(index, data, 0);
    if (!data.some(Number.isNaN)) throw refused(index, "made NaN of a sample that held none", set.shape);
  };
}

function changedBy(augment: Augment, sample: Tensor, rng: Rng, index: number): Tensor {
  const answer: unknown = augment(sample, rng);
  // what an arrow function happens to return: a number, the array that it has filled
  if (answer === undefined || answer === sample.data || Object(answer) !== answer) return sample;
  if (isPromise(answer)) {
    throw refused(index, "returned a Promise", sample.shape, withoutAsync("augment"));
  }
  if (!isTensor(answer)) {
    const cure =
      isFloatArray(answer) || Array.isArray(answer)
        ? "sample.data.set(…) writes numbers into the sample."
        : undefined;
    throw refused(index, `returned ${inWords(answer)}`, sample.shape, cure);
  }
  if (sameShape(answer.shape, sample.shape)) return answer;
  throw refused(index, `returned a tensor of the shape ${formatShape(answer.shape)}`, sample.shape);
}

function refused(index: number, got: string, shape: readonly number[], cure?: string): GradbookError {
  return ownCodeError(
    `augment, sample ${index}`,
    got,
    `the sample changed in place, or a Tensor ${formatShape(shape)}`,
    cure,
  );
}
