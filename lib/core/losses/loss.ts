import { assertList, Brand, dataError, inWords, shapeError } from "@gradbook/base";
import type { LossSpec, Reduction } from "../engine/spec.js";
import { formatShape } from "../tensor/shape.js";
import { assertTensor, type FloatArray, type Tensor } from "../tensor/tensor.js";

/**
 * Compares a model's output [N, K] with the labels [N] (class numbers 0 … K − 1), or with the numbers that a set has as
 * `targets`: N·K of them, one sample behind the other, as the output lies. One of your own is an object with two
 * functions; it runs as it is written, on the calling thread.
 *
 * @example
 * ```ts
 * import { type Loss, Tensor } from "gradbook";
 *
 * // Σ_n Σ_k |y[n,k] − t[n,k]| with one-hot targets t
 * const isLabel = (at: number, K: number, labels: ArrayLike<number>) => (labels[Math.floor(at / K)] === at % K ? 1 : 0);
 * const absolute: Loss = {
 *   spec: { kind: "absolute" },
 *   sum: ({ data, shape: [, K] }, labels) => {
 *     let sum = 0;
 *     for (let i = 0; i < data.length; i++) sum += Math.abs(data[i] - isLabel(i, K, labels));
 *     return sum;
 *   },
 *   gradient: ({ data, shape }, labels) => {
 *     const [N, K] = shape; // of the mean over the batch
 *     return new Tensor(shape, data.map((y, i) => Math.sign(y - isLabel(i, K, labels)) / N));
 *   },
 * };
 * console.log(absolute.sum(Tensor.from([[0.25, 0.5]]), [1])); // 0.75
 * ```
 */
export interface Loss {
  /**
   * Its name in errors and records, and how `gradient` reduces.
   * @default { kind: "loss", reduction: "mean" }
   */
  readonly spec?: {
    /** The loss's name. */
    readonly kind: string;
    /** How the losses of a batch become one number. */
    readonly reduction?: Reduction;
  };
  /** Sum of the samples' losses, not divided by anything: sets of any size add up exactly. */
  sum(output: Tensor, labels: ArrayLike<number>): number;
  /** d loss / d output, [N, K], of the reduced loss. Neither output nor labels are changed. */
  gradient(output: Tensor, labels: ArrayLike<number>): Tensor;
}

/** What outputs are compared with: classes, one for each sample, or numbers, one for each output. */
export type Target = Uint8Array | Uint16Array | FloatArray;

/** Losses that have no kernel: the engine has the model's passes, and the definition of the loss runs on the calling thread. */
export type DefinedLossSpec = {
  readonly kind: "hinge" | "nll" | "klDivergenceLoss";
  readonly reduction: Reduction;
} & { readonly [option: string]: unknown };

/** What a built-in loss was made as. */
export type BuiltinLossSpec = LossSpec | DefinedLossSpec;

/** A loss that the library brings. */
export interface BuiltinLoss extends Loss {
  /** Kind, reduction and options. */
  readonly spec: BuiltinLossSpec;
}

const brand = new Brand<BuiltinLossSpec>();

/** Last step in making a built-in loss: from here on its spec may stand for it. */
export function markLoss(loss: BuiltinLoss): BuiltinLoss {
  brand.mark(loss, loss.spec);
  return loss;
}

/** What stands for a loss: undefined for one that is not the library's own, or was changed. */
export function builtinLossSpec(loss: Loss): BuiltinLossSpec | undefined {
  return brand.specOf(loss);
}

/**
 * What the engine may compute a loss by; undefined: it runs as it is written.
 * @param numbers the set has targets that are numbers, no classes
 */
export function engineLossSpec(loss: Loss, numbers: boolean): LossSpec | undefined {
  const spec = brand.specOf(loss);
  switch (spec?.kind) {
    case "softmaxCrossEntropy":
      return numbers || "labelSmoothing" in spec || "classWeights" in spec ? undefined : spec;
    case "euclidean":
    case "mse":
    case "mae":
    case "huber":
    case "binaryCrossEntropy":
      return spec;
    default:
      return undefined;
  }
}

/** What a loss is called in errors and records. */
export function lossName({ spec }: Loss): string {
  return spec?.kind ?? "loss";
}

/** Whether the loss of a batch is the mean of its samples' losses, or their sum. */
export function reductionOf({ spec }: Loss): Reduction {
  return spec?.reduction ?? "mean";
}

/**
 * Whether outputs are compared with numbers, one for each of them, or with classes, one for each sample. A single output
 * has no classes to choose from: then it is numbers.
 * @throws GradbookError when the target is neither, a class is out of range, or a number is not finite
 */
export function assertTarget(what: string, output: Tensor, target: ArrayLike<number>): "classes" | "numbers" {
  assertTensor(what, "the model's output", output);
  assertList(what, "labels", target, "a class for each sample, or a number for each output");
  const [N] = output.shape;
  if (target.length !== output.size) {
    assertLabels(what, output, target);
    return "classes";
  }
  for (let i = 0; i < target.length; i++) {
    if (Number.isFinite(target[i])) continue;
    throw dataError(
      what,
      `target ${inWords(target[i])} of sample ${Math.floor((i * N) / target.length)}`,
      "a finite number",
    );
  }
  return "numbers";
}

/** @throws GradbookError when the output is not [N, K], the counts differ, or a label is out of range */
export function assertLabels(what: string, output: Tensor, labels: ArrayLike<number>): void {
  assertTensor(what, "the model's output", output);
  assertList(what, "labels", labels, "a class for each sample");
  const [N, K] = output.shape;
  if (output.shape.length !== 2) {
    throw shapeError(
      what,
      `the model's output has the shape ${formatShape(output.shape)}`,
      "[N, classes]",
      "A flatten() and a linear() at the end make class scores of images.",
    );
  }
  if (labels.length !== N) {
    throw shapeError(what, `${labels.length} labels for ${N} samples`, `${N}`);
  }
  for (let n = 0; n < N; n++) {
    if (Number.isInteger(labels[n]) && labels[n] >= 0 && labels[n] < K) continue;
    throw dataError(
      what,
      `label ${inWords(labels[n])} of sample ${n}`,
      `a class from 0 to ${K - 1} (the model has ${K} outputs)`,
    );
  }
}
