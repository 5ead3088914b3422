import { configError, count, flag, type Given, options, pair } from "@gradbook/base";
import type { Conv2dSpec } from "../engine/spec.js";
import { assertShape, type Shape, windowCount } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { formatOption, formatPair } from "./format.js";
import { type ConvolutionLoops, type GroupedDims, groupedLoops } from "./grouped-conv2d.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const conv2dOptions = {
  /** C, channels of the input. */
  in: count(),
  /** F, kernels and channels of the output. */
  out: count(),
  /** KH × KW in pixels. */
  kernel: pair(1),
  /**
   * Pixels from one position to the next.
   * @default 1
   */
  stride: pair(1).or(1),
  /**
   * Zero pixels added on each side. `(kernel − 1)/2` keeps the size.
   * @default 0
   */
  pad: pair(0).or(0),
  /**
   * Pixels from one tap of the kernel to the next: 2 leaves out every other pixel.
   * @default 1
   */
  dilation: pair(1).or(1),
  /**
   * Parts that channels and kernels are split into, each convolved on its own; `groups: in` is depthwise. Divides `in` and
   * `out`.
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
 * Options of `conv2d`; `kernel`, `stride`, `pad` and `dilation` are one number, or `[height, width]`.
 * @interface
 */
export type Conv2dConfig = Given<typeof conv2dOptions>;

/**
 * 2-D convolution (cross-correlation, as in PyTorch).
 * x: [N, C, H, W] → y: [N, F, OH, OW], OH = ⌊(H + 2·pad − dilation·(KH − 1) − 1)/stride⌋ + 1; weight
 * [F, C/groups, KH, KW], bias [F]. With dilation or groups it runs as its definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind, or `groups` does not divide `in` and `out`
 *
 * @example
 * ```ts
 * import { conv2d } from "gradbook";
 *
 * const layer = conv2d({ in: 1, out: 8, kernel: 5, pad: 2 });
 * console.log(`${layer}`); // Conv2d(1→8, 5×5, pad 2, 208 params)
 * console.log(layer.outputShape([1, 28, 28])); // [ 8, 28, 28 ]
 * ```
 */
export function conv2d(config: Conv2dConfig): Conv2d {
  return new Conv2d(config);
}

/** Sizes of one call: letters as in the formulas. */
export interface Conv2dDims {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly F: number;
  readonly KH: number;
  readonly KW: number;
  readonly OH: number;
  readonly OW: number;
  readonly SH: number;
  readonly SW: number;
  readonly PH: number;
  readonly PW: number;
}

/** What `conv2d` makes. */
export class Conv2d implements BuiltinLayer {
  readonly spec: Conv2dSpec;
  trainable = true;
  readonly params: Readonly<Record<"weight" | "bias", Parameter>> | Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: Conv2dConfig) {
    const { dilation, groups, ...sizes } = options("conv2d", conv2dOptions, config);
    const { in: C, out: F, kernel } = sizes;
    assertGroups("conv2d", C, F, groups);
    this.spec = {
      kind: "conv2d",
      ...sizes,
      ...(dilation.some((d) => d > 1) && { dilation }),
      ...(groups > 1 && { groups }),
    };
    const [KH, KW] = kernel;
    const fanIn = (C / groups) * KH * KW;
    const fanOut = (F / groups) * KH * KW;
    const weight = new Parameter([F, C / groups, KH, KW], fanIn, fanOut);
    this.params = this.spec.bias ? { weight, bias: new Parameter([F], fanIn, fanOut) } : { weight };
    markBuiltin(this, Conv2d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("conv2d", sample);
    assertInput("conv2d", batchOf(sample), "N, C, H, W", this.spec.in, this.params.weight.value.shape);
    const { F, OH, OW } = this.dims(batchOf(sample));
    return [F, OH, OW];
  }

  forward(x: Tensor): Tensor {
    assertTensor("conv2d", "x", x);
    assertInput("conv2d", x.shape, "N, C, H, W", this.spec.in, this.params.weight.value.shape);
    this.x = x;
    const d = this.dims(x.shape);
    const y = Tensor.zeros([d.N, d.F, d.OH, d.OW], x.dtype);
    this.loops.forward(x.data, this.params.weight.value.data, this.bias?.value.data, y.data, d);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const x = cached("conv2d", this.x);
    const d = this.dims(x.shape);
    assertTensorOf("conv2d", "dy", dy, [d.N, d.F, d.OH, d.OW]);
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

  private dims([N, C, H, W]: Shape): GroupedDims {
    const { out: F, kernel, stride, pad, dilation = [1, 1], groups: G = 1 } = this.spec;
    const [[KH, KW], [SH, SW], [PH, PW], [DH, DW]] = [kernel, stride, pad, dilation];
    const OH = windowCount("conv2d height", H, DH * (KH - 1) + 1, SH, PH);
    const OW = windowCount("conv2d width", W, DW * (KW - 1) + 1, SW, PW);
    return { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW, DH, DW, G };
  }

  toString(): string {
    const { in: C, out: F, kernel, stride, pad, dilation = [1, 1], groups = 1 } = this.spec;
    const params = Object.values(this.params).reduce((sum, p) => sum + p.value.size, 0);
    const options =
      formatOption("stride", stride, 1) +
      formatOption("pad", pad, 0) +
      formatOption("dilation", dilation, 1) +
      (groups === 1 ? "" : `, ${groups} groups`);
    return `Conv2d(${C}→${F}, ${formatPair(kernel)}${options}, ${params} params)`;
  }
}

/** The loops below, without groups and dilation. */
export const plainLoops: ConvolutionLoops = {
  forward: conv2dForward,
  backwardInput: conv2dBackwardInput,
  backwardWeight: conv2dBackwardWeight,
};

/** @throws GradbookError when the groups do not divide the channels on both sides */
export function assertGroups(what: string, C: number, F: number, groups: number): void {
  if (C % groups === 0 && F % groups === 0) return;
  throw configError(
    what,
    `groups ${groups} for ${C} channels in and ${F} out`,
    "a number that divides both",
    C % groups === 0
      ? `out: ${Math.ceil(F / groups) * groups} would do.`
      : `groups: ${C} makes each channel a group of its own.`,
  );
}

/** y[n,f,i,j] = b[f] + Σ_c Σ_u Σ_v w[f,c,u,v] · x[n,c,i·SH+u−PH,j·SW+v−PW], pixels outside the image being 0. */
export function conv2dForward(
  x: FloatArray,
  w: FloatArray,
  b: FloatArray | undefined,
  y: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW }: Conv2dDims,
): void {
  for (let n = 0; n < N; n++)
    for (let f = 0; f < F; f++)
      for (let i = 0; i < OH; i++)
        for (let j = 0; j < OW; j++) {
          let sum = b === undefined ? 0 : b[f];
          for (let c = 0; c < C; c++)
            for (let u = 0; u < KH; u++) {
              const h = i * SH + u - PH;
              if (h < 0 || h >= H) continue;
              for (let v = 0; v < KW; v++) {
                const k = j * SW + v - PW;
                if (k < 0 || k >= W) continue;
                sum += w[((f * C + c) * KH + u) * KW + v] * x[((n * C + c) * H + h) * W + k];
              }
            }
          y[((n * F + f) * OH + i) * OW + j] = sum;
        }
}

/**
 * dx[n,c,h,k] += Σ_f Σ_u Σ_v dy[n,f,i,j] · w[f,c,u,v] over all i, j with i·SH+u−PH = h and j·SW+v−PW = k:
 * summed over f, because every kernel saw this pixel, and over u, v, because every window that covers it did.
 */
export function conv2dBackwardInput(
  dy: FloatArray,
  w: FloatArray,
  dx: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW }: Conv2dDims,
): void {
  for (let n = 0; n < N; n++)
    for (let f = 0; f < F; f++)
      for (let i = 0; i < OH; i++)
        for (let j = 0; j < OW; j++) {
          const g = dy[((n * F + f) * OH + i) * OW + j];
          if (g === 0) continue;
          for (let c = 0; c < C; c++)
            for (let u = 0; u < KH; u++) {
              const h = i * SH + u - PH;
              if (h < 0 || h >= H) continue;
              for (let v = 0; v < KW; v++) {
                const k = j * SW + v - PW;
                if (k < 0 || k >= W) continue;
                dx[((n * C + c) * H + h) * W + k] += g * w[((f * C + c) * KH + u) * KW + v];
              }
            }
        }
}

/**
 * dw[f,c,u,v] += Σ_n Σ_i Σ_j dy[n,f,i,j] · x[n,c,i·SH+u−PH,j·SW+v−PW]: summed over the batch and over all positions,
 * because every sample and every position uses the same w.
 */
export function conv2dBackwardWeight(
  dy: FloatArray,
  x: FloatArray,
  dw: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW }: Conv2dDims,
): void {
  for (let f = 0; f < F; f++)
    for (let c = 0; c < C; c++)
      for (let u = 0; u < KH; u++)
        for (let v = 0; v < KW; v++) {
          let sum = 0;
          for (let n = 0; n < N; n++)
            for (let i = 0; i < OH; i++) {
              const h = i * SH + u - PH;
              if (h < 0 || h >= H) continue;
              for (let j = 0; j < OW; j++) {
                const k = j * SW + v - PW;
                if (k < 0 || k >= W) continue;
                sum += dy[((n * F + f) * OH + i) * OW + j] * x[((n * C + c) * H + h) * W + k];
              }
            }
          dw[((f * C + c) * KH + u) * KW + v] += sum;
        }
}

/** db[f] += Σ_n Σ_i Σ_j dy[n,f,i,j]: summed over the batch and all positions, because the bias is added at each. */
export function conv2dBackwardBias(dy: FloatArray, db: FloatArray, { N, F, OH, OW }: Conv2dDims): void {
  for (let f = 0; f < F; f++) {
    let sum = 0;
    for (let n = 0; n < N; n++)
      for (let i = 0; i < OH; i++) for (let j = 0; j < OW; j++) sum += dy[((n * F + f) * OH + i) * OW + j];
    db[f] += sum;
  }
}
