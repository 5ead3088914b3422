import { Tensor } from "../tensor/tensor.js";

/** What the backward pass of a normalisation needs of its forward pass. */
export interface Normalised {
  /** x̂, of the shape of x. */
  readonly xHat: Tensor;
  /** 1/√(σ² + ε) of each group. */
  readonly inverse: Float64Array;
}

/**
 * x̂ = (x − μ)/√(σ² + ε) for each group of `size` values that stand one behind another; μ and σ² are the group's own, so
 * training and evaluation are the same.
 */
export function normalise(x: Tensor, size: number, eps: number): Normalised {
  const xHat = Tensor.zeros(x.shape, x.dtype);
  const inverse = new Float64Array(x.size / size);
  for (let group = 0; group < inverse.length; group++) {
    const from = group * size;
    let sum = 0;
    for (let i = from; i < from + size; i++) sum += x.data[i];
    const mean = sum / size;
    let squares = 0;
    for (let i = from; i < from + size; i++) squares += (x.data[i] - mean) * (x.data[i] - mean);
    inverse[group] = 1 / Math.sqrt(squares / size + eps);
    for (let i = from; i < from + size; i++) xHat.data[i] = (x.data[i] - mean) * inverse[group];
  }
  return { xHat, inverse };
}

/**
 * g = dL/dx̂ → dx = 1/√(σ² + ε) · (g − mean(g) − x̂·mean(g·x̂)), the means over the group: μ and σ² were made of every value
 * in it.
 */
export function normaliseBackward(g: Tensor, { xHat, inverse }: Normalised, size: number): Tensor {
  const dx = Tensor.zeros(xHat.shape, xHat.dtype);
  for (let group = 0; group < inverse.length; group++) {
    const from = group * size;
    let [sum, product] = [0, 0];
    for (let i = from; i < from + size; i++) {
      sum += g.data[i];
      product += g.data[i] * xHat.data[i];
    }
    for (let i = from; i < from + size; i++)
      dx.data[i] = inverse[group] * (g.data[i] - sum / size - (xHat.data[i] * product) / size);
  }
  return dx;
}
