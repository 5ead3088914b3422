import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { createRing, type RingMemory, RingReader, RingWriter } from "./ring.js";

type Record = readonly [kind: number, owner: number, text: string];

function takeAll(reader: RingReader): Record[] {
  const found: Record[] = [];
  while (reader.take((kind, owner, text) => found.push([kind, owner, text])));
  return found;
}

test("records come out as they went in", () => {
  const memory = createRing(1024);
  const writer = new RingWriter(memory, () => undefined);
  const reader = new RingReader(memory);
  assert.deepEqual(takeAll(reader), []);
  writer.write(0, 7, "plain");
  writer.write(2, 8, "");
  writer.write(1, 9, "aé€😀");
  assert.deepEqual(takeAll(reader), [
    [0, 7, "plain"],
    [2, 8, ""],
    [1, 9, "aé€😀"],
  ]);
});

test("the end of the memory is passed many times, with records of every length", () => {
  const memory = createRing(1024);
  const writer = new RingWriter(memory, () => undefined);
  const reader = new RingReader(memory);
  for (let i = 0; i < 2000; i++) {
    const text = "é".repeat(i % 60);
    writer.write(1, i, text);
    assert.deepEqual(takeAll(reader), [[1, i, text]]);
  }
});

test("the counters pass 2³¹ and 2³²", () => {
  const memory = createRing(1024);
  // As if so many bytes had gone through already.
  for (const start of [2 ** 31 - 512, 2 ** 32 - 512]) {
    memory.control[0] = start | 0;
    memory.control[1] = start | 0;
    const writer = new RingWriter(memory, () => undefined);
    const reader = new RingReader(memory);
    for (let i = 0; i < 100; i++) {
      writer.write(0, i, "x".repeat(50));
      assert.deepEqual(takeAll(reader), [[0, i, "x".repeat(50)]]);
    }
  }
});

test("a text longer than a quarter of the memory comes in pieces, no character cut", () => {
  const memory = createRing(4096);
  const writer = new RingWriter(memory, () => undefined);
  const reader = new RingReader(memory);
  const text = "ab😀".repeat(200);
  writer.write(0, 1, text);
  const pieces = takeAll(reader).map(([, , piece]) => piece);
  assert.ok(pieces.length > 1);
  assert.equal(pieces.join(""), text);
  for (const piece of pieces) assert.ok(!piece.includes("\ufffd"), "a half character");
});

test("a sleeping reader is woken once", () => {
  const memory = createRing(1024);
  let woken = 0;
  const writer = new RingWriter(memory, () => woken++);
  const reader = new RingReader(memory);
  writer.write(0, 1, "before");
  assert.equal(woken, 0, "it is awake");
  assert.equal(reader.sleep(), false, "there is something to take first");
  takeAll(reader);
  assert.equal(reader.sleep(), true);
  writer.write(0, 1, "one");
  writer.write(0, 1, "two");
  assert.equal(woken, 1);
});

test("a writer that is faster than its reader waits, and nothing is lost", async () => {
  const memory: RingMemory = createRing(8192);
  const count = 20_000;
  const code = `
    const { workerData } = require("node:worker_threads");
    import(workerData.module).then(({ RingWriter }) => {
      const writer = new RingWriter(workerData.memory, () => undefined);
      for (let i = 0; i < ${count}; i++) writer.write(0, i, "line " + i);
      writer.flush();
    });`;
  const module = new URL("./ring.js", import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { memory, module } });
  const reader = new RingReader(memory);
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  let next = 0;
  while (next < count) {
    reader.take((_, owner, text) => {
      assert.equal(owner, next);
      assert.equal(text, `line ${next}`);
      next++;
    });
    if (next % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
});
