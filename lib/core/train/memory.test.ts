import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, mock, test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { batchNorm1d } from "../layers/batch-norm.js";
import { type ForwardContext, type Layer, Parameter } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { adam } from "../optimizers/adam.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { Rng } from "../tensor/rng.js";
import { type DType, Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { type FitConfig, fit } from "./fit.js";

const folder = mkdtempSync(join(tmpdir(), "memory-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newFile = (): string => join(folder, `${count++}.ckpt`);
const rng = new Rng(3);
const x = Float32Array.from({ length: 80 }, () => rng.normal());
const train = arrayDataset(
  x,
  Array.from({ length: 40 }, (_, i) => (x[2 * i] > 0 ? 1 : 0)),
  [2],
);
const config = (more: Partial<FitConfig> = {}): FitConfig => ({
  train,
  test: train,
  optimizer: adam({ lr: 0.01 }),
  batch: 7,
  epochs: 4,
  seed: 3,
  ...more,
});

/** y = x + inner(x) */
class Residual implements Layer {
  readonly inner: Sequential;

  readonly params: Record<string, Parameter>;
  constructor(inner: Sequential) {
    this.inner = inner;

    this.params = Object.fromEntries(
      inner.parameters.map(({ name, parameter }) => [name.replace(".", "_"), parameter]),
    );
  }
  outputShape = (shape: readonly number[]) => shape;
  forward(t: Tensor, context: ForwardContext): Tensor {
    const y = this.inner.forward(t, context);
    return new Tensor(
      y.shape,
      y.data.map((v, i) => v + t.data[i]),
    );
  }
  backward(dy: Tensor): Tensor {
    const d = this.inner.backward(dy);
    return new Tensor(
      d.shape,
      d.data.map((v, i) => v + dy.data[i]),
    );
  }
}

/** Subtracts a running mean that it keeps in `buffers`. */
class Centre implements Layer {
  private readonly replaces: boolean;

  readonly buffers: Record<string, Tensor> = { mean: Tensor.zeros([8]) };
  constructor(replaces = false) {
    this.replaces = replaces;
  }
  forward(t: Tensor, { training }: ForwardContext): Tensor {
    const mean = this.buffers.mean.data;
    const y = new Tensor(
      t.shape,
      t.data.map((v, i) => v - mean[i % 8]),
    );
    if (!training) return y;
    const next = mean.slice();
    for (let i = 0; i < t.size; i++) next[i % 8] += (t.data[i] - next[i % 8]) / 10;
    if (this.replaces) this.buffers.mean = new Tensor([8], next);
    else mean.set(next);
    return y;
  }
  backward = (dy: Tensor) => dy;
}

const nested = (dtype: DType) =>
  new Residual(
    sequential([linear({ in: 8, out: 8 }), batchNorm1d({ features: 8 }), relu()], {
      input: [8],
      seed: 9,
      dtype,
    }),
  );
const remembering: Record<string, (dtype: DType) => Layer> = {
  "batch norm in a nested model": nested,
  "batch norm in a layer in a list": (dtype) => {
    const residual = nested(dtype);
    return {
      params: residual.params,
      parts: [{ deep: residual }],
      forward: (t: Tensor, c: ForwardContext) => residual.forward(t, c),
      backward: (dy: Tensor) => residual.backward(dy),
    } as Layer;
  },
  "a tensor in buffers": () => new Centre(),
  "a tensor in buffers that is replaced in each step": () => new Centre(true),
  "a Parameter in buffers": () => {
    const centre = new Centre();
    const mean = new Parameter([8], 8, 8, 0);
    return Object.assign(centre, {
      buffers: { mean: Object.defineProperty(mean, "data", { get: () => mean.value.data }) },
    }) as unknown as Layer;
  },
  "buffers that forward those of a nested layer": () => {
    const centre = new Centre();
    return {
      buffers: centre.buffers,
      centre,
      forward: (t: Tensor, c: ForwardContext) => centre.forward(t, c),
      backward: (dy: Tensor) => dy,
    } as Layer;
  },
};

for (const [what, make] of Object.entries(remembering))
  for (const dtype of ["float32", "float64"] as const)
    test(`${what} is saved, restored and digested, ${dtype}`, () => {
      const net = () =>
        sequential([linear({ in: 2, out: 8 }), make(dtype), linear({ in: 8, out: 2 })], {
          input: [2],
          seed: 1,
          dtype,
        });
      const whole = fit(net(), config());
      for (const stop of [5, 6, 7, 8, 14]) {
        const checkpoint = newFile();
        fit(net(), config({ steps: stop, checkpoint }));
        const model = net();
        const resumed = fit(model, config({ checkpoint, resume: true }));
        assert.deepEqual(resumed.epochs, whole.epochs);
        assert.equal(resumed.digest, whole.digest);
      }
      const model = net();
      fit(model, config({ epochs: 1 }));
      const digest = weightsDigest(model);
      const { buffers } = model;
      assert.ok(buffers.length >= 1 && new Set(buffers.map(({ name }) => name)).size === buffers.length);
      buffers[0].parameter.value.data[0] += 1;
      assert.notEqual(weightsDigest(model), digest);
    });

test("the digest of a run covers the optimizer's memory", () => {
  const net = () => sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
  // both leave the weights where they are, and remember other numbers
  const still = (value: number): Optimizer => ({
    spec: { kind: "still", lr: 0.1 },
    slots: 1,
    update: (_w, _g, [s]) => {
      s.fill(value);
    },
  });
  const [a, b] = [1, 2].map((value) => fit(net(), config({ optimizer: still(value), epochs: 1 })));
  assert.equal(a.epochs[1].trainLoss, b.epochs[1].trainLoss);
  assert.equal(a.epochs[0].digest, b.epochs[0].digest);
  assert.notEqual(a.digest, b.digest);
});

test("what onEpoch does to the weights belongs to the digest, and to the checkpoint's run", () => {
  const net = () => sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
  const shrink: FitConfig["onEpoch"] = ({ epoch }, model) => {
    if (epoch === 1) for (const { parameter } of model.parameters) parameter.value.data.fill(0.5);
  };
  const [plain, changed] = [fit(net(), config()), fit(net(), config({ onEpoch: shrink }))];
  assert.equal(plain.epochs[0].digest, changed.epochs[0].digest);
  assert.notEqual(plain.epochs[1].digest, changed.epochs[1].digest);
  const checkpoint = newFile();
  fit(net(), config({ epochs: 2, checkpoint, onEpoch: shrink }));
  assert.throws(
    () => fit(net(), config({ checkpoint, resume: true })),
    /belongs to another run: not the same onEpoch, which has changed weights/,
  );
  assert.equal(fit(net(), config({ checkpoint, resume: true, onEpoch: shrink })).digest, changed.digest);
});

test("code written by hand belongs to a checkpoint's run: its text and the numbers in its fields", () => {
  class Scale implements Layer {
    readonly factor: number;

    constructor(factor: number) {
      this.factor = factor;
    }
    forward = (t: Tensor) =>
      new Tensor(
        t.shape,
        t.data.map((v) => v * this.factor),
      );
    backward = (dy: Tensor) => this.forward(dy);
  }
  const net = (layer: Layer) => sequential([layer, linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
  const checkpoint = newFile();
  const own = {
    spec: { kind: "own", lr: 0.1 },
    update: (w: { [i: number]: number }, g: ArrayLike<number>) => {
      w[0] -= g[0] / 10;
    },
  };
  const weighted = (weight: number): Loss & { weight: number } => ({
    sum: () => 1,
    gradient: (o) => Tensor.zeros(o.shape, o.dtype),
    weight,
  });
  const parts = { optimizer: own, loss: weighted(2), augment: (t: Tensor) => t };
  fit(net(new Scale(2)), config({ epochs: 1, checkpoint, ...parts }));
  const refused = (words: RegExp, layer: Layer, more: Partial<FitConfig>) =>
    assert.throws(() => fit(net(layer), config({ resume: checkpoint, ...parts, ...more })), words);
  refused(/not the same the code of scale1,/, new Scale(3), {});
  refused(/not the same the code of the loss,/, new Scale(2), {
    loss: weighted(3),
  });
  refused(/not the same the code of the optimizer,/, new Scale(2), {
    optimizer: {
      ...own,
      update: (w, g) => {
        w[0] -= g[0] / 20;
      },
    },
  });
  refused(/not the same augment,/, new Scale(2), { augment: (t) => new Tensor(t.shape, t.data) });
  fit(net(new Scale(2)), config({ resume: checkpoint, ...parts }));
});

test("a schedule of one's own is asked again for the epochs that are done", () => {
  const net = () => sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
  const halving = (factor: number) => (_epoch: number, lr: number) => lr * factor;
  const checkpoint = newFile();
  fit(net(), config({ epochs: 2, checkpoint, schedule: halving(0.5) }));
  assert.throws(
    () => fit(net(), config({ resume: checkpoint, schedule: halving(0.25) })),
    /belongs to another run: its rate in epoch 1 was 0\.005, this schedule gives 0\.0025/,
  );
  assert.equal(
    fit(net(), config({ resume: checkpoint, schedule: halving(0.5) })).digest,
    fit(net(), config({ schedule: halving(0.5) })).digest,
  );
});

test("what a checkpoint cannot hold is said when one is asked for, and only then", () => {
  class Counting implements Layer {
    count = 0;
    cache: Tensor | undefined;
    forward(t: Tensor): Tensor {
      this.count++;
      this.cache = t;
      return t;
    }
    backward = (dy: Tensor) => dy;
  }
  const said = mock.method(console, "warn", () => {});
  try {
    const net = () => sequential([linear({ in: 2, out: 2 }), new Counting()], { input: [2], seed: 1 });
    fit(net(), config({ epochs: 1 }));
    assert.equal(said.mock.callCount(), 0);
    fit(net(), config({ epochs: 1, checkpoint: newFile() }));
    assert.match(
      String(said.mock.calls[0].arguments[0]),
      /the checkpoint does not hold counting1\.count, which training changes/,
    );
    assert.doesNotMatch(String(said.mock.calls[0].arguments[0]), /cache/);
  } finally {
    said.mock.restore();
  }
});

test("parameters of a nested model that stand in no params are said not to be trained", () => {
  const said = mock.method(console, "warn", () => {});
  try {
    const inner = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 9 });
    const teacher: Layer & { inner: Sequential } = {
      inner,
      forward: (t) => inner.forward(t),
      backward: (dy) => inner.backward(dy),
    };
    const before = weightsDigest(inner);
    fit(sequential([teacher, linear({ in: 2, out: 2 })], { input: [2], seed: 1 }), config({ epochs: 1 }));
    assert.match(
      String(said.mock.calls[0].arguments[0]),
      /object1\.inner\.linear1\.weight, object1\.inner\.linear1\.bias will not be trained/,
    );
    assert.equal(weightsDigest(inner), before);
  } finally {
    said.mock.restore();
  }
});
