import { exp, log1p, sigmoid } from "../tensor/portable.js";
import { Activation } from "./activation.js";

/**
 * Softplus, a smooth ReLU (Dugas et al. 2001), any shape: y = log(1 + eˣ).
 *
 * @example
 * ```ts
 * import { softplus, Tensor } from "gradbook";
 *
 * console.log(softplus().forward(Tensor.from([-800, 0, 800])).toNested()); // [ 0, 0.6931471805599453, 800 ]
 * ```
 */
export function softplus(): Activation {
  return new Activation({ kind: "softplus" }, "Softplus()", {
    /** y = max(x, 0) + log(1 + e^−|x|): nothing overflows */
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = Math.max(x[i], 0) + log1p(exp(-Math.abs(x[i])));
    },
    /** dx = dy·σ(x) */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) dx[i] = dy[i] * sigmoid(x[i]);
    },
  });
}
