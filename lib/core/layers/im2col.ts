import { type Given, options, type Pair, pair } from "@gradbook/base";
import { assertShape, type Shape, sizeOf, windowCount } from "../tensor/shape.js";
import { assertSameShape, assertTensor, type FloatArray, Tensor } from "../tensor/tensor.js";
import { assertInput } from "./layer.js";

const im2colOptions = {
  /** KH × KW in pixels. */
  kernel: pair(1),
  /**
   * Pixels from one window to the next.
   * @default 1
   */
  stride: pair(1).or(1),
  /**
   * Zero pixels added on each side.
   * @default 0
   */
  pad: pair(0).or(0),
};
/**
 * Options of `im2col` and `col2im`: a window that slides over all channels at once.
 * @interface
 */
export type Im2colConfig = Given<typeof im2colOptions>;

/** Letters as in the formulas; P = OH·OW windows, R = C·KH·KW pixels of a window. */
interface Im2colDims {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pad: Pair;
  readonly OH: number;
  readonly OW: number;
}

/**
 * Every window of an image as a column: x [N, C, H, W] → [N, C·KH·KW, OH·OW], OH = ⌊(H + 2·pad − KH)/stride⌋ + 1.
 * A convolution is then a matrix product: Y[n] = W·im2col(x)[n] with W [F, C·KH·KW].
 * @throws GradbookError when x is not [N, C, H, W] or the window does not fit
 *
 * @example
 * ```ts
 * import { im2col, Tensor } from "gradbook";
 *
 * const x = Tensor.from([[[[1, 2], [3, 4]]]]); // [1, 1, 2, 2]
 * console.log(im2col(x, { kernel: [2, 1] }).toNested()); // [ [ [ 1, 2 ], [ 3, 4 ] ] ]
 * ```
 */
export function im2col(x: Tensor, config: Im2colConfig): Tensor {
  assertTensor("im2col", "x", x);
  const d = parse("im2col", x.shape, config);
  const columns = Tensor.zeros(columnsShape(d), x.dtype);
  im2colForward(x.data, columns.data, d);
  return columns;
}

/**
 * The transpose of im2col, not its inverse: columns [N, C·KH·KW, OH·OW] → [N, C, H, W], each value added to the pixel
 * that it was copied from. What came through k windows comes back k times, as a gradient must.
 * @param shape of the images, [N, C, H, W]
 * @throws GradbookError when the columns are not those of such images
 *
 * @example
 * ```ts
 * import { col2im, im2col, Tensor } from "gradbook";
 *
 * const x = Tensor.from([[[[1, 1, 1]]]]); // [1, 1, 1, 3]
 * const columns = im2col(x, { kernel: [1, 2] });
 * console.log(col2im(columns, [1, 1, 1, 3], { kernel: [1, 2] }).data.join()); // 1,2,1
 * ```
 */
export function col2im(columns: Tensor, shape: Shape, config: Im2colConfig): Tensor {
  assertTensor("col2im", "columns", columns);
  assertShape("col2im", shape);
  const d = parse("col2im", shape, config);
  assertSameShape("col2im", "the matrix of columns", columns.shape, columnsShape(d));
  const x = Tensor.zeros(shape, columns.dtype);
  col2imForward(columns.data, x.data, d);
  return x;
}

/** columns[n, (c·KH + u)·KW + v, i·OW + j] = x[n, c, i·SH + u − PH, j·SW + v − PW], pixels outside the image being 0 */
function im2colForward(x: FloatArray, columns: FloatArray, d: Im2colDims): void {
  eachCopy(d, (pixel, place) => {
    columns[place] = x[pixel];
  });
}

/** x[n, c, i·SH + u − PH, j·SW + v − PW] += columns[n, (c·KH + u)·KW + v, i·OW + j]: added, because windows overlap */
function col2imForward(columns: FloatArray, x: FloatArray, d: Im2colDims): void {
  eachCopy(d, (pixel, place) => {
    x[pixel] += columns[place];
  });
}

/** Calls `copy` for every pixel inside the image that a window covers, with its places in x and in the columns. */
function eachCopy(d: Im2colDims, copy: (pixel: number, place: number) => void): void {
  const { N, C, H, W, OH, OW } = d;
  const [[KH, KW], [SH, SW], [PH, PW]] = [d.kernel, d.stride, d.pad];
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let u = 0; u < KH; u++)
        for (let v = 0; v < KW; v++)
          for (let i = 0; i < OH; i++) {
            const h = i * SH + u - PH;
            if (h < 0 || h >= H) continue;
            for (let j = 0; j < OW; j++) {
              const k = j * SW + v - PW;
              if (k < 0 || k >= W) continue;
              const row = (c * KH + u) * KW + v;
              copy(((n * C + c) * H + h) * W + k, ((n * C * KH * KW + row) * OH + i) * OW + j);
            }
          }
}

function parse(what: string, shape: Shape, config: Im2colConfig): Im2colDims {
  const { kernel, stride, pad } = options(what, im2colOptions, config);
  assertInput(what, shape, "N, C, H, W", undefined);
  const [N, C, H, W] = shape;
  const OH = windowCount(`${what} height`, H, kernel[0], stride[0], pad[0]);
  const OW = windowCount(`${what} width`, W, kernel[1], stride[1], pad[1]);
  return { N, C, H, W, kernel, stride, pad, OH, OW };
}

function columnsShape({ N, C, kernel, OH, OW }: Im2colDims): Shape {
  return [N, C * sizeOf(kernel), OH * OW];
}
