import { batchMean, batchNormForward, batchVariance } from "@gradbook/core/internal";
import type { Sizes } from "../types.js";
import type { BackwardInput, Convention } from "./operation.js";

export function normDims({ N, C, H, W }: Sizes): { N: number; C: number; S: number } {
  return { N, C, S: H * W };
}

/** x̂, y and the statistics by channel. */
export function normalise(
  sizes: Sizes,
  { x, gamma, beta }: BackwardInput["inputs"],
  { numbers: { eps, outside } }: Convention,
): {
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
  inverse: Float64Array;
  xHat: Float64Array;
  y: Float64Array;
} {
  const d = normDims(sizes);
  const mean = batchMean(x.data, d);
  const variance = batchVariance(x.data, mean, d);
  const inverse = new Float64Array(d.C);
  for (let c = 0; c < d.C; c++) {
    inverse[c] = outside === 1 ? 1 / (Math.sqrt(variance[c]) + eps) : 1 / Math.sqrt(variance[c] + eps);
  }
  const xHat = new Float64Array(x.size);
  const y = new Float64Array(x.size);
  const ones = new Float64Array(d.C).fill(1);
  const zeros = new Float64Array(d.C);
  batchNormForward(x.data, mean, inverse, gamma?.data ?? ones, beta?.data ?? zeros, xHat, y, d);
  return { mean, variance, inverse, xHat, y };
}

/** The gradient in its three terms, dx = a·A + b·B + c·C; the right one has a = 1, b = c = −1. */
export interface Terms {
  readonly d: { readonly N: number; readonly C: number; readonly S: number };
  /** M = N·S, the values that share one mean. */
  readonly M: number;
  readonly gamma: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly inverse: Float64Array;
  readonly xHat: Float64Array;
  readonly y: Float64Array;
  readonly dgamma: Float64Array;
  readonly dbeta: Float64Array;
  /** Σ over the elements with factors that may depend on the channel and element. */
  combine(a: Factor, b: Factor, c: Factor): Float64Array;
}

export type Factor = number | ((channel: number, element: number) => number);

export function termsOf({ sizes, inputs, dy, convention }: Omit<BackwardInput, "y">): Terms {
  const { mean, variance, inverse, xHat, y } = normalise(sizes, inputs, convention);
  const d = normDims(sizes);
  const M = d.N * d.S;
  const gamma = inputs.gamma?.data ?? new Float64Array(d.C).fill(1);
  const dgamma = new Float64Array(d.C);
  const dbeta = new Float64Array(d.C);
  const channelOf = (at: number) => Math.floor(at / d.S) % d.C;
  for (let at = 0; at < dy.size; at++) {
    dbeta[channelOf(at)] += dy.data[at];
    dgamma[channelOf(at)] += dy.data[at] * xHat[at];
  }
  /** With ε outside the root, σ itself is differentiated: the third term grows by (σ + ε)/σ. */
  const curvature = (c: number) =>
    convention.numbers.outside === 1 ? 1 / (inverse[c] * Math.sqrt(variance[c])) : 1;
  const value = (factor: Factor, c: number, at: number) =>
    typeof factor === "number" ? factor : factor(c, at);
  return {
    d,
    M,
    gamma,
    mean,
    variance,
    inverse,
    xHat,
    y,
    dgamma,
    dbeta,
    combine(a, b, third) {
      const dx = new Float64Array(dy.size);
      for (let at = 0; at < dx.length; at++) {
        const c = channelOf(at);
        dx[at] =
          gamma[c] *
          inverse[c] *
          (value(a, c, at) * dy.data[at] +
            (value(b, c, at) * dbeta[c]) / M +
            (value(third, c, at) * curvature(c) * xHat[at] * dgamma[c]) / M);
      }
      return dx;
    },
  };
}
