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

const nap = "await new Promise((resolve) => setTimeout(resolve, 5));";

/** Loops that end hard behind an await, where Node keeps account of asynchronous contexts; for a kernel in which hooks are on. */
export const loopsUnderHooks: Readonly<Record<string, string>> = {
  "a tight loop after an await": `${nap} console.log("go"); while (true) ticks++`,
  "a loop within a context": `${nap} als.run("inner", () => { console.log("go"); while (true) ticks++ })`,
  "a loop of contexts": `${nap} console.log("go"); for (;;) als.run("inner", () => { for (let i = 0; i < 1000; i++) ticks++ })`,
  "a loop in a timer within a context":
    'als.run("inner", () => setTimeout(() => { console.log("go"); for (;;) ticks++ }, 5)); await new Promise(() => {})',
  "a loop after awaits within contexts": `await als.run("outer", async () => { ${nap} await als.run("inner", async () => { ${nap} console.log("go"); for (;;) ticks++ }) })`,
  "a loop that catches everything": `${nap} console.log("go"); for (;;) { try { for (;;) ticks++ } catch {} }`,
  "a recursion": `${nap} const down = (n: number): number => { try { return down(n + 1) + 1 } catch { return 0 } }; console.log("go"); for (;;) down(0)`,
  "blocked in Atomics.wait": `${nap} console.log("go"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
  "a regular expression that never ends": `${nap} console.log("go"); /^(a+)+$/.test("a".repeat(50) + "b")`,
  "a loop of promises and ticks": `${nap} console.log("go"); for (;;) { Promise.resolve().then(() => ticks++); process.nextTick(() => ticks++); for (let i = 0; i < 1e5; i++) ticks++ }`,
  "a loop of microtasks": `${nap} console.log("go"); for (;;) { await null; ticks++ }`,
  "a loop in a hook": `${nap} let spin = true; createHook({ init() { if (spin) { spin = false; console.log("go"); for (;;) ticks++ } } }).enable(); setTimeout(() => {}, 1); await new Promise(() => {})`,
  "a loop in a hook before a callback": `${nap} let turn = true; const own = createHook({ before() { if (turn) { turn = false; own.disable(); console.log("go"); for (;;) ticks++ } } }).enable(); setTimeout(() => {}, 1); await new Promise(() => {})`,
};

/** What turns hooks on, each by itself. */
export const hooks: Readonly<Record<string, string>> = {
  "AsyncLocalStorage.run": 'als.run("first", () => als.getStore())',
  "AsyncLocalStorage.enterWith": 'als.enterWith("first")',
  createHook:
    "createHook({ init() {}, before() {}, after() {}, destroy() {}, promiseResolve() {} }).enable(); 0",
  "a hook that uses hooks":
    "createHook({ init() { als.getStore() }, before() { als.run('in a hook', () => 1) } }).enable(); 0",
  "node:test": 'import test from "node:test"; await test("x", () => {})',
  domain: 'import domain from "node:domain"; domain.create().run(() => 1)',
  "diagnostics_channel.bindStore":
    'import { channel } from "node:diagnostics_channel"; const stores = channel("stores"); stores.bindStore(als, () => "bound"); stores.runStores({}, () => 1)',
  "a context manager on hooks, as OpenTelemetry has one":
    "const contexts = new Map<number, unknown>(), stack: unknown[] = []; createHook({ init(id) { contexts.set(id, stack.at(-1)) }, before(id) { stack.push(contexts.get(id)) }, after() { stack.pop() }, destroy(id) { contexts.delete(id) } }).enable(); 0",
};

/** What they and the loops need. */
export const hookPreparation = `
  import { AsyncLocalStorage, createHook } from "node:async_hooks";
  const als = new AsyncLocalStorage<string>();
  let ticks = 0;
  const witness = { kept: 7 };`;

/** Contexts still follow timers and promises. */
export const contextsWork = `await als.run("kept", async () => { ${nap} await null; return als.getStore() })`;

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
