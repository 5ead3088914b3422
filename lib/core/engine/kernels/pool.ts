import { type Buffer, sampleAt } from "../memory.js";
import {
  add,
  addInts,
  and,
  div,
  type Expr,
  evens,
  f32,
  greater,
  i32,
  less,
  load,
  loadScalar,
  max,
  min,
  mul,
  notEqual,
  odds,
  or,
  select,
  splat,
  sub,
  twice,
  vec,
  vecOf,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { Pool2dSpec } from "../spec.js";
import { windowMaxima } from "./conv-pool.js";
import { blocks, cutColumns } from "./conv-tile.js";
import { clearSample } from "./copy.js";

export interface Pool {
  readonly spec: Pool2dSpec;
  readonly x: Buffer;
  readonly y: Buffer;
}

/** maxPool2dForward; `winners` keeps the byte offset of each maximum from its sample's first element. */
export function maxPoolForward(p: Program, name: string, o: Pool, winners: Buffer): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const base = k.let(sampleAt(o.x, n));
      const place = k.let(sampleAt(winners, n));
      if (isHalving(o)) {
        eachPair(k, o.x, o.y, n, (top, bottom, out, lanes, count) => {
          const [best, winner] = windowMaxima(
            k,
            load(2 * lanes, top),
            load(2 * lanes, bottom),
            4 * o.x.layout.row,
          );
          // the windows' first pixels lie 8 bytes apart
          const corner = addInts(splat(sub(top, base)), vecOf([0, 8, 16, 24]));
          k.store(out, best, count);
          k.store(place, addInts(winner, corner), count);
          k.increase(place, 4 * count);
        });
        return;
      }
      if (o.spec.stride[1] <= 2) {
        vectorMaxima(k, o, n, base, place);
        return;
      }
      eachWindow(k, o, n, (window, out) => {
        const best = k.let(f32(Number.NEGATIVE_INFINITY));
        const winner = k.let(-1);
        eachPixel(k, o, window, (at) => {
          const value = k.let(loadScalar("f32", at));
          // a NaN wins too, so that it is seen instead of swallowed
          const better = or(or(less(winner, i32(0)), greater(value, best)), notEqual(value, value));
          k.when(better, () => {
            k.set(best, value);
            k.set(winner, sub(at, base));
          });
        });
        k.store(out, best);
        k.store(place, winner);
        k.increase(place, 4);
      });
    });
  });
}

/** Four neighbouring windows at a time, for strides of 1 and 2; which taps lie outside the image is known beforehand. */
function vectorMaxima(k: Kernel, o: Pool, n: Expr, base: Expr, place: Expr): void {
  const { spec, x, y } = o;
  const [[KH, KW], [SH, SW], [PH, PW]] = [spec.kernel, spec.stride, spec.pad];
  const { H, W, row, plane } = x.layout;
  const [channel, output] = [k.let(sampleAt(x, n)), k.let(sampleAt(y, n))];
  k.loop(0, y.layout.C, 1, () => {
    const out = k.let(output);
    k.loop(0, y.layout.H, 1, (i) => {
      const start = k.let(add(mul(i, SH), -PH));
      const [from, to] = [k.let(max(start, i32(0))), k.let(min(add(start, KH), i32(H)))];
      for (const { from: j, count } of cutColumns(y.layout.W, 4)) {
        const column = (lane: number, v: number): number => (j + lane) * SW + v - PW;
        const firstPixel = k.let(sub(add(channel, mul(from, 4 * row)), base));
        const best = k.letVector(4, vec(Number.NEGATIVE_INFINITY));
        const winner = k.let(
          addInts(splat(firstPixel), vecOf(lanes4((lane) => 4 * Math.max(0, column(lane, 0))))),
        );
        k.loop(from, to, 1, (h) => {
          const line = k.let(add(channel, mul(h, 4 * row)));
          const here = k.let(splat(sub(line, base)));
          for (let v = 0; v < KW; v++) {
            const inside = lanes4((lane) => (column(lane, v) >= 0 && column(lane, v) < W ? -1 : 0));
            if (inside.every((bit) => bit === 0)) continue;
            const at = k.let(add(line, 4 * column(0, v)));
            const values = k.let(SW === 1 ? load(4, at) : evens(load(8, at)));
            const wins = or(greater(values, best), notEqual(values, values));
            const better = k.let(inside.includes(0) ? and(wins, vecOf(inside)) : wins);
            k.set(best, select(better, values, best));
            const offsets = addInts(here, vecOf(lanes4((lane) => 4 * column(lane, v))));
            k.set(winner, select(better, offsets, winner));
          }
        });
        k.store(add(out, 4 * j), best, count);
        k.store(add(place, 4 * j), winner, count);
      }
      k.increase(out, 4 * y.layout.row);
      k.increase(place, 4 * y.layout.W);
    });
    k.increase(channel, 4 * plane);
    k.increase(output, 4 * y.layout.plane);
  });
}

const lanes4 = (value: (lane: number) => number): [number, number, number, number] => [
  value(0),
  value(1),
  value(2),
  value(3),
];

/** maxPool2dBackwardInput: each window's gradient goes to its winner. */
export function maxPoolBackward(
  p: Program,
  name: string,
  o: { readonly dy: Buffer; readonly dx: Buffer },
  winners: Buffer,
): Kernel {
  const { dy, dx } = o;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      clearSample(k, dx, n);
      const [base, place] = [k.let(sampleAt(dx, n)), k.let(sampleAt(winners, n))];
      eachElement(k, dy, n, (at) => {
        const target = k.let(add(base, loadScalar("i32", place)));
        k.store(target, add(loadScalar("f32", target), loadScalar("f32", at)));
        k.increase(place, 4);
      });
    });
  });
}

/** avgPool2dForward: the sum of a window by KH·KW, pixels outside the image counting as 0. */
export function avgPoolForward(p: Program, name: string, o: Pool): Kernel {
  const [KH, KW] = o.spec.kernel;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      if (isHalving(o)) {
        eachPair(k, o.x, o.y, n, (top, bottom, out, lanes, count) => {
          const sum = k.let(add(pairSums(k, top, lanes), pairSums(k, bottom, lanes)));
          k.store(out, mul(sum, vec(0.25)), count);
        });
        return;
      }
      eachWindow(k, o, n, (window, out) => {
        const sum = k.let(f32(0));
        eachPixel(k, o, window, (at) => k.increase(sum, loadScalar("f32", at)));
        k.store(out, div(sum, f32(KH * KW)));
      });
    });
  });
}

/** avgPool2dBackwardInput: each window spreads its gradient evenly over its pixels. */
export function avgPoolBackward(
  p: Program,
  name: string,
  o: { readonly spec: Pool2dSpec; readonly dy: Buffer; readonly dx: Buffer },
): Kernel {
  const { spec, dy, dx } = o;
  const [KH, KW] = spec.kernel;
  const pool = { spec, x: dx, y: dy };
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      if (isHalving(pool)) {
        eachPair(k, dx, dy, n, (top, bottom, out, lanes, count) => {
          const share = k.let(mul(load(lanes, out), vec(0.25)));
          k.store(top, twice(share), 2 * count);
          k.store(bottom, twice(share), 2 * count);
        });
        return;
      }
      clearSample(k, dx, n);
      eachWindow(k, pool, n, (window, out) => {
        const share = k.let(div(loadScalar("f32", out), f32(KH * KW)));
        eachPixel(k, pool, window, (at) => k.store(at, add(loadScalar("f32", at), share)));
      });
    });
  });
}

/** 2×2 windows side by side that cover the image exactly: then four outputs are computed at once. */
function isHalving({ spec, x, y }: Pool): boolean {
  const { kernel, stride, pad } = spec;
  const sizes = [...kernel, ...stride].every((n) => n === 2) && pad[0] + pad[1] === 0;
  return sizes && x.layout.W === 2 * y.layout.W && x.layout.H === 2 * y.layout.H;
}

function pairSums(k: Kernel, row: Expr, lanes: number): Expr {
  const values = k.let(load(2 * lanes, row));
  return add(evens(values), odds(values));
}

/** Four neighbouring outputs at a time: the two input rows above them, the place of the outputs and their number. */
function eachPair(
  k: Kernel,
  x: Buffer,
  y: Buffer,
  n: Expr,
  visit: (top: Expr, bottom: Expr, out: Expr, lanes: number, count: number) => void,
): void {
  const [input, output] = [k.let(sampleAt(x, n)), k.let(sampleAt(y, n))];
  k.loop(0, y.layout.C, 1, () => {
    const [xi, yi] = [k.let(input), k.let(output)];
    k.loop(0, y.layout.H, 1, () => {
      for (const { from, to, step } of blocks(y.layout.W, 4))
        k.loop(from, to, step, (j) => {
          const top = k.let(add(xi, mul(j, 8)));
          visit(top, add(top, 4 * x.layout.row), k.let(add(yi, mul(j, 4))), 4, step);
        });
      k.increase(xi, 8 * x.layout.row);
      k.increase(yi, 4 * y.layout.row);
    });
    k.increase(input, 4 * x.layout.plane);
    k.increase(output, 4 * y.layout.plane);
  });
}

/** A window: its channel's first pixel, and the rows and columns of it that lie in the image, from … to − 1. */
interface Window {
  readonly channel: Expr;
  readonly rows: readonly [Expr, Expr];
  readonly columns: readonly [Expr, Expr];
}

/** All windows of a sample in row-major order, with the place of their output. */
function eachWindow(k: Kernel, o: Pool, n: Expr, visit: (window: Window, out: Expr) => void): void {
  const { spec, x, y } = o;
  const [[KH, KW], [SH, SW], [PH, PW]] = [spec.kernel, spec.stride, spec.pad];
  const [channel, output] = [k.let(sampleAt(x, n)), k.let(sampleAt(y, n))];
  const clip = (i: Expr, stride: number, pad: number, kernel: number, size: number): [Expr, Expr] => {
    const start = k.let(add(mul(i, stride), -pad));
    return [k.let(max(start, i32(0))), k.let(min(add(start, kernel), i32(size)))];
  };
  k.loop(0, y.layout.C, 1, () => {
    const row = k.let(output);
    k.loop(0, y.layout.H, 1, (i) => {
      const out = k.let(row);
      const rows = clip(i, SH, PH, KH, x.layout.H);
      k.loop(0, y.layout.W, 1, (j) => {
        visit({ channel, rows, columns: clip(j, SW, PW, KW, x.layout.W) }, out);
        k.increase(out, 4);
      });
      k.increase(row, 4 * y.layout.row);
    });
    k.increase(channel, 4 * x.layout.plane);
    k.increase(output, 4 * y.layout.plane);
  });
}

function eachPixel(
  k: Kernel,
  { x }: Pool,
  { channel, rows, columns }: Window,
  visit: (at: Expr) => void,
): void {
  k.loop(rows[0], rows[1], 1, (h) => {
    const line = k.let(add(channel, mul(h, 4 * x.layout.row)));
    k.loop(columns[0], columns[1], 1, (w) => visit(k.let(add(line, mul(w, 4)))));
  });
}

/** All elements of a sample in row-major order. */
function eachElement(k: Kernel, buffer: Buffer, n: Expr, visit: (at: Expr) => void): void {
  const { C, H, W, row, plane } = buffer.layout;
  const channel = k.let(sampleAt(buffer, n));
  k.loop(0, C, 1, () => {
    const line = k.let(channel);
    k.loop(0, H, 1, () => {
      k.loop(0, 4 * W, 4, (j) => visit(k.let(add(line, j))));
      k.increase(line, 4 * row);
    });
    k.increase(channel, 4 * plane);
  });
}
