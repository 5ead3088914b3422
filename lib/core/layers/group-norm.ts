import { configError, count, type Given, numberFrom, options } from "@gradbook/base";
import type { DefinitionSpec } from "../engine/spec.js";
import { assertShape, type Shape, sizeOf } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";
import { type Normalised, normalise, normaliseBackward } from "./normalise.js";

const instanceNormOptions = {
  /** C, channels. */
  features: count(),
  /**
   * Added to the variance under the root.
   * @default 1e-5
   */
  eps: numberFrom(0).or(1e-5),
};
const groupNormOptions = {
  ...instanceNormOptions,
  /** Groups of neighbouring channels that are normalised together; divides `features`. */
  groups: count(),
};
/**
 * Options of `groupNorm`.
 * @interface
 */
export type GroupNormConfig = Given<typeof groupNormOptions>;
/**
 * Options of `instanceNorm2d`.
 * @interface
 */
export type InstanceNormConfig = Given<typeof instanceNormOptions>;

/**
 * Group normalisation (Wu & He 2018): y = γ·(x − μ)/√(σ² + ε) + β with mean and variance over the C/groups channels of a
 * group and all positions, of each sample by itself. x: [N, C, H, W] → y of the same shape; weight γ [C], bias β [C].
 * Batches don't matter, so training and evaluation are the same. It runs as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind, or `groups` does not divide `features`
 *
 * @example
 * ```ts
 * import { groupNorm } from "gradbook";
 *
 * console.log(`${groupNorm({ features: 16, groups: 4 })}`); // GroupNorm(16, 4 groups, 32 params)
 * ```
 */
export function groupNorm(config: GroupNormConfig): GroupNorm {
  const { features, groups, eps } = options("groupNorm", groupNormOptions, config);
  if (features % groups !== 0) {
    const divisors = Array.from({ length: features }, (_, i) => i + 1).filter((n) => features % n === 0);
    throw configError(
      "groupNorm",
      `${groups} groups of ${features} channels`,
      "a number that divides the channels",
      `groups: ${divisors.slice(-8).join(", ")} would do.`,
    );
  }
  return new GroupNorm({ kind: "groupNorm", features, groups, eps });
}

/**
 * Instance normalisation (Ulyanov, Vedaldi & Lempitsky 2016): each channel of each sample by itself, `groupNorm` with as many
 * groups as channels; with γ and β (PyTorch's `affine=True`). x: [N, C, H, W] → y of the same shape.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { instanceNorm2d } from "gradbook";
 *
 * console.log(`${instanceNorm2d({ features: 16 })}`); // InstanceNorm2d(16, 32 params)
 * ```
 */
export function instanceNorm2d(config: InstanceNormConfig): GroupNorm {
  const { features, eps } = options("instanceNorm2d", instanceNormOptions, config);
  return new GroupNorm({ kind: "groupNorm", features, groups: features, eps });
}

/** What `groupNorm` and `instanceNorm2d` make. */
export class GroupNorm implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "groupNorm" }>;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>>;
  private saved: Normalised | undefined;

  constructor(spec: Extract<DefinitionSpec, { readonly kind: "groupNorm" }>) {
    this.spec = spec;
    const { features } = spec;
    this.params = {
      weight: new Parameter([features], features, features, 1),
      bias: new Parameter([features], features, features, 0),
    };
    markBuiltin(this, GroupNorm.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape(this.what, sample);
    this.assertInput(batchOf(sample));
    return sample;
  }

  /** y[n,c,s] = γ[c]·x̂[n,c,s] + β[c] */
  forward(x: Tensor): Tensor {
    assertTensor(this.what, "x", x);
    this.assertInput(x.shape);
    const { features: C, groups, eps } = this.spec;
    const S = sizeOf(x.shape.slice(2));
    this.saved = normalise(x, (C / groups) * S, eps);
    const y = Tensor.zeros(x.shape, x.dtype);
    const { xHat } = this.saved;
    const [gamma, beta] = [this.params.weight.value.data, this.params.bias.value.data];
    for (let i = 0; i < y.size; i++) {
      const c = Math.floor(i / S) % C;
      y.data[i] = gamma[c] * xHat.data[i] + beta[c];
    }
    return y;
  }

  /** dγ[c] += Σ_n Σ_s dy[n,c,s]·x̂[n,c,s], dβ[c] += Σ_n Σ_s dy[n,c,s]: all samples and positions share them. */
  backward(dy: Tensor): Tensor {
    const saved = cached(this.what, this.saved);
    assertTensorOf(this.what, "dy", dy, saved.xHat.shape);
    const { features: C, groups } = this.spec;
    const S = sizeOf(dy.shape.slice(2));
    const { weight, bias } = this.params;
    const g = Tensor.zeros(dy.shape, dy.dtype);
    for (let i = 0; i < dy.size; i++) {
      const c = Math.floor(i / S) % C;
      weight.grad.data[c] += dy.data[i] * saved.xHat.data[i];
      bias.grad.data[c] += dy.data[i];
      g.data[i] = dy.data[i] * weight.value.data[c];
    }
    return normaliseBackward(g, saved, (C / groups) * S);
  }

  private get what(): string {
    return this.spec.groups === this.spec.features ? "instanceNorm2d" : "groupNorm";
  }

  /** Sequences [N, C, L] and features [N, C] are images of fewer axes. */
  private assertInput(x: Shape): void {
    const axes = ["N, C", "N, C, L", "N, C, H, W"][x.length - 2] ?? "N, C, H, W";
    assertInput(this.what, x, axes, this.spec.features);
  }

  toString(): string {
    const { features, groups } = this.spec;
    const name =
      groups === features ? `InstanceNorm2d(${features}` : `GroupNorm(${features}, ${groups} groups`;
    return `${name}, ${2 * features} params)`;
  }
}
