import { count, flag, type Given, options } from "@gradbook/base";
import type { Conv1dSpec } from "../engine/spec.js";
import { assertShape, type Shape, windowCount } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { assertGroups, conv2dBackwardBias, plainLoops } from "./conv2d.js";
import { type ConvolutionLoops, type GroupedDims, groupedLoops } from "./grouped-conv2d.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const conv1dOptions = {
  /** C, channels of the input. */
  in: count(),
  /** F, kernels and channels of the output. */
  out: count(),
  /** K in positions. */
  kernel: count(),
  /**
   * Positions from one window to the next.
   * @default 1
   */
  stride: count().or(1),
  /**
   * Zeros added at both ends. `(kernel − 1)/2` keeps the length.
   * @default 0
   */
  pad: count(0).or(0),
  /**
   * Positions from one tap of the kernel to the next.
   * @default 1
   */
  dilation: count().or(1),
  /**
   * Parts that channels and kernels are split into; divides `in` and `out`.
   * @default 1
   */
  groups: count().or(1),
  /**
   * Whether each kernel has a bias.
   * @default true
   */
  bias: flag().or(true),
};
/**
 * Options of `conv1d`.
 * @interface
 */
export type Conv1dConfig = Given<typeof conv1dOptions>;

/**
 * 1-D convolution (cross-correlation, as in PyTorch) of sequences.
 * x: [N, C, L] → y: [N, F, OL], OL = ⌊(L + 2·pad − dilation·(K − 1) − 1)/stride⌋ + 1; weight [F, C/groups, K], bias [F].
 * With dilation or groups it runs as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind, or `groups` does not divide `in` and `out`
 *
 * @example
 * ```ts
 * import { conv1d } from "gradbook";
 *
 * const layer = conv1d({ in: 2, out: 8, kernel: 5, pad: 2 });
 * console.log(`${layer}`); // Conv1d(2→8, 5, pad 2, 88 params)
 * console.log(layer.outputShape([2, 100])); // [ 8, 100 ]
 * ```
 */
export function conv1d(config: Conv1dConfig): Conv1d {
  return new Conv1d(config);
}

/** What `conv1d` makes: the loops of `conv2d` on images of the height 1. */
export class Conv1d implements BuiltinLayer {
  readonly spec: Conv1dSpec;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>> | Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: Conv1dConfig) {
    const { dilation, groups, ...sizes } = options("conv1d", conv1dOptions, config);
    const { in: C, out: F, kernel } = sizes;
    assertGroups("conv1d", C, F, groups);
    this.spec = {
      kind: "conv1d",
      ...sizes,
      ...(dilation > 1 && { dilation }),
      ...(groups > 1 && { groups }),
    };
    const [fanIn, fanOut] = [(C / groups) * kernel, (F / groups) * kernel];
    const weight = new Parameter([F, C / groups, kernel], fanIn, fanOut);
    this.params = sizes.bias ? { weight, bias: new Parameter([F], fanIn, fanOut) } : { weight };
    markBuiltin(this, Conv1d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("conv1d", sample);
    const { F, OW } = this.dims(batchOf(sample));
    return [F, OW];
  }

  forward(x: Tensor): Tensor {
    assertTensor("conv1d", "x", x);
    const d = this.dims(x.shape);
    this.x = x;
    const y = Tensor.zeros([d.N, d.F, d.OW], x.dtype);
    this.loops.forward(x.data, this.params.weight.value.data, this.bias?.value.data, y.data, d);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const x = cached("conv1d", this.x);
    const d = this.dims(x.shape);
    assertTensorOf("conv1d", "dy", dy, [d.N, d.F, d.OW]);
    const dx = Tensor.zeros(x.shape, x.dtype);
    this.loops.backwardInput(dy.data, this.params.weight.value.data, dx.data, d);
    this.loops.backwardWeight(dy.data, x.data, this.params.weight.grad.data, d);
    if (this.bias !== undefined) conv2dBackwardBias(dy.data, this.bias.grad.data, d);
    return dx;
  }

  private get loops(): ConvolutionLoops {
    return "dilation" in this.spec || "groups" in this.spec ? groupedLoops : plainLoops;
  }

  private get bias(): Parameter | undefined {
    return "bias" in this.params ? this.params.bias : undefined;
  }

  private dims(x: Shape): GroupedDims {
    const { in: C, out: F, kernel, stride, pad, dilation = 1, groups: G = 1 } = this.spec;
    assertInput("conv1d", x, "N, C, L", C, this.params.weight.value.shape);
    const [N, , W] = x;
    const OW = windowCount("conv1d", W, dilation * (kernel - 1) + 1, stride, pad);
    const rows = { H: 1, KH: 1, OH: 1, SH: 1, PH: 0, DH: 1 };
    return { ...rows, N, C, W, F, KW: kernel, OW, SW: stride, PW: pad, DW: dilation, G };
  }

  toString(): string {
    const { in: C, out: F, kernel, stride, pad, dilation = 1, groups = 1 } = this.spec;
    const params = Object.values(this.params).reduce((sum, p) => sum + p.value.size, 0);
    const options = [
      ...(stride === 1 ? [] : [`stride ${stride}`]),
      ...(pad === 0 ? [] : [`pad ${pad}`]),
      ...(dilation === 1 ? [] : [`dilation ${dilation}`]),
      ...(groups === 1 ? [] : [`${groups} groups`]),
    ];
    return `Conv1d(${[`${C}→${F}`, kernel, ...options].join(", ")}, ${params} params)`;
  }
}
