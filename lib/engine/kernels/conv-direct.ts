import { type Buffer, sampleAt } from "../memory.js";
import { add, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks, convTile, cutColumns } from "./conv-tile.js";

export interface ConvDirect {
  /** With a zero pad as `paddedLayout` makes it. */
  readonly x: Buffer;
  readonly y: Buffer;
  /** Byte address of the weights and bias. */
  readonly weight: number;
  readonly bias: number | undefined;
  readonly KH: number;
  readonly KW: number;
  /** Byte offset of the weight that joins output channel f, input channel c, row u and column v; linear in each. */
  place(f: number, c: number, u: number, v: number): number;
}

/** conv2d with stride 1, as in conv2dForward: weights straight from their place, pixels straight from the padded rows. */
export function convDirect(p: Program, name: string, o: ConvDirect): Kernel {
  const { x, y } = o;
  const { C: F, H: OH, W: OW } = y.layout;
  const filterStep = o.place(1, 0, 0, 0) - o.place(0, 0, 0, 0);
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      // the pad stands in front of the first pixel
      const input = k.let(add(sampleAt(x, n), -4 * x.layout.origin));
      const output = k.let(sampleAt(y, n));
      for (const { from, to, step } of blocks(F, 4)) {
        k.loop(from, to, step, (f) => {
          const w = k.let(add(mul(f, filterStep), o.weight));
          const bias = o.bias === undefined ? undefined : k.let(add(mul(f, 4), o.bias));
          const [xi, yi] = [k.let(input), k.let(add(output, mul(f, 4 * y.layout.plane)))];
          k.loop(0, OH, 1, () => {
            for (const { from, lanes, count } of cutColumns(OW, 8)) {
              const sums = convTile(
                k,
                {
                  filters: step,
                  rows: 1,
                  lanes,
                  KH: o.KH,
                  KW: o.KW,
                  channels: x.layout.C,
                  row: 4 * x.layout.row,
                  plane: 4 * x.layout.plane,
                  weightChannel: o.place(0, 1, 0, 0) - o.place(0, 0, 0, 0),
                  weight: (g, u, v) => o.place(g, 0, u, v),
                },
                add(xi, 4 * from),
                w,
                bias,
              );
              for (const [g, [sum]] of sums.entries())
                k.store(add(yi, 4 * (g * y.layout.plane + from)), sum, count);
            }
            k.increase(xi, 4 * x.layout.row);
            k.increase(yi, 4 * y.layout.row);
          });
        });
      }
    });
  });
}
