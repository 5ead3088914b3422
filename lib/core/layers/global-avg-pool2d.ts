import type { GlobalAvgPoolSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin } from "./layer.js";

/**
 * Global average pooling (Lin, Chen & Yan 2014): the mean of each channel. x: [N, C, H, W] → y: [N, C], ready for a linear
 * layer without flatten.
 *
 * @example
 * ```ts
 * import { globalAvgPool2d, Tensor } from "gradbook";
 *
 * const x = Tensor.from([[[[1, 2], [3, 6]]]]); // [1, 1, 2, 2]
 * console.log(globalAvgPool2d().forward(x).toNested()); // [ [ 3 ] ]
 * ```
 */
export function globalAvgPool2d(): GlobalAvgPool2d {
  return new GlobalAvgPool2d();
}

/** What `globalAvgPool2d` makes. */
export class GlobalAvgPool2d implements BuiltinLayer {
  readonly spec: GlobalAvgPoolSpec = { kind: "globalAvgPool2d" };
  readonly params = {};
  private inputShape: Shape | undefined;

  constructor() {
    markBuiltin(this, GlobalAvgPool2d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("globalAvgPool2d", sample);
    assertInput("globalAvgPool2d", batchOf(sample), "N, C, H, W", undefined);
    return [sample[0]];
  }

  forward(x: Tensor): Tensor {
    assertTensor("globalAvgPool2d", "x", x);
    assertInput("globalAvgPool2d", x.shape, "N, C, H, W", undefined);
    this.inputShape = x.shape;
    const [N, C, H, W] = x.shape;
    const y = Tensor.zeros([N, C], x.dtype);
    globalAvgPoolForward(x.data, y.data, H * W);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const shape = cached("globalAvgPool2d", this.inputShape);
    const [N, C, H, W] = shape;
    assertTensorOf("globalAvgPool2d", "dy", dy, [N, C]);
    const dx = Tensor.zeros(shape, dy.dtype);
    globalAvgPoolBackwardInput(dy.data, dx.data, H * W);
    return dx;
  }

  toString(): string {
    return "GlobalAvgPool2d()";
  }
}

/** y[n,c] = 1/S · Σ_s x[n,c,s] over the S = H·W positions */
export function globalAvgPoolForward(x: FloatArray, y: FloatArray, S: number): void {
  for (let p = 0; p < y.length; p++) {
    let sum = 0;
    for (let s = 0; s < S; s++) sum += x[p * S + s];
    y[p] = sum / S;
  }
}

/** dx[n,c,s] = dy[n,c]/S: every position had the same share in the mean */
export function globalAvgPoolBackwardInput(dy: FloatArray, dx: FloatArray, S: number): void {
  for (let i = 0; i < dx.length; i++) dx[i] = dy[Math.floor(i / S)] / S;
}
