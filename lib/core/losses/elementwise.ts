import { type Given, options, positive } from "@gradbook/base";
import type { LossSpec } from "../engine/spec.js";
import { exp, log, sigmoid } from "../tensor/portable.js";
import { type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertTarget, type BuiltinLoss, markLoss } from "./loss.js";
import { type LossConfig, lossOptions } from "./softmax-cross-entropy.js";

/**
 * Mean absolute error 1/K Σ_k |y[k] − t[k]|, mean over the batch (PyTorch's L1Loss). t: the numbers of a set with targets,
 * or one-hot classes. Its derivative at y = t is 0.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and targets do not fit
 *
 * @example
 * ```ts
 * import { mae, Tensor } from "gradbook";
 *
 * console.log(mae().sum(Tensor.from([[0, 4]]), [1, 1])); // 2
 * ```
 */
export function mae(config: LossConfig = {}): BuiltinLoss {
  return elementwiseLoss({ kind: "mae", ...options("mae", lossOptions, config) }, absolute);
}

const huberOptions = {
  /**
   * How the losses of a batch become one number.
   * @default "mean"
   */
  reduction: lossOptions.reduction,
  /**
   * δ: where the square goes over into a straight line.
   * @default 1
   */
  delta: positive().or(1),
};
/**
 * Options of `huber`.
 * @interface
 */
export type HuberConfig = Given<typeof huberOptions>;

/**
 * Huber loss: ½d² for |d| ≤ δ, else δ(|d| − ½δ), of d = y[k] − t[k]; mean over the outputs and the batch (PyTorch's
 * HuberLoss; with δ = 1 its SmoothL1Loss). Large errors count less than with `mse`.
 * @throws GradbookError when an option is out of its range; its functions, when outputs and targets do not fit
 *
 * @example
 * ```ts
 * import { huber, Tensor } from "gradbook";
 *
 * console.log(huber().sum(Tensor.from([[1, 11]]), [0.5, 1])); // 4.8125
 * ```
 */
export function huber(config: HuberConfig = {}): BuiltinLoss {
  const spec = { kind: "huber" as const, ...options("huber", huberOptions, config) };
  return elementwiseLoss(spec, {
    value: (y, t) => {
      const size = Math.abs(y - t);
      return size <= spec.delta ? (size * size) / 2 : spec.delta * (size - spec.delta / 2);
    },
    slope: (y, t) => Math.max(-spec.delta, Math.min(spec.delta, y - t)),
  });
}

/**
 * Sigmoid and binary cross-entropy in one: −t·log σ(z) − (1 − t)·log(1 − σ(z)) for each output z, in nats; mean over the
 * outputs and the batch (PyTorch's BCEWithLogitsLoss). For one yes-or-no answer (an output [1]) or several that do not exclude
 * each other; the targets t are 0 or 1, or probabilities. Stable for any logits.
 * @throws GradbookError when the reduction is unknown; its functions, when outputs and targets do not fit
 *
 * @example
 * ```ts
 * import { binaryCrossEntropy, Tensor } from "gradbook";
 *
 * const loss = binaryCrossEntropy();
 * console.log(loss.sum(Tensor.from([[0]]), [1]).toFixed(4)); // 0.6931
 * console.log(loss.gradient(Tensor.from([[0]]), [1]).toNested()); // [ [ -0.5 ] ]
 * ```
 */
export function binaryCrossEntropy(config: LossConfig = {}): BuiltinLoss {
  const spec = { kind: "binaryCrossEntropy" as const, ...options("binaryCrossEntropy", lossOptions, config) };
  return elementwiseLoss(spec, {
    // log(1 + e^z) − t·z, with the larger part taken out of the logarithm
    value: (z, t) => Math.max(z, 0) - z * t + log(1 + exp(-Math.abs(z))),
    slope: (z, t) => sigmoid(z) - t,
  });
}

/** A loss of each output by itself, and its derivative by that output. */
interface Elementwise {
  value(y: number, t: number): number;
  slope(y: number, t: number): number;
}

const absolute: Elementwise = {
  value: (y, t) => Math.abs(y - t),
  slope: (y, t) => Math.sign(y - t),
};

function elementwiseLoss(spec: LossSpec, { value, slope }: Elementwise): BuiltinLoss {
  const { kind, reduction } = spec;
  const mean = reduction === "mean";
  return markLoss({
    spec,
    sum(output, target) {
      const targetOf = targetsOf(kind, output, target);
      let sum = 0;
      for (let i = 0; i < output.size; i++) sum += value(output.data[i], targetOf(i));
      return mean ? sum / (output.size / output.shape[0]) : sum;
    },
    gradient(output, target) {
      const targetOf = targetsOf(kind, output, target);
      const gradient = Tensor.zeros(output.shape, output.dtype);
      const divisor = mean ? output.size : 1;
      for (let i = 0; i < output.size; i++) gradient.data[i] = slope(output.data[i], targetOf(i)) / divisor;
      return gradient;
    },
  });
}

/** The target of output i: a number, or 1 where the class is and 0 elsewhere. */
export function targetsOf(
  what: string,
  output: Tensor,
  target: ArrayLike<number> | FloatArray,
): (i: number) => number {
  if (assertTarget(what, output, target) === "numbers") return (i) => target[i];
  const [, K] = output.shape;
  return (i) => (i % K === target[Math.floor(i / K)] ? 1 : 0);
}
