import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, denseLayout, paddedLayout, spreadRow } from "./memory.js";

test("a padded image: rows share their pad, rows begin at multiples of four", () => {
  const { origin, row, plane, size } = paddedLayout([4, 14, 14], [2, 2]);
  // 14 + 2 pixels a row; two rows of pad above, two columns left of the first pixel
  assert.deepEqual({ origin, row, plane }, { origin: 2 * 16 + 2, row: 16, plane: 18 * 16 + 4 });
  // a vector of 16 that starts at the last pixel's row and column stays inside
  assert.ok(size >= 4 * plane + 16);
});

test("dense rows are whole vectors and never a multiple of a kilobyte", () => {
  assert.equal(denseLayout([49]).size, 52);
  assert.equal(denseLayout([4, 7, 7]).plane, 49);
  assert.equal(spreadRow(1024), 1040);
});

test("the arena hands out cache lines, one behind another", () => {
  const arena = new Arena(10);
  assert.deepEqual([arena.floats(1), arena.floats(17), arena.floats(0), arena.bytes], [64, 128, 256, 256]);
});
