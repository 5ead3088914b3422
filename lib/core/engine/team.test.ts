import assert from "node:assert/strict";
import { test } from "node:test";
import type { Phase } from "./plan.js";
import { add, f32, i32, loadScalar, mul } from "./render/expr.js";
import { Program } from "./render/program.js";
import { renderWasm } from "./render/wasm.js";
import { currentTeam, parseThreads, Team, type TeamPlan } from "./team.js";
import { wasm } from "./webassembly.js";

/** A plan whose one phase adds 1 to the float of each task, slowly enough that several threads take part. */
function counting(id: number): TeamPlan & { readonly counts: Float32Array } {
  const program = new Program();
  program.define("count", 3, (k, task) => {
    const at = k.let(add(mul(task, 4), 1024));
    k.loop(0, 20000, 1, () => k.store(i32(64), add(loadScalar("f32", i32(64)), f32(0))));
    k.store(at, add(loadScalar("f32", at), f32(1)));
  });
  const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new wasm.Module(renderWasm(program, 1));
  const { exports } = new wasm.Instance(module, { env: { memory } });
  const phases: Phase[] = [{ parallel: "tasks", name: "count", tasks: () => 50 }];
  return {
    id,
    module,
    memory,
    phases,
    counts: new Float32Array(memory.buffer, 1024, 50),
    runTask: (_phase, task, pieces, samples) => exports.count(task, pieces, samples),
  };
}

test("every task of every phase runs exactly once, with 1 to 8 threads and two plans in turns", () => {
  const team = new Team();
  const plans = [counting(1), counting(2)];
  for (const threads of [1, 2, 3, 8]) {
    for (const plan of plans) team.add(plan, threads);
    for (let round = 0; round < 50; round++) {
      for (const plan of plans) team.run(plan, 0, 50, 1, 1, threads);
    }
  }
  for (const { counts } of plans) assert.deepEqual(new Set(counts), new Set([200]));
  team.dismiss();
});

test("more threads hire more workers; a plan that is removed is forgotten", () => {
  const team = new Team();
  const plan = counting(3);
  team.add(plan, 2);
  assert.equal(team.size, 2);
  team.add(plan, 4);
  assert.equal(team.size, 4);
  team.remove(plan);
  team.dismiss();
});

test("a worker that fails at its task is named, with the cure", async () => {
  const failing = `
    const { workerData: { control, words } } = require("node:worker_threads");
    const word = words.claim + 1;
    while ((Atomics.load(control, word) & 0xffff) >= Atomics.load(control, word) >>> 16);
    Atomics.store(control, words.at + 1, (Atomics.add(control, word, 1) & 0xffff) + 1);
    Atomics.store(control, words.failed, 1);
    throw new Error("broken");`;
  const team = new Team(failing);
  const plan = counting(4);
  team.add(plan, 2);
  const untilItFails = () => {
    for (let i = 0; i < 100000; i++) team.run(plan, 0, 50, 1, 1, 2);
  };
  assert.throws(
    untilItFails,
    /engine: worker thread 1 of 1 ended with an error at task \d+, .*next fit starts new/,
  );
  assert.ok(team.broken);
  team.dismiss();
});

test("after the death of a worker the next fit gets a new team", async () => {
  const first = currentTeam();
  first.add(counting(5), 2);
  assert.equal(currentTeam(), first);
  await first.workers[0].worker.terminate();
  const next = currentTeam();
  assert.notEqual(next, first);
  const plan = counting(6);
  next.add(plan, 2);
  next.run(plan, 0, 50, 1, 1, 2);
  assert.deepEqual(new Set(plan.counts), new Set([1]));
  next.dismiss();
});

test("threads: what is asked for, else GRADBOOK_THREADS, else one a core", () => {
  assert.equal(parseThreads(3, "5"), 3);
  assert.equal(parseThreads(undefined, " 5 "), 5);
  assert.ok(parseThreads(undefined, "") >= 1);
});

test("threads refuses 0, fractions, words and thousands", () => {
  assert.throws(() => parseThreads(0), /fit: threads is 0, expected a whole number from 1 to 64/);
  assert.throws(() => parseThreads(1.5), /threads is 1.5/);
  assert.throws(() => parseThreads(undefined, "many"), /GRADBOOK_THREADS: the value is "many", expected/);
  assert.throws(() => parseThreads(1000), /from 1 to 64/);
});
