import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import type { Dataset } from "../datasets/dataset.js";
import { conv2d } from "../layers/conv2d.js";
import { flatten } from "../layers/flatten.js";
import { type ForwardContext, type Layer, Parameter } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { mse } from "../losses/squared.js";
import { adam } from "../optimizers/adam.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { type DType, Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { type FitConfig, fit } from "./fit.js";
import { lastEpoch, type Run } from "./history.js";
import { predict } from "./metrics.js";

const rng = new Rng(3);
const x = Float32Array.from({ length: 80 }, () => rng.normal());
const train = arrayDataset(
  x,
  Array.from({ length: 40 }, (_, i) => (x[2 * i] > 0 ? 1 : 0)),
  [2],
);
const net = (dtype: DType, middle: Layer = relu()): Sequential =>
  sequential([linear({ in: 2, out: 4 }), middle, linear({ in: 4, out: 2 })], { input: [2], seed: 1, dtype });
const config = (more: Partial<FitConfig> = {}): FitConfig => ({
  train,
  optimizer: sgd({ lr: 0.1 }),
  epochs: 3,
  batch: 7,
  ...more,
});

/** The same run in both precisions; their losses have to agree to float32's rounding. */
function both(more: () => Partial<FitConfig>, middle?: () => Layer): Run {
  const [fast, exact] = (["float32", "float64"] as const).map((dtype) =>
    fit(net(dtype, middle?.()), config(more())),
  );
  for (const [i, { trainLoss, trainError }] of exact.epochs.entries()) {
    assert.ok(
      Math.abs(fast.epochs[i].trainLoss - trainLoss) < 1e-5 * Math.max(1, Math.abs(trainLoss)),
      `epoch ${i}: ${fast.epochs[i].trainLoss} in float32, ${trainLoss} in float64`,
    );
    assert.equal(fast.epochs[i].trainError, trainError);
  }
  return exact;
}
const losses = (run: Run) => run.epochs.map(({ trainLoss }) => trainLoss);
const builtin = losses(both(() => ({})));

// ---- losses

const absolute: Loss = {
  spec: { kind: "absolute" },
  sum(output, labels) {
    let sum = 0;
    for (let i = 0; i < output.size; i++) sum += Math.abs(output.data[i] - target(i, labels));
    return sum;
  },
  gradient(output, labels) {
    const gradient = Tensor.zeros(output.shape, output.dtype);
    for (let i = 0; i < output.size; i++)
      gradient.data[i] = Math.sign(output.data[i] - target(i, labels)) / labels.length;
    return gradient;
  },
};
const target = (i: number, labels: ArrayLike<number>) => (labels[Math.floor(i / 2)] === i % 2 ? 1 : 0);

const base = softmaxCrossEntropy();
const changedLosses: Record<string, () => Loss> = {
  "of one's own": () => absolute,
  "of one's own that calls itself mse": () => ({ ...absolute, spec: { kind: "mse", reduction: "mean" } }),
  "without a spec": () => ({ sum: absolute.sum, gradient: absolute.gradient }),
  "of a class": () =>
    new (class implements Loss {
      readonly spec = { kind: "softmaxCrossEntropy", reduction: "mean" } as const;
      sum = absolute.sum;
      gradient(output: Tensor, labels: ArrayLike<number>): Tensor {
        return absolute.gradient(output, labels);
      }
    })(),
  "that is a spread copy with class weights": () => ({
    ...base,
    gradient(output, labels) {
      const gradient = base.gradient(output, labels);
      for (let i = 0; i < gradient.size; i++) gradient.data[i] *= labels[Math.floor(i / 2)] === 1 ? 3 : 0.5;
      return gradient;
    },
  }),
  "that is built in with a method replaced": () => Object.assign(mse(), { gradient: absolute.gradient }),
  "that is a Proxy": () =>
    new Proxy(softmaxCrossEntropy(), {
      get: (loss, key) => (key === "gradient" ? absolute.gradient : Reflect.get(loss, key)),
    }),
};
for (const [what, make] of Object.entries(changedLosses))
  test(`a loss ${what} runs as it is written, in float32 as in float64`, () => {
    assert.notDeepEqual(losses(both(() => ({ loss: make() }))), builtin);
  });

test("a loss with a gradient of 0 moves nothing, whatever it calls itself", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const model = net(dtype);
    const before = weightsDigest(model);
    fit(model, config({ loss: { ...mse(), gradient: (o) => Tensor.zeros(o.shape, o.dtype) } }));
    assert.equal(weightsDigest(model), before);
  }
});

test("a copy of a built-in loss or rule that changes nothing gives its results, as closely as float32 can", () => {
  assert.deepEqual(losses(both(() => ({ loss: { ...base }, optimizer: { ...sgd({ lr: 0.1 }) } }))), builtin);
});

test("a loss may keep in sum what gradient needs, change its arguments, and return float64", () => {
  const kept = (): Loss => {
    let p: Tensor | undefined;
    return {
      sum(output, labels) {
        p = absolute.gradient(output, labels);
        const sum = absolute.sum(output, labels);
        output.data.fill(9);
        return sum;
      },
      gradient: (output) => new Tensor(output.shape, Float64Array.from(p?.data ?? [])),
    };
  };
  assert.deepEqual(losses(both(() => ({ loss: kept() }))), losses(both(() => ({ loss: absolute }))));
});

test("the reduction of a loss of one's own: its gradient is taken as it is, its step losses are means or sums", () => {
  const sums = both(() => ({ loss: { ...absolute, spec: { kind: "absolute", reduction: "sum" } } }));
  const means = both(() => ({ loss: absolute }));
  assert.deepEqual(losses(sums), losses(means));
  assert.ok(Math.abs(sums.stepLosses[0] - 7 * means.stepLosses[0]) < 1e-12);
});

// ---- update rules

const signSgd: Optimizer = {
  spec: { kind: "signSgd", lr: 0.01 },
  update(w, g, _slots, lr) {
    for (let i = 0; i < w.length; i++) w[i] -= lr * Math.sign(g[i]);
  },
};
const rule = sgd({ lr: 0.1 });
const changedRules: Record<string, () => Optimizer> = {
  "of one's own": () => signSgd,
  "of one's own that calls itself adam": () => ({ ...signSgd, spec: { ...adam().spec } }),
  "that clips gradients, a spread copy": () => ({
    ...rule,
    update: (w, g, s, lr, t) =>
      rule.update(
        w,
        g.map((v) => Math.max(-1e-3, Math.min(1e-3, v))),
        s,
        lr,
        t,
      ),
  }),
  "that is built in with update replaced": () => Object.assign(sgd({ lr: 0.01 }), { update: signSgd.update }),
  "with two slots and the number of the step": () => ({
    spec: { kind: "mine", lr: 0.05 },
    slots: 2,
    update(w, g, [m, s], lr, t) {
      for (let i = 0; i < w.length; i++) {
        m[i] = 0.5 * m[i] + g[i];
        s[i] += g[i] * g[i];
        w[i] -= (lr * m[i]) / (1 + Math.sqrt(s[i])) / t;
      }
    },
  }),
  "that remembers by the array it is given": () => {
    const memory = new WeakMap<object, number>();
    return {
      spec: { kind: "slowing", lr: 0.1 },
      update(w, g, _slots, lr) {
        const calls = (memory.get(w) ?? 0) + 1;
        memory.set(w, calls);
        for (let i = 0; i < w.length; i++) w[i] -= (lr / calls) * g[i];
      },
    };
  },
};
for (const [what, make] of Object.entries(changedRules))
  test(`an update rule ${what} runs as it is written, in float32 as in float64`, () => {
    assert.notDeepEqual(losses(both(() => ({ optimizer: make() }))), builtin);
  });

test("a rule of one's own beside a layer, a loss and a set of one's own", () => {
  const run = both(
    () => ({ loss: absolute, optimizer: signSgd, train: own(), augment: jitter }),
    () => new Scale(4),
  );
  assert.ok(lastEpoch(run).trainLoss < run.epochs[0].trainLoss);
});

// ---- layers

/** y = w·x for each feature */
class Scale implements Layer {
  readonly params: Record<string, Parameter>;
  private x: Tensor | undefined;
  constructor(features: number) {
    this.params = { w: new Parameter([features], features, features, 1) };
  }
  forward(input: Tensor): Tensor {
    this.x = input;
    const { data } = this.params.w.value;
    return new Tensor(
      input.shape,
      input.data.map((v, i) => v * data[i % data.length]),
    );
  }
  backward(dy: Tensor): Tensor {
    const [w, { grad }] = [this.params.w.value.data, this.params.w];
    for (let i = 0; i < dy.size; i++) grad.data[i % w.length] += dy.data[i] * (this.x?.data[i] ?? 0);
    return new Tensor(
      dy.shape,
      dy.data.map((v, i) => v * w[i % w.length]),
    );
  }
}

const zeroBackward = (dy: Tensor) => Tensor.zeros(dy.shape, dy.dtype);
const changedLayers: Record<string, () => Layer> = {
  "with a field spec": () =>
    Object.assign(new Scale(4), { spec: { kind: "relu" }, outputShape: (s: readonly number[]) => s }),
  "that is built in with backward replaced": () => Object.assign(relu(), { backward: zeroBackward }),
  "of a subclass of a built-in class": () => {
    const Relu = relu().constructor as new (...args: unknown[]) => Layer;
    class Halved extends Relu {
      override forward(input: Tensor, context: ForwardContext): Tensor {
        const y = super.forward(input, context);
        return new Tensor(
          y.shape,
          y.data.map((v) => v / 2),
        );
      }
    }
    const { spec, label, loops } = relu() as unknown as Record<string, unknown>;
    return new Halved(spec, label, loops);
  },
  "that is a Proxy of a built-in one": () => {
    const inner = relu();
    return new Proxy(inner, {
      get: (layer, key) => (key === "backward" ? zeroBackward : Reflect.get(layer, key, layer)),
    });
  },
};
for (const [what, make] of Object.entries(changedLayers))
  test(`a layer ${what} runs as it is written, in float32 as in float64`, () => {
    assert.notDeepEqual(losses(both(() => ({}), make)), builtin);
  });

test("a method replaced on a built-in class's prototype counts for all its layers", () => {
  const prototype = Object.getPrototypeOf(relu());
  const { backward } = prototype;
  try {
    prototype.backward = zeroBackward;
    assert.notDeepEqual(losses(both(() => ({}))), builtin);
  } finally {
    prototype.backward = backward;
  }
  assert.deepEqual(losses(both(() => ({}))), builtin);
});

test("a model whose forward is replaced, or of a subclass, runs it: in training, evaluation and prediction", () => {
  const negate = (y: Tensor) =>
    new Tensor(
      y.shape,
      y.data.map((v) => -v),
    );
  for (const dtype of ["float32", "float64"] as const) {
    const plain = net(dtype);
    const model = net(dtype);
    const { forward } = model;
    model.forward = (input, context) => negate(forward.call(model, input, context));
    const run = fit(model, config({ epochs: 0 }));
    const [turned, straight] = [run, fit(plain, config({ epochs: 0 }))].map((r) => r.epochs[0].trainError);
    assert.ok(Math.abs(turned + straight - 1) < 1e-12);
    assert.deepEqual(
      [...predict(model, train).classes].map((c) => 1 - c),
      [...predict(plain, train).classes],
    );
    const outer = sequential([model as unknown as Layer], { input: [2], dtype });
    assert.equal(outer.parameters.length, 4, "as a layer of another model it is trained");
    assert.deepEqual(
      outer.forward(Tensor.from([[1, 2]], dtype)).toNested(),
      model.forward(Tensor.from([[1, 2]], dtype)).toNested(),
    );
  }
});

test("two layers that share a parameter train it with the sum of their gradients", () => {
  const tied = () => {
    const [a, b] = [linear({ in: 4, out: 4, bias: false }), linear({ in: 4, out: 4, bias: false })];
    Object.assign(b.params, a.params);
    return sequential([a, relu(), b], { input: [4], seed: 1, dtype: "float64" });
  };
  const set = arrayDataset(
    Float32Array.from({ length: 160 }, () => rng.normal()),
    Array.from({ length: 40 }, (_, i) => i % 4),
    [4],
  );
  const run = (dtype: DType) => {
    const [a, b] = [linear({ in: 4, out: 4, bias: false }), linear({ in: 4, out: 4, bias: false })];
    Object.assign(b.params, a.params);
    const model = sequential([a, relu(), b], { input: [4], seed: 1, dtype });
    assert.deepEqual(
      model.parameters.map(({ name }) => name),
      ["linear1.weight"],
    );
    return fit(model, { train: set, optimizer: sgd({ lr: 0.1 }), epochs: 3, batch: 8 });
  };
  const [fast, exact] = [lastEpoch(run("float32")), lastEpoch(run("float64"))];
  assert.ok(Math.abs(fast.trainLoss - exact.trainLoss) < 1e-5);
  const model = tied();
  const [images, labels] = [Tensor.from([[1, 2, 3, 4]]), [1]];
  const loss = () => base.sum(model.forward(images), labels);
  model.zeroGradients();
  model.backward(base.gradient(model.forward(images), labels));
  const { value, grad } = model.parameters[0].parameter;
  for (const i of [0, 5, 10]) {
    const kept = value.data[i];
    value.data[i] = kept + 1e-6;
    const above = loss();
    value.data[i] = kept - 1e-6;
    assert.ok(Math.abs(grad.data[i] - (above - loss()) / 2e-6) < 1e-6);
    value.data[i] = kept;
  }
});

test("a layer that changes its input in place disturbs nobody", () => {
  const inPlace = (): Layer => ({
    forward(input) {
      for (let i = 0; i < input.size; i++) input.data[i] = Math.max(0, input.data[i]);
      return input;
    },
    backward: (dy) => dy,
  });
  const copying = (): Layer => ({
    forward: (input) =>
      new Tensor(
        input.shape,
        input.data.map((v) => Math.max(0, v)),
      ),
    backward: (dy) => dy,
  });
  assert.deepEqual(losses(both(() => ({}), inPlace)), losses(both(() => ({}), copying)));
});

// ---- data sets

/** The same samples as `train`, by hand. */
function own(more: Partial<Dataset> = {}): Dataset {
  return {
    name: "own",
    size: 40,
    shape: [2],
    classes: 2,
    labels: train.labels,
    classNames: ["no", "yes"],
    source: "by hand",
    digest: "",
    read(index, out, offset) {
      for (let k = 0; k < 2; k++) out[offset + k] = x[2 * index + k];
    },
    subset: () => own(),
    ...more,
  };
}
const jitter = (sample: Tensor, stream: Rng) => {
  sample.data[0] += stream.uniform() / 100;
};

const rightSets: Record<string, Dataset> = {
  "of one's own": own(),
  "that ignores the offset": own({
    read(index, out) {
      out.set(x.subarray(2 * index, 2 * index + 2));
    },
  }),
  "that returns the array it has filled": own({
    read: (index, out, offset) => {
      out.set(x.subarray(2 * index, 2 * index + 2), offset);
      return out as unknown as undefined;
    },
  }),
  "with labels in a list": own({ labels: [...train.labels] as unknown as Uint8Array }),
};
for (const [what, set] of Object.entries(rightSets))
  test(`a set ${what} trains to the result of arrayDataset`, () => {
    assert.deepEqual(losses(both(() => ({ train: set }))), builtin);
  });

test("a set's samples are read anew each time they are used, unless it says that they stay: both dtypes, any size", () => {
  const counts: Record<string, number> = {};
  for (const dtype of ["float32", "float64"] as const)
    for (const features of [4, 400_000])
      for (const cacheable of [false, true]) {
        let reads = 0;
        const set = own({
          size: 50,
          shape: [features],
          labels: new Uint8Array(50),
          cacheable,
          read(_index, out) {
            reads++;
            out.fill(0.5);
          },
        });
        const model = sequential([linear({ in: features, out: 2 })], {
          input: [features],
          init: "zeros",
          dtype,
        });
        fit(model, { train: set, optimizer: sgd({ lr: 1e-9 }), epochs: 2, batch: 20 });
        counts[`${dtype} ${features} ${cacheable}`] = reads / 50;
      }
  // the digest, three evaluations and two epochs; kept in memory: the digest and the copy
  assert.deepEqual(counts, {
    "float32 4 false": 6,
    "float32 4 true": 2,
    "float32 400000 false": 6,
    "float32 400000 true": 6,
    "float64 4 false": 6,
    "float64 4 true": 6,
    "float64 400000 false": 6,
    "float64 400000 true": 6,
  });
});

// ---- what is refused

interface Refusal {
  readonly more?: Partial<FitConfig>;
  readonly middle?: () => Layer;
  readonly words: RegExp;
}
const later = async () => {};
const asLoss = (loss: object) => ({ loss: { ...absolute, ...loss } as Loss });
const asRule = (update: unknown) => ({ optimizer: { ...signSgd, update } as Optimizer });
const asSet = (set: object) => ({ train: own(set) });
const refusals: Record<string, Refusal> = {
  "a loss's sum of undefined": {
    more: asLoss({ sum() {} }),
    words: /^absolute: sum returned nothing, expected a number.*Is its return missing/,
  },
  "a loss's sum of a tensor": {
    more: asLoss({ sum: () => Tensor.zeros([1]) }),
    words: /^absolute: sum returned an object of the class Tensor, expected a number/,
  },
  "a loss's sum of NaN": {
    more: asLoss({ sum: () => Number.NaN }),
    words: /^absolute: sum returned NaN for outputs from -?[\d.]+ to -?[\d.]+.*logarithm of 0/,
  },
  "an async sum": { more: asLoss({ sum: async () => 1 }), words: /^fit, loss\.sum: is async.*without async/ },
  "a sum that returns a promise": {
    more: asLoss({ sum: () => Promise.resolve(1) }),
    words: /^absolute: sum returned a Promise/,
  },
  "a loss's gradient of another shape": {
    more: asLoss({ gradient: () => Tensor.zeros([3]) }),
    words:
      /^absolute: gradient returned a tensor of the shape \[3\], expected \[7, 2\], the shape of the model's output/,
  },
  "a loss's gradient that is a list": {
    more: asLoss({ gradient: () => [1, 2] }),
    words: /^absolute: gradient returned \[1, 2\], expected a Tensor \[7, 2\]/,
  },
  "a loss's gradient of NaN": {
    more: asLoss({
      gradient: (o: Tensor) =>
        new Tensor(
          o.shape,
          o.data.map(() => Number.NaN),
        ),
    }),
    words: /^absolute: gradient returned NaN/,
  },
  "a loss without gradient": {
    more: { loss: { sum: absolute.sum } as Loss },
    words: /fit: loss is an object, expected a loss\. It lacks gradient\..*one of your own is \{ sum/,
  },
  "another reduction": {
    more: asLoss({ spec: { kind: "a", reduction: "none" } }),
    words: /loss\.spec\.reduction is "none", expected "mean"/,
  },
  "an async update": { more: asRule(async () => {}), words: /^fit, optimizer\.update: is async/ },
  "an update that returns a promise": {
    more: asRule(() => later()),
    words: /^signSgd, linear1\.weight: update returned a Promise/,
  },
  "an update that returns new weights": {
    more: asRule((w: Float32Array, g: Float32Array) => w.map((v, i) => v - g[i])),
    words:
      /^signSgd, linear1\.weight: update returned an object of the class Float\d\dArray and left w as it was, expected w moved in place.*w\[i\] -=/,
  },
  "an update that makes NaN": {
    more: asRule((w: Float32Array) => w.fill(Number.NaN)),
    words:
      /^signSgd, linear1\.weight: update made NaN of w\[0\] = -?[\d.]+ with g\[0\] = -?[\d.e-]+ \(step 1\)/,
  },
  "a rule without a rate": {
    more: { optimizer: { spec: { kind: "a" }, update() {} } as unknown as Optimizer },
    words: /optimizer\.spec\.lr is missing, expected the learning rate/,
  },
  "half a slot": { more: { optimizer: { ...signSgd, slots: 0.5 } }, words: /optimizer\.slots is 0\.5/ },
  "a forward that is async": {
    middle: () => ({ forward: async (t: Tensor) => t, backward: (t: Tensor) => t }) as unknown as Layer,
    words: /forward returned a Promise, expected a Tensor.*without async/,
  },
  "a forward of NaN": {
    middle: () => ({
      outputShape: (s) => s,
      forward: (t) =>
        new Tensor(
          t.shape,
          t.data.map(() => Number.NaN),
        ),
      backward: (t) => t,
    }),
    words: /^object1: forward returned NaN \(value 0 of \[/,
  },
  "a backward of NaN": {
    middle: () => ({
      forward: (t) => t,
      backward: (t) =>
        new Tensor(
          t.shape,
          t.data.map(() => Number.NaN),
        ),
    }),
    words: /^object1: backward returned NaN/,
  },
  "a backward of another shape": {
    middle: () => ({ forward: (t) => t, backward: () => Tensor.zeros([1]) }),
    words:
      /^object1: backward returned a tensor of the shape \[1\], expected \[7, 4\]\. The gradient with respect to x has the shape of x/,
  },
  "an output of another shape than it says": {
    middle: () => ({
      outputShape: () => [4],
      forward: (t) => Tensor.zeros([t.shape[0], 5]),
      backward: (t) => t,
    }),
    words: /^object1: forward returned a tensor of the shape \[\d+, 5\], expected \[\d+, 4\]/,
  },
  "an output that has lost its batch": {
    middle: () => ({ forward: () => Tensor.zeros([1, 4]), backward: (t) => t }),
    words: /forward returned \[1, 4\] for a batch of 2 samples, expected \[2, …\]/,
  },
  "a gradient larger than its parameter": {
    middle: () => withGradient(Tensor.zeros([40])),
    words:
      /^scale1: after backward params\.w\.grad is a tensor of the shape \[40\], expected a tensor of the shape \[4\]/,
  },
  "a gradient that is no tensor": {
    middle: () => withGradient([1, 2, 3, 4]),
    words: /^scale1: after backward params\.w\.grad is \[1, 2, 3, 4\]/,
  },
  "parameters made anew at each reading": {
    middle: () =>
      Object.defineProperty(new Scale(4), "params", { get: () => ({ w: new Parameter([4], 4, 4) }) }),
    words: /params\.w is another object each time it is read/,
  },
  "a buffer that is a number": {
    middle: () => Object.assign(new Scale(4), { buffers: { count: 0 } }) as unknown as Layer,
    words: /buffers\.count is 0, expected a Tensor/,
  },
  "a read that returns a list": {
    more: asSet({ read: () => [1, 2] }),
    words: /^own: read\(0\) wrote nothing and returned \[1, 2\], expected 2 numbers in out/,
  },
  "an async read": {
    more: asSet({
      async read(i: number, out: Float32Array) {
        out.set([i, i]);
      },
    }),
    words: /^fit on own, read: is async.*synchronous call/,
  },
  "a read that returns a promise": {
    more: asSet({
      read(i: number, out: Float32Array) {
        out.set([i, i]);
        return later();
      },
    }),
    words: /^own: read\(0\) returned a Promise.*without async/,
  },
  "a generator as read": { more: asSet({ *read() {} }), words: /^fit on own, read: is a generator/ },
  "a read beyond its place": {
    more: asSet({
      read(i: number, out: Float32Array, at: number) {
        for (let k = 0; k < 3; k++) out[at + k] = i;
      },
    }),
    words:
      /^own: read\(0\) wrote to out\[2\], outside of its sample, expected 2 numbers in out\. A sample has 2 numbers/,
  },
  "a read one place before its own": {
    more: asSet({
      read(i: number, out: Float32Array, at: number) {
        out[at - 1] = i;
        out[at] = i;
      },
    }),
    words: /^own: read\(0\) wrote to out\[-1\], outside of its sample/,
  },
  "a read of half a sample": {
    more: asSet({
      read(i: number, out: Float32Array, at: number) {
        out[at] = i;
      },
    }),
    words: /Zeros have to be written too: out\.fill\(0, offset, offset \+ 2\)/,
  },
  "labels of −1": {
    more: asSet({ labels: [-1, ...train.labels.slice(1)] }),
    words: /fit on own: label -1 of sample 0, expected a whole number from 0 to 1/,
  },
  "labels of ½": {
    more: asSet({ labels: [...train.labels.slice(1), 0.5] }),
    words: /label 0\.5 of sample 39/,
  },
  "too few labels": {
    more: asSet({ labels: new Uint8Array(39) }),
    words: /39 labels for 40 samples, expected 40/,
  },
  "no classes": {
    more: asSet({ classes: undefined }),
    words: /classes is nothing, expected the number of classes/,
  },
  "no size": { more: asSet({ size: undefined }), words: /size is nothing, expected the number of samples/ },
  "half a sample": { more: asSet({ size: 39.5 }), words: /size is 39\.5/ },
  "no shape": { more: asSet({ shape: [] }), words: /shape is \[\], expected the sizes of one sample/ },
  "an async onEpoch": {
    more: { onEpoch: async () => "stop" },
    words: /^fit, onEpoch: is async.*synchronous call/,
  },
  "an async onStep": { more: { onStep: async () => {} }, words: /^fit, onStep: is async/ },
  "a generator as onStep": { more: { *onStep() {} }, words: /^fit, onStep: is a generator.*without \*/ },
  "an onEpoch that returns a promise": {
    more: { onEpoch: () => later() },
    words: /^fit, onEpoch: returned a Promise/,
  },
  "another word than stop": {
    more: { onEpoch: () => "Stop" },
    words: /^fit, onEpoch: returned "Stop".*Return "stop" to end the run/,
  },
  "an async augment": {
    more: { augment: async () => {} } as unknown as Partial<FitConfig>,
    words: /^fit, augment: is async/,
  },
  "an augment of another shape": {
    more: { augment: () => Tensor.zeros([3]) },
    words:
      /^augment, sample \d+: returned a tensor of the shape \[3\], expected the sample changed in place, or a Tensor \[2\]/,
  },
  "an augment that returns a list": {
    more: { augment: () => [1, 2] } as unknown as Partial<FitConfig>,
    words: /returned \[1, 2\].*sample\.data\.set/,
  },
  "an augment that makes NaN": {
    more: { augment: (s) => void s.data.fill(Number.NaN) },
    words: /^augment, sample \d+: made NaN of a sample that held none/,
  },
  "an evaluation of a set that is not there": {
    more: { evaluateEvery: 2 },
    words: /fit: test is missing, expected a set for evaluateEvery/,
  },
  "a weight of another shape": {
    more: {
      onEpoch: (_epoch, model) => {
        model.parameters[0].parameter.value = Tensor.zeros([40, 2], model.dtype);
      },
    },
    words: /^linear1\.weight: the value has the shape \[40, 2\], expected \[4, 2\]/,
  },
  "an arrow function as a layer": {
    middle: () => ((t: Tensor) => t) as unknown as Layer,
    words:
      /layer 2 is a function, expected a layer\. A layer is an object with forward\(x\) and backward\(dy\)/,
  },
  "a class as loss": {
    more: { loss: class Mine {} as unknown as Loss },
    words: /loss is the class Mine, expected a loss\. Make one: new Mine\(\)/,
  },
};

function withGradient(grad: unknown): Layer {
  const layer = new Scale(4);
  return Object.assign(layer, {
    backward(dy: Tensor): Tensor {
      layer.params.w.grad = grad as Tensor;
      return dy;
    },
  });
}

for (const [what, { more, middle, words }] of Object.entries(refusals))
  for (const dtype of ["float32", "float64"] as const)
    test(`refused, ${dtype}: ${what}`, () => {
      let model: Sequential | undefined;
      assert.throws(
        () => {
          model = net(dtype, middle?.());
          fit(model, config(more));
        },
        ({ message }: Error) => {
          assert.match(message, words);
          return true;
        },
      );
      if (model !== undefined)
        for (const { parameter } of model.parameters) assert.ok(parameter.value.data.every(Number.isFinite));
    });

test("what comes from an infinity or a NaN of somebody else is not blamed on the layer", () => {
  const passing = (): Layer => ({ outputShape: (s) => s, forward: (t) => t, backward: (t) => t });
  const poisoned = arrayDataset(
    Float32Array.from({ length: 8 }, (_, i) => (i === 3 ? Number.NaN : 1)),
    [0, 1, 0, 1],
    [2],
  );
  for (const dtype of ["float32", "float64"] as const)
    assert.throws(
      () => fit(net(dtype, passing()), config({ train: poisoned })),
      /sample 1 of own data holds NaN/,
    );
});

test("a convolution of one's own between convolutions: the border is checked in images too", () => {
  const identity: Layer = { forward: (t) => t, backward: (t) => Tensor.zeros([...t.shape.slice(0, 3), 1]) };
  const images = arrayDataset(new Float32Array(4 * 16).fill(1), [0, 1, 0, 1], [1, 4, 4]);
  const model = sequential(
    [
      conv2d({ in: 1, out: 2, kernel: 3, pad: 1 }),
      identity,
      conv2d({ in: 2, out: 1, kernel: 3 }),
      flatten(),
      linear({ in: 4, out: 2 }),
    ],
    { input: [1, 4, 4], seed: 1 },
  );
  assert.throws(
    () => fit(model, { train: images, optimizer: sgd({ lr: 0.1 }), batch: 2 }),
    /object1: backward returned a tensor of the shape \[2, 2, 4, 1\], expected \[2, 2, 4, 4\]/,
  );
});

test("an object that only looks like a model is refused with the way to make one of it", () => {
  const net = { layers: [], input: [2], forward: (t: Tensor) => t, backward: (t: Tensor) => t };
  assert.throws(
    () => fit(net as unknown as Sequential, config()),
    /fit: model is an object without output, parameters, buffers, expected a model\..*sequential\(\[new Net\(\)\], \{ input \}\)/,
  );
});
