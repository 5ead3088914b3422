import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress, shownDuration } from "./progress.js";

/** A bar on a stream and a clock of the test's own. */
function bar(isTTY: boolean, unit = "bytes", columns = 120) {
  let now = 0;
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  const progress = new Progress({ label: "MNIST", unit, stream, now: () => now });
  return {
    progress,
    written,
    /** Sets the clock, in seconds. */
    at(seconds: number) {
      now = seconds * 1000;
      return progress;
    },
  };
}

test("in a terminal: share, amount, rate and time left on one line that redraws itself", () => {
  const { at, written } = bar(true);
  at(0).update(0, 12e6, "train");
  at(1).update(3e6, 12e6, "train");
  assert.deepEqual(written, [
    "\r\x1b[KMNIST ░░░░░░░░░░░░░░░░░░░░░░░░ 0 %  0.0/12.0 MB  train",
    "\r\x1b[KMNIST ██████░░░░░░░░░░░░░░░░░░ 25 %  3.0/12.0 MB  3.0 MB/s  0:03 left  train",
  ]);
});

test("is drawn ten times a second at most, however often it is told", () => {
  const { at, written } = bar(true);
  for (let k = 0; k <= 1000; k++) at(k / 1000).update(k, 1000);
  assert.equal(written.length, 11);
});

test("the rate follows a change of pace, the time left with it", () => {
  const { at, written } = bar(true, "cells");
  for (let s = 0; s <= 10; s++) at(s).update(s * 10, 300);
  assert.match(written.at(-1) ?? "", /100\/300 cells {2}10 cells\/s {2}0:20 left/);
  for (let s = 11; s <= 40; s++) at(s).update(100 + (s - 10), 300);
  assert.match(written.at(-1) ?? "", /130\/300 cells {2}1 cells\/s {2}2:50 left/);
});

test("elsewhere: a plain line at most every ten seconds", () => {
  const { at, written } = bar(false, "epochs");
  for (let s = 0; s <= 30; s++) at(s).update(s, 60, `run ${s}`);
  assert.deepEqual(written, [
    "MNIST 0 %  0/60 epochs  run 0\n",
    "MNIST 16 %  10/60 epochs  1 epochs/s  0:50 left  run 10\n",
    "MNIST 33 %  20/60 epochs  1 epochs/s  0:40 left  run 20\n",
    "MNIST 50 %  30/60 epochs  1 epochs/s  0:30 left  run 30\n",
  ]);
});

test("an unknown total shows the count; a total that is passed stays at 100 %", () => {
  const { at, written } = bar(true);
  at(0).update(2e6, 0);
  at(1).update(15e6, 12e6);
  assert.equal(written[0], "\r\x1b[KMNIST  2.0 MB");
  assert.match(written[1], /100 % {2}15\.0\/12\.0 MB {2}13\.0 MB\/s$/);
});

test("a narrow terminal cuts the line before it wraps", () => {
  const { at, written } = bar(true, "bytes", 40);
  at(0).update(1, 2, "a long name of a file");
  assert.equal(written[0].replace("\r\x1b[K", "").length, 39);
  assert.match(written[0], /…$/);
});

test("a note stays above the bar, the end takes the bar away", () => {
  const { at, written } = bar(true);
  at(0).update(1, 2);
  at(0.01).note("a mirror failed");
  at(0.02).update(1, 2);
  at(0.03).end("done");
  assert.deepEqual(written.slice(1, 3), ["\r\x1b[K", "a mirror failed\n"]);
  assert.deepEqual(written.slice(-2), ["\r\x1b[K", "done\n"]);
});

test("durations", () => {
  assert.deepEqual([0.2, 61, 3600, 36_305].map(shownDuration), ["0:01", "1:01", "1:00:00", "10:05:05"]);
});
