import { type Buffer, features, sampleAt } from "../memory.js";
import { add, and, type Expr, load, loadSplat, mul, sub, sumRows, vec } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks, cutColumns } from "./conv-tile.js";

/**
 * Linear layers that are small enough for a core's own cache: the few samples of a piece are multiplied with the weights
 * as they stand, [O, I].
 */
export interface LinearSmall {
  /** Dense, [I]; 0 behind its end up to a multiple of four. */
  readonly x: Buffer;
  readonly y: Buffer;
  readonly weight: number;
  readonly bias: number | undefined;
}

/** y[n,o] = b[o] + Σ_i w[o,i] · x[n,i]: linearForward, four outputs of two samples at a time. */
export function linearSmallForward(p: Program, name: string, o: LinearSmall): Kernel {
  const { x, y } = o;
  const [I, O] = [features(x), features(y)];
  const rowBytes = 4 * I;
  return p.define(name, 3, (k, _piece, first, end) => {
    const samples = (n: Expr, count: number) => {
      const inputs = Array.from({ length: count }, (_, s) => k.let(sampleAt(x, add(n, s))));
      const outputs = Array.from({ length: count }, (_, s) => k.let(sampleAt(y, add(n, s))));
      for (const { from, to, step } of blocks(O, 4)) {
        k.loop(from, to, step, (row) => {
          const w = k.let(add(mul(row, rowBytes), o.weight));
          const sums = inputs.map(() => Array.from({ length: step }, () => k.letVector(4, vec(0))));
          const [wi, xi] = [k.let(w), inputs.map((input) => k.let(input))];
          k.loop(0, I, 4, () => {
            const xs = xi.map((at) => k.let(load(4, at)));
            for (let r = 0; r < step; r++) {
              const weights = k.let(load(4, add(wi, r * rowBytes)));
              for (const [s, values] of xs.entries())
                k.set(sums[s][r], add(sums[s][r], mul(weights, values)));
            }
            k.increase(wi, 16);
            for (const at of xi) k.increase(at, 16);
          });
          for (const [s, output] of outputs.entries()) {
            const [a, b, c, d] = Array.from({ length: 4 }, (_, r) => sums[s][r] ?? vec(0));
            const y4 = k.let(sumRows(a, b, c, d));
            const biased = o.bias === undefined ? y4 : add(y4, load(4, add(mul(row, 4), o.bias)));
            k.store(add(output, mul(row, 4)), biased, step);
          }
        });
      }
    };
    pairs(k, first, end, samples);
  });
}

/** dx[n,i] = Σ_o dy[n,o] · w[o,i]: linearBackwardInput, sixteen inputs of two samples at a time. */
export function linearSmallBackwardInput(
  p: Program,
  name: string,
  o: { readonly dy: Buffer; readonly dx: Buffer; readonly weight: number },
): Kernel {
  const { dx, dy } = o;
  const [I, O] = [features(dx), features(dy)];
  return p.define(name, 3, (k, _piece, first, end) => {
    pairs(k, first, end, (n, count) => {
      const grads = Array.from({ length: count }, (_, s) => k.let(sampleAt(dy, add(n, s))));
      const outputs = Array.from({ length: count }, (_, s) => k.let(sampleAt(dx, add(n, s))));
      for (const { from, to, step } of blocks(I, 16)) {
        const lanes = Math.ceil(step / 4) * 4;
        k.loop(from, to, step, (i) => {
          const w = k.let(add(mul(i, 4), o.weight));
          const gs = grads.map((at) => k.let(at));
          const sums = outputs.map(() => k.letVector(lanes, vec(0)));
          k.loop(0, O, 1, () => {
            const weights = k.let(load(lanes, w));
            for (const [s, at] of gs.entries()) {
              const g = k.let(loadSplat(at));
              k.set(sums[s], add(sums[s], mul(g, weights)));
              k.increase(at, 4);
            }
            k.increase(w, 4 * I);
          });
          for (const [s, output] of outputs.entries()) k.store(add(output, mul(i, 4)), sums[s], step);
        });
      }
    });
  });
}

export interface LinearSmallBackwardWeight {
  readonly x: Buffer;
  readonly dy: Buffer;
  /** Gradients of piece 0; those of piece p stand `pieceBytes` · p before them. */
  readonly dw: number;
  readonly db: number | undefined;
  readonly pieceBytes: number;
}

/** dw[o,i] = Σ_n dy[n,o] · x[n,i] and db[o] = Σ_n dy[n,o] over the samples of a piece: linearBackwardWeight, …Bias. */
export function linearSmallBackwardWeight(p: Program, name: string, o: LinearSmallBackwardWeight): Kernel {
  const { x, dy } = o;
  const [I, O] = [features(x), features(dy)];
  return p.define(name, 3, (k, piece, first, end) => {
    const shift = k.let(mul(piece, -o.pieceBytes));
    const [xFirst, dyFirst, dyEnd] = [
      k.let(sampleAt(x, first)),
      k.let(sampleAt(dy, first)),
      k.let(sampleAt(dy, end)),
    ];
    const dyBytes = 4 * dy.layout.size;
    for (const rows of blocks(O, 4))
      k.loop(rows.from, rows.to, rows.step, (row) => {
        const out = k.let(add(add(mul(row, 4 * I), shift), o.dw));
        const dyRow = k.let(add(dyFirst, mul(row, 4)));
        const dyStop = k.let(add(dyEnd, mul(row, 4)));
        for (const columns of blocks(I, 8)) {
          const lanes = Math.ceil(columns.step / 4) * 4;
          k.loop(columns.from, columns.to, columns.step, (column) => {
            const sums = Array.from({ length: rows.step }, () => k.letVector(lanes, vec(0)));
            const xn = k.let(add(xFirst, mul(column, 4)));
            k.loop(dyRow, dyStop, dyBytes, (g) => {
              const values = k.let(load(lanes, xn));
              for (let r = 0; r < rows.step; r++) {
                const grad = k.let(loadSplat(add(g, 4 * r)));
                k.set(sums[r], add(sums[r], mul(grad, values)));
              }
              k.increase(xn, 4 * x.layout.size);
            });
            for (let r = 0; r < rows.step; r++)
              k.store(add(add(out, mul(column, 4)), 4 * r * I), sums[r], columns.step);
          });
        }
      });
    if (o.db === undefined) return;
    const db = k.let(add(shift, o.db));
    for (const { from, lanes, count } of cutColumns(O, 16)) {
      const sum = k.letVector(lanes, vec(0));
      k.loop(k.let(add(dyFirst, 4 * from)), k.let(add(dyEnd, 4 * from)), dyBytes, (g) => {
        k.increase(sum, load(lanes, g));
      });
      k.store(add(db, 4 * from), sum, count);
    }
  });
}

/** Two samples at a time, and the last one alone where their number is odd. */
function pairs(k: Kernel, first: Expr, end: Expr, samples: (n: Expr, count: number) => void): void {
  const even = k.let(add(first, and(sub(end, first), -2)));
  k.loop(first, even, 2, (n) => samples(n, 2));
  k.loop(even, end, 1, (n) => samples(n, 1));
}
