import type { FlattenSpec } from "../engine/spec.js";
import { assertShape, type Shape, sizeOf } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, cached, markBuiltin } from "./layer.js";

/**
 * Images to features: [N, C, H, W] → [N, C·H·W], C-major (feature c·H·W + h·W + w), without copying.
 *
 * @example
 * ```ts
 * import { flatten } from "gradbook";
 *
 * console.log(flatten().outputShape([4, 14, 14])); // [ 784 ]
 * ```
 */
export function flatten(): Flatten {
  return new Flatten();
}

/** What `flatten` makes. */
export class Flatten implements BuiltinLayer {
  readonly spec: FlattenSpec = { kind: "flatten" };
  readonly params = {};
  private inputShape: Shape | undefined;

  constructor() {
    markBuiltin(this, Flatten.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("flatten", sample);
    return [sizeOf(sample)];
  }

  /** y[n, (c·H + h)·W + w] = x[n,c,h,w]: the same numbers in the same order */
  forward(x: Tensor): Tensor {
    assertTensor("flatten", "x", x);
    this.inputShape = x.shape;
    return x.reshape([x.shape[0], sizeOf(x.shape.slice(1))]);
  }

  /** dx[n,c,h,w] = dy[n, (c·H + h)·W + w] */
  backward(dy: Tensor): Tensor {
    const shape = cached("flatten", this.inputShape);
    assertTensorOf("flatten", "dy", dy, [shape[0], sizeOf(shape.slice(1))]);
    return dy.reshape(shape);
  }

  toString(): string {
    return "Flatten()";
  }
}
