import assert from "node:assert/strict";
import { type CellResult, pause, type TestKernel } from "./kernel.js";

/** The kinds of cells that a stop button must stop. Each prints "go" when it is under way. */
export const kinds: Readonly<Record<string, string>> = {
  "a tight loop": 'console.log("go"); while (true) ticks++',
  "a tight loop after an await":
    'await new Promise((resolve) => setTimeout(resolve, 10)); console.log("go"); while (true) ticks++',
  "awaiting a timer in a loop":
    'console.log("go"); while (true) { await new Promise((resolve) => setTimeout(resolve, 3)); ticks++ }',
  "blocked in Atomics.wait":
    'console.log("go"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  "in the middle of fit":
    'const run = fit(model, { train, optimizer: sgd({ lr: 0.001 }), batch: 10, epochs: 1e6, onEpoch: ({ epoch }) => { if (epoch === 1) console.log("go") } }); run.ending',
  "a loop that catches everything": 'console.log("go"); for (;;) { try { for (;;) ticks++ } catch {} }',
  "a loop of awaits that catches everything":
    'console.log("go"); for (;;) { try { await new Promise((resolve) => setTimeout(resolve, 3)); ticks++ } catch {} }',
  "a loop behind a caught interrupt":
    'console.log("go"); try { await new Promise(() => {}) } catch {} for (;;) ticks++',
  "a loop of microtasks": 'console.log("go"); for (;;) { await null; ticks++ }',
  "a recursion":
    'const deeper = (n: number): number => { try { return deeper(n + 1) + 1 } catch { return 0 } }; console.log("go"); for (;;) deeper(0)',
  "a synchronous child process":
    'import { spawnSync } from "node:child_process"; console.log("go"); spawnSync("sleep", ["1000"]); ticks = -1',
  "a child that ignores SIGINT, in a loop that catches":
    'import { execSync } from "node:child_process"; console.log("go"); for (;;) { try { execSync("trap \\"\\" INT; while true; do sleep 1; done") } catch {} }',
};

/** What the kinds need. */
export const preparation = `
  import { arrayDataset, fit, linear, relu, sequential, sgd } from "gradbook";
  let ticks = 0;
  const witness = { kept: 7 };
  const train = arrayDataset(Float32Array.from({ length: 6400 }, (_, i) => Math.sin(i)), Array.from({ length: 100 }, (_, i) => i % 10), [64]);
  const model = sequential([linear({ in: 64, out: 32 }), relu(), linear({ in: 32, out: 10 })], { input: [64], seed: 1 });`;

/** Runs a cell, interrupts it, and sees that it ended in time, that nothing of it goes on, and that all is still there. */
export async function interruptOnce(
  kernel: TestKernel,
  code: string,
): Promise<{ milliseconds: number; cell: CellResult }> {
  const running = kernel.start(code);
  await running.printed("go");
  await pause(5 + Math.random() * 40);
  const started = performance.now();
  await kernel.interrupt();
  const cell = await running.done;
  const milliseconds = performance.now() - started;
  const next = await kernel.run(
    "{ const before = ticks; await new Promise((resolve) => setTimeout(resolve, 25)); if (ticks !== before) throw new Error('it goes on') } witness.kept",
  );
  assert.equal(next.error, undefined, next.traceback);
  assert.equal(next.result, "7");
  return { milliseconds, cell };
}
