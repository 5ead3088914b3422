import { type Buffer, features, roundUp, sampleAt } from "../memory.js";
import {
  add,
  div,
  type Expr,
  equal,
  i32,
  less,
  load,
  loadSplat,
  min,
  mul,
  rem,
  shuffle,
  sub,
  vec,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";

/**
 * The matrix product C[m,j] = Σ_k A[m,k] · B[k,j] (+ bias[j]): B is first packed into panels of eight columns, then blocks
 * of 4 × 8 elements of C are summed in registers. Each element is one sum over k in rising order, whatever the blocks.
 */
export interface Matrix {
  /** Byte address of element (0, 0). */
  readonly address: number;
  /** Bytes from one row to the next, and from one column to the next. */
  readonly row: number;
  readonly column: number;
}

export interface Gemm {
  readonly a: Matrix;
  /**
   * A stands in blocks of four rows, [⌈M/4⌉][K][4], so that each step of the sum reads 16 neighbouring bytes: `column` is
   * 16 and `row` a quarter of a block.
   */
  readonly aBlocked?: boolean;
  /** Elements of a row stand side by side. */
  readonly c: Matrix;
  /** Packed panels of B, as `packKernel` leaves them: `panelBytes` for each eight columns. */
  readonly panels: number;
  readonly panelBytes: number;
  /** Rows and depth; undefined: the number of samples, known only at run time. */
  readonly rows: number | undefined;
  readonly depth: number | undefined;
  /** Where the depth is known only at run time: how much of it one sample brings; default 1. */
  readonly depthOfSample?: number;
  readonly columns: number;
  readonly bias: number | undefined;
  /** Where Σ_k A[m,k] goes, if anywhere; A is then blocked, and up to three floats are written behind the last. */
  readonly rowSums?: number | undefined;
}

export interface Pack {
  readonly b: Matrix;
  readonly panels: number;
  readonly panelBytes: number;
  readonly depth: number | undefined;
  readonly columns: number;
}

/** Columns of a panel; bytes of one of its rows. */
export const PANEL = 8;
export const PANEL_ROW = 4 * PANEL;
/** Rows and columns of C that one task computes, panels that one task packs. */
const TASK_ROWS = 32;
const TASK_COLUMNS = 64;
export const PACK_PANELS = 4;
/** Depth of a block: four rows of A and a panel of B of this depth stay in the first-level cache. */
const DEPTH_BLOCK = 256;

/** Bytes of a panel for a depth of at most k. */
export const panelBytes = (k: number): number => PANEL_ROW * k;
/** Floats that the panels of a B of k × j take. */
export const panelFloats = (k: number, columns: number): number => k * roundUp(columns, PANEL);

export const packTasks = (columns: number): number => Math.ceil(columns / (PANEL * PACK_PANELS));

/** Copies B into panels: [⌈J/8⌉][K][8], 0 behind the last column. */
export function packKernel(p: Program, name: string, o: Pack): Kernel {
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const depth = o.depth === undefined ? samples : i32(o.depth);
    const first = k.let(mul(task, PACK_PANELS));
    const last = k.let(min(add(first, PACK_PANELS), i32(Math.ceil(o.columns / PANEL))));
    k.loop(first, last, 1, (panel) => {
      const out = k.let(add(mul(panel, o.panelBytes), o.panels));
      const from = k.let(add(mul(panel, PANEL * o.b.column), o.b.address));
      if (o.b.column === 4) packRows(k, o, out, from, depth);
      else packColumns(k, o, out, from, depth, panel);
    });
  });
}

/** B's rows are contiguous: eight neighbours at a time. What stands behind the last column is never stored by the product. */
function packRows(k: Kernel, o: Pack, out: Expr, from: Expr, depth: Expr): void {
  k.loop(0, depth, 1, () => {
    k.store(out, load(PANEL, from));
    k.increase(out, PANEL_ROW);
    k.increase(from, o.b.row);
  });
}

/** B's columns are contiguous: 4 × 4 elements are turned at a time. */
function packColumns(k: Kernel, o: Pack, out: Expr, from: Expr, depth: Expr, panel: Expr): void {
  const column = (j: number): Expr =>
    // behind the last column its copy is packed: any value that is there will do
    k.let(
      add(
        from,
        min(i32(j * o.b.column), sub(i32((o.columns - 1) * o.b.column), mul(panel, PANEL * o.b.column))),
      ),
    );
  const columns = Array.from({ length: PANEL }, (_, j) => column(j));
  const even = k.let(sub(depth, rem(depth, i32(4))));
  k.loop(0, even, 4, () => {
    for (const half of [0, 4]) {
      k.unit(() => {
        const rows = [0, 1, 2, 3].map((j) => k.let(load(4, columns[half + j])));
        for (const [i, row] of turned(k, rows).entries()) k.store(add(out, 4 * half + i * PANEL_ROW), row);
      });
    }
    k.increase(out, 4 * PANEL_ROW);
    for (const at of columns) k.increase(at, 16);
  });
  k.loop(even, depth, 1, () => {
    for (const [j, at] of columns.entries()) {
      k.store(add(out, 4 * j), load(4, at), 1);
      k.increase(at, 4);
    }
    k.increase(out, PANEL_ROW);
  });
}

/** Tasks of a product: blocks of C, column blocks first. */
export function gemmTasks(rows: number, columns: number): number {
  return Math.ceil(rows / TASK_ROWS) * Math.ceil(columns / TASK_COLUMNS);
}

export function gemmKernel(p: Program, name: string, o: Gemm): Kernel {
  const columnTasks = Math.ceil(o.columns / TASK_COLUMNS);
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const rows = o.rows === undefined ? samples : i32(o.rows);
    const depth = k.let(o.depth === undefined ? mul(samples, o.depthOfSample ?? 1) : i32(o.depth));
    const rowFrom = k.let(mul(div(task, i32(columnTasks)), TASK_ROWS));
    const rowTo = k.let(min(add(rowFrom, TASK_ROWS), rows));
    const columnFrom = k.let(mul(rem(task, i32(columnTasks)), TASK_COLUMNS));
    const columnTo = k.let(min(add(columnFrom, TASK_COLUMNS), i32(o.columns)));
    if (o.rowSums !== undefined) {
      const { rowSums } = o;
      k.when(equal(columnFrom, i32(0)), () => sumRowsOfA(k, o, rowSums, rowFrom, rowTo, depth));
    }
    k.loop(0, depth, DEPTH_BLOCK, (from) => {
      const steps = k.let(min(sub(depth, from), i32(DEPTH_BLOCK)));
      const start = k.let(less(0, from));
      k.loop(columnFrom, columnTo, PANEL, (j) => {
        const panel = k.let(add(add(mul(div(j, i32(PANEL)), o.panelBytes), mul(from, PANEL_ROW)), o.panels));
        const even = k.let(sub(rowTo, rem(sub(rowTo, rowFrom), i32(4))));
        k.loop(rowFrom, even, 4, (m) => block(k, o, m, 4, j, from, steps, start, panel));
        k.loop(even, rowTo, 1, (m) => block(k, o, m, 1, j, from, steps, start, panel));
      });
    });
  });
}

/** Σ_k A[m,k], four rows at a time: a bias' gradient is the row sum of the gradients that make its weights'. */
function sumRowsOfA(k: Kernel, { a }: Gemm, target: number, from: Expr, to: Expr, depth: Expr): void {
  k.loop(from, to, 4, (m) => {
    const at = k.let(add(mul(m, a.row), a.address));
    const sum = k.letVector(4, vec(0));
    k.loop(0, depth, 1, () => {
      k.increase(sum, load(4, at));
      k.increase(at, a.column);
    });
    k.store(add(mul(m, 4), target), sum);
  });
}

/** `count` rows × 8 columns of C over one block of the depth. */
function block(
  k: Kernel,
  o: Gemm,
  m: Expr,
  count: number,
  j: Expr,
  from: Expr,
  steps: Expr,
  continued: Expr,
  panel: Expr,
): void {
  const c = k.let(add(add(mul(m, o.c.row), mul(j, 4)), o.c.address));
  const start = o.bias === undefined ? vec(0) : load(PANEL, add(mul(j, 4), o.bias));
  const sums = Array.from({ length: count }, () => k.letVector(PANEL, start));
  k.when(continued, () => {
    for (const [r, sum] of sums.entries()) k.set(sum, load(PANEL, add(c, r * o.c.row)));
  });
  const inBlock = rem(m, i32(4));
  const row = o.aBlocked ? add(mul(sub(m, inBlock), o.a.row), mul(inBlock, 4)) : mul(m, o.a.row);
  const a = k.let(add(add(row, mul(from, o.a.column)), o.a.address));
  const rowStep = o.aBlocked ? 4 : o.a.row;
  const b = k.let(panel);
  const end = k.let(add(panel, mul(steps, PANEL_ROW)));
  k.loop(b, end, PANEL_ROW, (at) => {
    const values = k.let(load(PANEL, at));
    for (const [r, sum] of sums.entries()) {
      const weight = k.let(loadSplat(add(a, r * rowStep)));
      k.set(sum, add(sum, mul(weight, values)));
    }
    k.increase(a, o.a.column);
  });
  // the last panel may be wider than C
  const tail = o.columns % PANEL;
  const store = (lanes: number) => {
    for (const [r, sum] of sums.entries()) k.store(add(c, r * o.c.row), sum, lanes);
  };
  if (tail === 0) store(PANEL);
  else {
    const full = k.let(less(add(j, PANEL - 1), i32(o.columns)));
    k.when(full, () => store(PANEL));
    k.when(sub(i32(1), full), () => store(tail));
  }
}

/** Where blocks of four rows of A are put: rows M, and most depth K. */
export interface RowBlocks {
  readonly address: number;
  readonly rows: number;
  readonly depth: number;
}

/** Floats of the blocks. */
export const blockFloats = ({ rows, depth }: Omit<RowBlocks, "address">): number => roundUp(rows, 4) * depth;

/** The blocks as the factor A of a product. */
export const blockMatrix = ({ address, depth }: RowBlocks): Pick<Gemm, "a" | "aBlocked"> => ({
  a: { address, row: 4 * depth, column: 16 },
  aBlocked: true,
});

/** A[m,n] = x[n,m] of the features of each sample, into blocks; x is 0 behind its last feature. */
export function blockFeatures(p: Program, name: string, x: Buffer, to: RowBlocks): Kernel {
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const from = k.let(sampleAt(x, n));
      const out = k.let(add(mul(n, 16), to.address));
      k.loop(0, to.rows, 4, () => {
        k.store(out, load(4, from));
        k.increase(from, 16);
        k.increase(out, 16 * to.depth);
      });
    });
  });
}

export const sampleTasks = (samples: number): number => Math.ceil(samples / 4);

/** A[n,i] = x[n,i] into blocks of four samples, one block a task: 4 × 4 elements are turned at a time. */
export function blockSamples(p: Program, name: string, x: Buffer, to: RowBlocks): Kernel {
  return p.define(name, 3, (k, task) => {
    const from = k.let(sampleAt(x, mul(task, 4)));
    const out = k.let(add(mul(task, 16 * to.depth), to.address));
    // x is 0 behind its last feature, so whole vectors may be read
    k.loop(0, features(x), 4, () => {
      const rows = [0, 1, 2, 3].map((r) => k.let(load(4, add(from, 4 * r * x.layout.size))));
      for (const [i, column] of turned(k, rows).entries()) k.store(add(out, 16 * i), column);
      k.increase(from, 16);
      k.increase(out, 64);
    });
  });
}

/** The columns of four rows of four. */
function turned(k: Kernel, [a, b, c, d]: readonly Expr[]): Expr[] {
  const [ab, cd] = [k.let(shuffle(a, b, [0, 4, 1, 5])), k.let(shuffle(c, d, [0, 4, 1, 5]))];
  const [ef, gh] = [k.let(shuffle(a, b, [2, 6, 3, 7])), k.let(shuffle(c, d, [2, 6, 3, 7]))];
  return [
    shuffle(ab, cd, [0, 1, 4, 5]),
    shuffle(ab, cd, [2, 3, 6, 7]),
    shuffle(ef, gh, [0, 1, 4, 5]),
    shuffle(ef, gh, [2, 3, 6, 7]),
  ];
}
