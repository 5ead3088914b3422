import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Dataset } from "../datasets/dataset.js";
import { batchNorm2d } from "../layers/batch-norm.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { hw4Layers } from "../layers/hw4.test.helper.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { tanh } from "../layers/tanh.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { weightsDigest } from "./digest.js";
import { engineTrainer } from "./engine.js";
import { fit } from "./fit.js";

function digits(size: number): Dataset {
  const rng = new Rng("digits");
  const pixels = Float32Array.from({ length: size * 784 }, () => Math.max(0, rng.normal()));
  const set: Dataset = {
    name: "random digits",
    size,
    shape: [1, 28, 28],
    classes: 10,
    labels: Uint8Array.from({ length: size }, (_, i) => i % 10),
    classNames: [],
    source: "random numbers",
    digest: "digits",
    read(index, out, offset) {
      for (let i = 0; i < 784; i++) out[offset + i] = pixels[index * 784 + i];
    },
    subset: () => set,
  };
  return set;
}

const train = digits(70);

const hw4 = (): Sequential => sequential(hw4Layers(), { input: [1, 28, 28], seed: 1, init: "he" });

/** Batch norm, a product of the whole batch, dropout: everything that crosses the borders of pieces. */
const mixed = (): Sequential =>
  sequential(
    [
      conv2d({ in: 1, out: 8, kernel: 3, stride: 2 }),
      batchNorm2d({ features: 8 }),
      tanh(),
      flatten(),
      linear({ in: 8 * 13 * 13, out: 60 }),
      dropout({ p: 0.3 }),
      relu(),
      linear({ in: 60, out: 10 }),
    ],
    { input: [1, 28, 28], seed: 2 },
  );

/** Digest after a few steps. */
function run(make: () => Sequential, threads: number, batch: number, steps = 4): string {
  const model = make();
  const optimizer = make === hw4 ? sgd({ lr: 0.05, momentum: 0.9 }) : adam();
  const config = { loss: softmaxCrossEntropy(), optimizer, train, batch, seed: 5, threads };
  const trainer = engineTrainer(model, config);
  const order = Uint32Array.from({ length: train.size }, (_, i) => (i * 3) % train.size);
  trainer.begin(1, order);
  for (let step = 1; step <= steps; step++) {
    const from = (step * 7) % (train.size - batch + 1);
    trainer.step(from, from + batch, optimizer.spec.lr, step);
  }
  const { loss } = trainer.evaluate(train);
  trainer.sync();
  trainer.dispose();
  return `${weightsDigest(model)} ${loss}`;
}

for (const [name, make] of [
  ["hw4", hw4],
  ["batch norm, product and dropout", mixed],
] as const) {
  for (const batch of [3, 10, 33, 64]) {
    test(`${name}, batch ${batch}: the same bits with 1, 2, 3, 4 and 8 threads`, () => {
      const alone = run(make, 1, batch);
      for (const threads of [2, 3, 4, 8])
        assert.equal(run(make, threads, batch), alone, `${threads} threads`);
    });
  }
}

// On every machine and Node version. They change when an order of summation changes: then say so in the changelog.
for (const [name, make, digest] of [
  ["hw4", hw4, "8a537278b414f0fc"],
  ["batch norm, product and dropout", mixed, "a051f08934cd2ccf"],
] as const) {
  test(`${name}: the bits of this release`, () => {
    assert.equal(run(make, 2, 33, 8).slice(0, 16), digest);
  });
}

test("two fits, one in a callback of the other, do not disturb each other", () => {
  const config = { train, optimizer: sgd({ lr: 0.05 }), batch: 32, epochs: 2, threads: 2 };
  const inner: string[] = [];
  const alone = fit(hw4(), config).digest;
  const outer = fit(hw4(), {
    ...config,
    onEpoch: () => {
      inner.push(fit(mixed(), { ...config, epochs: 1 }).digest);
    },
  }).digest;
  assert.equal(outer, alone);
  assert.equal(new Set(inner).size, 1);
});

test("fits in two worker threads at once give the digest of one alone", async () => {
  const source = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("./engine-threads.test.helper.js", import.meta.url).href)}).then(({ digest }) => parentPort.postMessage(digest(2)));`;
  const start = () =>
    new Promise((done, fail) => {
      const worker = new Worker(source, { eval: true });
      worker.once("message", done);
      worker.once("error", fail);
    });
  const [a, b] = await Promise.all([start(), start()]);
  const { digest } = await import("./engine-threads.test.helper.js");
  assert.equal(a, digest(1));
  assert.equal(b, a);
});
