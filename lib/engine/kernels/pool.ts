import { type Buffer, sampleAt } from "../memory.js";
import {
  add,
  div,
  type Expr,
  equal,
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
  odds,
  or,
  sub,
  twice,
  vec,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { Pool2dSpec } from "../spec.js";
import { blocks } from "./conv-tile.js";
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
      eachWindow(k, o, n, (window, out) => {
        const best = k.let(f32(Number.NEGATIVE_INFINITY));
        const winner = k.let(-1);
        eachPixel(k, o, window, (at) => {
          const value = k.let(loadScalar("f32", at));
          // a NaN wins too, so that it is seen instead of swallowed
          const better = or(or(less(winner, i32(0)), greater(value, best)), sub(i32(1), equal(value, value)));
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
