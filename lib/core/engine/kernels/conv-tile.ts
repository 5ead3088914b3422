import type { Layout } from "../memory.js";
import {
  add,
  and,
  type Expr,
  less,
  lessEqual,
  load,
  loadSplat,
  max,
  min,
  mul,
  sub,
  vec,
} from "../render/expr.js";
import type { Kernel } from "../render/program.js";

/** What a block of convolution outputs reads; all strides in bytes. */
export interface ConvTile {
  /** Neighbouring filters (output channels) computed together. */
  readonly filters: number;
  /** Neighbouring output rows computed together: 1 or 2. */
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
  readonly weights: ConvWeights;
  /** Rows of the input, counted from the block's first one, that are not pad: the others would add 0. */
  readonly inside?: readonly [from: Expr, to: Expr] | undefined;
}

/** How a block's weights stand in memory, in bytes. */
export interface ConvWeights {
  readonly filter: number;
  readonly row: number;
  readonly tap: number;
  readonly channel: number;
  /** Packed in this order for blocks of so many channels (see conv-pack): the channels are then the innermost loop. */
  readonly channelBlock?: number;
}

/**
 * y[f,i,j] = b[f] + Σ_c Σ_u Σ_v w[f,c,u,v] · x[c,i+u,j+v] for `filters × rows × lanes` outputs, kept in registers while
 * c, u and v run. Each turn of the innermost loop loads a few vectors of x and a few weights and uses each several times.
 * @param x address of the input under the block's first output and the kernel's first weight
 * @param w address of the first filter's first weight
 * @returns the sums by filter and row
 */
export function convTile(k: Kernel, t: ConvTile, x: Expr, w: Expr, bias: Expr | undefined): Expr[][] {
  const sums = Array.from({ length: t.filters }, (_, f) => {
    const start = bias === undefined ? vec(0) : loadSplat(add(bias, 4 * f));
    return Array.from({ length: t.rows }, () => k.letVector(t.lanes, start));
  });
  const [xc, wc] = [k.let(x), k.let(w)];
  const { channelBlock } = t.weights;
  if (channelBlock === undefined) {
    k.loop(0, t.channels, 1, () => {
      eachGroup(k, t, (joins, row, weightRow) => {
        const [xs, ws] = [k.let(add(xc, row * t.row)), k.let(add(wc, weightRow * t.weights.row))];
        k.loop(0, t.KW, 1, () => {
          accumulate(k, t, sums, joins, xs, ws);
          k.increase(xs, 4);
          k.increase(ws, t.weights.tap);
        });
      });
      k.increase(xc, t.plane);
      k.increase(wc, t.weights.channel);
    });
    return sums;
  }
  const channels = (count: number) => {
    const tap = 16 * count;
    const packed = { ...t, weights: { ...t.weights, row: t.KW * tap } };
    eachGroup(k, packed, (joins, row, weightRow) => {
      const [xv, wv] = [k.let(add(xc, row * t.row)), k.let(add(wc, weightRow * t.KW * tap))];
      k.loop(0, t.KW, 1, () => {
        const [xs, ws] = [k.let(xv), k.let(wv)];
        k.loop(0, count, 1, () => {
          accumulate(k, packed, sums, joins, xs, ws);
          k.increase(xs, t.plane);
          k.increase(ws, 16);
        });
        k.increase(xv, 4);
        k.increase(wv, tap);
      });
    });
    k.increase(xc, count * t.plane);
    k.increase(wc, t.KH * t.KW * tap);
  };
  for (const { from, to, step } of blocks(t.channels, channelBlock))
    k.loop(from, to, step, () => channels(step));
  return sums;
}

/** The block's row r meets the kernel's row u in the input's row r + u. */
interface Join {
  readonly r: number;
  readonly u: number;
}

/** One tap of one channel: every sum gets its product. Vectors and weights that several sums need are loaded once. */
function accumulate(k: Kernel, t: ConvTile, sums: Expr[][], joins: readonly Join[], x: Expr, w: Expr): void {
  const firstRow = Math.min(...joins.map(({ r, u }) => r + u));
  const firstWeight = lowestRow(t, joins);
  const pixels = new Map<number, Expr>();
  for (const { r, u } of joins)
    if (!pixels.has(r + u)) pixels.set(r + u, k.let(load(t.lanes, add(x, (r + u - firstRow) * t.row))));
  for (let f = 0; f < t.filters; f++) {
    const weights = new Map<number, Expr>();
    for (const { r, u } of joins) {
      const place = f * t.weights.filter + (u - firstWeight) * t.weights.row;
      const weight = weights.get(u) ?? k.let(loadSplat(add(w, place)));
      weights.set(u, weight);
      k.set(sums[f][r], add(sums[f][r], mul(pixels.get(r + u) ?? vec(0), weight)));
    }
  }
}

/** The kernel row whose weights stand first in memory: offsets of loads must not be negative. */
function lowestRow({ weights }: ConvTile, joins: readonly Join[]): number {
  const rows = joins.map(({ u }) => u);
  return weights.row < 0 ? Math.max(...rows) : Math.min(...rows);
}

/**
 * Groups the meetings of rows so that a group loads little: by the row of the input (one vector, several weights) or by
 * the row of the kernel (several vectors, one weight a filter). Rows of pad, which would add 0, are stepped over.
 */
function eachGroup(
  k: Kernel,
  t: ConvTile,
  visit: (joins: readonly Join[], row: number, weightRow: number) => void,
): void {
  const all = Array.from({ length: t.rows * t.KH }, (_, i) => ({ r: i % t.rows, u: Math.floor(i / t.rows) }));
  const parts = t.lanes / 4;
  const byInput = parts + t.filters * t.rows <= parts * t.rows + t.filters;
  const key = ({ r, u }: Join): number => (byInput ? r + u : u);
  for (let g = 0; g < t.KH + (byInput ? t.rows - 1 : 0); g++) {
    const joins = all.filter((join) => key(join) === g);
    const row = Math.min(...joins.map(({ r, u }) => r + u));
    const go = () => visit(joins, row, lowestRow(t, joins));
    if (t.inside !== undefined && (byInput || t.rows === 1))
      k.when(and(lessEqual(t.inside[0], row), less(row, t.inside[1])), go);
    else go();
  }
}

/** A block of columns: where it starts, its lanes, and how many of them are really outputs. */
export interface Columns {
  readonly from: number;
  readonly lanes: number;
  readonly count: number;
}

/** Cuts `width` columns into blocks of at most `most` lanes. */
export function cutColumns(width: number, most: number): Columns[] {
  const list: Columns[] = [];
  for (let from = 0; from < width; from += most) {
    const count = Math.min(most, width - from);
    list.push({ from, lanes: Math.ceil(count / 4) * 4, count });
  }
  return list;
}

/** Covers 0 … n − 1 with steps of `most` and, where n is no multiple of it, one shorter step. */
export function blocks(n: number, most: number): { from: number; to: number; step: number }[] {
  const even = n - (n % most);
  const list = [];
  if (even > 0) list.push({ from: 0, to: even, step: most });
  if (even < n) list.push({ from: even, to: n, step: n - even });
  return list;
}

/** Rows of the padded input that a block at output row i must read, relative to its first one; undefined without a pad. */
export function rowsInside(
  k: Kernel,
  { origin, row, H }: Layout,
  i: Expr,
  most: number,
): [Expr, Expr] | undefined {
  const pad = Math.floor(origin / row);
  if (pad === 0) return undefined;
  return [k.let(max(sub(pad, i), 0)), k.let(min(sub(pad + H, i), most))];
}
