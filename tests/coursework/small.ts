import {
  adam,
  balancedSubset,
  conv2d,
  type Dataset,
  type FitConfig,
  fit,
  flatten,
  linear,
  loadMnist,
  maxPool2d,
  type Run,
  relu,
  type Sequential,
  sequential,
} from "gradbook";

/** What the examples share: 200 digits to train on and 100 to test, from the package where MNIST itself is not here. */
export function digits(): { train: Dataset; test: Dataset } {
  const { train, test } = loadMnist({ heldOut: true });
  return { train: balancedSubset(train, { perClass: 20 }), test: balancedSubset(test, { perClass: 10 }) };
}

export function smallNet(): Sequential {
  const layers = [
    conv2d({ in: 1, out: 4, kernel: 5, stride: 2 }),
    relu(),
    maxPool2d({ kernel: 2 }),
    flatten(),
    linear({ in: 144, out: 32 }),
    relu(),
    linear({ in: 32, out: 10 }),
  ];
  return sequential(layers, { input: [1, 28, 28], seed: 1, init: "he" });
}

export function trained(
  model: Sequential,
  { lr = 0.01, ...config }: Partial<FitConfig> & { train: Dataset; lr?: number },
): Run {
  return fit(model, { optimizer: adam({ lr }), batch: 10, ...config });
}
