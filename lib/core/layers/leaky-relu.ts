import { type Given, numberFrom, options } from "@gradbook/base";
import type { FloatArray } from "../tensor/tensor.js";
import { Activation } from "./activation.js";

const leakyReluOptions = {
  /**
   * Slope for negative inputs, in [0, 1).
   * @default 0.01
   */
  slope: numberFrom(0, 1).or(0.01),
};
/**
 * Options of `leakyRelu`.
 * @interface
 */
export type LeakyReluConfig = Given<typeof leakyReluOptions>;

/**
 * Leaky ReLU y = x for x > 0, slope·x elsewhere, any shape; its derivative at 0 is the slope.
 * @throws GradbookError when the slope is not in [0, 1)
 *
 * @example
 * ```ts
 * import { leakyRelu, Tensor } from "gradbook";
 *
 * console.log(leakyRelu({ slope: 0.1 }).forward(Tensor.from([-1, 0, 2])).data.join()); // -0.1,0,2
 * ```
 */
export function leakyRelu(config: LeakyReluConfig = {}): Activation {
  const { slope } = options("leakyRelu", leakyReluOptions, config);
  return new Activation({ kind: "leakyRelu", slope }, `LeakyRelu(slope ${slope})`, {
    forward: (x, y) => leakyReluForward(x, y, slope),
    backward: (dy, x, _y, dx) => leakyReluBackwardInput(dy, x, dx, slope),
  });
}

/** y = x where x > 0, else slope·x */
export function leakyReluForward(x: FloatArray, y: FloatArray, slope: number): void {
  for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

/** dx = dy where x > 0, else slope·dy */
export function leakyReluBackwardInput(dy: FloatArray, x: FloatArray, dx: FloatArray, slope: number): void {
  for (let i = 0; i < x.length; i++) dx[i] = x[i] > 0 ? dy[i] : slope * dy[i];
}
