import { configError, count, flag, type Given, options } from "@gradbook/base";
import type { Pool1dSpec, Pool2dSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { averageBackwardInput, averageForward } from "./avg-pool2d.js";
import { assertInput, type BuiltinLayer, batchOf, cached, markBuiltin } from "./layer.js";
import { maxPool2dBackwardInput, maxPool2dForward } from "./max-pool2d.js";
import { type Pool2dDims, pool2dDims } from "./pool2d.js";

const maxPool1dOptions = {
  /** K in positions. */
  kernel: count(),
  /**
   * Positions from one window to the next; by default windows don't overlap.
   * @default the kernel's size
   */
  stride: count().optional(),
  /**
   * Positions added at both ends, at most half the kernel. Max pooling ignores them, average pooling counts them as 0.
   * @default 0
   */
  pad: count(0).or(0),
  /**
   * A last window that reaches over the end is kept.
   * @default false
   */
  ceil: flag().or(false),
};
const avgPool1dOptions = {
  ...maxPool1dOptions,
  /**
   * Whether the padding counts in the mean, as zeros.
   * @default true
   */
  countPad: flag().or(true),
};
/**
 * Options of `maxPool1d`.
 * @interface
 */
export type MaxPool1dConfig = Given<typeof maxPool1dOptions>;
/**
 * Options of `avgPool1d`.
 * @interface
 */
export type AvgPool1dConfig = Given<typeof avgPool1dOptions>;

/**
 * Max pooling of sequences. x: [N, C, L] → y: [N, C, OL], OL = ⌊(L + 2·pad − K)/stride⌋ + 1; among equal maxima the first
 * wins.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { maxPool1d, Tensor } from "gradbook";
 *
 * console.log(maxPool1d({ kernel: 2 }).forward(Tensor.from([[[1, 5, 2, 3]]])).toNested()); // [ [ [ 5, 3 ] ] ]
 * ```
 */
export function maxPool1d(config: MaxPool1dConfig): Pool1d {
  const { stride, ceil, ...rest } = options("maxPool1d", maxPool1dOptions, config);
  return new Pool1d({ kind: "maxPool1d", ...rest, stride: stride ?? rest.kernel, ...(ceil && { ceil }) });
}

/**
 * Average pooling of sequences. x: [N, C, L] → y: [N, C, OL], OL = ⌊(L + 2·pad − K)/stride⌋ + 1.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { avgPool1d, Tensor } from "gradbook";
 *
 * console.log(avgPool1d({ kernel: 2 }).forward(Tensor.from([[[1, 5, 2, 4]]])).toNested()); // [ [ [ 3, 3 ] ] ]
 * ```
 */
export function avgPool1d(config: AvgPool1dConfig): Pool1d {
  const { stride, ceil, countPad, ...rest } = options("avgPool1d", avgPool1dOptions, config);
  return new Pool1d({
    kind: "avgPool1d",
    ...rest,
    stride: stride ?? rest.kernel,
    ...(ceil && { ceil }),
    ...(!countPad && { countPad }),
  });
}

/** What `maxPool1d` and `avgPool1d` make: the loops of the 2-D pools on images of the height 1. */
export class Pool1d implements BuiltinLayer {
  readonly spec: Pool1dSpec;
  readonly params = {};
  private last: { readonly d: Pool2dDims; readonly x: Shape; readonly winners?: Int32Array } | undefined;

  constructor(spec: Pool1dSpec) {
    this.spec = spec;
    const { kind, kernel, pad } = spec;
    if (2 * pad > kernel) {
      const got = `pad ${pad} with a kernel of ${kernel}`;
      throw configError(kind, got, "at most half the kernel");
    }
    markBuiltin(this, Pool1d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape(this.spec.kind, sample);
    return [sample[0], this.dims(batchOf(sample)).OW];
  }

  forward(x: Tensor): Tensor {
    assertTensor(this.spec.kind, "x", x);
    const d = this.dims(x.shape);
    const y = Tensor.zeros([x.shape[0], x.shape[1], d.OW], x.dtype);
    if (this.spec.kind === "avgPool1d") {
      averageForward(x.data, y.data, d, this.spec);
      this.last = { d, x: x.shape };
    } else {
      const winners = new Int32Array(y.size);
      maxPool2dForward(x.data, y.data, winners, d);
      this.last = { d, x: x.shape, winners };
    }
    return y;
  }

  backward(dy: Tensor): Tensor {
    const { d, x, winners } = cached(this.spec.kind, this.last);
    assertTensorOf(this.spec.kind, "dy", dy, [x[0], x[1], d.OW]);
    const dx = Tensor.zeros(x, dy.dtype);
    if (winners === undefined) averageBackwardInput(dy.data, dx.data, d, this.spec);
    else maxPool2dBackwardInput(dy.data, winners, dx.data);
    return dx;
  }

  private dims(x: Shape): Pool2dDims {
    const { kind, kernel, stride, pad, ...others } = this.spec;
    assertInput(kind, x, "N, C, L", undefined);
    const [N, C, L] = x;
    const flat: Pool2dSpec = {
      kind: kind === "maxPool1d" ? "maxPool2d" : "avgPool2d",
      kernel: [1, kernel],
      stride: [1, stride],
      pad: [0, pad],
      ...others,
    };
    return pool2dDims(flat, [N, C, 1, L]);
  }

  toString(): string {
    const { kind, kernel, stride, pad, ceil, countPad } = this.spec;
    const options = [
      ...(stride === kernel ? [] : [`stride ${stride}`]),
      ...(pad === 0 ? [] : [`pad ${pad}`]),
      ...(ceil ? ["ceil"] : []),
      ...(countPad === false ? ["pad not counted"] : []),
    ];
    return `${kind === "maxPool1d" ? "MaxPool1d" : "AvgPool1d"}(${[kernel, ...options].join(", ")})`;
  }
}
