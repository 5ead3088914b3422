import { type Buffer, sampleAt } from "../memory.js";
import { add, and, type Expr, f32, greaterEqual, i32, less, loadScalar, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { Conv2dSpec } from "../spec.js";
import { clearSample } from "./copy.js";

export interface Im2col {
  readonly spec: Conv2dSpec;
  readonly x: Buffer;
  /** [C·KH·KW, 1, OH·OW] */
  readonly columns: Buffer;
  readonly OH: number;
  readonly OW: number;
}

/** col[(c·KH + u)·KW + v][i·OW + j] = x[c, i·SH + u − PH, j·SW + v − PW], 0 outside the image. */
export function im2col(p: Program, name: string, o: Im2col): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      eachTap(k, o, n, (column, pixel, inside) => {
        k.store(column, f32(0));
        k.when(inside, () => k.store(column, loadScalar("f32", pixel)));
      });
    });
  });
}

/** dx[c,h,w] = Σ of the columns' gradients over all places to which im2col copied the pixel. */
export function col2im(p: Program, name: string, o: Im2col): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      clearSample(k, o.x, n);
      eachTap(k, o, n, (column, pixel, inside) => {
        k.when(inside, () => k.store(pixel, add(loadScalar("f32", pixel), loadScalar("f32", column))));
      });
    });
  });
}

/** Visits all elements of the columns with the pixel that they come from and whether it lies in the image. */
function eachTap(
  k: Kernel,
  { spec, x, columns, OH, OW }: Im2col,
  n: Expr,
  visit: (column: Expr, pixel: Expr, inside: Expr) => void,
): void {
  const [[KH, KW], [SH, SW], [PH, PW]] = [spec.kernel, spec.stride, spec.pad];
  const { H, W, row, plane } = x.layout;
  const channel = k.let(sampleAt(x, n));
  const columnRow = k.let(sampleAt(columns, n));
  k.loop(0, x.layout.C, 1, () => {
    k.loop(0, KH, 1, (u) => {
      k.loop(0, KW, 1, (v) => {
        const column = k.let(columnRow);
        k.loop(0, OH, 1, (i) => {
          const h = k.let(add(mul(i, SH), add(u, -PH)));
          const line = k.let(add(channel, mul(h, 4 * row)));
          const inRow = k.let(and(greaterEqual(h, i32(0)), less(h, i32(H))));
          k.loop(0, OW, 1, (j) => {
            const w = k.let(add(mul(j, SW), add(v, -PW)));
            const inside = and(inRow, and(greaterEqual(w, i32(0)), less(w, i32(W))));
            visit(column, k.let(add(line, mul(w, 4))), inside);
            k.increase(column, 4);
          });
        });
        k.increase(columnRow, 4 * columns.layout.plane);
      });
    });
    k.increase(channel, 4 * plane);
  });
}
