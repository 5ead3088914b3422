import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../../tensor/rng.js";
import { Machine } from "../machine.js";
import { Arena, denseLayout } from "../memory.js";
import type { Phase } from "../plan.js";
import { Program } from "../render/program.js";
import {
  blockFeatures,
  blockFloats,
  blockMatrix,
  gemmKernel,
  gemmTasks,
  packKernel,
  packTasks,
  panelBytes,
  panelFloats,
} from "./gemm.js";

/** The forms in which a layer has its factors: A from the features of samples, B by columns. */
interface Form {
  readonly blocked: boolean;
  readonly turned: boolean;
}

/** Largest error of C = A·B (+ bias) for random A [M, K] and B [K, N], in units of √K, beside plain loops. */
function error(M: number, K: number, N: number, { blocked, turned }: Form): number {
  const arena = new Arena();
  const features = arena.buffer(denseLayout([M]), K);
  const a = blocked ? features.address : arena.floats(M * K + 16);
  const rowsOfA = blocked ? { row: 4, column: 4 * features.layout.size } : { row: 4 * K, column: 4 };
  const b = arena.floats(K * N + 16);
  const rowsOfB = turned ? { row: 4, column: 4 * K } : { row: 4 * N, column: 4 };
  const [c, bias, sums] = [arena.floats(M * N), arena.floats(N + 16), arena.floats(M + 16)];
  const blocks = { address: arena.floats(blockFloats({ rows: M, depth: K })), rows: M, depth: K };
  const panels = arena.floats(panelFloats(K, N) + 16);
  const common = { panels, panelBytes: panelBytes(K), depth: K, columns: N };
  const program = new Program();
  blockFeatures(program, "block", features, blocks);
  packKernel(program, "pack", { ...common, b: { address: b, ...rowsOfB } });
  gemmKernel(program, "multiply", {
    ...common,
    ...(blocked ? { ...blockMatrix(blocks), rowSums: sums } : { a: { address: a, ...rowsOfA } }),
    c: { address: c, row: 4 * N, column: 4 },
    rows: M,
    bias: blocked ? undefined : bias,
  });
  const phases: Phase[] = [
    { parallel: "pieces", name: "block" },
    { parallel: "tasks", name: "pack", tasks: () => packTasks(N) },
    { parallel: "tasks", name: "multiply", tasks: () => gemmTasks(M, N) },
  ];
  const machine = new Machine({ program, bytes: arena.bytes, phases, threads: 2 });
  const { floats } = machine;
  const rng = new Rng(`${M} ${K} ${N}`);
  const A = (m: number, k: number): number => (a + m * rowsOfA.row + k * rowsOfA.column) / 4;
  const B = (k: number, n: number): number => (b + k * rowsOfB.row + n * rowsOfB.column) / 4;
  for (let m = 0; m < M; m++) for (let k = 0; k < K; k++) floats[A(m, k)] = rng.normal();
  for (let k = 0; k < K; k++) for (let n = 0; n < N; n++) floats[B(k, n)] = rng.normal();
  for (let n = 0; n < N; n++) floats[bias / 4 + n] = rng.normal();
  machine.run(0, 1, 1, K);
  machine.run(1, packTasks(N), 1, 1);
  machine.run(2, gemmTasks(M, N), 1, 1);
  machine.dispose();
  let worst = 0;
  for (let m = 0; m < M; m++) {
    let rowSum = 0;
    for (let k = 0; k < K; k++) rowSum += floats[A(m, k)];
    if (blocked) worst = Math.max(worst, Math.abs(floats[sums / 4 + m] - rowSum));
    for (let n = 0; n < N; n++) {
      let sum = blocked ? 0 : floats[bias / 4 + n];
      for (let k = 0; k < K; k++) sum += floats[A(m, k)] * floats[B(k, n)];
      worst = Math.max(worst, Math.abs(floats[(c + 4 * (m * N + n)) / 4] - sum));
    }
  }
  return worst / Math.sqrt(K);
}

for (const [M, K, N] of [
  [1, 1, 1],
  [4, 8, 8],
  [5, 7, 9],
  [33, 257, 70],
  [3, 600, 65],
  [130, 19, 129],
] as const) {
  for (const form of [
    { blocked: false, turned: false },
    { blocked: true, turned: false },
    { blocked: false, turned: true },
  ]) {
    test(`C [${M}, ${N}] = A·B over ${K}, ${JSON.stringify(form)}`, () => {
      const off = error(M, K, N, form);
      assert.ok(off < 3e-6, `off by ${off}`);
    });
  }
}
