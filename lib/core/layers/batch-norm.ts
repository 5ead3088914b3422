import { count, type Given, type GradbookError, numberFrom, options, shapeError } from "@gradbook/base";
import type { BatchNormSpec } from "../engine/spec.js";
import { assertShape, type Shape, sizeOf } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import {
  assertInput,
  type BuiltinLayer,
  batchOf,
  cached,
  type ForwardContext,
  markBuiltin,
  Parameter,
  parseContext,
} from "./layer.js";

const batchNormOptions = {
  /** F features, or C channels: the size of axis 1. */
  features: count(),
  /**
   * Added to the variance under the root.
   * @default 1e-5
   */
  eps: numberFrom(0).or(1e-5),
  /**
   * Weight of the newest batch in the running statistics, in [0, 1].
   * @default 0.1
   */
  momentum: numberFrom(0, 1.0000001).or(0.1),
};
/**
 * Options of `batchNorm1d` and `batchNorm2d`.
 * @interface
 */
export type BatchNormConfig = Given<typeof batchNormOptions>;

/**
 * Batch normalisation (Ioffe & Szegedy 2015): x [N, F] → y [N, F], each feature over the batch; weight γ [F], bias β [F].
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { batchNorm1d, linear, relu, sequential } from "gradbook";
 *
 * const model = sequential([linear({ in: 784, out: 50 }), batchNorm1d({ features: 50 }), relu()], { input: [784] });
 * console.log(`${model.layer("norm1")}`); // BatchNorm1d(50, 100 params)
 * ```
 */
export function batchNorm1d(config: BatchNormConfig): BatchNorm {
  return new BatchNorm("batchNorm1d", config);
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015): x [N, C, H, W] → y [N, C, H, W], each channel over the batch and all
 * positions; weight γ [C], bias β [C].
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { batchNorm2d, Rng, Tensor } from "gradbook";
 *
 * const layer = batchNorm2d({ features: 1 });
 * for (const parameter of Object.values(layer.params)) parameter.cast("float64");
 * const x = Tensor.from([[[[1, 3], [1, 3]]]]); // [1, 1, 2, 2]: mean 2, variance 1
 * const y = layer.forward(x, { training: true, rng: new Rng(0) });
 * console.log(Array.from(y.data, (v) => v.toFixed(2)).join(" ")); // -1.00 1.00 -1.00 1.00
 * ```
 */
export function batchNorm2d(config: BatchNormConfig): BatchNorm {
  return new BatchNorm("batchNorm2d", config);
}

/** x[n,c,s]: N samples, C features or channels, S positions (1 for features). M = N·S values share one mean. */
export interface BatchNormDims {
  readonly N: number;
  readonly C: number;
  readonly S: number;
}

/** What `batchNorm1d` and `batchNorm2d` make. */
export class BatchNorm implements BuiltinLayer {
  readonly spec: BatchNormSpec;
  /** false: normalises with the running statistics also while training, and leaves them and γ, β as they are. */
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>>;
  /** Running statistics, [C]; they replace the batch's when not training. */
  readonly buffers: Readonly<Record<"mean" | "variance", Parameter>>;
  private saved:
    | { readonly xHat: Tensor; readonly inverse: FloatArray; readonly training: boolean }
    | undefined;

  constructor(kind: BatchNormSpec["kind"], config: BatchNormConfig) {
    this.spec = { kind, ...options(kind, batchNormOptions, config) };
    const { features } = this.spec;
    this.params = {
      weight: new Parameter([features], features, features, 1),
      bias: new Parameter([features], features, features, 0),
    };
    this.buffers = {
      mean: new Parameter([features], features, features, 0),
      variance: new Parameter([features], features, features, 1),
    };
    markBuiltin(this, BatchNorm.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape(this.spec.kind, sample);
    this.dims(batchOf(sample));
    return sample;
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    assertTensor(this.spec.kind, "x", x);
    const training = parseContext(this.spec.kind, context).training && this.trainable;
    const d = this.dims(x.shape);
    const { eps, momentum } = this.spec;
    const runningMean = this.buffers.mean.value.data;
    const runningVariance = this.buffers.variance.value.data;
    const inverse = new Float64Array(d.C);
    const xHat = Tensor.zeros(x.shape, x.dtype);
    const y = Tensor.zeros(x.shape, x.dtype);
    if (training && d.N * d.S < 2) throw singleValue(this.spec.kind);
    let mean: FloatArray = runningMean;
    let variance: FloatArray = runningVariance;
    if (training) {
      mean = batchMean(x.data, d);
      variance = batchVariance(x.data, mean, d);
      const M = d.N * d.S;
      for (let c = 0; c < d.C; c++) {
        runningMean[c] = (1 - momentum) * runningMean[c] + momentum * mean[c];
        // the running variance is the unbiased one: M/(M − 1) times the batch's
        runningVariance[c] = (1 - momentum) * runningVariance[c] + (momentum * variance[c] * M) / (M - 1);
      }
    }
    for (let c = 0; c < d.C; c++) inverse[c] = 1 / Math.sqrt(variance[c] + eps);
    batchNormForward(
      x.data,
      mean,
      inverse,
      this.params.weight.value.data,
      this.params.bias.value.data,
      xHat.data,
      y.data,
      d,
    );
    this.saved = { xHat, inverse, training };
    return y;
  }

  backward(dy: Tensor): Tensor {
    const { xHat, inverse, training } = cached(this.spec.kind, this.saved);
    assertTensorOf(this.spec.kind, "dy", dy, xHat.shape);
    const d = this.dims(xHat.shape);
    const dx = Tensor.zeros(dy.shape, dy.dtype);
    const { weight, bias } = this.params;
    batchNormBackwardInput(dy.data, xHat.data, inverse, weight.value.data, dx.data, d, training);
    batchNormBackwardWeight(dy.data, xHat.data, weight.grad.data, d);
    batchNormBackwardBias(dy.data, bias.grad.data, d);
    return dx;
  }

  private dims(x: Shape): BatchNormDims {
    assertInput(
      this.spec.kind,
      x,
      this.spec.kind === "batchNorm1d" ? "N, F" : "N, C, H, W",
      this.spec.features,
    );
    return { N: x[0], C: x[1], S: sizeOf(x.slice(2)) };
  }

  toString(): string {
    const { kind, features } = this.spec;
    return `${kind === "batchNorm1d" ? "BatchNorm1d" : "BatchNorm2d"}(${features}, ${2 * features} params)`;
  }
}

/** The error for a batch in which a feature has one value only: its variance would be 0, the unbiased one 0/0. */
export function singleValue(what: string): GradbookError {
  return shapeError(
    what,
    "only one value per feature during training",
    "at least 2: the variance of a single value is 0",
    "Train on at least 2 samples at a time; fit's dropLast: true leaves out a last batch of one.",
  );
}

/** μ[c] = 1/M · Σ_n Σ_s x[n,c,s] */
export function batchMean(x: FloatArray, { N, C, S }: BatchNormDims): FloatArray {
  const mean = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) sum += x[(n * C + c) * S + s];
    mean[c] = sum / (N * S);
  }
  return mean;
}

/** σ²[c] = 1/M · Σ_n Σ_s (x[n,c,s] − μ[c])², the biased variance */
export function batchVariance(x: FloatArray, mean: FloatArray, { N, C, S }: BatchNormDims): FloatArray {
  const variance = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const centred = x[(n * C + c) * S + s] - mean[c];
        sum += centred * centred;
      }
    variance[c] = sum / (N * S);
  }
  return variance;
}

/** x̂ = (x − μ)/√(σ² + ε), y = γ·x̂ + β */
export function batchNormForward(
  x: FloatArray,
  mean: FloatArray,
  inverse: FloatArray,
  gamma: FloatArray,
  beta: FloatArray,
  xHat: FloatArray,
  y: FloatArray,
  { N, C, S }: BatchNormDims,
): void {
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let s = 0; s < S; s++) {
        const at = (n * C + c) * S + s;
        xHat[at] = (x[at] - mean[c]) * inverse[c];
        y[at] = gamma[c] * xHat[at] + beta[c];
      }
}

/**
 * dx = γ/√(σ² + ε) · (dy − 1/M · Σ dy − x̂ · 1/M · Σ dy·x̂): the two sums over batch and positions are there because
 * every x moves the mean and the variance, and through them every y. With running statistics they are constants:
 * dx = γ/√(σ² + ε) · dy.
 */
export function batchNormBackwardInput(
  dy: FloatArray,
  xHat: FloatArray,
  inverse: FloatArray,
  gamma: FloatArray,
  dx: FloatArray,
  { N, C, S }: BatchNormDims,
  training: boolean,
): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    let sumHat = 0;
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const at = (n * C + c) * S + s;
        sum += dy[at];
        sumHat += dy[at] * xHat[at];
      }
    const mean = training ? sum / (N * S) : 0;
    const meanHat = training ? sumHat / (N * S) : 0;
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const at = (n * C + c) * S + s;
        dx[at] += gamma[c] * inverse[c] * (dy[at] - mean - xHat[at] * meanHat);
      }
  }
}

/** dγ[c] += Σ_n Σ_s dy[n,c,s] · x̂[n,c,s]: summed over batch and positions, because they share γ */
export function batchNormBackwardWeight(
  dy: FloatArray,
  xHat: FloatArray,
  dgamma: FloatArray,
  { N, C, S }: BatchNormDims,
): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) sum += dy[(n * C + c) * S + s] * xHat[(n * C + c) * S + s];
    dgamma[c] += sum;
  }
}

/** dβ[c] += Σ_n Σ_s dy[n,c,s] */
export function batchNormBackwardBias(dy: FloatArray, dbeta: FloatArray, { N, C, S }: BatchNormDims): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) sum += dy[(n * C + c) * S + s];
    dbeta[c] += sum;
  }
}
