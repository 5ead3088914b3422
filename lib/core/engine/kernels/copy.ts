import { type Buffer, sampleAt } from "../memory.js";
import { add, load, mul, vec } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";

/** Copies [C, H, W] from one layout to another: into a padded one for a convolution, out of it for a linear layer. */
export function copy(p: Program, name: string, from: Buffer, to: Buffer): Kernel {
  const { C, H, W } = to.layout;
  if (from.layout.H !== H || from.layout.W !== W) throw new RangeError(`${name}: copy between two shapes`);
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const [source, target] = [k.let(sampleAt(from, n)), k.let(sampleAt(to, n))];
      k.loop(0, C, 1, () => {
        const [s, t] = [k.let(source), k.let(target)];
        k.loop(0, H, 1, () => {
          for (const { from: start, to: stop, step } of blocks(W, 4))
            k.loop(start, stop, step, (i) => {
              const at = k.let(mul(i, 4));
              k.store(add(t, at), load(4, add(s, at)), step);
            });
          k.increase(s, 4 * from.layout.row);
          k.increase(t, 4 * to.layout.row);
        });
        k.increase(source, 4 * from.layout.plane);
        k.increase(target, 4 * to.layout.plane);
      });
    });
  });
}

/** Writes 0 to every element of a kernel's own samples, not to what lies between the rows. */
export function clearSample(k: Kernel, buffer: Buffer, n: Parameters<typeof sampleAt>[1]): void {
  const { C, H, W, row, plane } = buffer.layout;
  const target = k.let(sampleAt(buffer, n));
  k.loop(0, C, 1, () => {
    const t = k.let(target);
    k.loop(0, H, 1, () => {
      for (const { from, to, step } of blocks(W, 4))
        k.loop(from, to, step, (i) => k.store(add(t, mul(i, 4)), vec(0), step));
      k.increase(t, 4 * row);
    });
    k.increase(target, 4 * plane);
  });
}
