import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../../tensor/rng.js";
import { Machine } from "../machine.js";
import { Arena } from "../memory.js";
import type { Phase } from "../plan.js";
import { Program } from "../render/program.js";
import { gemmKernel, gemmTasks, packKernel, packTasks, panelBytes, panelFloats } from "./gemm.js";

/** C = A·B (+ bias) with random A [M, K] and B [K, N], each by rows or by columns; engine and plain loops. */
function product(M: number, K: number, N: number, byColumns: { a: boolean; b: boolean }, biased = false) {
  const arena = new Arena(64);
  const [a, b, c] = [arena.floats(M * K + 16), arena.floats(K * N + 16), arena.floats(M * N)];
  const [bias, sums] = [arena.floats(N + 16), arena.floats(M + 16)];
  const panels = arena.floats(panelFloats(K, N) + 16);
  const program = new Program();
  const strides = (rows: number, columns: number, turned: boolean) =>
    turned ? { row: 4, column: 4 * rows } : { row: 4 * columns, column: 4 };
  const A = { address: a, ...strides(M, K, byColumns.a) };
  const B = { address: b, ...strides(K, N, byColumns.b) };
  const common = { panels, panelBytes: panelBytes(K), depth: K, columns: N };
  packKernel(program, "pack", { ...common, b: B });
  gemmKernel(program, "multiply", {
    ...common,
    a: A,
    c: { address: c, row: 4 * N, column: 4 },
    rows: M,
    bias: biased ? bias : undefined,
    ...(byColumns.a ? { rowSums: sums } : {}),
  });
  const phases: Phase[] = [
    { parallel: "tasks", name: "pack", tasks: () => packTasks(N) },
    { parallel: "tasks", name: "multiply", tasks: () => gemmTasks(M, N) },
  ];
  const machine = new Machine({ program, bytes: arena.bytes, phases, threads: 2 });
  const { floats } = machine;
  const rng = new Rng(`${M} ${K} ${N}`);
  for (let i = 16; i < panels / 4; i++) floats[i] = rng.normal();
  machine.run(0, packTasks(N), 1, 1);
  machine.run(1, gemmTasks(M, N), 1, 1);
  machine.dispose();
  let worst = 0;
  for (let m = 0; m < M; m++) {
    let rowSum = 0;
    for (let k = 0; k < K; k++) rowSum += floats[(a + m * A.row + k * A.column) / 4];
    if (byColumns.a) worst = Math.max(worst, Math.abs(floats[sums / 4 + m] - rowSum) / Math.sqrt(K));
    for (let n = 0; n < N; n++) {
      let sum = biased ? floats[bias / 4 + n] : 0;
      for (let k = 0; k < K; k++)
        sum += floats[(a + m * A.row + k * A.column) / 4] * floats[(b + k * B.row + n * B.column) / 4];
      worst = Math.max(worst, Math.abs(floats[(c + 4 * (m * N + n)) / 4] - sum) / Math.sqrt(K));
    }
  }
  return worst;
}

for (const [M, K, N] of [
  [1, 1, 1],
  [4, 8, 8],
  [5, 7, 9],
  [33, 257, 70],
  [3, 600, 65],
  [130, 19, 129],
] as const) {
  for (const byColumns of [
    { a: false, b: false },
    { a: true, b: false },
    { a: false, b: true },
  ]) {
    test(`C [${M}, ${N}] = A·B over ${K}, ${JSON.stringify(byColumns)}`, () => {
      const worst = product(M, K, N, byColumns, !byColumns.a);
      assert.ok(worst < 3e-6, `off by ${worst}`);
    });
  }
}
