import type { Pool2dSpec } from "../engine/spec.js";
import { GradbookError, refuseUnknownKeys } from "../errors/error.js";
import { type Shape, windowCount } from "../tensor/shape.js";
import { formatOption, formatPair, parsePair, type Size } from "./config.js";
import { assertInput } from "./layer.js";

/** What max and average pooling have in common: a window that slides over each channel by itself. */
export interface Pool2dConfig {
  /** KH × KW in pixels. */
  readonly kernel: Size;
  /** Pixels from one window to the next; default: the kernel's size, so that windows don't overlap. */
  readonly stride?: Size;
  /** Pixels added on each side; default 0, at most half the kernel. Max pooling ignores them, average pooling counts them as 0. */
  readonly pad?: Size;
}

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

export function parsePool2d(kind: Pool2dSpec["kind"], config: Pool2dConfig): Pool2dSpec {
  refuseUnknownKeys(kind, config, ["kernel", "stride", "pad"]);
  const kernel = parsePair(kind, "kernel", config.kernel, 1);
  const pad = parsePair(kind, "pad", config.pad ?? 0, 0);
  for (const axis of [0, 1] as const) {
    if (2 * pad[axis] <= kernel[axis]) continue;
    throw new GradbookError({
      code: "config",
      what: kind,
      got: `pad ${pad[axis]} with a kernel of ${kernel[axis]}`,
      expected: "at most half the kernel",
      cure: "A larger pad makes windows that see no pixel at all.",
    });
  }
  return { kind, kernel, stride: parsePair(kind, "stride", config.stride ?? kernel, 1), pad };
}

/** @throws GradbookError when x is not [N, C, H, W] or the window does not fit */
export function pool2dDims(spec: Pool2dSpec, x: Shape): Pool2dDims {
  assertInput(spec.kind, x, "N, C, H, W", undefined);
  const [N, C, H, W] = x;
  const [[KH, KW], [SH, SW], [PH, PW]] = [spec.kernel, spec.stride, spec.pad];
  const OH = windowCount(`${spec.kind} height`, H, KH, SH, PH);
  const OW = windowCount(`${spec.kind} width`, W, KW, SW, PW);
  return { planes: N * C, H, W, KH, KW, OH, OW, SH, SW, PH, PW };
}

export function formatPool2d(name: string, { kernel, stride, pad }: Pool2dSpec): string {
  const strided = stride[0] === kernel[0] && stride[1] === kernel[1] ? "" : formatOption("stride", stride, 0);
  return `${name}(${formatPair(kernel)}${strided}${formatOption("pad", pad, 0)})`;
}
