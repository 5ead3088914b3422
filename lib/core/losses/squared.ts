import { options } from "@gradbook/base";
import type { LossSpec } from "../engine/spec.js";
import { type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertTarget, type BuiltinLoss, markLoss } from "./loss.js";
import { type LossConfig, lossOptions } from "./softmax-cross-entropy.js";

/**
 * Euclidean loss ½ Σ_k (y[k] − t[k])² of outputs [N, K], mean over the batch (Caffe's EuclideanLoss). t: one-hot targets
 * of labels [N], or the numbers of a set with targets.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and labels do not fit
 *
 * @example
 * ```ts
 * import { euclidean, Tensor } from "gradbook";
 *
 * console.log(euclidean().sum(Tensor.from([[0, 1, 1]]), [1])); // 0.5
 * ```
 */
export function euclidean(config: LossConfig = {}): BuiltinLoss {
  return squaredLoss("euclidean", config);
}

/**
 * Mean squared error 1/K Σ_k (y[k] − t[k])² of outputs [N, K], mean over the batch (PyTorch's MSELoss). t: one-hot targets
 * of labels [N], or the numbers of a set with targets.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and labels do not fit
 *
 * @example
 * ```ts
 * import { mse, Tensor } from "gradbook";
 *
 * console.log(mse().sum(Tensor.from([[0, 1, 1, 1]]), [1])); // 0.5
 * ```
 */
export function mse(config: LossConfig = {}): BuiltinLoss {
  return squaredLoss("mse", config);
}

function squaredLoss(kind: "euclidean" | "mse", config: LossConfig): BuiltinLoss {
  const spec: LossSpec = { kind, ...options(kind, lossOptions, config) };
  // mse with "sum" sums over the classes too, as PyTorch does
  const factor = (K: number) => (kind === "euclidean" ? 1 / 2 : spec.reduction === "mean" ? 1 / K : 1);
  return markLoss({
    spec,
    sum(output, target) {
      const isNumbers = assertTarget(kind, output, target) === "numbers";
      const K = output.size / output.shape[0];
      return isNumbers
        ? factor(K) * distance(output.data, target)
        : factor(K) * squaredDistance(output.data, target, K);
    },
    gradient(output, target) {
      const isNumbers = assertTarget(kind, output, target) === "numbers";
      const N = output.shape[0];
      const K = output.size / N;
      const gradient = Tensor.zeros(output.shape, output.dtype);
      const scale = (2 * factor(K)) / (spec.reduction === "mean" ? N : 1);
      if (isNumbers)
        for (let i = 0; i < output.size; i++) gradient.data[i] = scale * (output.data[i] - target[i]);
      else squaredGradient(output.data, target, gradient.data, K, scale);
      return gradient;
    },
  });
}

/** Σ_n Σ_k (y[n,k] − t[n,k])² with t one-hot */
export function squaredDistance(y: FloatArray, labels: ArrayLike<number>, K: number): number {
  let sum = 0;
  for (let n = 0; n < labels.length; n++)
    for (let k = 0; k < K; k++) {
      const difference = y[n * K + k] - (k === labels[n] ? 1 : 0);
      sum += difference * difference;
    }
  return sum;
}

/** Σ_i (y[i] − t[i])² */
function distance(y: FloatArray, t: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += (y[i] - t[i]) * (y[i] - t[i]);
  return sum;
}

/** dy[n,k] = scale · (y[n,k] − t[n,k]) */
export function squaredGradient(
  y: FloatArray,
  labels: ArrayLike<number>,
  dy: FloatArray,
  K: number,
  scale: number,
): void {
  for (let n = 0; n < labels.length; n++)
    for (let k = 0; k < K; k++) dy[n * K + k] = scale * (y[n * K + k] - (k === labels[n] ? 1 : 0));
}
