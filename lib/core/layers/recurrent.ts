import { count, type Given, oneOf, options, shapeError } from "@gradbook/base";
import { formatShape, type Shape } from "../tensor/shape.js";
import type { FloatArray } from "../tensor/tensor.js";

const recurrentOptions = {
  /** D, features of each step of the sequence. */
  in: count(),
  /** H, features of the hidden state. */
  hidden: count(),
  /**
   * What is passed on: the state after the last step, [N, H], or that after each step, [N, T, H].
   * @default "last"
   */
  returns: oneOf("last", "all").or("last"),
};

/**
 * Options of `rnn` and `lstm`.
 * @interface
 */
export type RecurrentConfig = Given<typeof recurrentOptions>;

export function parseRecurrent<Kind extends "rnn" | "lstm">(kind: Kind, config: RecurrentConfig) {
  return { kind, ...options(kind, recurrentOptions, config) };
}

/** N samples, T steps, D features, H hidden ones. */
export interface Steps {
  readonly N: number;
  readonly T: number;
  readonly D: number;
  readonly H: number;
}

/** @throws GradbookError when x is not [N, T, D] */
export function stepsOf(
  what: string,
  x: Shape,
  { in: D, hidden: H }: { readonly in: number; readonly hidden: number },
): Steps {
  const [N, T] = x;
  if (x.length === 3 && x[2] === D && T > 0) return { N, T, D, H };
  throw shapeError(
    what,
    `the input has the shape ${formatShape(x)}`,
    `[N, T, ${D}]: T steps of ${D} features`,
    x.length === 3 && x[1] === D ? "Are steps and features swapped? A step's features come last." : undefined,
  );
}

/**
 * a[n,k] += Σ_i v[n,i]·w[k,i]; row n of v begins at `first + n·stride`, w is [K, I].
 */
export function addProduct(
  a: FloatArray,
  v: FloatArray,
  first: number,
  stride: number,
  w: FloatArray,
  [N, K, I]: readonly [number, number, number],
): void {
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let i = 0; i < I; i++) sum += v[first + n * stride + i] * w[k * I + i];
      a[n * K + k] += sum;
    }
}

/**
 * The two gradients of that product by da [N, K]: dw[k,i] += Σ_n da[n,k]·v[n,i], summed over the samples, which share w, and
 * dv[n,i] += Σ_k da[n,k]·w[k,i].
 */
export function addGradients(
  da: FloatArray,
  v: FloatArray,
  dv: FloatArray,
  first: number,
  stride: number,
  w: FloatArray,
  dw: FloatArray,
  [N, K, I]: readonly [number, number, number],
): void {
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) {
      const g = da[n * K + k];
      for (let i = 0; i < I; i++) {
        dw[k * I + i] += g * v[first + n * stride + i];
        dv[first + n * stride + i] += g * w[k * I + i];
      }
    }
}
