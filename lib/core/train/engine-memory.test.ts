import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const helper = fileURLToPath(new URL("./engine-memory.test.helper.js", import.meta.url));

/** Runs the helper in a process of its own, whose memory nobody else uses. */
function measure(what: string): number[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [helper, what], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim().split(" ").map(Number);
}

test("a step allocates nothing but the numbers that it is called with and returns", () => {
  // bytes a step with batches of 1, 10 and 32: two or three boxed numbers of 16 bytes
  for (const bytes of measure("heap")) assert.ok(bytes < 100, `${bytes} bytes a step`);
});

test("training hw4 on 2 threads keeps the process below 160 MiB, and epochs do not make it grow", () => {
  const [first, last] = measure("resident");
  assert.ok(last < 160, `${last} MiB`);
  assert.ok(last - first < 8, `from ${first} to ${last} MiB`);
});

test("models that come and go do not pile up, in the workers neither", () => {
  const [most] = measure("models");
  assert.ok(most < 700, `${most} MiB after ten models of 94 MiB`);
});
