import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contextsWork,
  hookPreparation,
  hooks,
  interruptOnce,
  kinds,
  loopsUnderHooks,
  preparation,
} from "./support/interrupts.js";
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

for (const [hook, code] of Object.entries(hooks)) {
  test(`with ${hook} in use the process and its variables outlive a stop, and contexts work`, async () => {
    const own = await TestKernel.start();
    try {
      assert.equal((await own.run(hookPreparation)).traceback, "");
      assert.equal((await own.run(code)).traceback, "");
      for (let i = 0; i < 2; i++) {
        const { cell } = await interruptOnce(own, loopsUnderHooks["a tight loop after an await"]);
        assert.equal(cell.reply.ename, "Interrupted");
        assert.equal((await own.run(contextsWork)).result, "'kept'");
      }
      assert.equal(await own.shutdown(), 0);
      assert.equal(own.log(), "");
    } finally {
      own.close();
    }
  });
}

test("with all of them in use every loop is stopped", async () => {
  const own = await TestKernel.start();
  try {
    for (const code of [hookPreparation, ...Object.values(hooks)])
      assert.equal((await own.run(code)).traceback, "");
    for (const [loop, code] of Object.entries(loopsUnderHooks)) {
      const { cell } = await interruptOnce(own, code);
      assert.equal(cell.reply.ename, "Interrupted", loop);
      assert.equal((await own.run(contextsWork)).result, "'kept'", loop);
    }
    assert.equal(await own.shutdown(), 0);
  } finally {
    own.close();
  }
});

test("a loop in another realm, and one that has hidden what the kernel calls", async () => {
  const other =
    'import { runInNewContext } from "node:vm"; await null; console.log("go"); runInNewContext("for (;;);")';
  const hidden =
    'await null; const mine = globalThis as any; mine.Symbol = undefined; console.log("go"); for (;;);';
  const own = await TestKernel.start();
  try {
    for (const code of [hookPreparation, ...Object.values(hooks)]) await own.run(code);
    for (const code of [other, hidden])
      assert.equal((await interruptOnce(own, code)).cell.reply.ename, "Interrupted");
  } finally {
    own.close();
  }
});

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
  const stopped = await first.done;
  assert.equal(stopped.status, "error");
  assert.deepEqual((await second.done).reply, { status: "aborted" });
  const next = await kernel.run("ticks");
  assert.notEqual(next.result, "-5");
  assert.equal(next.reply.execution_count, Number(stopped.reply.execution_count) + 1);
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
