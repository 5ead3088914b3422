import { sigmoid } from "../tensor/portable.js";
import { Activation } from "./activation.js";

/**
 * Sigmoid linear unit, also called Swish (Elfwing et al. 2018; Ramachandran et al. 2017), any shape: y = x·σ(x).
 *
 * @example
 * ```ts
 * import { silu, Tensor } from "gradbook";
 *
 * console.log(silu().forward(Tensor.from([-1, 0, 1])).toNested()); // [ -0.2689414213699951, 0, 0.7310585786300049 ]
 * ```
 */
export function silu(): Activation {
  return new Activation({ kind: "silu" }, "Silu()", {
    /** y = x·σ(x) */
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = x[i] * sigmoid(x[i]);
    },
    /** dx = dy·σ(x)·(1 + x·(1 − σ(x))): not monotone, so made of x */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) {
        const s = sigmoid(x[i]);
        dx[i] = dy[i] * s * (1 + x[i] * (1 - s));
      }
    },
  });
}
