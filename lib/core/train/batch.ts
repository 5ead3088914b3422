import { configError, count, flag, type Given, oneOf, options, seed } from "@gradbook/base";
import type { Dataset, Labels } from "../datasets/dataset.js";
import { assertDataset, readerOf, targetReaderOf } from "../datasets/samples.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { type DType, Tensor } from "../tensor/tensor.js";

/** Samples of one step. */
export interface Batch {
  /** [n, …shape] */
  readonly x: Tensor;
  /** Class of each sample, [n]; empty for a set with numbers as targets. */
  readonly labels: Labels;
  /** The numbers that belong to the samples, [n, …targets]; undefined for a set of classes. */
  readonly targets: Tensor | undefined;
  /** Positions of the samples in the set, [n]. */
  readonly indices: Uint32Array;
}

const batchesOptions = {
  /** Samples of a batch; the last one may be shorter. */
  size: count(),
  /**
   * Number of the epoch, from 1: each has an order of its own.
   * @default 1
   */
  epoch: count().or(1),
  /**
   * Seed of the orders: with `fit`'s seed they are `fit`'s.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * false: in the set's own order.
   * @default true
   */
  shuffle: flag().or(true),
  /**
   * Leaves out a last batch that is shorter.
   * @default false
   */
  dropLast: flag().or(false),
  /**
   * Precision of x and targets: that of the model.
   * @default "float32"
   */
  dtype: oneOf("float32", "float64").or("float32"),
};
/**
 * Options of `batches`.
 * @interface
 */
export type BatchesConfig = Given<typeof batchesOptions>;

/**
 * The samples of an epoch, a batch at a time, in the order in which `fit` takes them: for a training loop of your own.
 * @throws GradbookError when no batch is whole and the last one is left out
 *
 * @example
 * ```ts
 * import { arrayDataset, batches } from "gradbook";
 *
 * const set = arrayDataset(Float32Array.of(1, 2, 3, 4, 5, 6), [0, 1, 0], [2]);
 * for (const { x, labels } of batches(set, { size: 2, shuffle: false }))
 *   console.log(x.shape.join("×"), labels.join()); // 2×2 0,1, then 1×2 0
 * ```
 */
export function* batches(set: Dataset, config: BatchesConfig): Generator<Batch, void> {
  assertDataset("batches", set);
  const { size, epoch, seed, shuffle, dropLast, dtype } = options("batches", batchesOptions, config);
  const order = Uint32Array.from({ length: set.size }, (_, i) => i);
  if (shuffle) new Rng(seed).fork("shuffle").fork(epoch).shuffle(order);
  const used = dropLast ? set.size - (set.size % size) : set.size;
  if (used === 0)
    throw configError(
      "batches",
      `dropLast with size ${size} and ${set.size} samples`,
      "at least one whole batch",
    );
  for (let from = 0; from < used; from += size) yield take(set, order.slice(from, from + size), dtype);
}

function take(set: Dataset, indices: Uint32Array, dtype: DType): Batch {
  const n = indices.length;
  const x = Tensor.zeros([n, ...set.shape], dtype);
  const read = readerOf(set);
  for (let i = 0; i < n; i++) read(indices[i], x.data, i * sizeOf(set.shape));
  if (set.targets === undefined) {
    const labels = set.classes > 256 ? new Uint16Array(n) : new Uint8Array(n);
    for (let i = 0; i < n; i++) labels[i] = set.labels[indices[i]];
    return { x, labels, targets: undefined, indices };
  }
  const { shape } = set.targets;
  const targets = Tensor.zeros([n, ...shape], dtype);
  const readTarget = targetReaderOf(set, set.targets);
  for (let i = 0; i < n; i++) readTarget(indices[i], targets.data, i * sizeOf(shape));
  return { x, labels: new Uint8Array(0), targets, indices };
}
