import { type Buffer, sampleAt } from "../memory.js";
import { add, div, i32, loadScalar, min, mul, rem } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";
import { PACK_PANELS, PANEL, PANEL_ROW, type RowBlocks } from "./gemm.js";

/**
 * For images of few pixels the gradient of the weights is one matrix product over the whole batch,
 * dw[f,(c,u,v)] = Σ_p dy[f,p] · col[(c,u,v),p], p = (n·OH + i)·OW + j: short rows would leave the vectors half empty.
 */
export interface ConvColumns {
  /** With a zero pad as `paddedLayout` makes it. */
  readonly x: Buffer;
  readonly KH: number;
  readonly KW: number;
  readonly OH: number;
  readonly OW: number;
  /** Panels of eight columns of the transposed matrix: [⌈C·KH·KW/8⌉][P][8], `panelBytes` each. */
  readonly panels: number;
  readonly panelBytes: number;
}

/** im2col of all samples, written as the panels that the product reads; a few panels a task. */
export function convColumns(p: Program, name: string, o: ConvColumns): Kernel {
  const { x, KH, KW } = o;
  const taps = KH * KW;
  const count = x.layout.C * taps;
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const first = k.let(mul(task, PACK_PANELS));
    const last = k.let(min(add(first, PACK_PANELS), i32(Math.ceil(count / PANEL))));
    k.loop(first, last, 1, (panel) => {
      const out = k.let(add(mul(panel, o.panelBytes), o.panels));
      k.loop(0, PANEL, 1, (j) => {
        // behind the last tap its copy is written: nobody reads those columns of the product
        const tap = k.let(min(add(mul(panel, PANEL), j), i32(count - 1)));
        const [c, uv] = [k.let(div(tap, i32(taps))), k.let(rem(tap, i32(taps)))];
        const [u, v] = [k.let(div(uv, i32(KW))), k.let(rem(uv, i32(KW)))];
        const offset = k.let(
          add(
            add(mul(c, 4 * x.layout.plane), mul(u, 4 * x.layout.row)),
            add(mul(v, 4), -4 * x.layout.origin),
          ),
        );
        const at = k.let(add(out, mul(j, 4)));
        k.loop(0, samples, 1, (n) => {
          const line = k.let(add(sampleAt(x, n), offset));
          k.loop(0, o.OH, 1, () => {
            for (let i = 0; i < o.OW; i++)
              k.store(add(at, i * PANEL_ROW), loadScalar("f32", add(line, 4 * i)));
            k.increase(at, o.OW * PANEL_ROW);
            k.increase(line, 4 * x.layout.row);
          });
        });
      });
    });
  });
}

/** The other factor of the product: A[f,p] = dy[f,p], in blocks of four filters. */
export function blockPositions(p: Program, name: string, dy: Buffer, to: RowBlocks): Kernel {
  const { C: F, H, W, row, plane } = dy.layout;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const source = k.let(sampleAt(dy, n));
      const out = k.let(add(mul(n, 16 * H * W), to.address));
      for (const filters of blocks(F, 4)) {
        k.loop(filters.from, filters.to, filters.step, () => {
          const [line, at] = [k.let(source), k.let(out)];
          k.loop(0, H, 1, () => {
            for (let j = 0; j < W; j++)
              for (let f = 0; f < filters.step; f++)
                k.store(add(at, 16 * j + 4 * f), loadScalar("f32", add(line, 4 * (j + f * plane))));
            k.increase(line, 4 * row);
            k.increase(at, 16 * W);
          });
          k.increase(source, 16 * plane);
          k.increase(out, 16 * to.depth);
        });
      }
    });
  });
}
