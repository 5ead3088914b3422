import type { FloatArray } from "../tensor/tensor.js";
import type { Conv2dDims } from "./conv2d.js";

/** Sizes of a convolution with groups and dilation. */
export interface GroupedDims extends Conv2dDims {
  /** Pixels between two taps of the kernel. */
  readonly DH: number;
  readonly DW: number;
  /** Groups: kernel f reads the C/G channels of its own one. */
  readonly G: number;
}

/** The three loops of a convolution that its kind decides about; the bias is the same for all. */
export interface ConvolutionLoops {
  forward(x: FloatArray, w: FloatArray, b: FloatArray | undefined, y: FloatArray, d: GroupedDims): void;
  backwardInput(dy: FloatArray, w: FloatArray, dx: FloatArray, d: GroupedDims): void;
  backwardWeight(dy: FloatArray, x: FloatArray, dw: FloatArray, d: GroupedDims): void;
}

/** The loops of `conv2d`, for kernels that see a group of the channels, and leave out pixels between their taps. */
export const groupedLoops: ConvolutionLoops = { forward, backwardInput, backwardWeight };

/**
 * y[n,f,i,j] = b[f] + Σ_c Σ_u Σ_v w[f,c,u,v] · x[n,c,i·SH+u·DH−PH,j·SW+v·DW−PW], pixels outside the image being 0; with
 * groups, c counts the channels of the kernel's own group.
 */
function forward(
  x: FloatArray,
  w: FloatArray,
  b: FloatArray | undefined,
  y: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW, DH, DW, G }: GroupedDims,
): void {
  const P = C / G;
  for (let n = 0; n < N; n++)
    for (let f = 0; f < F; f++) {
      const first = firstChannel(f, F, C, G);
      for (let i = 0; i < OH; i++)
        for (let j = 0; j < OW; j++) {
          let sum = b === undefined ? 0 : b[f];
          for (let c = 0; c < P; c++)
            for (let u = 0; u < KH; u++) {
              const h = i * SH + u * DH - PH;
              if (h < 0 || h >= H) continue;
              for (let v = 0; v < KW; v++) {
                const k = j * SW + v * DW - PW;
                if (k < 0 || k >= W) continue;
                sum += w[((f * P + c) * KH + u) * KW + v] * x[((n * C + first + c) * H + h) * W + k];
              }
            }
          y[((n * F + f) * OH + i) * OW + j] = sum;
        }
    }
}

/**
 * dx[n,c,h,k] += Σ_f Σ_u Σ_v dy[n,f,i,j] · w[f,c,u,v] over all i, j with i·SH+u·DH−PH = h and j·SW+v·DW−PW = k:
 * summed over f, because every kernel saw this pixel, and over u, v, because every window that covers it did.
 */
function backwardInput(
  dy: FloatArray,
  w: FloatArray,
  dx: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW, DH, DW, G }: GroupedDims,
): void {
  const P = C / G;
  for (let n = 0; n < N; n++)
    for (let f = 0; f < F; f++) {
      const first = firstChannel(f, F, C, G);
      for (let i = 0; i < OH; i++)
        for (let j = 0; j < OW; j++) {
          const g = dy[((n * F + f) * OH + i) * OW + j];
          if (g === 0) continue;
          for (let c = 0; c < P; c++)
            for (let u = 0; u < KH; u++) {
              const h = i * SH + u * DH - PH;
              if (h < 0 || h >= H) continue;
              for (let v = 0; v < KW; v++) {
                const k = j * SW + v * DW - PW;
                if (k < 0 || k >= W) continue;
                dx[((n * C + first + c) * H + h) * W + k] += g * w[((f * P + c) * KH + u) * KW + v];
              }
            }
        }
    }
}

/**
 * dw[f,c,u,v] += Σ_n Σ_i Σ_j dy[n,f,i,j] · x[n,c,i·SH+u·DH−PH,j·SW+v·DW−PW]: summed over the batch and over all positions,
 * because every sample and every position uses the same w.
 */
function backwardWeight(
  dy: FloatArray,
  x: FloatArray,
  dw: FloatArray,
  { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW, DH, DW, G }: GroupedDims,
): void {
  const P = C / G;
  for (let f = 0; f < F; f++) {
    const first = firstChannel(f, F, C, G);
    for (let c = 0; c < P; c++)
      for (let u = 0; u < KH; u++)
        for (let v = 0; v < KW; v++) {
          let sum = 0;
          for (let n = 0; n < N; n++)
            for (let i = 0; i < OH; i++) {
              const h = i * SH + u * DH - PH;
              if (h < 0 || h >= H) continue;
              for (let j = 0; j < OW; j++) {
                const k = j * SW + v * DW - PW;
                if (k < 0 || k >= W) continue;
                sum += dy[((n * F + f) * OH + i) * OW + j] * x[((n * C + first + c) * H + h) * W + k];
              }
            }
          dw[((f * P + c) * KH + u) * KW + v] += sum;
        }
  }
}

/** The first channel that kernel f reads: that of its group. */
function firstChannel(f: number, F: number, C: number, G: number): number {
  return Math.floor((f * G) / F) * (C / G);
}
