import { tanh as portableTanh } from "../tensor/portable.js";
import type { FloatArray } from "../tensor/tensor.js";
import { Activation } from "./activation.js";

/**
 * Hyperbolic tangent, any shape.
 *
 * @example
 * ```ts
 * import { Tensor, tanh } from "gradbook";
 *
 * console.log(tanh().forward(Tensor.from([0, 1])).toNested()); // [ 0, 0.7615941559557649 ]
 * ```
 */
export function tanh(): Activation {
  return new Activation({ kind: "tanh" }, "Tanh()", { forward: tanhForward, backward: tanhBackwardInput });
}

/** y = tanh x */
export function tanhForward(x: FloatArray, y: FloatArray): void {
  for (let i = 0; i < x.length; i++) y[i] = portableTanh(x[i]);
}

/** dx = dy · (1 − y²), because tanh′ = 1 − tanh² */
export function tanhBackwardInput(dy: FloatArray, _x: FloatArray, y: FloatArray, dx: FloatArray): void {
  for (let i = 0; i < y.length; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
}
