import { configError, count, flag, type Given, options, pair, shapeError } from "@gradbook/base";
import type { DefinitionSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import {
  type Conv2dDims,
  conv2dBackwardBias,
  conv2dBackwardInput,
  conv2dBackwardWeight,
  conv2dForward,
} from "./conv2d.js";
import { formatOption, formatPair } from "./format.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const convTranspose2dOptions = {
  /** C, channels of the input. */
  in: count(),
  /** F, channels of the output. */
  out: count(),
  /** KH × KW in pixels. */
  kernel: pair(1),
  /**
   * Pixels of the output from one pixel of the input to the next: 2 doubles the size.
   * @default 1
   */
  stride: pair(1).or(1),
  /**
   * Pixels cut off on each side: the pad of the convolution that this one turns back.
   * @default 0
   */
  pad: pair(0).or(0),
  /**
   * Rows and columns added below and on the right, fewer than the stride: several sizes shrink to the same one, and this
   * says which one is meant.
   * @default 0
   */
  outputPad: pair(0).or(0),
  /**
   * Whether each output channel has a bias.
   * @default true
   */
  bias: flag().or(true),
};
/**
 * Options of `convTranspose2d`; `kernel`, `stride`, `pad` and `outputPad` are one number, or `[height, width]`.
 * @interface
 */
export type ConvTranspose2dConfig = Given<typeof convTranspose2dOptions>;

/**
 * Transposed 2-D convolution, as in PyTorch: what `conv2d` does to gradients, done to values; it enlarges.
 * x: [N, C, H, W] → y: [N, F, OH, OW], OH = (H − 1)·stride − 2·pad + KH + outputPad; weight [C, F, KH, KW], bias [F]. It runs
 * as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind, or outputPad is not below the stride
 *
 * @example
 * ```ts
 * import { convTranspose2d } from "gradbook";
 *
 * const layer = convTranspose2d({ in: 8, out: 1, kernel: 2, stride: 2 });
 * console.log(layer.outputShape([8, 14, 14])); // [ 1, 28, 28 ]
 * ```
 */
export function convTranspose2d(config: ConvTranspose2dConfig): ConvTranspose2d {
  return new ConvTranspose2d(config);
}

/** What `convTranspose2d` makes. */
export class ConvTranspose2d implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "convTranspose2d" }>;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>> | Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: ConvTranspose2dConfig) {
    this.spec = { kind: "convTranspose2d", ...options("convTranspose2d", convTranspose2dOptions, config) };
    const { in: C, out: F, kernel, stride, outputPad, bias } = this.spec;
    if (outputPad.some((more, axis) => more >= stride[axis])) {
      throw configError(
        "convTranspose2d",
        `outputPad ${formatPair(outputPad)} with the stride ${formatPair(stride)}`,
        "less than the stride",
        "A larger stride, or outputPad: 0.",
      );
    }
    // PyTorch counts the weight's axis 1 as its fan-in: here too, so that both start alike
    const [fanIn, fanOut] = [F * kernel[0] * kernel[1], C * kernel[0] * kernel[1]];
    const weight = new Parameter([C, F, ...kernel], fanIn, fanOut);
    this.params = bias ? { weight, bias: new Parameter([F], fanIn, fanOut) } : { weight };
    markBuiltin(this, ConvTranspose2d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("convTranspose2d", sample);
    const { C, H, W } = this.dims(batchOf(sample));
    return [C, H, W];
  }

  /** y = conv2dBackwardInput(x) + b: pixel x[n,c,i,j] is spread over the window that starts at i·SH − PH, j·SW − PW. */
  forward(x: Tensor): Tensor {
    assertTensor("convTranspose2d", "x", x);
    const d = this.dims(x.shape);
    this.x = x;
    const y = Tensor.zeros([d.N, d.C, d.H, d.W], x.dtype);
    if (this.bias !== undefined) {
      const { data } = this.bias.value;
      for (let i = 0; i < y.size; i++) y.data[i] = data[Math.floor(i / (d.H * d.W)) % d.C];
    }
    conv2dBackwardInput(x.data, this.params.weight.value.data, y.data, d);
    return y;
  }

  /** dx = conv2dForward(dy); dw = conv2dBackwardWeight with x and dy in each other's place. */
  backward(dy: Tensor): Tensor {
    const x = cached("convTranspose2d", this.x);
    const d = this.dims(x.shape);
    assertTensorOf("convTranspose2d", "dy", dy, [d.N, d.C, d.H, d.W]);
    const dx = Tensor.zeros(x.shape, x.dtype);
    conv2dForward(dy.data, this.params.weight.value.data, undefined, dx.data, d);
    conv2dBackwardWeight(x.data, dy.data, this.params.weight.grad.data, d);
    if (this.bias !== undefined)
      conv2dBackwardBias(dy.data, this.bias.grad.data, { ...d, F: d.C, OH: d.H, OW: d.W });
    return dx;
  }

  private get bias(): Parameter | undefined {
    return "bias" in this.params ? this.params.bias : undefined;
  }

  /** Those of the convolution that leads back: from the output, [N, C, H, W], to the input, [N, F, OH, OW]. */
  private dims(x: Shape): Conv2dDims {
    const { in: F, out: C, kernel, stride, pad, outputPad } = this.spec;
    assertInput("convTranspose2d", x, "N, C, H, W", F, this.params.weight.value.shape);
    const [N, , OH, OW] = x;
    const [[KH, KW], [SH, SW], [PH, PW]] = [kernel, stride, pad];
    const H = (OH - 1) * SH - 2 * PH + KH + outputPad[0];
    const W = (OW - 1) * SW - 2 * PW + KW + outputPad[1];
    if (H < 1 || W < 1) {
      throw shapeError(
        "convTranspose2d",
        `pad ${formatPair(pad)} cuts everything off: (${OH} − 1)·${SH} − 2·${PH} + ${KH} + ${outputPad[0]} = ${H} rows, ${W} columns`,
        "at least one pixel",
        "Use a smaller pad.",
      );
    }
    return { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW };
  }

  toString(): string {
    const { in: C, out: F, kernel, stride, pad, outputPad } = this.spec;
    const params = Object.values(this.params).reduce((sum, p) => sum + p.value.size, 0);
    const options =
      formatOption("stride", stride, 1) +
      formatOption("pad", pad, 0) +
      formatOption("output pad", outputPad, 0);
    return `ConvTranspose2d(${C}→${F}, ${formatPair(kernel)}${options}, ${params} params)`;
  }
}
