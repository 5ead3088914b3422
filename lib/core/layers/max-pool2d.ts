import type { Pool2dSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, batchOf, cached, markBuiltin } from "./layer.js";
import { formatPool2d, type Pool2dConfig, type Pool2dDims, parsePool2d, pool2dDims } from "./pool2d.js";

/**
 * Max pooling. x: [N, C, H, W] → y: [N, C, OH, OW], OH = ⌊(H + 2·pad − KH)/stride⌋ + 1.
 * Among equal maxima the first in row-major order wins, in forward and backward alike.
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { maxPool2d } from "gradbook";
 *
 * console.log(maxPool2d({ kernel: 2 }).outputShape([4, 28, 28])); // [ 4, 14, 14 ]
 * ```
 */
export function maxPool2d(config: Pool2dConfig): MaxPool2d {
  return new MaxPool2d(config);
}

/** What `maxPool2d` makes. */
export class MaxPool2d implements BuiltinLayer {
  readonly spec: Pool2dSpec;
  readonly params = {};
  private winners: Int32Array | undefined;
  private inputShape: Shape = [];
  private outShape: Shape = [];

  constructor(config: Pool2dConfig) {
    this.spec = parsePool2d("maxPool2d", config);
    markBuiltin(this, MaxPool2d.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("maxPool2d", sample);
    const { OH, OW } = pool2dDims(this.spec, batchOf(sample));
    return [sample[0], OH, OW];
  }

  forward(x: Tensor): Tensor {
    assertTensor("maxPool2d", "x", x);
    const d = pool2dDims(this.spec, x.shape);
    this.inputShape = x.shape;
    this.outShape = [x.shape[0], x.shape[1], d.OH, d.OW];
    const y = Tensor.zeros(this.outShape, x.dtype);
    this.winners = new Int32Array(y.size);
    maxPool2dForward(x.data, y.data, this.winners, d);
    return y;
  }

  backward(dy: Tensor): Tensor {
    const winners = cached("maxPool2d", this.winners);
    assertTensorOf("maxPool2d", "dy", dy, this.outShape);
    const dx = Tensor.zeros(this.inputShape, dy.dtype);
    maxPool2dBackwardInput(dy.data, winners, dx.data);
    return dx;
  }

  toString(): string {
    return formatPool2d("MaxPool2d", this.spec);
  }
}

/** y[n,c,i,j] = max over u, v of x[n,c,i·SH+u−PH,j·SW+v−PW]; `winners` keeps the place of each maximum in x. */
export function maxPool2dForward(
  x: FloatArray,
  y: FloatArray,
  winners: Int32Array,
  { planes, H, W, KH, KW, OH, OW, SH, SW, PH, PW }: Pool2dDims,
): void {
  for (let p = 0; p < planes; p++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        let best = Number.NEGATIVE_INFINITY;
        let winner = -1;
        for (let u = 0; u < KH; u++) {
          const h = i * SH + u - PH;
          if (h < 0 || h >= H) continue;
          for (let v = 0; v < KW; v++) {
            const k = j * SW + v - PW;
            if (k < 0 || k >= W) continue;
            const at = (p * H + h) * W + k;
            // a NaN wins too, so that it is seen instead of swallowed
            if (winner < 0 || x[at] > best || Number.isNaN(x[at])) {
              best = x[at];
              winner = at;
            }
          }
        }
        y[(p * OH + i) * OW + j] = best;
        winners[(p * OH + i) * OW + j] = winner;
      }
}

/** dx[winner of window] += dy of that window: only the maximum moved the output; overlapping windows add up. */
export function maxPool2dBackwardInput(dy: FloatArray, winners: Int32Array, dx: FloatArray): void {
  for (let o = 0; o < winners.length; o++) dx[winners[o]] += dy[o];
}
