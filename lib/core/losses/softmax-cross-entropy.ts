import { type Given, oneOf, options } from "@gradbook/base";
import type { LossSpec } from "../engine/spec.js";
import { exp, log } from "../tensor/portable.js";
import { assertTensor, type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertLabels, type BuiltinLoss, markLoss } from "./loss.js";

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

/**
 * Softmax and cross-entropy in one: logits [N, K], labels [N]; in nats. Stable for any logits: the largest is subtracted
 * first, which changes neither softmax nor loss.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and labels do not fit
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
export function softmaxCrossEntropy(config: LossConfig = {}): BuiltinLoss {
  const spec: LossSpec = {
    kind: "softmaxCrossEntropy",
    ...options("softmaxCrossEntropy", lossOptions, config),
  };
  return markLoss({
    spec,
    sum(output, labels) {
      assertLabels("softmaxCrossEntropy", output, labels);
      return softmaxCrossEntropySum(output.data, labels, output.shape[1]);
    },
    gradient(output, labels) {
      assertLabels("softmaxCrossEntropy", output, labels);
      const [N, K] = output.shape;
      const gradient = Tensor.zeros(output.shape, output.dtype);
      const divisor = spec.reduction === "mean" ? N : 1;
      softmaxCrossEntropyGradient(output.data, labels, gradient.data, K, divisor);
      return gradient;
    },
  });
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
  assertTensor("softmax", "logits", logits);
  const probabilities = Tensor.zeros(logits.shape, logits.dtype);
  softmaxRows(logits.data, probabilities.data, logits.shape[logits.shape.length - 1]);
  return probabilities;
}

function rowMax(z: FloatArray, n: number, K: number): number {
  let max = z[n * K];
  for (let k = 1; k < K; k++) if (z[n * K + k] > max) max = z[n * K + k];
  return max;
}
