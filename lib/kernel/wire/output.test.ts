import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Output, type OutputOwner } from "./output.js";

type Sent = readonly [type: string, content: object];

function create(limit = 1000): { output: Output; sent: Sent[]; owner: () => OutputOwner } {
  const sent: Sent[] = [];
  const output = new Output((type, content) => sent.push([type, content]), limit);
  return { output, sent, owner: () => ({ header: {}, size: 0, cut: false }) };
}

test("text of one stream is gathered, another stream or cell begins a new message", async () => {
  const { output, sent, owner } = create();
  const [first, second] = [owner(), owner()];
  output.stream(first, "stdout", "a");
  output.stream(first, "stdout", "b");
  output.stream(first, "stderr", "c");
  output.stream(second, "stderr", "d");
  await sleep(60);
  assert.deepEqual(
    sent.map(([, content]) => content),
    [
      { name: "stdout", text: "ab" },
      { name: "stderr", text: "c" },
      { name: "stderr", text: "d" },
    ],
  );
});

test("a message comes after the text before it", () => {
  const { output, sent, owner } = create();
  const cell = owner();
  output.stream(cell, "stdout", "first");
  output.message(cell, "display_data", { data: {} });
  assert.deepEqual(
    sent.map(([type]) => type),
    ["stream", "display_data"],
  );
});

test("beyond the limit: one notice, then nothing but what ends a cell", () => {
  const { output, sent, owner } = create(10);
  const cell = owner();
  output.stream(cell, "stdout", "12345");
  output.stream(cell, "stdout", "123456");
  output.stream(cell, "stdout", "1");
  output.message(cell, "display_data", { data: { "text/plain": "x" } });
  output.message(cell, "error", { ename: "E" });
  output.flush();
  assert.deepEqual(
    sent.map(([type]) => type),
    ["stream", "stream", "error"],
  );
  assert.match(JSON.stringify(sent[1]), /The output of this cell is longer than .*; the rest is cut/);
  output.stream(owner(), "stdout", "another");
  output.flush();
  assert.equal(sent.length, 4, "each cell has a limit of its own");
});
