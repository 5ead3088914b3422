import { type Buffer, roundUp, sampleAt } from "../memory.js";
import {
  add,
  addInts,
  and,
  type Expr,
  equalInts,
  evens,
  greater,
  i32,
  load,
  loadScalar,
  loadSplat,
  max,
  mul,
  notEqual,
  odds,
  select,
  shiftLeft,
  sumRows,
  twice,
  vec,
  vecBits,
  vecOf,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { convTile, cutColumns, rowsInside } from "./conv-tile.js";
import { firstLanes } from "./lanes.js";

export interface ConvPoolForward {
  readonly x: Buffer;
  /** Pooled maxima after ReLU, [F, OH/2, OW/2]. */
  readonly y: Buffer;
  /** For each maximum the byte offset of its place in its window, in rows of `winnerRow` bytes. */
  readonly winners: Buffer;
  readonly winnerRow: number;
  readonly weight: number;
  readonly bias: number | undefined;
  readonly relu: boolean;
  readonly C: number;
  readonly F: number;
  readonly KH: number;
  readonly KW: number;
}

/**
 * conv2d (stride 1) → ReLU → 2×2 max-pool in one pass: two output rows are convolved in registers and only their maxima
 * leave them. ReLU after the maximum is the maximum after ReLU, and where it is 0 no gradient flows, so the winner among
 * values ≤ 0 does not matter. Loops of conv2dForward, reluForward and maxPool2dForward.
 */
export function convPoolForward(p: Program, name: string, o: ConvPoolForward): Kernel {
  const { x, y, winners, C, F, KH, KW } = o;
  const { H: OH, W: OW } = y.layout;
  const taps = 4 * C * KH * KW;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      // the pad stands in front of the first pixel
      const input = k.let(add(sampleAt(x, n), -4 * x.layout.origin));
      const output = k.let(sampleAt(y, n));
      const places = k.let(sampleAt(winners, n));
      k.loop(0, F, 1, (f) => {
        const w = k.let(add(mul(f, taps), o.weight));
        const bias = o.bias === undefined ? undefined : k.let(add(mul(f, 4), o.bias));
        const [xi, yi, wi] = [k.let(input), k.let(output), k.let(places)];
        k.loop(0, OH, 1, (i) => {
          const inside = rowsInside(k, x.layout, mul(i, 2), KH + 1);
          for (const { from, count } of cutColumns(OW, 8)) {
            const tile = {
              filters: 1,
              rows: 2,
              inside,
              lanes: roundUp(2 * count, 4),
              KH,
              KW,
              channels: C,
              row: 4 * x.layout.row,
              plane: 4 * x.layout.plane,
              weights: { filter: taps, row: 4 * KW, tap: 4, channel: 4 * KH * KW },
            };
            const [[above, below]] = convTile(k, tile, add(xi, 8 * from), w, bias);
            const [best, place] = windowMaxima(k, above, below, o.winnerRow);
            k.store(add(yi, 4 * from), o.relu ? max(best, vec(0)) : best, count);
            k.store(add(wi, 4 * from), place, count);
          }
          k.increase(xi, 8 * x.layout.row);
          k.increase(yi, 4 * y.layout.row);
          k.increase(wi, 4 * winners.layout.row);
        });
        k.increase(output, 4 * y.layout.plane);
        k.increase(places, 4 * winners.layout.plane);
      });
    });
  });
}

/** Maxima of 2×2 windows and their places; first along the row, then down, so that the first of equals wins. */
export function windowMaxima(k: Kernel, above: Expr, below: Expr, row: number): [Expr, Expr] {
  const pair = (values: Expr): [Expr, Expr] => {
    const line = k.let(values);
    const [left, right] = [k.let(evens(line)), k.let(odds(line))];
    return [k.let(max(left, right)), k.let(and(greater(right, left), vecBits(4)))];
  };
  const [top, topPlace] = pair(above);
  const [bottom, bottomPlace] = pair(below);
  const lower = k.let(greater(bottom, top));
  const place = select(lower, addInts(bottomPlace, vecBits(row)), topPlace);
  return [k.let(max(top, bottom)), k.let(place)];
}

export interface ConvPoolBackwardWeight {
  readonly x: Buffer;
  /** Gradient by the pooled maxima, already 0 where ReLU was. Zero between its rows. */
  readonly dy: Buffer;
  readonly winners: Buffer;
  /** Gradients of piece 0; those of piece p stand `pieceBytes` · p before them. */
  readonly dw: number;
  readonly db: number | undefined;
  readonly pieceBytes: number;
  /** Memory for a piece's list: 8 bytes for each window of one filter. */
  readonly lists: number;
  readonly listBytes: number;
  readonly C: number;
  readonly F: number;
  readonly KH: number;
  readonly KW: number;
}

/**
 * dW[f,c,u,v] = Σ_n Σ_windows dy[window] · x[n,c,winner + (u,v)]: conv2dBackwardWeight, where only the winner of each 2×2
 * window has a gradient, and none where ReLU was 0. What is left, about an eighth of the positions, is listed first (place
 * in x and gradient); each entry then takes KH short vectors of x a channel.
 */
export function convPoolBackwardWeight(p: Program, name: string, o: ConvPoolBackwardWeight): Kernel {
  const { x, C, F, KH, KW } = o;
  const lanes = roundUp(KW, 4);
  const rowBytes = 4 * x.layout.row;
  // six sums and six vectors of x leave registers for the rest
  const group = Math.max(1, Math.min(KH, Math.floor(6 / (lanes / 4))));
  return p.define(name, 3, (k, piece, first, end) => {
    const shift = k.let(mul(piece, -o.pieceBytes));
    const list = k.let(add(mul(piece, o.listBytes), o.lists));
    k.loop(0, F, 1, (f) => {
      const listEnd = listWinners(k, o, f, list, first, end);
      k.loop(0, C, 1, (c) => {
        const out = k.let(add(add(mul(add(mul(f, C), c), 4 * KH * KW), shift), o.dw));
        for (let u0 = 0; u0 < KH; u0 += group) {
          const rows = Math.min(group, KH - u0);
          const sums = Array.from({ length: rows }, () => k.letVector(lanes, vec(0)));
          const offset = k.let(add(mul(c, 4 * x.layout.plane), u0 * rowBytes));
          k.loop(list, listEnd, 8, (entry) => {
            const at = k.let(add(loadScalar("i32", entry), offset));
            const grad = k.let(loadSplat(add(entry, 4)));
            for (let u = 0; u < rows; u++)
              k.set(sums[u], add(sums[u], mul(grad, load(lanes, add(at, u * rowBytes)))));
          });
          for (let u = 0; u < rows; u++) k.store(add(out, 4 * (u0 + u) * KW), sums[u], KW);
        }
      });
      if (o.db !== undefined) biasSum(k, o, f, o.db, shift, first, end);
    });
  });
}

/** Lists the winners of filter f with a gradient: address of the kernel's first pixel in channel 0, gradient. */
function listWinners(
  k: Kernel,
  { x, dy, winners }: ConvPoolBackwardWeight,
  f: Expr,
  list: Expr,
  first: Expr,
  end: Expr,
): Expr {
  const entry = k.let(list);
  k.loop(first, end, 1, (n) => {
    const pixels = k.let(add(sampleAt(x, n), -4 * x.layout.origin));
    const g = k.let(add(sampleAt(dy, n), mul(f, 4 * dy.layout.plane)));
    const place = k.let(add(sampleAt(winners, n), mul(f, 4 * winners.layout.plane)));
    k.loop(0, dy.layout.H, 1, () => {
      const [pj, gj, wj] = [k.let(pixels), k.let(g), k.let(place)];
      k.loop(0, dy.layout.W, 1, () => {
        const grad = k.let(loadScalar("i32", gj));
        k.store(entry, add(pj, loadScalar("i32", wj)));
        k.store(add(entry, 4), grad);
        // an entry without a gradient is overwritten by the next one
        k.increase(entry, shiftLeft(notEqual(grad, i32(0)), 3));
        k.increase(pj, 8);
        k.increase(gj, 4);
        k.increase(wj, 4);
      });
      k.increase(pixels, 8 * x.layout.row);
      k.increase(g, 4 * dy.layout.row);
      k.increase(place, 4 * winners.layout.row);
    });
  });
  return entry;
}

/** db[f] = Σ_n Σ_windows dy[window] */
function biasSum(
  k: Kernel,
  { dy }: ConvPoolBackwardWeight,
  f: Expr,
  db: number,
  shift: Expr,
  first: Expr,
  end: Expr,
): void {
  const sum = k.letVector(4, vec(0));
  k.loop(first, end, 1, (n) => {
    const g = k.let(add(sampleAt(dy, n), mul(f, 4 * dy.layout.plane)));
    k.loop(0, dy.layout.H, 1, () => {
      for (const { from, count } of cutColumns(dy.layout.W, 4))
        k.increase(sum, firstLanes(load(4, add(g, 4 * from)), count));
      k.increase(g, 4 * dy.layout.row);
    });
  });
  k.store(k.let(add(add(mul(f, 4), shift), db)), sumRows(sum, vec(0), vec(0), vec(0)), 1);
}

/**
 * The gradient by the convolution's output from that by the pooled maxima: each window's value at its winner's place,
 * 0 elsewhere.
 */
export function unpool(
  p: Program,
  name: string,
  o: { readonly dy: Buffer; readonly winners: Buffer; readonly winnerRow: number; readonly dx: Buffer },
): Kernel {
  const { dy, winners, dx } = o;
  const { C, H, W } = dy.layout;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const [g, place, out] = [k.let(sampleAt(dy, n)), k.let(sampleAt(winners, n)), k.let(sampleAt(dx, n))];
      k.loop(0, C, 1, () => {
        const [gi, pi, oi] = [k.let(g), k.let(place), k.let(out)];
        k.loop(0, H, 1, () => {
          for (const { from, count } of cutColumns(W, 4)) {
            const grads = k.let(twice(load(4, add(gi, 4 * from))));
            const places = k.let(twice(load(4, add(pi, 4 * from))));
            for (const row of [0, 1]) {
              const here = vecOf(
                [0, 4, 0, 4].map((c) => c + row * o.winnerRow) as [number, number, number, number],
              );
              k.store(
                add(oi, 4 * (row * dx.layout.row + 2 * from)),
                and(grads, equalInts(places, here)),
                2 * count,
              );
            }
          }
          k.increase(gi, 4 * dy.layout.row);
          k.increase(pi, 4 * winners.layout.row);
          k.increase(oi, 8 * dx.layout.row);
        });
        k.increase(g, 4 * dy.layout.plane);
        k.increase(place, 4 * winners.layout.plane);
        k.increase(out, 4 * dx.layout.plane);
      });
    });
  });
}
