import { type Buffer, isDense, sampleAt } from "../memory.js";
import { add, load, loadScalar, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";

/** Copies each sample of the batch from where the data set keeps it (a table of byte addresses) to the model's input. */
export function gather(p: Program, name: string, o: { readonly table: number; readonly x: Buffer }): Kernel {
  const { layout } = o.x;
  const dense = isDense(layout);
  const [planes, rows, width] = dense
    ? [1, 1, layout.C * layout.H * layout.W]
    : [layout.C, layout.H, layout.W];
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const from = k.let(loadScalar("i32", add(mul(n, 4), o.table)));
      const plane = k.let(sampleAt(o.x, n));
      k.loop(0, planes, 1, () => {
        const to = k.let(plane);
        k.loop(0, rows, 1, () => {
          for (const { from: start, to: stop, step } of blocks(width, 4))
            k.loop(start, stop, step, (i) => {
              const at = k.let(mul(i, 4));
              k.store(add(to, at), load(4, add(from, at)), step);
            });
          k.increase(from, 4 * width);
          k.increase(to, 4 * layout.row);
        });
        k.increase(plane, 4 * layout.plane);
      });
    });
  });
}
