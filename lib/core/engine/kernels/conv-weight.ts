import { type Buffer, roundUp, sampleAt } from "../memory.js";
import { add, div, type Expr, equal, i32, load, min, mul, rem, sumRows, vec } from "../render/expr.js";
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

/** Filters and channels whose weights' gradients one task computes: their values stay in the second-level cache. */
const TASK_FILTERS = 32;
const TASK_CHANNELS = 32;

/** conv2dBackwardWeight and …Bias over the samples of a piece; the gradients of piece p stand `pieceBytes` · p before. */
export function convWeightOnPieces(p: Program, name: string, o: ConvWeight, pieceBytes: number): Kernel {
  const { x, dy } = o;
  return p.define(name, 3, (k, piece, first, end) => {
    const shift = k.let(mul(piece, -pieceBytes));
    const all = { filters: [i32(0), i32(dy.layout.C)], channels: [i32(0), i32(x.layout.C)] } as const;
    weightSums(k, o, { ...all, samples: [first, end], shift });
    if (o.db !== undefined) biasSums(k, o, o.db, { ...all, samples: [first, end], shift });
  });
}

export const convWeightTasks = (F: number, C: number): number =>
  Math.ceil(F / TASK_FILTERS) * Math.ceil(C / TASK_CHANNELS);

/** The same over the whole batch, for some filters and channels a task. */
export function convWeightOnTasks(p: Program, name: string, o: ConvWeight): Kernel {
  const [F, C] = [o.dy.layout.C, o.x.layout.C];
  const columns = i32(Math.ceil(C / TASK_CHANNELS));
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const f = k.let(mul(div(task, columns), TASK_FILTERS));
    const c = k.let(mul(rem(task, columns), TASK_CHANNELS));
    const share: Share = {
      filters: [f, k.let(min(add(f, TASK_FILTERS), i32(F)))],
      channels: [c, k.let(min(add(c, TASK_CHANNELS), i32(C)))],
      samples: [i32(0), samples],
      shift: i32(0),
    };
    weightSums(k, o, share);
    const { db } = o;
    if (db !== undefined) k.when(equal(c, i32(0)), () => biasSums(k, o, db, share));
  });
}

/** What one call computes: from … to − 1 of each, into gradients that stand `shift` bytes from their place. */
interface Share {
  readonly filters: readonly [Expr, Expr];
  readonly channels: readonly [Expr, Expr];
  readonly samples: readonly [Expr, Expr];
  readonly shift: Expr;
}

/**
 * dw[f,c,u,v] = Σ_n Σ_i Σ_j dy[n,f,i,j] · x[n,c,i+u,j+v], for two filters and up to three neighbouring taps at a time:
 * lane l sums the columns j ≡ l (mod 4), and the four lanes are added at the end. Taps are neighbours along a kernel
 * row, or, for 1×1 kernels, in neighbouring channels.
 */
function weightSums(k: Kernel, o: ConvWeight, share: Share): void {
  const { x, KH, KW } = o;
  const C = x.layout.C;
  const taps = KH * KW;
  const base = k.let(add(share.shift, o.dw));
  const someTaps = (count: number, tapBytes: number, offset: Expr, place: Expr) => {
    const store = (f: Expr, filters: number) => {
      const sums = tapSums(k, o, f, filters, count, tapBytes, offset, share.samples);
      const out = k.let(add(add(base, mul(f, 4 * C * taps)), place));
      for (const [g, row] of sums.entries()) {
        const sum = sumRows(row[0], row[1] ?? vec(0), row[2] ?? vec(0), vec(0));
        k.store(add(out, 4 * g * C * taps), sum, count);
      }
    };
    const [from, to] = share.filters;
    const left = k.let(from);
    k.loop(from, k.let(add(to, -1)), 2, (f) => {
      store(f, 2);
      k.set(left, add(f, 2));
    });
    k.loop(left, to, 1, (f) => store(f, 1));
  };
  if (taps === 1) {
    const [from, to] = share.channels;
    const left = k.let(from);
    k.loop(from, k.let(add(to, -2)), 3, (c) => {
      someTaps(3, 4 * x.layout.plane, k.let(mul(c, 4 * x.layout.plane)), k.let(mul(c, 4)));
      k.set(left, add(c, 3));
    });
    k.loop(left, to, 1, (c) => someTaps(1, 0, k.let(mul(c, 4 * x.layout.plane)), k.let(mul(c, 4))));
    return;
  }
  k.loop(share.channels[0], share.channels[1], 1, (c) => {
    k.loop(0, KH, 1, (u) => {
      for (const { from, to, step } of blocks(KW, 3))
        k.loop(from, to, step, (v) => {
          const offset = add(mul(c, 4 * x.layout.plane), add(mul(u, 4 * x.layout.row), mul(v, 4)));
          someTaps(step, 4, k.let(offset), k.let(mul(add(mul(add(mul(c, KH), u), KW), v), 4)));
        });
    });
  });
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
  [first, end]: readonly [Expr, Expr],
): Expr[][] {
  // rows of both that fill whole vectors, as long as each other, are one long row
  const { row } = dy.layout;
  const flat = row === x.layout.row && row === roundUp(dy.layout.W, 4);
  const [OH, OW] = flat ? [1, dy.layout.H * row] : [dy.layout.H, dy.layout.W];
  const sums = Array.from({ length: count }, () =>
    Array.from({ length: taps }, () => k.letVector(4, vec(0))),
  );
  const ofFilter = k.let(mul(f, 4 * dy.layout.plane));
  k.loop(first, end, 1, (n) => {
    const pixels = k.let(add(add(sampleAt(x, n), offset), -4 * x.layout.origin));
    const grads = k.let(add(sampleAt(dy, n), ofFilter));
    k.loop(0, OH, 1, () => {
      const [xj, gj] = OW > 4 ? [k.let(pixels), k.let(grads)] : [pixels, grads];
      k.loop(0, OW, 4, () => {
        const gs = sums.map((_, g) => k.let(load(4, add(gj, 4 * g * dy.layout.plane))));
        for (let v = 0; v < taps; v++) {
          const values = k.let(load(4, add(xj, v * tapBytes)));
          for (const [g, grad] of gs.entries()) k.set(sums[g][v], add(sums[g][v], mul(grad, values)));
        }
        if (OW <= 4) return;
        k.increase(xj, 16);
        k.increase(gj, 16);
      });
      k.increase(pixels, 4 * x.layout.row);
      k.increase(grads, 4 * dy.layout.row);
    });
  });
  return sums;
}

/** db[f] = Σ_n Σ_i Σ_j dy[n,f,i,j] */
function biasSums(k: Kernel, { dy }: ConvWeight, db: number, share: Share): void {
  const base = k.let(add(share.shift, db));
  k.loop(share.filters[0], share.filters[1], 1, (f) => {
    const sum = k.letVector(4, vec(0));
    k.loop(share.samples[0], share.samples[1], 1, (n) => {
      const grads = k.let(add(sampleAt(dy, n), mul(f, 4 * dy.layout.plane)));
      k.loop(0, dy.layout.H, 1, () => {
        k.loop(0, 4 * dy.layout.W, 16, (j) => k.increase(sum, load(4, add(grads, j))));
        k.increase(grads, 4 * dy.layout.row);
      });
    });
    k.store(add(base, mul(f, 4)), sumRows(sum, vec(0), vec(0), vec(0)), 1);
  });
}
