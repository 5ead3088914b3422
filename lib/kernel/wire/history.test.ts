import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "./history.js";

const history = new History();
history.add(1, "let a = 1", null);
history.add(2, "a + 1", "2");
history.add(3, "a + 1", "2");
history.add(4, "f(a)[0]", null);

const lines = (request: object): unknown[] => history.answer({ ...request }).map(([, line]) => line);

test("tail gives the last n", () => {
  assert.deepEqual(lines({ hist_access_type: "tail", n: 2 }), [3, 4]);
  assert.deepEqual(lines({ hist_access_type: "tail", n: 99 }), [1, 2, 3, 4]);
});

test("range has its end outside, and only this session", () => {
  assert.deepEqual(lines({ hist_access_type: "range", session: 0, start: 2, stop: 4 }), [2, 3]);
  assert.deepEqual(lines({ hist_access_type: "range", session: 1, start: 4 }), [4]);
  assert.deepEqual(lines({ hist_access_type: "range", session: -1, start: 1, stop: 4 }), []);
});

test("search takes globs for the whole cell, and signs of regular expressions as they are", () => {
  assert.deepEqual(lines({ hist_access_type: "search", pattern: "a*" }), [2, 3]);
  assert.deepEqual(lines({ hist_access_type: "search", pattern: "a*", unique: true }), [3]);
  assert.deepEqual(lines({ hist_access_type: "search", pattern: "f(a)[?]" }), [4]);
  assert.deepEqual(lines({ hist_access_type: "search", pattern: "." }), []);
});

test("output on request", () => {
  assert.deepEqual(history.answer({ hist_access_type: "tail", n: 1, output: true }), [
    [1, 4, ["f(a)[0]", null]],
  ]);
});

test("refused: an unknown kind of access", () => {
  const wanted = { message: 'hist_access_type is "all", expected "range", "tail" or "search".' };
  assert.throws(() => lines({ hist_access_type: "all" }), wanted);
});
