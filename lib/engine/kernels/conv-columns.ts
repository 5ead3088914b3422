import { type Buffer, sampleAt, spreadRow } from "../memory.js";
import { add, div, i32, loadScalar, min, mul, rem } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { PACK_PANELS, PANEL, PANEL_ROW } from "./gemm.js";

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

/** dy as [P, F], `spreadRow(F)` floats a row: the other factor of the product, its rows the positions of all samples one behind another. */
export function positionRows(p: Program, name: string, dy: Buffer, to: number): Kernel {
  const { C: F, H, W, row, plane } = dy.layout;
  const stride = spreadRow(F);
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const source = k.let(sampleAt(dy, n));
      const out = k.let(add(mul(n, 4 * stride * H * W), to));
      k.loop(0, F, 1, () => {
        const [line, at] = [k.let(source), k.let(out)];
        k.loop(0, H, 1, () => {
          for (let j = 0; j < W; j++) k.store(add(at, 4 * j * stride), loadScalar("f32", add(line, 4 * j)));
          k.increase(line, 4 * row);
          k.increase(at, 4 * W * stride);
        });
        k.increase(source, 4 * plane);
        k.increase(out, 4);
      });
    });
  });
}
