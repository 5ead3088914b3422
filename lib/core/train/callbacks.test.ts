import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, mock, test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { batchNorm1d, batchNorm2d } from "../layers/batch-norm.js";
import { flatten } from "../layers/flatten.js";
import type { ForwardContext, Layer } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import type { DType, Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { earlyStop } from "./early-stop.js";
import { type FitConfig, fit } from "./fit.js";

const folder = mkdtempSync(join(tmpdir(), "callbacks-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newFile = (): string => join(folder, `${count++}.ckpt`);
const rng = new Rng(3);
const x = Float32Array.from({ length: 120 }, () => rng.normal());
const train = arrayDataset(
  x,
  Array.from({ length: 60 }, (_, i) => (x[2 * i] > 0 ? 1 : 0)),
  [2],
);
const config = (more: Partial<FitConfig> = {}): FitConfig => ({
  train,
  test: train,
  optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
  batch: 7,
  epochs: 3,
  seed: 3,
  ...more,
});
const boom = new Error("boom");
const throwAt = (n: number) => {
  let calls = 0;
  return () => {
    if (++calls === n) throw boom;
  };
};
const doing =
  <A extends unknown[], R>(first: () => void, then: (...args: A) => R) =>
  (...args: A): R => {
    first();
    return then(...args);
  };
const through = (hit: () => void): Layer & { buffers: object } => ({
  buffers: {},
  forward(t: Tensor, { training }: ForwardContext) {
    if (training) hit();
    return t;
  },
  backward: (dy: Tensor) => dy,
});
const net = (dtype: DType, middle: Layer = through(() => {})): Sequential =>
  sequential([linear({ in: 2, out: 4 }), batchNorm1d({ features: 4 }), middle, linear({ in: 4, out: 2 })], {
    input: [2],
    seed: 1,
    dtype,
  });
const base = softmaxCrossEntropy();
const rule = sgd({ lr: 0.1, momentum: 0.9 });

/** 60 samples in batches of 7: 9 steps an epoch. Who throws in which step, and how many steps are done then. */
const throwers: Record<string, (hit: () => void) => { more?: Partial<FitConfig>; middle?: Layer }> = {
  "a layer's forward": (hit) => ({ middle: through(hit) }),
  "a layer's backward": (hit) => ({
    middle: { ...through(() => {}), backward: doing(hit, (dy: Tensor) => dy) },
  }),
  "a loss": (hit) => ({
    more: { loss: { ...base, gradient: doing(hit, base.gradient) } as Loss },
  }),
  "an update rule, in the middle of a step": (hit) => {
    let calls = 0;
    const update: Optimizer["update"] = (w, g, s, lr, t) => {
      rule.update(w, g, s, lr, t);
      // six parameters in a step
      if (++calls % 6 === 4) hit();
    };
    return { more: { optimizer: { ...rule, update } } };
  },
  augment: (hit) => {
    let calls = 0;
    return {
      more: {
        augment: () => {
          if (++calls % 7 === 3) hit();
        },
      },
    };
  },
};

for (const dtype of ["float32", "float64"] as const) {
  for (const [what, make] of Object.entries(throwers))
    test(`an error of ${what} in step 6 keeps the five steps before: model, checkpoint, and the way on, ${dtype}`, () => {
      const parts = (hit: () => void) => {
        const { more = {}, middle } = make(hit);
        return { model: net(dtype, middle), more };
      };
      const checkpoint = newFile();
      const broken = parts(throwAt(6));
      assert.throws(() => fit(broken.model, config({ ...broken.more, checkpoint })), boom);
      const stopped = parts(() => {});
      fit(stopped.model, config({ ...stopped.more, steps: 5 }));
      assert.equal(weightsDigest(broken.model), weightsDigest(stopped.model));
      const again = parts(() => {});
      const resumed = fit(again.model, config({ ...again.more, checkpoint, resume: true }));
      const whole = parts(() => {});
      assert.deepEqual(resumed, fit(whole.model, config(whole.more)));
    });

  test(`an error of onStep or onEpoch keeps what is done, ${dtype}`, () => {
    for (const [what, steps] of [
      ["onStep", 5],
      ["onEpoch", 9],
    ] as const) {
      const [checkpoint, model, stopped] = [newFile(), net(dtype), net(dtype)];
      const callback = throwAt(what === "onStep" ? 5 : 2);
      assert.throws(() => fit(model, config({ [what]: callback, checkpoint })), boom);
      fit(stopped, config({ steps }));
      assert.equal(weightsDigest(model), weightsDigest(stopped));
      assert.equal(
        fit(net(dtype), config({ checkpoint, resume: true })).digest,
        fit(net(dtype), config()).digest,
      );
    }
  });

  test(`onStep sees the weights of its step, and training goes on with those that it leaves, ${dtype}`, () => {
    const model = net(dtype);
    const seen: number[] = [];
    const { value } = model.parameters[0].parameter;
    fit(
      model,
      config({
        epochs: 1,
        onStep: () => {
          seen.push(value.data[0]);
          value.data[1] = 0.25;
        },
      }),
    );
    assert.equal(new Set(seen).size, 9);
    assert.equal(value.data[1], 0.25);
    const plain = net(dtype);
    fit(plain, config({ epochs: 1 }));
    assert.notEqual(weightsDigest(plain), weightsDigest(model));
  });

  test(`onStep ends a run with "stop", ${dtype}`, () => {
    const run = fit(net(dtype), config({ onStep: (step) => (step === 11 ? "stop" : undefined) }));
    assert.equal(run.ending, "stopped early");
    assert.equal(run.stepLosses.length, 11);
    assert.equal(run.epochs[2].epoch, 1 + 14 / 60);
  });

  test(`augment: the same draws for any number of threads and batch size, none in an evaluation, ${dtype}`, () => {
    const draws = (batch: number, threads: number) => {
      const seen: string[] = [];
      const augment: FitConfig["augment"] = (sample, stream) => {
        seen.push(`${Array.from(sample.data).join(" ")} ${stream.uniform()}`);
        sample.data[0] += stream.normal();
      };
      const run = fit(net(dtype), config({ augment, batch, threads, epochs: 2, test: train }));
      return { seen: seen.sort(), digest: run.digest };
    };
    const one = draws(7, 1);
    assert.equal(one.seen.length, 120);
    assert.equal(new Set(one.seen).size, 120, "each sample of each epoch has its own stream");
    assert.equal(draws(7, 3).digest, one.digest);
    assert.deepEqual(draws(20, 1).seen, one.seen);
    const untrained = fit(net(dtype), config({ augment: (s) => void s.data.fill(100), epochs: 0 }));
    assert.equal(untrained.epochs[0].trainLoss, fit(net(dtype), config({ epochs: 0 })).epochs[0].trainLoss);
  });

  test(`augment may return another tensor; resuming gives the same bits, ${dtype}`, () => {
    const flip: FitConfig["augment"] = (sample, stream) =>
      stream.int(2) === 0 ? sample : (sample.clone().reshape([2]) as Tensor);
    const shift: FitConfig["augment"] = (sample, stream) => {
      const moved = flip(sample, stream) as Tensor;
      moved.data[1] -= stream.uniform();
      return moved;
    };
    const checkpoint = newFile();
    fit(net(dtype), config({ augment: shift, steps: 13, checkpoint }));
    const whole = fit(net(dtype), config({ augment: shift }));
    assert.equal(fit(net(dtype), config({ augment: shift, checkpoint, resume: true })).digest, whole.digest);
    assert.notEqual(whole.digest, fit(net(dtype), config()).digest);
  });

  test(`dropLast leaves the short batch out, ${dtype}`, () => {
    const run = fit(net(dtype), config({ dropLast: true, epochs: 2 }));
    assert.equal(run.stepLosses.length, 16);
    assert.deepEqual(
      run.epochs.map(({ epoch }) => epoch),
      [0, 1, 2],
    );
    const checkpoint = newFile();
    fit(net(dtype), config({ dropLast: true, steps: 11, checkpoint, epochs: 2 }));
    assert.equal(
      fit(net(dtype), config({ dropLast: true, checkpoint, resume: true, epochs: 2 })).digest,
      run.digest,
    );
  });

  test(`batch norm and a last batch of one: refused before the first step, with cures that cure, ${dtype}`, () => {
    const set = train.subset(Array.from({ length: 33 }, (_, i) => i));
    const one = train.subset([0]);
    for (const batch of [1, 2, 4, 8, 16, 32]) {
      let steps = 0;
      const go = (more: Partial<FitConfig>) =>
        fit(net(dtype), config({ train: set, batch, epochs: 1, onStep: () => ++steps, ...more }));
      let message = "";
      assert.throws(
        () => go({}),
        (error: Error) => {
          message = error.message;
          return /^fit, norm1: 33 samples in batches of \d+ make a batch of one sample/.test(message);
        },
      );
      assert.equal(steps, 0);
      const better = Number(/batch: (\d+)/.exec(message)?.[1]);
      assert.ok(
        fit(net(dtype), config({ train: set, batch: better, epochs: 1 })).stepLosses.length > 0,
        message,
      );
      if (batch > 1) assert.match(message, /dropLast: true leaves it out/);
      if (batch > 1) assert.equal(go({ dropLast: true }).stepLosses.length, Math.floor(33 / batch));
      // a run that never reaches that batch is none of its business
      if (batch > 1) assert.equal(go({ steps: 1 }).stepLosses.length, 1);
    }
    assert.throws(
      () => fit(net(dtype), config({ train: one, batch: 8 })),
      /1 samples in batches of 8.*Train on at least 2 samples/,
    );
    assert.ok(fit(net(dtype), config({ train: set, batch: 64, epochs: 1 })).stepLosses.length === 1);
    const images = arrayDataset(new Float32Array(33 * 4), new Uint8Array(33), [1, 2, 2]);
    const model = sequential([batchNorm2d({ features: 1 }), flatten(), linear({ in: 4, out: 2 })], {
      input: [1, 2, 2],
      dtype,
    });
    assert.equal(
      fit(model, config({ train: images, test: images, batch: 8, epochs: 1 })).stepLosses.length,
      5,
    );
  });

  test(`a test loss of NaN is said, and ends an early stop that watches it, ${dtype}`, () => {
    const poisoned = arrayDataset(
      Float32Array.from({ length: 8 }, (_, i) => (i === 5 ? Number.NaN : 1)),
      [0, 1, 0, 1],
      [2],
    );
    const said = mock.method(console, "warn", () => {});
    try {
      fit(net(dtype), config({ test: poisoned, epochs: 1, batch: dtype === "float32" ? 8 : 9 }));
      if (dtype === "float32")
        assert.match(
          String(said.mock.calls[0].arguments[0]),
          /^fit, epoch 0: the test loss is NaN: sample 2 of own data holds NaN\./,
        );
    } finally {
      said.mock.restore();
    }
    const stop = earlyStop({ patience: 2 });
    stop({ epoch: 0, trainLoss: 1, trainError: 1, testLoss: 1, testError: 1, digest: "" });
    assert.throws(
      () => stop({ epoch: 1, trainLoss: 1, trainError: 1, testLoss: Number.NaN, testError: 1, digest: "" }),
      /earlyStop: testLoss of epoch 1 is NaN/,
    );
  });
}

test("a diverged run leaves the checkpoint of the epoch before", () => {
  const checkpoint = newFile();
  const explode: FitConfig["schedule"] = (epoch) => (epoch === 3 ? 1e30 : 0.1);
  assert.throws(
    () => fit(net("float32"), config({ checkpoint, schedule: explode, epochs: 5 })),
    /the loss is/,
  );
  const resumed = fit(net("float32"), config({ checkpoint, resume: true, schedule: explode, epochs: 2 }));
  assert.equal(resumed.epochs.length, 3);
});

test("a checkpoint replaces no file that is not one, and says whose checkpoint it replaces", () => {
  const notes = newFile();
  writeFileSync(notes, "my notes");
  assert.throws(
    () => fit(net("float32"), config({ checkpoint: notes })),
    /checkpoint .*: the file there is not a checkpoint, and would be replaced, expected a file/,
  );
  assert.equal(readFileSync(notes, "utf8"), "my notes");
  const checkpoint = newFile();
  fit(net("float32"), config({ checkpoint, epochs: 1 }));
  assert.ok(existsSync(checkpoint));
  const said = mock.method(console, "warn", () => {});
  try {
    fit(net("float32"), config({ checkpoint, epochs: 1, seed: 4 }));
    assert.match(
      String(said.mock.calls[0].arguments[0]),
      /holds the checkpoint of another run \(not the same seed\)/,
    );
  } finally {
    said.mock.restore();
  }
});

test("a schedule that gives the rate 0 is said", () => {
  const said = mock.method(console, "warn", () => {});
  try {
    fit(net("float32"), config({ schedule: (epoch, lr) => (epoch === 2 ? 0 : lr), epochs: 2 }));
    assert.match(String(said.mock.calls[0].arguments[0]), /fit, epoch 2: the schedule gives the rate 0/);
  } finally {
    said.mock.restore();
  }
});
