import assert from "node:assert/strict";
import { test } from "node:test";
import {
  balancedSubset,
  conv2d,
  fit,
  flatten,
  lastEpoch,
  linear,
  loadMnist,
  maxPool2d,
  type Optimizer,
  type Run,
  relu,
  rmsprop,
  sequential,
  sgd,
} from "gradbook";

/**
 * The table of test accuracies that hw4 must reproduce (PyTorch, five seeds, He initialisation, 15 epochs):
 * who learns, who does not. On 100 test images one run differs from the mean by a few images.
 */
const expected: readonly {
  name: string;
  make: () => Optimizer;
  batch: number;
  accuracy: readonly [least: number, most: number];
}[] = [
  { name: "SGD", make: () => sgd({ lr: 0.001 }), batch: 100, accuracy: [0, 0.3] },
  { name: "SGD", make: () => sgd({ lr: 0.001 }), batch: 1, accuracy: [0.88, 0.99] },
  { name: "momentum", make: () => sgd({ lr: 0.001, momentum: 0.9 }), batch: 10, accuracy: [0.88, 0.99] },
  { name: "RMSProp", make: () => rmsprop({ lr: 0.001 }), batch: 10, accuracy: [0.91, 1] },
  { name: "RMSProp", make: () => rmsprop({ lr: 0.001 }), batch: 100, accuracy: [0.8, 0.96] },
];

const mnist = loadMnist();
const train = balancedSubset(mnist.train, { perClass: 100 });
const tested = balancedSubset(mnist.test, { perClass: 10 });

function trained(optimizer: Optimizer, batch: number): Run {
  const model = sequential(
    [
      conv2d({ in: 1, out: 4, kernel: 5, pad: 2 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      conv2d({ in: 4, out: 4, kernel: 5, pad: 2 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      flatten(),
      linear({ in: 196, out: 49 }),
      relu(),
      linear({ in: 49, out: 10 }),
    ],
    { input: [1, 28, 28], seed: 1, init: "he" },
  );
  return fit(model, { train, test: tested, optimizer, batch, epochs: 15, seed: 1 });
}

for (const { name, make, batch, accuracy } of expected) {
  test(`hw4 ${name}, batch ${batch}: test accuracy in ${accuracy[0]} … ${accuracy[1]} after 15 epochs`, () => {
    const run = trained(make(), batch);
    const reached = 1 - lastEpoch(run).testError;
    assert.ok(reached >= accuracy[0] && reached <= accuracy[1], `accuracy ${reached}`);
    if (accuracy[0] > 0.5) assert.ok(lastEpoch(run).trainLoss < 0.25 * run.epochs[0].trainLoss);
  });
}

test("hw4: the same seed gives the same digest twice", () => {
  assert.equal(trained(rmsprop(), 32).digest, trained(rmsprop(), 32).digest);
});
