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

for (const epochs of [1, 2, 3, 10, 1000])
  test(`linearDecay over ${epochs} epochs: the first trains at the full rate, none at rate 0`, () => {
    const rates = Array.from({ length: epochs }, (_, i) => linearDecay({ epochs })(i + 1, 0.1));
    assert.equal(rates[0], 0.1);
    assert.ok(rates.every((rate, i) => rate > 0 && (i === 0 || rate < rates[i - 1])));
    assert.ok(Math.abs(rates[epochs - 1] - 0.1 / epochs) < 1e-15);
  });

test("linearDecay refuses to end at rate 0", () => {
  assert.throws(() => linearDecay({ epochs: 3, last: 0 }), {
    message:
      "linearDecay: last is 0, expected a number in (0, 1]. Epoch `epochs` would train at rate 0, and learn nothing: leave `last` out.",
  });
  assert.throws(() => linearDecay({ epochs: 3, last: 2 }), /last is 2, expected a number in \(0, 1\]/);
});

test("schedules refuse unknown options and no configuration", () => {
  const typo = { epochs: 2, lats: 0.1 };
  assert.throws(() => linearDecay(typo), /linearDecay: unknown option "lats".*Did you mean "last"\?/);
  const torch = { every: 2, factor: 0.1, gamma: 0.1 };
  assert.throws(() => stepDecay(torch), /stepDecay: unknown option "gamma", expected one of every, factor/);
  assert.throws(() => Reflect.apply(linearDecay, undefined, []), {
    message: "linearDecay: missing argument, expected an object { epochs, last? }.",
  });
});
