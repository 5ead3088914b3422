import { type Buffer, sampleAt } from "../memory.js";
import { add, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks, type ConvWeights, convTile, cutColumns, rowsInside } from "./conv-tile.js";

export interface ConvDirect {
  /** With a zero pad as `paddedLayout` makes it. */
  readonly x: Buffer;
  readonly y: Buffer;
  /** Byte address of the first weight that is used, and of the bias. */
  readonly weight: number;
  readonly bias: number | undefined;
  readonly KH: number;
  readonly KW: number;
  readonly weights: ConvWeights;
}

/** conv2d with stride 1, as in conv2dForward: pixels straight from the padded rows. */
export function convDirect(p: Program, name: string, o: ConvDirect): Kernel {
  const { x, y } = o;
  const { C: F, H: OH, W: OW } = y.layout;
  // packed weights come by fours; else 6 filters are better cut into 3 + 3
  const together = o.weights.channelBlock === undefined ? Math.ceil(F / Math.ceil(F / 4)) : 4;
  const filterStep = o.weights.channelBlock === undefined ? o.weights.filter : 4 * o.KH * o.KW * x.layout.C;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      // the pad stands in front of the first pixel
      const input = k.let(add(sampleAt(x, n), -4 * x.layout.origin));
      const output = k.let(sampleAt(y, n));
      for (const filters of blocks(F, together)) {
        k.loop(filters.from, filters.to, filters.step, (f) => {
          const w = k.let(add(mul(f, filterStep), o.weight));
          const bias = o.bias === undefined ? undefined : k.let(add(mul(f, 4), o.bias));
          const out = k.let(add(output, mul(f, 4 * y.layout.plane)));
          for (const columns of cutColumns(OW, filters.step > 2 ? 8 : 16)) {
            // eight sums at a time: with few filters or columns two rows
            const most = 8 / (filters.step * (columns.lanes / 4));
            for (const rows of blocks(OH, Math.max(1, Math.min(2, Math.floor(most)))))
              k.loop(rows.from, rows.to, rows.step, (i) => {
                const sums = convTile(
                  k,
                  {
                    filters: filters.step,
                    rows: rows.step,
                    lanes: columns.lanes,
                    inside: rowsInside(k, x.layout, i, rows.step + o.KH - 1),
                    KH: o.KH,
                    KW: o.KW,
                    channels: x.layout.C,
                    row: 4 * x.layout.row,
                    plane: 4 * x.layout.plane,
                    weights: o.weights,
                  },
                  k.let(add(add(input, mul(i, 4 * x.layout.row)), 4 * columns.from)),
                  w,
                  bias,
                );
                const target = k.let(add(out, mul(i, 4 * y.layout.row)));
                for (const [g, lines] of sums.entries())
                  for (const [r, sum] of lines.entries()) {
                    const at = 4 * (g * y.layout.plane + r * y.layout.row + columns.from);
                    k.store(add(target, at), sum, columns.count);
                  }
              });
          }
        });
      }
    });
  });
}
