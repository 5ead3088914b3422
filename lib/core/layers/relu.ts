import type { FloatArray } from "../tensor/tensor.js";
import { Activation } from "./activation.js";

/**
 * Rectified linear unit y = max(x, 0), any shape; its derivative at 0 is taken as 0.
 *
 * @example
 * ```ts
 * import { relu, Tensor } from "gradbook";
 *
 * console.log(relu().forward(Tensor.from([-1, 0, 2])).data.join()); // 0,0,2
 * ```
 */
export function relu(): Activation {
  return new Activation({ kind: "relu" }, "Relu()", { forward: reluForward, backward: reluBackwardInput });
}

/** y = x where x > 0, else 0 (a NaN stays a NaN) */
export function reluForward(x: FloatArray, y: FloatArray): void {
  for (let i = 0; i < x.length; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

/** dx = dy where x > 0, else 0 */
export function reluBackwardInput(dy: FloatArray, x: FloatArray, _y: FloatArray, dx: FloatArray): void {
  for (let i = 0; i < x.length; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
}
