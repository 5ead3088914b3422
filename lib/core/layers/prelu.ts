import { count, type Given, option, options } from "@gradbook/base";
import type { DefinitionSpec } from "../engine/spec.js";
import { assertShape, type Shape, sizeOf } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const preluOptions = {
  /**
   * 1: all channels share a slope; C: each channel has its own.
   * @default 1
   */
  features: count().or(1),
  /**
   * Slope for negative inputs at the start.
   * @default 0.25
   */
  slope: option<number>("a finite number", (v) => (Number.isFinite(v) ? Number(v) : undefined)).or(0.25),
};
/**
 * Options of `prelu`.
 * @interface
 */
export type PreluConfig = Given<typeof preluOptions>;

/**
 * Parametric ReLU (He et al. 2015): y = x for x > 0, a·x elsewhere, where the slope a is learned. x: [N, C, …] → y of the same
 * shape; weight a [features]. It runs as its definition, on the main thread.
 * @throws GradbookError when an option is unknown or of another kind
 *
 * @example
 * ```ts
 * import { prelu, Tensor } from "gradbook";
 *
 * console.log(prelu({ slope: 0.5 }).forward(Tensor.from([[-1, 0, 2]], "float32")).toNested()); // [ [ -0.5, 0, 2 ] ]
 * ```
 */
export function prelu(config: PreluConfig = {}): Prelu {
  return new Prelu(config);
}

/** What `prelu` makes. */
export class Prelu implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "prelu" }>;
  trainable = true;
  readonly params: Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: PreluConfig) {
    const { features, slope } = options("prelu", preluOptions, config);
    this.spec = { kind: "prelu", features };
    this.params = { weight: new Parameter([features], features, features, slope) };
    markBuiltin(this, Prelu.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("prelu", sample);
    this.assertInput(batchOf(sample));
    return sample;
  }

  /** y[n,c,s] = x[n,c,s] where it is above 0, else a[c]·x[n,c,s] */
  forward(x: Tensor): Tensor {
    assertTensor("prelu", "x", x);
    this.assertInput(x.shape);
    this.x = x;
    const y = Tensor.zeros(x.shape, x.dtype);
    const slope = this.params.weight.value.data;
    for (let i = 0; i < x.size; i++)
      y.data[i] = x.data[i] > 0 ? x.data[i] : slope[this.channel(i, x.shape)] * x.data[i];
    return y;
  }

  /** dx = dy where x > 0, else a[c]·dy; da[c] += Σ dy·x over all negative values that share the slope */
  backward(dy: Tensor): Tensor {
    const x = cached("prelu", this.x);
    assertTensorOf("prelu", "dy", dy, x.shape);
    const { value, grad } = this.params.weight;
    const dx = Tensor.zeros(x.shape, x.dtype);
    for (let i = 0; i < x.size; i++) {
      const c = this.channel(i, x.shape);
      if (x.data[i] <= 0) grad.data[c] += dy.data[i] * x.data[i];
      dx.data[i] = x.data[i] > 0 ? dy.data[i] : value.data[c] * dy.data[i];
    }
    return dx;
  }

  private channel(i: number, [, C, ...inner]: Shape): number {
    return this.spec.features === 1 ? 0 : Math.floor(i / sizeOf(inner)) % C;
  }

  private assertInput(x: Shape): void {
    if (this.spec.features === 1) return;
    const axes = ["N, C", "N, C, L", "N, C, H, W"][x.length - 2] ?? "N, C, H, W";
    assertInput("prelu", x, axes, this.spec.features);
  }

  toString(): string {
    const { features } = this.spec;
    return `Prelu(${features} ${features === 1 ? "param" : "params"})`;
  }
}
