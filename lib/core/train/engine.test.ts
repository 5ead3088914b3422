import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dataset } from "../datasets/dataset.js";
import type { ClipSpec } from "../engine/spec.js";
import { avgPool2d } from "../layers/avg-pool2d.js";
import { batchNorm1d, batchNorm2d } from "../layers/batch-norm.js";
import { convTranspose2d } from "../layers/conv-transpose2d.js";
import { conv1d } from "../layers/conv1d.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { elu } from "../layers/elu.js";
import { flatten } from "../layers/flatten.js";
import { gelu } from "../layers/gelu.js";
import { globalAvgPool2d } from "../layers/global-avg-pool2d.js";
import { groupNorm, instanceNorm2d } from "../layers/group-norm.js";
import { hardSigmoid, hardSwish, hardTanh } from "../layers/hard-activations.js";
import { hw4Layers } from "../layers/hw4.test.helper.js";
import type { Layer } from "../layers/layer.js";
import { layerNorm } from "../layers/layer-norm.js";
import { leakyRelu } from "../layers/leaky-relu.js";
import { linear } from "../layers/linear.js";
import { lstm } from "../layers/lstm.js";
import { maxPool2d } from "../layers/max-pool2d.js";
import { avgPool1d, maxPool1d } from "../layers/pool1d.js";
import { prelu } from "../layers/prelu.js";
import { relu } from "../layers/relu.js";
import { rnn } from "../layers/rnn.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { sigmoid } from "../layers/sigmoid.js";
import { silu } from "../layers/silu.js";
import { softplus } from "../layers/softplus.js";
import { tanh } from "../layers/tanh.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { euclidean, mse } from "../losses/squared.js";
import { adadelta } from "../optimizers/adadelta.js";
import { adagrad } from "../optimizers/adagrad.js";
import { adam, adamw } from "../optimizers/adam.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { rmsprop } from "../optimizers/rmsprop.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { definitionTrainer } from "./definition.js";
import { weightsDigest } from "./digest.js";
import { engineTrainer } from "./engine.js";

/** Random samples of a shape with random labels. */
function randomSet(size: number, shape: readonly number[], classes: number, seed: string): Dataset {
  const rng = new Rng(seed);
  const floats = sizeOf(shape);
  const values = Float32Array.from({ length: size * floats }, () => rng.normal());
  const set: Dataset = {
    name: "random",
    size,
    shape,
    classes,
    labels: Uint8Array.from({ length: size }, () => rng.int(classes)),
    classNames: [],
    source: "random numbers",
    digest: seed,
    read(index, out, offset) {
      for (let i = 0; i < floats; i++) out[offset + i] = values[index * floats + i];
    },
    subset: () => set,
  };
  return set;
}

interface Case {
  readonly layers: () => Layer[];
  readonly input: readonly number[];
  readonly batch: number;
  readonly loss?: Loss;
  readonly optimizer?: Optimizer;
  readonly clip?: ClipSpec;
  readonly steps?: number;
  readonly threads?: number;
}

const values = (model: Sequential): number[][] =>
  [...model.parameters, ...model.buffers].map(({ parameter }) => Array.from(parameter.value.data));

/**
 * The largest difference of a parameter between engine (float32) and definition (float64), beside the largest move of
 * that parameter. One step with a rate of 1000: the move is the gradient.
 */
function distance({ layers, input, batch, loss, optimizer, clip, steps = 1, threads = 1 }: Case): number {
  const criterion = loss ?? softmaxCrossEntropy();
  const rule = optimizer ?? sgd({ lr: 1000 });
  const models = (["float32", "float64"] as const).map((dtype) =>
    sequential(layers(), { input, seed: 3, init: "he", dtype }),
  );
  const [fast, exact] = models;
  const train = randomSet(Math.max(2 * batch, 5), input, fast.output[0], `${input} ${batch}`);
  const trainers = [
    engineTrainer(fast, { loss: criterion, optimizer: rule, clip, train, batch, seed: 7, threads }),
    definitionTrainer(exact, { loss: criterion, optimizer: rule, clip, train, batch, seed: 7 }),
  ];
  const before = values(exact);
  // more samples than a batch has: what an evaluation takes at once, and a few more
  const others = randomSet(Math.max(103, batch + 3), input, fast.output[0], `${input} others`);
  const evaluationsApart = (): number => {
    const [measured, truth] = trainers.map((t) => t.evaluate(others));
    return Math.abs(measured.loss - truth.loss) / truth.loss;
  };
  const untrained = evaluationsApart();
  const order = Uint32Array.from({ length: train.size }, (_, i) => (i * 3 + 1) % train.size);
  let worst = untrained;
  for (const trainer of trainers) trainer.begin(1, order);
  for (let step = 1; step <= steps; step++) {
    const from = (step % 2) * (train.size - batch);
    const [a, b] = trainers.map((t) => t.step(from, from + batch, rule.spec.lr, step));
    worst = Math.max(worst, Math.abs(a - b) / Math.max(Math.abs(b), 1e-3));
  }
  for (const trainer of trainers) trainer.sync();
  const [got, expected] = models.map(values);
  const moves = expected.map((list, i) => Math.max(...list.map((v, k) => Math.abs(v - before[i][k]))));
  // a bias in front of a batch norm has the gradient 0: rounding must not be measured by it
  const floor = 1e-2 * Math.max(...moves);
  for (const [i, list] of expected.entries()) {
    const off = Math.max(...list.map((v, k) => Math.abs(v - got[i][k])));
    worst = Math.max(worst, off / Math.max(moves[i], floor));
  }
  // after one step of the rate 1000 the losses are too large to be compared
  if (steps > 1 || optimizer !== undefined) worst = Math.max(worst, evaluationsApart());
  for (const trainer of trainers) trainer.dispose();
  return worst;
}

function agrees(title: string, c: Case, tolerance = 1e-5): void {
  test(`engine = definition: ${title}, batch ${c.batch}`, () => {
    const off = distance(c);
    assert.ok(off <= tolerance, `off by ${off}`);
  });
}

const end = (features: number, classes = 10): Layer[] => [flatten(), linear({ in: features, out: classes })];

for (const batch of [1, 3, 10]) {
  agrees("hw4", {
    layers: hw4Layers,
    input: [1, 28, 28],
    batch,
  });
}

// every tail of the vectors: widths, filters, kernels, pads and strides that are no multiple of anything
const rng = new Rng("shapes");
for (let i = 0; i < 24; i++) {
  const [C, F] = [1 + rng.int(5), 1 + rng.int(9)];
  const kernel = [1 + rng.int(5), 1 + rng.int(6)] as const;
  const [H, W] = [kernel[0] + rng.int(9), kernel[1] + rng.int(14)];
  const direct = i % 3 !== 0;
  const stride = direct ? ([1, 1] as const) : ([1 + rng.int(3), 1 + rng.int(3)] as const);
  const pad = direct
    ? ([rng.int(kernel[0]), rng.int(kernel[1])] as const)
    : ([rng.int(3), rng.int(3)] as const);
  const OH = Math.floor((H + 2 * pad[0] - kernel[0]) / stride[0]) + 1;
  const OW = Math.floor((W + 2 * pad[1] - kernel[1]) / stride[1]) + 1;
  const second = conv2d({ in: F, out: 3, kernel: [Math.min(2, OH), Math.min(3, OW)], bias: i % 2 === 0 });
  const [, h, w] = second.outputShape([F, OH, OW]);
  agrees(`conv ${C}→${F} k${kernel} s${stride} p${pad} on ${H}×${W}, then another`, {
    layers: () => [
      conv2d({ in: C, out: F, kernel, stride, pad }),
      tanh(),
      conv2d({ in: F, out: 3, kernel: [Math.min(2, OH), Math.min(3, OW)], bias: i % 2 === 0 }),
      ...end(3 * h * w, 4),
    ],
    input: [C, H, W],
    batch: 1 + rng.int(5),
  });
}

for (const [kernel, stride, pad, H, W] of [
  [2, 2, 0, 12, 20],
  [2, 2, 0, 7, 9],
  [3, 2, 1, 9, 8],
  [2, 1, 0, 6, 7],
  [3, 3, 0, 9, 10],
  [5, 3, 2, 11, 7],
] as const) {
  for (const pool of [maxPool2d, avgPool2d]) {
    const layer = pool({ kernel, stride, pad });
    const [, h, w] = layer.outputShape([3, H, W]);
    agrees(`${pool.name} k${kernel} s${stride} p${pad} on ${H}×${W}`, {
      layers: () => [
        conv2d({ in: 2, out: 3, kernel: 3, pad: 1 }),
        pool({ kernel, stride, pad }),
        leakyRelu({ slope: 0.1 }),
        ...end(3 * h * w, 5),
      ],
      input: [2, H, W],
      batch: 3,
    });
  }
}

for (const batch of [1, 5, 9, 33]) {
  agrees("MLP with products of the whole batch, odd sizes", {
    layers: () => [
      linear({ in: 301, out: 87 }),
      sigmoid(),
      linear({ in: 87, out: 203 }),
      tanh(),
      linear({ in: 203, out: 7 }),
    ],
    input: [301],
    batch,
  });
}

agrees("a product deeper than a block", {
  layers: () => [
    linear({ in: 700, out: 65 }),
    relu(),
    linear({ in: 65, out: 300, bias: false }),
    relu(),
    linear({ in: 300, out: 3 }),
  ],
  input: [700],
  batch: 35,
});

for (const activation of [silu, elu, () => elu({ alpha: 0.3 }), softplus, hardSigmoid, hardTanh, hardSwish]) {
  const title = `${activation()}`;
  agrees(`${title} after a convolution and a linear layer`, {
    layers: () => [
      conv2d({ in: 2, out: 3, kernel: 3, pad: 1 }),
      activation(),
      maxPool2d({ kernel: 2 }),
      flatten(),
      linear({ in: 3 * 3 * 4, out: 11 }),
      activation(),
      linear({ in: 11, out: 4 }),
    ],
    input: [2, 7, 9],
    batch: 3,
  });
}

for (const [title, layers, input] of [
  [
    "conv1d, pools of sequences",
    () => [
      conv1d({ in: 3, out: 5, kernel: 4, pad: 1 }),
      relu(),
      maxPool1d({ kernel: 2 }),
      conv1d({ in: 5, out: 2, kernel: 3, stride: 2, bias: false }),
      tanh(),
      avgPool1d({ kernel: 3, stride: 1, pad: 1 }),
      ...end(2 * 3),
    ],
    [3, 17],
  ],
  [
    "conv1d as the last layer but one, on one channel",
    () => [conv1d({ in: 1, out: 3, kernel: 3, pad: 2 }), ...end(3 * 8)],
    [1, 6],
  ],
  [
    "globalAvgPool2d before a linear layer",
    () => [
      conv2d({ in: 2, out: 5, kernel: 3, pad: 1 }),
      relu(),
      globalAvgPool2d(),
      linear({ in: 5, out: 4 }),
    ],
    [2, 5, 7],
  ],
  [
    "globalAvgPool2d of 2×2 images, an activation behind it",
    () => [conv2d({ in: 2, out: 5, kernel: 2 }), globalAvgPool2d(), tanh(), linear({ in: 5, out: 4 })],
    [2, 3, 3],
  ],
  [
    "layers that run as definitions, among those of the engine",
    () => [
      conv2d({ in: 2, out: 4, kernel: 3, pad: 2, dilation: 2 }),
      groupNorm({ features: 4, groups: 2 }),
      prelu({ features: 4 }),
      conv2d({ in: 4, out: 4, kernel: 3, groups: 4 }),
      instanceNorm2d({ features: 4 }),
      avgPool2d({ kernel: 2, ceil: true }),
      convTranspose2d({ in: 4, out: 3, kernel: 2, stride: 2 }),
      relu(),
      maxPool2d({ kernel: 3, ceil: true }),
      ...end(3 * 2 * 3),
    ],
    [2, 7, 9],
  ],
  [
    "rnn, lstm, layerNorm on sequences",
    () => [
      layerNorm({ shape: 5 }),
      rnn({ in: 5, hidden: 6, returns: "all" }),
      lstm({ in: 6, hidden: 7 }),
      linear({ in: 7, out: 3 }),
    ],
    [4, 5],
  ],
] as const) {
  for (const batch of [2, 5]) agrees(title, { layers, input, batch });
}

agrees(
  "batchNorm2d after conv, ReLU, pool",
  {
    layers: () => [
      conv2d({ in: 2, out: 5, kernel: 3, pad: 1 }),
      batchNorm2d({ features: 5 }),
      relu(),
      maxPool2d({ kernel: 3, stride: 2, pad: 1 }),
      ...end(5 * 5 * 4),
    ],
    input: [2, 9, 7],
    batch: 7,
  },
  2e-5,
);

agrees(
  "a strided conv in front of batch norm and of a pool",
  {
    layers: () => [
      conv2d({ in: 2, out: 5, kernel: 3, stride: 2 }),
      batchNorm2d({ features: 5 }),
      conv2d({ in: 5, out: 3, kernel: 3, stride: [1, 2], pad: 2 }),
      avgPool2d({ kernel: 2, stride: 1 }),
      ...end(3 * 5 * 2),
    ],
    input: [2, 9, 7],
    batch: 7,
  },
  2e-5,
);

agrees(
  "batchNorm1d between linears",
  {
    layers: () => [
      linear({ in: 13, out: 9 }),
      batchNorm1d({ features: 9 }),
      tanh(),
      linear({ in: 9, out: 3 }),
    ],
    input: [13],
    batch: 11,
  },
  2e-5,
);

agrees("dropout in place, on a copy, and on images", {
  layers: () => [
    dropout({ p: 0.2 }),
    conv2d({ in: 2, out: 3, kernel: 3 }),
    relu(),
    dropout({ p: 0.5 }),
    flatten(),
    linear({ in: 3 * 5 * 6, out: 20 }),
    tanh(),
    dropout({ p: 0.3 }),
    linear({ in: 20, out: 4 }),
  ],
  input: [2, 7, 8],
  batch: 6,
});

const block = () => conv2d({ in: 2, out: 2, kernel: 3, pad: 1 });
for (const [where, layers] of Object.entries<() => Layer[]>({
  "at the beginning": () => [gelu(), block(), flatten()],
  "between convolutions": () => [block(), gelu(), block(), flatten()],
  "between conv and pool": () => [block(), gelu(), maxPool2d({ kernel: 2, pad: 1 }), flatten()],
  "after ReLU and before tanh": () => [block(), relu(), gelu(), tanh(), flatten()],
  "twice, around dropout": () => [block(), gelu(), dropout({ p: 0.2 }), gelu(), flatten()],
  "after batch norm": () => [block(), batchNorm2d({ features: 2 }), gelu(), flatten()],
  "at the end": () => [block(), flatten(), gelu()],
}))
  agrees(`gelu ${where}`, { layers, input: [2, 6, 7], batch: 5 }, 2e-5);

for (const loss of [
  softmaxCrossEntropy({ reduction: "sum" }),
  euclidean(),
  euclidean({ reduction: "sum" }),
  mse(),
  mse({ reduction: "sum" }),
]) {
  agrees(`${loss.spec.kind} ${loss.spec.reduction}`, {
    layers: () => [linear({ in: 6, out: 11 })],
    input: [6],
    batch: 5,
    loss,
  });
}

for (const optimizer of [
  sgd({ lr: 0.1, weightDecay: 0.01 }),
  sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.01 }),
  sgd({ lr: 0.1, momentum: 0.9, nesterov: true }),
  rmsprop({ lr: 0.01, weightDecay: 0.01 }),
  rmsprop({ lr: 0.01, epsInside: true }),
  adagrad({ lr: 0.1, weightDecay: 0.01 }),
  adam({ lr: 0.01, weightDecay: 0.01 }),
  adamw({ lr: 0.01, weightDecay: 0.1 }),
  sgd({ lr: 0.1, momentum: 0.9, dampening: 0.5, l1: 0.01 }),
  rmsprop({ lr: 0.01, momentum: 0.5 }),
  rmsprop({ lr: 0.01, centered: true, l1: 0.01 }),
  rmsprop({ lr: 0.01, centered: true, momentum: 0.9, weightDecay: 0.01 }),
  adagrad({ lr: 0.1, lrDecay: 0.5 }),
  adam({ lr: 0.01, amsgrad: true }),
  adamw({ lr: 0.01, weightDecay: 0.1, amsgrad: true, l1: 0.01 }),
  adadelta({ lr: 1, eps: 1e-3, weightDecay: 0.01 }),
]) {
  agrees(
    `5 steps of ${JSON.stringify(optimizer.spec)}`,
    {
      layers: () => [linear({ in: 20, out: 30 }), tanh(), linear({ in: 30, out: 5 })],
      input: [20],
      batch: 6,
      optimizer,
      steps: 5,
    },
    2e-4,
  );
}

// with gradients for each piece, for the batch, and for both beside one another; the norm counts all of them
// (a large rate, so that the moves are not lost in the weights' own rounding)
for (const [clip, lr] of [
  [{ norm: 0.1 }, 3],
  [{ norm: 1e9 }, 0.1],
  [{ value: 0.01 }, 3],
] as const)
  for (const [title, layers, input, batch] of [
    ["hw4", hw4Layers, [1, 28, 28], 10],
    ["an MLP", () => [linear({ in: 301, out: 87 }), tanh(), linear({ in: 87, out: 7 })], [301], 33],
    [
      "small and large layers",
      () => [
        conv2d({ in: 1, out: 3, kernel: 3 }),
        batchNorm2d({ features: 3 }),
        relu(),
        flatten(),
        linear({ in: 3 * 18 * 18, out: 40 }),
        linear({ in: 40, out: 4 }),
      ],
      [1, 20, 20],
      9,
    ],
  ] as const) {
    const optimizer = sgd({ lr, momentum: 0.5, weightDecay: 0.01 });
    const c = { layers, input, batch, optimizer, clip, steps: 3 };
    agrees(`${title}, gradients clipped to ${JSON.stringify(clip)}`, c, 2e-4);
    test(`${title}, clipped to ${JSON.stringify(clip)}: a frozen layer's gradients don't count`, () => {
      const freeze = () => {
        const [first, ...others]: readonly Layer[] = layers();
        first.trainable = false;
        return [first, ...others];
      };
      const off = distance({ ...c, layers: freeze });
      assert.ok(off <= 2e-4, `off by ${off}`);
    });
  }

/** y = 2x with a parameter that scales it, as a notebook cell would write it. */
class Scale implements Layer {
  readonly inner = conv2d({ in: 3, out: 3, kernel: 1, bias: false });
  readonly params = this.inner.params;
  constructor() {
    for (let i = 0; i < 9; i++) this.inner.params.weight.value.data[i] = (i - 3.5) / 8;
  }
  forward: Layer["forward"] = (x) => this.inner.forward(x);
  backward: Layer["backward"] = (dy) => this.inner.backward(dy);
}

agrees("a layer written by hand between built-in ones", {
  layers: () => [
    conv2d({ in: 1, out: 3, kernel: 3 }),
    relu(),
    new Scale(),
    maxPool2d({ kernel: 2 }),
    ...end(27, 4),
  ],
  input: [1, 8, 8],
  batch: 4,
});

/** y = |x|·x / 2, without parameters. */
class Bend implements Layer {
  private x = Tensor.zeros([0]);
  forward(x: Tensor): Tensor {
    this.x = x;
    return map(x, (v) => (Math.abs(v) * v) / 2);
  }
  backward(dy: Tensor): Tensor {
    return map(dy, (v, i) => Math.abs(this.x.data[i]) * v);
  }
}

/** The same shape and precision, other values. */
function map(tensor: Tensor, f: (v: number, i: number) => number): Tensor {
  const result = tensor.clone();
  for (let i = 0; i < result.size; i++) result.data[i] = f(tensor.data[i], i);
  return result;
}

// a convolution reads a padded layout: what is written by hand before, behind and between must find its places
for (const [place, before] of Object.entries({
  "at the beginning": () => [new Bend()],
  "twice at the beginning": () => [new Bend(), new Bend()],
  "then ReLU": () => [new Bend(), relu()],
  "then dropout": () => [new Bend(), dropout({ p: 0.3 })],
  "then tanh and ReLU": () => [new Bend(), tanh(), relu()],
  "after dropout": () => [dropout({ p: 0.3 }), new Bend()],
  "after a conv": () => [conv2d({ in: 2, out: 2, kernel: 3, pad: 1 }), new Bend()],
  "between conv, ReLU and ReLU": () => [conv2d({ in: 2, out: 2, kernel: 1 }), relu(), new Bend(), relu()],
  "after a pool": () => [maxPool2d({ kernel: 3, stride: 1, pad: 1 }), new Bend()],
  "with parameters": () => [
    conv2d({ in: 2, out: 3, kernel: 1 }),
    new Scale(),
    conv2d({ in: 3, out: 2, kernel: 1 }),
  ],
} satisfies Record<string, () => Layer[]>))
  for (const [pad, stride] of [
    [0, 1],
    [1, 1],
    [2, 1],
    [1, 2],
  ])
    for (const W of [5, 8]) {
      const conv = () => conv2d({ in: 2, out: 3, kernel: 3, stride, pad });
      const [, h, w] = conv().outputShape([2, 6, W]);
      agrees(
        `by hand ${place}, conv s${stride} p${pad} on 6×${W}, by hand`,
        {
          layers: () => [...before(), conv(), new Bend(), ...end(3 * h * w, 4)],
          input: [2, 6, W],
          batch: 3,
        },
        2e-5,
      );
    }

/** Trains one step of a model that must be refused. */
function refused(
  layers: Layer[],
  input: readonly number[],
  batch: number,
  train = randomSet(4, input, 2, "refused"),
) {
  const model = sequential(layers, { input, seed: 1 });
  const loss = softmaxCrossEntropy();
  return () => {
    const trainer = engineTrainer(model, {
      loss,
      optimizer: sgd({ lr: 0.1 }),
      train,
      batch,
      seed: 0,
      threads: 1,
    });
    try {
      trainer.begin(1, Uint32Array.from([0, 1, 2, 3]));
      trainer.step(0, batch, 0.1, 1);
    } finally {
      trainer.dispose();
    }
  };
}

test("the engine refuses a label that is no output of the model", () => {
  const layers = [linear({ in: 2, out: 2 })];
  const train = { ...randomSet(4, [2], 2, "labels"), labels: Uint8Array.from([0, 1, 7, 0]) };
  assert.throws(refused(layers, [2], 4, train), /random: label 7 of sample 2, expected a class from 0 to 1/);
});

test("the engine refuses a layer written by hand that changes its mind about shapes", () => {
  const shape = () => [3];
  const wrongForward: Layer = {
    outputShape: shape,
    forward: () => Tensor.zeros([1, 2]),
    backward: (dy) => dy,
  };
  const wrongBackward: Layer = {
    outputShape: shape,
    forward: () => Tensor.zeros([1, 3]),
    backward: (dy) => dy,
  };
  assert.throws(
    refused([wrongForward], [2], 1),
    /object1: forward returned a tensor of the shape \[1, 2\], expected \[1, 3\]/,
  );
  assert.throws(
    refused([wrongBackward], [2], 1),
    /object1: backward returned a tensor of the shape \[1, 3\], expected \[1, 2\]/,
  );
});

test("a set too large to be kept is read in time, also when the order changes", () => {
  const input = [3, 64, 64];
  const eight = randomSet(8, input, 3, "large");
  // 1,400 samples of 48 kB are more than the engine keeps
  const digests = [1400, 8].map((size) => {
    const train: Dataset = {
      ...eight,
      size,
      labels: Uint8Array.from({ length: size }, (_, i) => (i % 8) % 3),
      read: (index, out, offset) => eight.read(index % 8, out, offset),
    };
    const model = sequential([flatten(), linear({ in: sizeOf(input), out: 3, bias: false })], {
      input,
      seed: 1,
    });
    const config = { loss: softmaxCrossEntropy(), optimizer: sgd({ lr: 0.1 }), train, batch: 2, seed: 0 };
    const trainer = engineTrainer(model, config);
    for (const [turn, order] of [
      [0, 1, 2, 3],
      [5, 4, 3, 2],
      [7, 0, 6, 1],
    ].entries()) {
      const shuffled = Uint32Array.from(order);
      trainer.begin(turn + 1, shuffled);
      trainer.step(0, 2, 0.1, 2 * turn + 1);
      trainer.evaluate(eight);
      trainer.step(2, 4, 0.1, 2 * turn + 2);
    }
    trainer.sync();
    trainer.dispose();
    return weightsDigest(model);
  });
  assert.equal(digests[0], digests[1]);
});
