// C = A·B on gradbook's own kernels and threads: packing B into panels is part of the time, as it is of a layer's.
import {
  Arena,
  gemmKernel,
  gemmTasks,
  Machine,
  type Phase,
  Program,
  packKernel,
  packTasks,
  panelBytes,
  panelFloats,
} from "@gradbook/core/internal";
import type { Answer } from "../job.js";

/** @returns billions of operations a second, 2·size³ a product */
export function gemm(size: number, threads: number, seconds: number): Answer {
  const arena = new Arena(0);
  const [a, b, c] = [0, 0, 0].map(() => ({ address: arena.floats(size * size), row: 4 * size, column: 4 }));
  const panels = arena.floats(panelFloats(size, size));
  const common = { panels, panelBytes: panelBytes(size), depth: size, columns: size };
  const program = new Program();
  packKernel(program, "pack", { ...common, b });
  gemmKernel(program, "multiply", { ...common, a, c, rows: size, bias: undefined });

  const phases: Phase[] = [
    { name: "pack", parallel: "tasks", tasks: () => packTasks(size) },
    { name: "multiply", parallel: "tasks", tasks: () => gemmTasks(size, size) },
  ];
  const machine = new Machine({ program, bytes: arena.bytes, phases, threads });
  for (let i = 0; i < 2 * size * size; i++) machine.floats[i] = (i % 17) / 17;
  const product = () => {
    machine.run(0, packTasks(size), 1, size);
    machine.run(1, gemmTasks(size, size), 1, size);
  };
  // the first ones are compiled while they run
  for (let warm = 0; warm < 5; warm++) product();
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < 1000 * seconds || count < 3) {
    product();
    count++;
  }
  const elapsed = (performance.now() - started) / 1000;
  machine.dispose();
  return { gflops: (2 * size * size * size * count) / elapsed / 1e9 };
}
