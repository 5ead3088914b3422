import {
  configError,
  dataError,
  type Given,
  list,
  numberFrom,
  oneOf,
  options,
  valueInWords,
} from "@gradbook/base";
import type { LossSpec } from "../engine/spec.js";
import { exp, log } from "../tensor/portable.js";
import { assertTensor, type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertTarget, type BuiltinLoss, markLoss } from "./loss.js";

export const lossOptions = {
  /**
   * How the losses of a batch become one number.
   * @default "mean"
   */
  reduction: oneOf("mean", "sum").or("mean"),
};
/**
 * Options of the losses.
 * @interface
 */
export type LossConfig = Given<typeof lossOptions>;

const crossEntropyOptions = {
  /**
   * How the losses of a batch become one number.
   * @default "mean"
   */
  reduction: lossOptions.reduction,
  /**
   * ε in [0, 1): the target is 1 − ε for the class and ε/K more for every class (Szegedy et al. 2016).
   * @default 0
   */
  labelSmoothing: numberFrom(0, 1).optional(),
  /**
   * How much a sample of each class counts, [K], where some classes are rare. The mean still divides by the number of samples
   * (as Keras does; PyTorch divides by the batch's sum of weights).
   * @default 1 each
   */
  classWeights: list(numberFrom(0), "a weight for each class").optional(),
};
/**
 * Options of `softmaxCrossEntropy`.
 * @interface
 */
export type CrossEntropyConfig = Given<typeof crossEntropyOptions>;

/**
 * Softmax and cross-entropy in one: logits [N, K], labels [N]; in nats. Stable for any logits: the largest is subtracted
 * first, which changes neither softmax nor loss. Of a set with targets these are probabilities of the classes, K for each
 * sample with the sum 1.
 * @throws GradbookError when an option is out of its range; its functions, when outputs and labels do not fit
 *
 * @example
 * ```ts
 * import { softmaxCrossEntropy, Tensor } from "gradbook";
 *
 * const loss = softmaxCrossEntropy();
 * const logits = Tensor.from([[0, 0]]); // [1, 2]: both classes alike
 * console.log(loss.sum(logits, [1]).toFixed(4)); // 0.6931
 * console.log(loss.gradient(logits, [1]).toNested()); // [ [ 0.5, -0.5 ] ]
 * ```
 */
export function softmaxCrossEntropy(config: CrossEntropyConfig = {}): BuiltinLoss {
  const {
    reduction,
    labelSmoothing = 0,
    classWeights,
  } = options("softmaxCrossEntropy", crossEntropyOptions, config);
  const spec: LossSpec = {
    kind: "softmaxCrossEntropy",
    reduction,
    ...(labelSmoothing === 0 ? {} : { labelSmoothing }),
    ...(classWeights === undefined ? {} : { classWeights }),
  };
  const isPlain = labelSmoothing === 0 && classWeights === undefined;
  const divisorOf = (N: number) => (reduction === "mean" ? N : 1);
  return markLoss({
    spec,
    sum(output, target) {
      const isClasses = assertTarget("softmaxCrossEntropy", output, target) === "classes";
      if (isClasses && isPlain) return softmaxCrossEntropySum(output.data, target, output.shape[1]);
      const soft = softTarget(output, target, isClasses, spec);
      return softSum(output.data, soft, output.shape[1]);
    },
    gradient(output, target) {
      const isClasses = assertTarget("softmaxCrossEntropy", output, target) === "classes";
      const [N, K] = output.shape;
      const gradient = Tensor.zeros(output.shape, output.dtype);
      if (isClasses && isPlain)
        softmaxCrossEntropyGradient(output.data, target, gradient.data, K, divisorOf(N));
      else
        softGradient(
          output.data,
          softTarget(output, target, isClasses, spec),
          gradient.data,
          K,
          divisorOf(N),
        );
      return gradient;
    },
  });
}

/** Probabilities that each sample's are compared with, [N, K], and how much each sample counts, [N]. */
interface SoftTarget {
  readonly q: Float64Array;
  readonly weight: Float64Array;
}

function softTarget(
  output: Tensor,
  target: ArrayLike<number>,
  isClasses: boolean,
  { labelSmoothing = 0, classWeights }: { labelSmoothing?: number; classWeights?: readonly number[] },
): SoftTarget {
  const [N] = output.shape;
  const K = output.size / N;
  const q = new Float64Array(N * K).fill(labelSmoothing / K);
  const weight = new Float64Array(N).fill(1);
  if (classWeights !== undefined && (classWeights.length !== K || !isClasses))
    throw configError(
      "softmaxCrossEntropy",
      isClasses
        ? `${classWeights.length} classWeights for ${K} outputs`
        : "classWeights for a set without classes",
      isClasses ? `${K}` : undefined,
    );
  for (let n = 0; n < N; n++) {
    if (isClasses) {
      q[n * K + target[n]] += 1 - labelSmoothing;
      weight[n] = classWeights?.[target[n]] ?? 1;
      continue;
    }
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const t = target[n * K + k];
      sum += t;
      q[n * K + k] += (1 - labelSmoothing) * t;
    }
    if (!(Math.abs(sum - 1) < 1e-3) || q.subarray(n * K, n * K + K).some((v) => v < 0))
      throw dataError(
        "softmaxCrossEntropy",
        `targets of sample ${n} with the sum ${shown(sum)}`,
        "probabilities of the classes, with the sum 1",
        "mse() compares numbers, binaryCrossEntropy() yes-or-no answers: fit(model, { …, loss: mse() }).",
      );
  }
  return { q, weight };
}

const shown = (v: number): string => String(Number(v.toPrecision(4)));

/** L = Σ_n weight[n] · (log Σ_k e^{z[n,k]} − Σ_k q[n,k] z[n,k]), with z reduced by its row's maximum */
function softSum(z: FloatArray, { q, weight }: SoftTarget, K: number): number {
  let loss = 0;
  for (let n = 0; n < weight.length; n++) {
    const max = rowMax(z, n, K);
    let sum = 0;
    let rest = 0;
    for (let k = 0; k < K; k++) {
      sum += exp(z[n * K + k] - max);
      rest += q[n * K + k] * (z[n * K + k] - max);
    }
    loss += weight[n] * (log(sum) - rest);
  }
  return loss;
}

/** dz[n,k] = weight[n] · (softmax(z[n])[k] − q[n,k]) / divisor */
function softGradient(
  z: FloatArray,
  { q, weight }: SoftTarget,
  dz: FloatArray,
  K: number,
  divisor: number,
): void {
  softmaxRows(z, dz, K);
  for (let n = 0; n < weight.length; n++)
    for (let k = 0; k < K; k++) {
      const i = n * K + k;
      dz[i] = (weight[n] * (dz[i] - q[i])) / divisor;
    }
}

/** L = Σ_n (log Σ_k e^{z[n,k]} − z[n,label]), with z reduced by its row's maximum */
export function softmaxCrossEntropySum(z: FloatArray, labels: ArrayLike<number>, K: number): number {
  let loss = 0;
  for (let n = 0; n < labels.length; n++) {
    const max = rowMax(z, n, K);
    let sum = 0;
    for (let k = 0; k < K; k++) sum += exp(z[n * K + k] - max);
    loss += log(sum) - (z[n * K + labels[n]] - max);
  }
  return loss;
}

/** dz[n,k] = (softmax(z[n])[k] − 1 where k is the label) / divisor: the Jacobian of both steps together */
export function softmaxCrossEntropyGradient(
  z: FloatArray,
  labels: ArrayLike<number>,
  dz: FloatArray,
  K: number,
  divisor: number,
): void {
  softmaxRows(z, dz, K);
  for (let n = 0; n < labels.length; n++) dz[n * K + labels[n]] -= 1;
  for (let i = 0; i < dz.length; i++) dz[i] /= divisor;
}

/** p[n,k] = e^{z[n,k]} / Σ_j e^{z[n,j]} for each row of z */
export function softmaxRows(z: FloatArray, p: FloatArray, K: number): void {
  for (let n = 0; n * K < z.length; n++) {
    const max = rowMax(z, n, K);
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const e = exp(z[n * K + k] - max);
      p[n * K + k] = e;
      sum += e;
    }
    for (let k = 0; k < K; k++) p[n * K + k] /= sum;
  }
}

/**
 * Class probabilities of logits: [N, K] → [N, K], each row with the sum 1.
 * @throws GradbookError when the logits are not a tensor [N, K]
 *
 * @example
 * ```ts
 * import { softmax, Tensor } from "gradbook";
 *
 * console.log(softmax(Tensor.from([[1, 1, 1, 1]])).toNested()); // [ [ 0.25, 0.25, 0.25, 0.25 ] ]
 * ```
 */
export function softmax(logits: Tensor): Tensor {
  if (logits === undefined) {
    throw configError(
      "softmax",
      valueInWords("logits", logits),
      "a Tensor",
      "It is a function of scores, not a layer: softmaxCrossEntropy() contains it, so the model ends with its scores.",
    );
  }
  assertTensor("softmax", "logits", logits);
  const probabilities = Tensor.zeros(logits.shape, logits.dtype);
  softmaxRows(logits.data, probabilities.data, logits.shape[logits.shape.length - 1]);
  return probabilities;
}

/** log Σ_k e^{z[n,k]}, without overflow */
export function logSumExp(z: FloatArray, n: number, K: number): number {
  const max = rowMax(z, n, K);
  let sum = 0;
  for (let k = 0; k < K; k++) sum += exp(z[n * K + k] - max);
  return max + log(sum);
}

function rowMax(z: FloatArray, n: number, K: number): number {
  let max = z[n * K];
  for (let k = 1; k < K; k++) if (z[n * K + k] > max) max = z[n * K + k];
  return max;
}
