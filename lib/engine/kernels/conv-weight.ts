import { type Buffer, sampleAt } from "../memory.js";
import { add, type Expr, i32, load, min, mul, sumRows, vec } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";

export interface ConvWeight {
  /** With a zero pad as `paddedLayout` makes it. */
  readonly x: Buffer;
  /** Gradient by the output; 0 between its rows, which begin at multiples of four floats. */
  readonly dy: Buffer;
  readonly dw: number;
  readonly db: number | undefined;
  readonly KH: number;
  readonly KW: number;
}

/** Filters whose gradients one task computes. */
export const FILTERS_PER_TASK = 4;

/** conv2dBackwardWeight and …Bias over the samples of a piece; the gradients of piece p stand `pieceBytes` · p before. */
export function convWeightOnPieces(p: Program, name: string, o: ConvWeight, pieceBytes: number): Kernel {
  return p.define(name, 3, (k, piece, first, end) => {
    const shift = k.let(mul(piece, -pieceBytes));
    filters(k, o, 0, o.dy.layout.C, first, end, shift);
  });
}

/** The same over the whole batch, for a few filters a task. */
export function convWeightOnTasks(p: Program, name: string, o: ConvWeight): Kernel {
  const F = o.dy.layout.C;
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const from = k.let(mul(task, FILTERS_PER_TASK));
    const to = k.let(min(add(from, FILTERS_PER_TASK), i32(F)));
    filters(k, o, from, to, i32(0), samples, i32(0));
  });
}

/**
 * dw[f,c,u,v] = Σ_n Σ_i Σ_j dy[n,f,i,j] · x[n,c,i+u,j+v], for two filters and up to three neighbouring taps at a time:
 * lane l sums the columns j ≡ l (mod 4), and the four lanes are added at the end.
 */
function filters(
  k: Kernel,
  o: ConvWeight,
  from: Expr | number,
  to: Expr | number,
  first: Expr,
  end: Expr,
  shift: Expr,
): void {
  const { x, KH, KW } = o;
  const C = x.layout.C;
  const pair = k.let(typeof from === "number" ? i32(from) : from);
  const last = k.let(typeof to === "number" ? i32(to) : to);
  const some = (f: Expr, count: number) => {
    // taps lie along a kernel row, or, for 1×1 kernels, in neighbouring channels
    const pointwise = KH * KW === 1;
    const along = pointwise ? { taps: C, bytes: 4 * x.layout.plane } : { taps: KW, bytes: 4 };
    const target = k.let(add(add(mul(f, 4 * C * KH * KW), shift), o.dw));
    const rowOfKernel = (c: Expr, u: Expr) => {
      for (const { from: v0, to: v1, step: taps } of blocks(along.taps, 3))
        k.loop(v0, v1, taps, (v) => {
          const offset = add(add(mul(c, 4 * x.layout.plane), mul(u, 4 * x.layout.row)), mul(v, along.bytes));
          const sums = tapSums(k, o, f, count, taps, along.bytes, k.let(offset), first, end);
          const out = k.let(add(add(target, mul(add(mul(c, KH), u), 4 * KW)), mul(v, 4)));
          for (let g = 0; g < count; g++) {
            const row = sums[g];
            const sum = sumRows(row[0], row[1] ?? vec(0), row[2] ?? vec(0), vec(0));
            k.store(add(out, 4 * g * C * KH * KW), sum, taps);
          }
        });
    };
    if (!pointwise) k.loop(0, C, 1, (c) => k.loop(0, KH, 1, (u) => rowOfKernel(c, u)));
    else rowOfKernel(i32(0), i32(0));
    if (o.db !== undefined) {
      for (let g = 0; g < count; g++) biasSum(k, o, k.let(add(f, g)), first, end, shift, o.db);
    }
  };
  k.loop(pair, k.let(add(last, -1)), 2, (f) => {
    some(f, 2);
    k.set(pair, add(f, 2));
  });
  k.loop(pair, last, 1, (f) => some(f, 1));
}

/** Σ over samples and positions of dy of `count` filters times x at `taps` places, by filter and tap. */
function tapSums(
  k: Kernel,
  { x, dy }: ConvWeight,
  f: Expr,
  count: number,
  taps: number,
  tapBytes: number,
  offset: Expr,
  first: Expr,
  end: Expr,
): Expr[][] {
  const { H: OH, W: OW } = dy.layout;
  const sums = Array.from({ length: count }, () =>
    Array.from({ length: taps }, () => k.letVector(4, vec(0))),
  );
  k.loop(first, end, 1, (n) => {
    const pixels = k.let(add(add(sampleAt(x, n), offset), -4 * x.layout.origin));
    const slopes = k.let(add(sampleAt(dy, n), mul(f, 4 * dy.layout.plane)));
    k.loop(0, OH, 1, () => {
      const [xj, gj] = [k.let(pixels), k.let(slopes)];
      k.loop(0, OW, 4, () => {
        const gs = Array.from({ length: count }, (_, g) => k.let(load(4, add(gj, 4 * g * dy.layout.plane))));
        for (let v = 0; v < taps; v++) {
          const values = k.let(load(4, add(xj, v * tapBytes)));
          for (const [g, slope] of gs.entries()) k.set(sums[g][v], add(sums[g][v], mul(slope, values)));
        }
        k.increase(xj, 16);
        k.increase(gj, 16);
      });
      k.increase(pixels, 4 * x.layout.row);
      k.increase(slopes, 4 * dy.layout.row);
    });
  });
  return sums;
}

/** db[f] = Σ_n Σ_i Σ_j dy[n,f,i,j] */
function biasSum(
  k: Kernel,
  { dy }: ConvWeight,
  f: Expr,
  first: Expr,
  end: Expr,
  shift: Expr,
  db: number,
): void {
  const sum = k.letVector(4, vec(0));
  k.loop(first, end, 1, (n) => {
    const slopes = k.let(add(sampleAt(dy, n), mul(f, 4 * dy.layout.plane)));
    k.loop(0, dy.layout.H, 1, () => {
      k.loop(0, 4 * dy.layout.W, 16, (j) => k.increase(sum, load(4, add(slopes, j))));
      k.increase(slopes, 4 * dy.layout.row);
    });
  });
  k.store(k.let(add(add(mul(f, 4), shift), db)), sumRows(sum, vec(0), vec(0), vec(0)), 1);
}
