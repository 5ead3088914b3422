import assert from "node:assert/strict";
import { test } from "node:test";
import { interruptOnce, kinds, preparation } from "./support/interrupts.js";
import { pause, TestKernel } from "./support/kernel.js";

const kernel = await TestKernel.start();
const { traceback } = await kernel.run(preparation);
assert.equal(traceback, "");

for (const [kind, code] of Object.entries(kinds)) {
  test(`${kind} is stopped, with its variables kept`, async () => {
    for (let i = 0; i < 2; i++) {
      const { cell } = await interruptOnce(kernel, code);
      if (kind === "in the middle of fit") {
        assert.equal(cell.status, "ok", cell.traceback);
        assert.match(cell.result ?? "", /interrupted/, "the run is marked as stopped");
      } else {
        assert.equal(cell.status, "error");
        assert.equal(cell.reply.ename, "Interrupted");
      }
    }
  });
}

test("finally blocks of a cell that awaits are run", async () => {
  const running = kernel.start(
    'let tidied = false; try { console.log("go"); await new Promise(() => {}) } finally { tidied = true }',
  );
  await running.printed("go");
  await kernel.interrupt();
  assert.equal((await running.done).error, "Interrupted: the cell was stopped");
  assert.equal((await kernel.run("tidied")).result, "true");
});

test("timers of the interrupted cell are cleared", async () => {
  const running = kernel.start(
    'setInterval(() => ticks++, 1); console.log("go"); await new Promise((resolve) => setTimeout(resolve, 60_000))',
  );
  await running.printed("go");
  await kernel.interrupt();
  await running.done;
  const { result } = await kernel.run(
    "const counted = ticks; await new Promise((resolve) => setTimeout(resolve, 50)); ticks - counted",
  );
  assert.equal(result, "0");
});

test("with no cell running, an interrupt ends what earlier cells have left going", async () => {
  await kernel.run("setInterval(() => { ticks++ }, 1); 0");
  await kernel.interrupt();
  await pause(50);
  const { result } = await kernel.run(
    "const seen = ticks; await new Promise((resolve) => setTimeout(resolve, 50)); ticks - seen",
  );
  assert.equal(result, "0");
});

test("a loop in a timer of an earlier cell", async () => {
  const running = kernel.start('setTimeout(() => { console.log("go"); for (;;) ticks++ }, 10); 0');
  await running.done;
  await running.printed("go");
  await kernel.interrupt();
  assert.equal((await kernel.run("1")).result, "1");
});

test("an interrupt stops what is queued behind the cell", async () => {
  const first = kernel.start('console.log("go"); while (true) {}');
  const second = kernel.start("ticks = -5");
  await first.printed("go");
  await kernel.interrupt();
  assert.equal((await first.done).status, "error");
  assert.equal((await second.done).status, "aborted");
  assert.notEqual((await kernel.run("ticks")).result, "-5");
});

test("an interrupt while nothing runs harms nobody", async () => {
  for (let i = 0; i < 20; i++) {
    await kernel.interrupt();
    assert.equal((await kernel.run("1 + 1")).result, "2");
  }
});

test("promises, timers and imports work after a hard stop", async () => {
  const running = kernel.start('await null; console.log("go"); while (true) {}');
  await running.printed("go");
  await kernel.interrupt();
  await running.done;
  const { result, traceback } = await kernel.run(`
    import { setTimeout as sleep } from "node:timers/promises";
    const order: string[] = [];
    process.nextTick(() => order.push("tick"));
    queueMicrotask(() => order.push("microtask"));
    setImmediate(() => order.push("immediate"));
    await sleep(20);
    order.length`);
  assert.equal(traceback, "");
  assert.equal(result, "3");
});

test("fit after an interrupted fit trains again", async () => {
  const { result, traceback } = await kernel.run(
    "fit(model, { train, optimizer: sgd({ lr: 0.001 }), batch: 10, epochs: 2 }).epochs.length",
  );
  assert.equal(traceback, "");
  assert.equal(result, "3");
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
});
