import { sigmoid as portableSigmoid } from "../tensor/portable.js";
import type { FloatArray } from "../tensor/tensor.js";
import { Activation } from "./activation.js";

/**
 * Logistic sigmoid y = 1/(1 + e^{−x}), any shape.
 *
 * @example
 * ```ts
 * import { sigmoid, Tensor } from "gradbook";
 *
 * console.log(sigmoid().forward(Tensor.from([0, 2])).toNested()); // [ 0.5, 0.8807970779778823 ]
 * ```
 */
export function sigmoid(): Activation {
  return new Activation({ kind: "sigmoid" }, "Sigmoid()", {
    forward: sigmoidForward,
    backward: sigmoidBackwardInput,
  });
}

/** y = 1/(1 + e^{−x}) */
export function sigmoidForward(x: FloatArray, y: FloatArray): void {
  for (let i = 0; i < x.length; i++) y[i] = portableSigmoid(x[i]);
}

/** dx = dy · y·(1 − y), because σ′ = σ·(1 − σ) */
export function sigmoidBackwardInput(dy: FloatArray, _x: FloatArray, y: FloatArray, dx: FloatArray): void {
  for (let i = 0; i < y.length; i++) dx[i] = dy[i] * y[i] * (1 - y[i]);
}
