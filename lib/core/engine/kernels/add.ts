import { type Buffer, sampleAt } from "../memory.js";
import { add, type Expr, load, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";

/** y = Σ values, [C, H, W] each in its own layout; added up in their order. */
export function addUp(p: Program, name: string, values: readonly Buffer[], y: Buffer): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    eachRow(k, [y, ...values], first, end, ([target, ...sources], count) => {
      const [start, ...others] = sources.map((address) => load(4, address));
      k.store(target, others.reduce(add, start), count);
    });
  });
}

/** dx += more */
export function accumulate(p: Program, name: string, more: Buffer, dx: Buffer): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    eachRow(k, [dx, more], first, end, ([target, source], count) => {
      k.store(target, add(load(4, target), load(4, source)), count);
    });
  });
}

/** Visits four neighbours at a time in buffers of one shape: their addresses, and how many they are. */
function eachRow(
  k: Kernel,
  buffers: readonly Buffer[],
  first: Expr,
  end: Expr,
  visit: (addresses: readonly Expr[], count: number) => void,
): void {
  const [{ layout }] = buffers;
  const { C, H, W } = layout;
  if (buffers.some((b) => b.layout.C !== C || b.layout.H !== H || b.layout.W !== W))
    throw new RangeError("sum of buffers of different shapes");
  k.loop(first, end, 1, (n) => {
    const planes = buffers.map((buffer) => k.let(sampleAt(buffer, n)));
    k.loop(0, C, 1, () => {
      const rows = planes.map((plane) => k.let(plane));
      k.loop(0, H, 1, () => {
        for (const { from, to, step } of blocks(W, 4))
          k.loop(from, to, step, (i) => {
            const at = k.let(mul(i, 4));
            visit(
              rows.map((row) => k.let(add(row, at))),
              step,
            );
          });
        for (const [b, row] of rows.entries()) k.increase(row, 4 * buffers[b].layout.row);
      });
      for (const [b, plane] of planes.entries()) k.increase(plane, 4 * buffers[b].layout.plane);
    });
  });
}
