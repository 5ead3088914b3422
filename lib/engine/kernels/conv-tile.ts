import { add, type Expr, load, loadSplat, mul, vec } from "../render/expr.js";
import type { Kernel } from "../render/program.js";

/** What a block of convolution outputs reads; all strides in bytes. */
export interface ConvTile {
  /** Neighbouring filters (output channels) computed together. */
  readonly filters: number;
  /** Neighbouring output rows computed together. */
  readonly rows: number;
  /** Output columns of the block: 4, 8, 12 or 16. */
  readonly lanes: number;
  readonly KH: number;
  readonly KW: number;
  /** Channels that are summed over. */
  readonly channels: number;
  /** From one row of the input to the next, from one channel to the next. */
  readonly row: number;
  readonly plane: number;
  /** From one channel's weights to the next. */
  readonly weightChannel: number;
  /** Place of the weight of filter f (within the block), row u, column v. */
  weight(f: number, u: number, v: number): number;
}

/**
 * y[f,i,j] = b[f] + Σ_c Σ_u Σ_v w[f,c,u,v] · x[c,i+u,j+v] for `filters × rows × lanes` outputs, kept in registers while
 * c, u, v run in the definition's order; each vector of x is read once and used for every filter and row it touches.
 * @param x address of the input under the block's first output and the kernel's first weight
 * @returns the sums by filter and row
 */
export function convTile(k: Kernel, t: ConvTile, x: Expr, w: Expr, bias: Expr | undefined): Expr[][] {
  const sums = Array.from({ length: t.filters }, (_, f) => {
    const start = bias === undefined ? vec(0) : loadSplat(add(bias, 4 * f));
    return Array.from({ length: t.rows }, () => k.letVector(t.lanes, start));
  });
  const channel = (x: Expr, w: Expr) => {
    for (let q = 0; q < t.rows + t.KH - 1; q++) {
      const xv = k.let(add(x, q * t.row));
      const wv = k.let(add(w, t.weight(0, Math.max(0, q - t.rows + 1), 0)));
      k.loop(0, t.KW, 1, () => {
        const pixels = k.let(load(t.lanes, xv));
        for (let f = 0; f < t.filters; f++)
          for (let r = 0; r < t.rows; r++) {
            const u = q - r;
            if (u < 0 || u >= t.KH) continue;
            const weight = k.let(
              loadSplat(add(wv, t.weight(f, u, 0) - t.weight(0, Math.max(0, q - t.rows + 1), 0))),
            );
            k.set(sums[f][r], add(sums[f][r], mul(pixels, weight)));
          }
        k.increase(xv, 4);
        k.increase(wv, t.weight(0, 0, 1) - t.weight(0, 0, 0));
      });
    }
  };
  if (t.channels === 1) channel(x, w);
  else {
    const [xc, wc] = [k.let(x), k.let(w)];
    k.loop(0, t.channels, 1, () => {
      channel(xc, wc);
      k.increase(xc, t.plane);
      k.increase(wc, t.weightChannel);
    });
  }
  return sums;
}

/** A block of columns: where it starts, its lanes, and how many of them are really outputs. */
export interface Columns {
  readonly from: number;
  readonly lanes: number;
  readonly count: number;
}

/** Cuts `width` columns into blocks of at most `most` lanes. */
export function cutColumns(width: number, most: number): Columns[] {
  const blocks: Columns[] = [];
  for (let from = 0; from < width; from += most) {
    const count = Math.min(most, width - from);
    blocks.push({ from, lanes: Math.ceil(count / 4) * 4, count });
  }
  return blocks;
}

/** Covers 0 … n − 1 with steps of `most` and, where n is no multiple of it, one shorter step. */
export function blocks(n: number, most: number): { from: number; to: number; step: number }[] {
  const even = n - (n % most);
  const list = [];
  if (even > 0) list.push({ from: 0, to: even, step: most });
  if (even < n) list.push({ from: even, to: n, step: n - even });
  return list;
}
