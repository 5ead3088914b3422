import type { FloatArray } from "../tensor/tensor.js";
import type { Pool2dDims } from "./pool2d.js";

/**
 * Pixels that one window's mean is over: KH·KW with the padding; less where the window reaches over the border of the image
 * (without it) or of the padding.
 */
function pixels(i: number, j: number, d: Pool2dDims, countPad: boolean): number {
  return (
    pixelsAlong(i * d.SH - d.PH, d.KH, d.H, d.PH, countPad) *
    pixelsAlong(j * d.SW - d.PW, d.KW, d.W, d.PW, countPad)
  );
}

function pixelsAlong(from: number, kernel: number, size: number, pad: number, countPad: boolean): number {
  if (countPad) return Math.min(from + kernel, size + pad) - from;
  return Math.min(from + kernel, size) - Math.max(from, 0);
}

/** y[n,c,i,j] = 1/pixels · Σ_u Σ_v x[n,c,i·SH+u−PH,j·SW+v−PW]: one channel at a time, never across channels. */
export function borderedForward(x: FloatArray, y: FloatArray, d: Pool2dDims, countPad: boolean): void {
  const { planes, H, W, KH, KW, OH, OW, SH, SW, PH, PW } = d;
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
        y[(p * OH + i) * OW + j] = sum / pixels(i, j, d, countPad);
      }
}

/** dx[n,c,h,k] += Σ dy[n,c,i,j]/pixels over the windows that cover the pixel: each spread its gradient evenly. */
export function borderedBackwardInput(
  dy: FloatArray,
  dx: FloatArray,
  d: Pool2dDims,
  countPad: boolean,
): void {
  const { planes, H, W, KH, KW, OH, OW, SH, SW, PH, PW } = d;
  for (let p = 0; p < planes; p++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        const share = dy[(p * OH + i) * OW + j] / pixels(i, j, d, countPad);
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
