import { type Given, numberFrom, options } from "@gradbook/base";
import type { DropoutSpec } from "../engine/spec.js";
import { mixBits, type Rng } from "../tensor/rng.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertSameShape, assertTensor, type FloatArray, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, cached, type ForwardContext, markBuiltin, parseContext } from "./layer.js";

const dropoutOptions = {
  /**
   * Probability with which an element is set to 0, in [0, 1).
   * @default 0.5
   */
  p: numberFrom(0, 1).or(0.5),
};
/**
 * Options of `dropout`.
 * @interface
 */
export type DropoutConfig = Given<typeof dropoutOptions>;

/**
 * Inverted dropout (Srivastava et al. 2014), any shape: during training y = m·x/(1 − p) with a random mask m; else y = x.
 * @throws GradbookError when p is not in [0, 1)
 *
 * @example
 * ```ts
 * import { dropout, Rng, Tensor } from "gradbook";
 *
 * const layer = dropout({ p: 0.5 });
 * const x = Tensor.from([1, 1, 1, 1, 1, 1]);
 * console.log(layer.forward(x, { training: true, rng: new Rng(1) }).data.join()); // 0,2,0,2,2,2
 * console.log(layer.forward(x, { training: false, rng: new Rng(1) }).data.join()); // 1,1,1,1,1,1
 * ```
 */
export function dropout(config: DropoutConfig = {}): Dropout {
  return new Dropout(config);
}

/** What `dropout` makes. */
export class Dropout implements BuiltinLayer {
  readonly spec: DropoutSpec;
  readonly params = {};
  /** 0 or 1/(1 − p), by element */
  private scale: FloatArray | undefined;

  constructor(config: DropoutConfig) {
    this.spec = { kind: "dropout", ...options("dropout", dropoutOptions, config) };
    markBuiltin(this, Dropout.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("dropout", sample);
    return sample;
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    assertTensor("dropout", "x", x);
    const { training, rng } = parseContext("dropout", context);
    const y = Tensor.zeros(x.shape, x.dtype);
    this.scale = training ? dropoutScale(x.size, this.spec.p, rng) : new Float64Array(x.size).fill(1);
    for (let i = 0; i < x.size; i++) y.data[i] = x.data[i] * this.scale[i];
    return y;
  }

  /** dx = dy · m/(1 − p), with the mask of the forward pass */
  backward(dy: Tensor): Tensor {
    const scale = cached("dropout", this.scale);
    assertTensor("dropout", "dy", dy);
    assertSameShape("dropout", "dy", [dy.size], [scale.length]);
    const dx = Tensor.zeros(dy.shape, dy.dtype);
    for (let i = 0; i < dy.size; i++) dx.data[i] = dy.data[i] * scale[i];
    return dx;
  }

  toString(): string {
    return `Dropout(p ${this.spec.p})`;
  }
}

/**
 * 1/(1 − p) where the element is kept, 0 where it is dropped. The bits of element i are a hash of i and of two words
 * drawn from the step's stream, not the i-th draw: so threads that share a batch draw the same mask as one thread.
 */
export function dropoutScale(size: number, p: number, rng: Rng): FloatArray {
  const threshold = Math.floor(p * 4294967296);
  const [key0, key1] = [rng.bits(), rng.bits()];
  const scale = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const bits = mixBits(mixBits(i ^ key0) + key1);
    scale[i] = bits >= threshold ? 1 / (1 - p) : 0;
  }
  return scale;
}
