import { tanh } from "../tensor/portable.js";
import type { FloatArray } from "../tensor/tensor.js";
import { Activation } from "./activation.js";

/** √(2/π) */
const ROOT = 0.7978845608028654;
const CUBE = 0.044715;

/**
 * Gaussian error linear unit in the form of its paper (Hendrycks & Gimpel 2016), any shape:
 * y = ½x·(1 + tanh u), u = √(2/π)·(x + 0.044715x³). PyTorch's `GELU(approximate="tanh")`.
 *
 * @example
 * ```ts
 * import { gelu, Tensor } from "gradbook";
 *
 * console.log(gelu().forward(Tensor.from([-1, 0, 1])).toNested()); // [ -0.15880800939172324, 0, 0.8411919906082768 ]
 * ```
 */
export function gelu(): Activation {
  return new Activation({ kind: "gelu" }, "Gelu()", { forward: geluForward, backward: geluBackwardInput });
}

/** y = ½x·(1 + tanh u) */
export function geluForward(x: FloatArray, y: FloatArray): void {
  for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i] * (1 + tanh(bend(x[i])));
}

/** dx = dy·(½(1 + t) + ½x·(1 − t²)·u′) with t = tanh u, u′ = √(2/π)·(1 + 3·0.044715x²): not monotone, so made of x */
export function geluBackwardInput(dy: FloatArray, x: FloatArray, _y: FloatArray, dx: FloatArray): void {
  for (let i = 0; i < x.length; i++) {
    const t = tanh(bend(x[i]));
    const slope = ROOT * (1 + 3 * CUBE * x[i] * x[i]);
    dx[i] = dy[i] * (0.5 * (1 + t) + 0.5 * x[i] * (1 - t * t) * slope);
  }
}

const bend = (x: number): number => ROOT * (x + CUBE * x * x * x);
