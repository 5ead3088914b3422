import { Tensor } from "@gradbook/core";
import type { Values } from "../types.js";

/**
 * Gradient of Σ dy·y by one input, from differences of the examined code's own forward.
 * Central differences, (f(x+h) − f(x−h))/2h, are exact where forward is a sum of products; where it is curved the
 * five-point formula (8·(f(+h) − f(−h)) − (f(+2h) − f(−2h)))/12h leaves an error of h⁴.
 * @param h step; a power of 2, so that x ± h is exact
 */
export function numericalGradient(
  forward: (inputs: Values) => Tensor,
  inputs: Values,
  name: string,
  dy: Tensor,
  curved: boolean,
  h: number,
): Tensor {
  const at = inputs[name].clone("float64");
  const moved: Values = { ...inputs, [name]: at };
  const gradient = Tensor.zeros(at.shape, "float64");
  const difference = (i: number, step: number): number => {
    const kept = at.data[i];
    at.data[i] = kept + step;
    const above = forward(moved);
    at.data[i] = kept - step;
    const below = forward(moved);
    at.data[i] = kept;
    // term by term, so that outputs which do not move cancel exactly
    let sum = 0;
    for (let o = 0; o < dy.size; o++) sum += dy.data[o] * (above.data[o] - below.data[o]);
    return sum;
  };
  for (let i = 0; i < at.size; i++) {
    const near = difference(i, h);
    gradient.data[i] = curved ? (8 * near - difference(i, 2 * h)) / (12 * h) : near / (2 * h);
  }
  return gradient;
}

/** Whether all these numbers are float32 numbers: then the code computes in single precision. */
export function isSingle(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (Math.fround(values[i]) !== values[i]) return false;
  return values.length > 0;
}
