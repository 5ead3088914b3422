import assert from "node:assert/strict";
import { test } from "node:test";
import { plateau } from "./plateau.js";
import { linearDecay, stepDecay } from "./schedule.js";
import { cosineDecay, oneCycle, warmup } from "./step-schedule.js";

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

test("a warm-up without anything behind it keeps the full rate; with a schedule of epochs it asks that", () => {
  const { perStep } = warmup({ steps: 2 });
  assert.deepEqual(
    [1, 2, 3, 9].map((step) => perStep({ step, steps: 9, epoch: 1 }, 1)),
    [0.5, 1, 1, 1],
  );
  const halved = warmup({ steps: 1, next: (epoch, lr) => lr / epoch });
  assert.deepEqual(
    [1, 2, 3].map((epoch) => halved.perStep({ step: 5, steps: 9, epoch }, 1)),
    [1, 0.5, 1 / 3],
  );
});

test("schedules of steps in short runs: no rate is NaN, none above the full one", () => {
  for (const steps of [1, 2, 3, 4, 10, 1000])
    for (const { perStep } of [cosineDecay(), oneCycle(), oneCycle({ rise: 1 }), warmup({ steps: 3 })])
      for (let step = 1; step <= steps; step++) {
        const rate = perStep({ step, steps, epoch: 1 }, 0.1);
        assert.ok(rate >= 0 && rate <= 0.1 + 1e-15, `${rate} in step ${step} of ${steps}`);
      }
});

test("plateau goes no lower than `least`, and says what it cannot watch", () => {
  const epochs = Array.from({ length: 30 }, (_, epoch) => ({
    ...{ epoch, trainLoss: 1, trainError: 1 },
    ...{ testLoss: Number.NaN, testError: Number.NaN },
  }));
  const schedule = plateau({ watch: "trainLoss", patience: 0, least: 0.01 });
  assert.equal(schedule(30, 1, epochs), 0.01);
  assert.equal(schedule(1, 1), 1);
  assert.throws(
    () => plateau()(1, 1, epochs),
    /plateau: testLoss of epoch 0 is NaN, expected a number\. Give fit a test set, or watch the training set/,
  );
});

test("schedules refuse what is no step and options out of range", () => {
  // @ts-expect-error: not a moment
  assert.throws(() => cosineDecay().perStep(3, 0.1), /cosineDecay: a rate was asked for 3/);
  assert.throws(() => cosineDecay({ last: 2 }), /cosineDecay: last is 2/);
  assert.throws(() => warmup({ steps: 0 }), /warmup: steps is 0, expected a whole number of at least 1/);
  // @ts-expect-error: no schedule
  assert.throws(() => warmup({ steps: 1, next: 3 }), /warmup: next is 3, expected a schedule/);
  assert.throws(() => oneCycle({ rise: 0 }), /oneCycle: rise is 0/);
  assert.throws(() => plateau({ factor: 1 }), /plateau: factor is 1, expected a number in \[0, 1\)/);
});
