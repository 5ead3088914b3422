import assert from "node:assert/strict";
import { test } from "node:test";
import { type Grid, settingsOf } from "./grid.js";
import { address, jobsOf } from "./job.js";

test("settingsOf: every combination, the last axis fastest", () => {
  assert.deepEqual(settingsOf({ lr: [0.1, 0.01], loss: ["mse", "cross-entropy"] }), [
    { lr: 0.1, loss: "mse" },
    { lr: 0.1, loss: "cross-entropy" },
    { lr: 0.01, loss: "mse" },
    { lr: 0.01, loss: "cross-entropy" },
  ]);
  assert.deepEqual(settingsOf({}), [{}]);
});

test("jobsOf: all seeds of a setting stand together, each with an address of its own", () => {
  const jobs = jobsOf(settingsOf({ lr: [1, 2] }), [7, 8], "code");
  assert.deepEqual(
    jobs.map(({ setting, seed }) => [setting.lr, seed]),
    [
      [1, 7],
      [1, 8],
      [2, 7],
      [2, 8],
    ],
  );
  assert.equal(new Set(jobs.map(({ key }) => key)).size, 4);
});

test("address: the same whatever the order of the axes; another for another value, seed or code", () => {
  const key = address({ a: 1, b: "x" }, 1, "code");
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal(address({ b: "x", a: 1 }, 1, "code"), key);
  for (const other of [
    address({ a: 2, b: "x" }, 1, "code"),
    address({ a: "1", b: "x" }, 1, "code"),
    address({ a: 1, b: "x" }, 2, "code"),
    address({ a: 1, b: "x" }, 1, "other code"),
  ]) {
    assert.notEqual(other, key);
  }
});

test("settingsOf refuses an axis without values, a value twice, NaN, a function, and an axis called seed", () => {
  const refused = (grid: Grid, words: RegExp) => assert.throws(() => settingsOf(grid), words);
  refused({ lr: [] }, /sweep: grid\.lr: no values, expected a list of at least one value/);
  refused({ lr: [1, 1] }, /grid\.lr: 1 twice, expected each value once/);
  refused({ lr: [Number.NaN] }, /grid\.lr: NaN at place 0, expected strings, finite numbers or booleans/);
  refused({ seed: [1] }, /an axis called seed, expected another name\. Seeds have their own key/);
  const withFunction: Record<string, unknown> = { layer: [() => 1] };
  assert.throws(
    () => settingsOf(withFunction as Grid),
    /grid\.layer: (the|a) function.* at place 0.*Name a function or an object by a string/,
  );
});
