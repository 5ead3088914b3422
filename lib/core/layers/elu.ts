import { type Given, numberFrom, options } from "@gradbook/base";
import { exp, expm1 } from "../tensor/portable.js";
import { Activation } from "./activation.js";

const eluOptions = {
  /**
   * α, at least 0: what −y approaches for large negative inputs.
   * @default 1
   */
  alpha: numberFrom(0).or(1),
};
/**
 * Options of `elu`.
 * @interface
 */
export type EluConfig = Given<typeof eluOptions>;

/**
 * Exponential linear unit (Clevert, Unterthiner & Hochreiter 2016), any shape: y = x for x > 0, α·(eˣ − 1) elsewhere.
 * @throws GradbookError when α is not a number of at least 0
 *
 * @example
 * ```ts
 * import { elu, Tensor } from "gradbook";
 *
 * console.log(elu().forward(Tensor.from([-1, 0, 2])).toNested()); // [ -0.6321205588285577, 0, 2 ]
 * ```
 */
export function elu(config: EluConfig = {}): Activation {
  const { alpha } = options("elu", eluOptions, config);
  return new Activation({ kind: "elu", alpha }, alpha === 1 ? "Elu()" : `Elu(alpha ${alpha})`, {
    /** y = x where x > 0, else α·(eˣ − 1) */
    forward(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : alpha * expm1(x[i]);
    },
    /** dx = dy where x > 0, else dy·α·eˣ */
    backward(dy, x, _y, dx) {
      for (let i = 0; i < x.length; i++) dx[i] = x[i] > 0 ? dy[i] : dy[i] * alpha * exp(x[i]);
    },
  });
}
