import assert from "node:assert/strict";
import { test } from "node:test";
import { linearDecay, stepDecay } from "./schedule.js";

test("linearDecay falls in a straight line to `last` times the rate; stepDecay by a factor", () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((epoch) => linearDecay({ epochs: 3, last: 0.5 })(epoch, 1)),
    [1, 0.75, 0.5, 0.5],
  );
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((epoch) => stepDecay({ every: 2, factor: 0.5 })(epoch, 1)),
    [1, 1, 0.5, 0.5, 0.25],
  );
});

test("schedules refuse unknown keys and no configuration", () => {
  const typo = { epochs: 2, lats: 0.1 };
  assert.throws(() => linearDecay(typo), /linearDecay: unknown key "lats".*Did you mean "last"\?/);
  const torch = { every: 2, factor: 0.1, gamma: 0.1 };
  assert.throws(() => stepDecay(torch), /stepDecay: unknown key "gamma", expected one of every, factor/);
  assert.throws(() => Reflect.apply(linearDecay, undefined, []), {
    message: "linearDecay: nothing, expected a record { epochs, last }.",
  });
});
