import { configError, flag, type Given, options, pair } from "@gradbook/base";
import type { Pool2dSpec } from "../engine/spec.js";
import { type Shape, windowCount } from "../tensor/shape.js";
import { formatOption, formatPair } from "./format.js";
import { assertInput } from "./layer.js";

const pool2dOptions = {
  /** KH × KW in pixels. */
  kernel: pair(1),
  /**
   * Pixels from one window to the next; by default windows don't overlap.
   * @default the kernel's size
   */
  stride: pair(1).optional(),
  /**
   * Pixels added on each side, at most half the kernel. Max pooling ignores them, average pooling counts them as 0.
   * @default 0
   */
  pad: pair(0).or(0),
  /**
   * A last window that reaches over the border is kept: ⌈…⌉ instead of ⌊…⌋ in the output's size. It must begin inside the
   * image or its padding.
   * @default false
   */
  ceil: flag().or(false),
};
const avgPool2dOptions = {
  ...pool2dOptions,
  /**
   * Whether the padding counts in the mean, as zeros; false divides by the window's pixels inside the image.
   * @default true
   */
  countPad: flag().or(true),
};
/**
 * Options of max pooling: a window that slides over each channel by itself.
 * @interface
 */
export type Pool2dConfig = Given<typeof pool2dOptions>;
/**
 * Options of average pooling: a window that slides over each channel by itself.
 * @interface
 */
export type AvgPool2dConfig = Given<typeof avgPool2dOptions>;

export interface Pool2dDims {
  /** N·C: samples and channels are pooled alike. */
  readonly planes: number;
  readonly H: number;
  readonly W: number;
  readonly KH: number;
  readonly KW: number;
  readonly OH: number;
  readonly OW: number;
  readonly SH: number;
  readonly SW: number;
  readonly PH: number;
  readonly PW: number;
}

export function parsePool2d(kind: Pool2dSpec["kind"], config: Pool2dConfig | AvgPool2dConfig): Pool2dSpec {
  const given = options(kind, kind === "avgPool2d" ? avgPool2dOptions : pool2dOptions, config);
  const { kernel, stride = kernel, pad, ceil } = given;
  for (const axis of [0, 1] as const) {
    if (2 * pad[axis] <= kernel[axis]) continue;
    throw configError(
      kind,
      `pad ${pad[axis]} with a kernel of ${kernel[axis]}`,
      "at most half the kernel",
      "A larger pad would create windows without a single pixel.",
    );
  }
  const isWithoutPad = "countPad" in given && given.countPad === false;
  return { kind, kernel, stride, pad, ...(ceil && { ceil }), ...(isWithoutPad && { countPad: false }) };
}

/** @throws GradbookError when x is not [N, C, H, W] or the window does not fit */
export function pool2dDims(spec: Pool2dSpec, x: Shape): Pool2dDims {
  assertInput(spec.kind, x, "N, C, H, W", undefined);
  const [N, C, H, W] = x;
  const [[KH, KW], [SH, SW], [PH, PW]] = [spec.kernel, spec.stride, spec.pad];
  const positions = spec.ceil === true ? windowCountUp : windowCount;
  const OH = positions(`${spec.kind} height`, H, KH, SH, PH);
  const OW = positions(`${spec.kind} width`, W, KW, SW, PW);
  return { planes: N * C, H, W, KH, KW, OH, OW, SH, SW, PH, PW };
}

/** Windows of which the last may reach over the border, but begins before the padding on that side does. */
function windowCountUp(what: string, size: number, kernel: number, stride: number, pad: number): number {
  const whole = windowCount(what, size, kernel, stride, pad);
  const isRest = (whole - 1) * stride + kernel < size + 2 * pad;
  return isRest && whole * stride < size + pad ? whole + 1 : whole;
}

export function formatPool2d(name: string, { kernel, stride, pad, ceil, countPad }: Pool2dSpec): string {
  const strided = stride[0] === kernel[0] && stride[1] === kernel[1] ? "" : formatOption("stride", stride, 0);
  return `${name}(${formatPair(kernel)}${strided}${formatOption("pad", pad, 0)}${ceil ? ", ceil" : ""}${
    countPad === false ? ", pad not counted" : ""
  })`;
}
