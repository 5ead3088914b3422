import { type Given, numberFrom, option, options, shapeError } from "@gradbook/base";
import type { DefinitionSpec } from "../engine/spec.js";
import { assertShape, formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, cached, markBuiltin, Parameter } from "./layer.js";
import { type Normalised, normalise, normaliseBackward } from "./normalise.js";

const layerNormOptions = {
  /** The last axes of x, which are normalised together: `64` for [N, T, 64], or a list such as `[8, 14, 14]`. */
  shape: option<number | Shape, Shape>("a whole number of at least 1, or a list of them", (v) => {
    const list: unknown = typeof v === "number" ? [v] : v;
    const isShape =
      Array.isArray(list) && list.length > 0 && list.every((n) => Number.isInteger(n) && n >= 1);
    return isShape ? list : undefined;
  }),
  /**
   * Added to the variance under the root.
   * @default 1e-5
   */
  eps: numberFrom(0).or(1e-5),
};
/**
 * Options of `layerNorm`.
 * @interface
 */
export type LayerNormConfig = Given<typeof layerNormOptions>;

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016): y = γ·(x − μ)/√(σ² + ε) + β with mean and variance over the last axes of
 * each sample by itself. x: [N, …, shape] → y of the same shape; weight γ and bias β of `shape`. Batches don't matter, so
 * training and evaluation are the same. It runs as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { layerNorm, Tensor } from "gradbook";
 *
 * const layer = layerNorm({ shape: 3, eps: 0 });
 * const y = layer.forward(Tensor.from([[1, 2, 3]], "float32"));
 * console.log(Array.from(y.data, (v) => v.toFixed(2)).join(" ")); // -1.22 0.00 1.22
 * ```
 */
export function layerNorm(config: LayerNormConfig): LayerNorm {
  return new LayerNorm(config);
}

/** What `layerNorm` makes. */
export class LayerNorm implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "layerNorm" }>;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>>;
  private saved: Normalised | undefined;

  constructor(config: LayerNormConfig) {
    this.spec = { kind: "layerNorm", ...options("layerNorm", layerNormOptions, config) };
    const { shape } = this.spec;
    const size = sizeOf(shape);
    this.params = {
      weight: new Parameter(shape, size, size, 1),
      bias: new Parameter(shape, size, size, 0),
    };
    markBuiltin(this, LayerNorm.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("layerNorm", sample);
    this.assertInput(sample);
    return sample;
  }

  /** y[r,i] = γ[i]·x̂[r,i] + β[i] for each row r of values that are normalised together */
  forward(x: Tensor): Tensor {
    assertTensor("layerNorm", "x", x);
    this.assertInput(x.shape.slice(1));
    const { weight, bias } = this.params;
    const size = weight.value.size;
    this.saved = normalise(x, size, this.spec.eps);
    const y = Tensor.zeros(x.shape, x.dtype);
    const { xHat } = this.saved;
    for (let i = 0; i < y.size; i++)
      y.data[i] = weight.value.data[i % size] * xHat.data[i] + bias.value.data[i % size];
    return y;
  }

  /** dγ[i] += Σ_r dy[r,i]·x̂[r,i], dβ[i] += Σ_r dy[r,i]: summed over the rows, which share γ and β. */
  backward(dy: Tensor): Tensor {
    const saved = cached("layerNorm", this.saved);
    assertTensorOf("layerNorm", "dy", dy, saved.xHat.shape);
    const { weight, bias } = this.params;
    const size = weight.value.size;
    const g = Tensor.zeros(dy.shape, dy.dtype);
    for (let i = 0; i < dy.size; i++) {
      weight.grad.data[i % size] += dy.data[i] * saved.xHat.data[i];
      bias.grad.data[i % size] += dy.data[i];
      g.data[i] = dy.data[i] * weight.value.data[i % size];
    }
    return normaliseBackward(g, saved, size);
  }

  private assertInput(sample: Shape): void {
    const { shape } = this.spec;
    if (sample.length >= shape.length && sameShape(sample.slice(-shape.length), shape)) return;
    const last = sample.slice(-shape.length);
    throw shapeError(
      "layerNorm",
      `one sample has the shape ${formatShape(sample)}`,
      `last axes ${formatShape(shape)}`,
      `layerNorm({ shape: ${last.length === 1 ? last[0] : formatShape(last)} }) would fit.`,
    );
  }

  toString(): string {
    const { shape } = this.spec;
    return `LayerNorm(${shape.join("×")}, ${2 * sizeOf(shape)} params)`;
  }
}
