import type { Pool2dSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { borderedBackwardInput, borderedForward } from "./bordered-avg-pool2d.js";
import { type BuiltinLayer, batchOf, cached, markBuiltin } from "./layer.js";
import { type AvgPool2dConfig, formatPool2d, type Pool2dDims, parsePool2d, pool2dDims } from "./pool2d.js";

/**
 * Average pooling. x: [N, C, H, W] → y: [N, C, OH, OW], OH = ⌊(H + 2·pad − KH)/stride⌋ + 1.
 * Padding counts as zeros: the divisor is KH·KW (PyTorch's `count_include_pad`), unless `countPad` is false.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { avgPool2d, Tensor } from "gradbook";
 *
 * const x = Tensor.from([[[[1, 2], [3, 6]]]]); // [1, 1, 2, 2]
 * console.log(avgPool2d({ kernel: 2 }).forward(x).data.join()); // 3
 * ```
 */
export function avgPool2d(config: AvgPool2dConfig): AvgPool2d {
  return new AvgPool2d(config);
}

/** What `avgPool2d` makes. */
export class AvgPool2d implements BuiltinLayer {
  readonly spec: Pool2dSpec;
  readonly params = {};
  private inputShape: Shape | undefined;

  constructor(config: AvgPool2dConfig) {
    this.spec = parsePool2d("avgPool2d", config);
    markBuiltin(this, AvgPool2d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("avgPool2d", sample);
    const { OH, OW } = pool2dDims(this.spec, batchOf(sample));
    return [sample[0], OH, OW];
  }

  forward(x: Tensor): Tensor {
    assertTensor("avgPool2d", "x", x);
    const d = pool2dDims(this.spec, x.shape);
    this.inputShape = x.shape;
    const y = Tensor.zeros([x.shape[0], x.shape[1], d.OH, d.OW], x.dtype);
    averageForward(x.data, y.data, d, this.spec);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const inputShape = cached("avgPool2d", this.inputShape);
    const d = pool2dDims(this.spec, inputShape);
    assertTensorOf("avgPool2d", "dy", dy, [inputShape[0], inputShape[1], d.OH, d.OW]);
    const dx = Tensor.zeros(inputShape, dy.dtype);
    averageBackwardInput(dy.data, dx.data, d, this.spec);
    return dx;
  }

  toString(): string {
    return formatPool2d("AvgPool2d", this.spec);
  }
}

type Border = Pick<Pool2dSpec, "ceil" | "countPad">;

/** The loops that a pool's options ask for. */
export function averageForward(
  x: FloatArray,
  y: FloatArray,
  d: Pool2dDims,
  { ceil, countPad }: Border,
): void {
  if (ceil === undefined && countPad === undefined) avgPool2dForward(x, y, d);
  else borderedForward(x, y, d, countPad ?? true);
}

export function averageBackwardInput(
  dy: FloatArray,
  dx: FloatArray,
  d: Pool2dDims,
  { ceil, countPad }: Border,
): void {
  if (ceil === undefined && countPad === undefined) avgPool2dBackwardInput(dy, dx, d);
  else borderedBackwardInput(dy, dx, d, countPad ?? true);
}

/** y[n,c,i,j] = 1/(KH·KW) · Σ_u Σ_v x[n,c,i·SH+u−PH,j·SW+v−PW]: one channel at a time, never across channels. */
export function avgPool2dForward(
  x: FloatArray,
  y: FloatArray,
  { planes, H, W, KH, KW, OH, OW, SH, SW, PH, PW }: Pool2dDims,
): void {
  for (let p = 0; p < planes; p++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        let sum = 0;
        for (let u = 0; u < KH; u++) {
          const h = i * SH + u - PH;
          if (h < 0 || h >= H) continue;
          for (let v = 0; v < KW; v++) {
            const k = j * SW + v - PW;
            if (k >= 0 && k < W) sum += x[(p * H + h) * W + k];
          }
        }
        y[(p * OH + i) * OW + j] = sum / (KH * KW);
      }
}

/** dx[n,c,h,k] += Σ dy[n,c,i,j]/(KH·KW) over the windows that cover the pixel: each spread its gradient evenly. */
export function avgPool2dBackwardInput(
  dy: FloatArray,
  dx: FloatArray,
  { planes, H, W, KH, KW, OH, OW, SH, SW, PH, PW }: Pool2dDims,
): void {
  for (let p = 0; p < planes; p++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        const share = dy[(p * OH + i) * OW + j] / (KH * KW);
        for (let u = 0; u < KH; u++) {
          const h = i * SH + u - PH;
          if (h < 0 || h >= H) continue;
          for (let v = 0; v < KW; v++) {
            const k = j * SW + v - PW;
            if (k >= 0 && k < W) dx[(p * H + h) * W + k] += share;
          }
        }
      }
}
