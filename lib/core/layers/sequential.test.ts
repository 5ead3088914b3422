import assert from "node:assert/strict";
import { test } from "node:test";
import { Tensor } from "../tensor/tensor.js";
import { dropout } from "./dropout.js";
import { flatten } from "./flatten.js";
import { arange, noise } from "./gradients.test.helper.js";
import { hw4Layers } from "./hw4.test.helper.js";
import type { Layer } from "./layer.js";
import { leakyRelu } from "./leaky-relu.js";
import { linear } from "./linear.js";
import { relu } from "./relu.js";
import { sequential } from "./sequential.js";

const hw4 = (init: "he" | "pytorch" | "xavier" | "zeros" = "he", seed = 1) =>
  sequential(hw4Layers(), { input: [1, 28, 28], seed, init });

test("sequential hw4: the summary table, 10,661 parameters", () => {
  const model = hw4();
  assert.equal(model.parameterCount, 10661);
  assert.equal(
    String(model),
    `         input                                [1, 28, 28]
conv1    Conv2d(1→4, 5×5, pad 2, 104 params)  [4, 28, 28]     104
relu1    Relu()                               [4, 28, 28]       0
pool1    MaxPool2d(2×2)                       [4, 14, 14]       0
conv2    Conv2d(4→4, 5×5, pad 2, 404 params)  [4, 14, 14]     404
relu2    Relu()                               [4, 14, 14]       0
pool2    MaxPool2d(2×2)                       [4, 7, 7]         0
flatten  Flatten()                            [196]             0
linear1  Linear(196→49, 9653 params)          [49]          9,653
relu3    Relu()                               [49]              0
linear2  Linear(49→10, 500 params)            [10]            500
                                              total        10,661`,
  );
});

test("sequential: the same seed gives the same weights, another seed others", () => {
  const weights = (seed: number) =>
    hw4("he", seed).parameters.map(({ parameter }) => Array.from(parameter.value.data));
  assert.deepEqual(weights(1), weights(1));
  assert.notDeepEqual(weights(1), weights(2));
});

test("sequential: he, xavier and pytorch have the spread they promise", () => {
  const spread = (init: "he" | "xavier" | "pytorch") => {
    const { data, size } =
      hw4(init).parameters.find(({ name }) => name === "linear1.weight")?.parameter.value ??
      Tensor.zeros([0]);
    return Math.sqrt(Array.from(data).reduce((sum, v) => sum + v * v, 0) / size);
  };
  const close = (got: number, expected: number) =>
    assert.ok(Math.abs(got / expected - 1) < 0.03, `${got} for ${expected}`);
  close(spread("he"), Math.sqrt(2 / 196));
  // a uniform distribution on ±a has the deviation a/√3
  close(spread("xavier"), Math.sqrt(6 / (196 + 49)) / Math.sqrt(3));
  close(spread("pytorch"), 1 / Math.sqrt(196) / Math.sqrt(3));
});

test("sequential: biases are 0 with he and xavier, random with pytorch's default", () => {
  const bias = (init: "he" | "xavier" | "pytorch") =>
    hw4(init).parameters.find(({ name }) => name === "conv1.bias")?.parameter.value.data;
  assert.ok(bias("he")?.every((v) => v === 0));
  assert.ok(bias("xavier")?.every((v) => v === 0));
  assert.ok(bias("pytorch")?.every((v) => v !== 0));
});

test("sequential: every layer's activations by name", () => {
  const outputs = hw4().activations(noise([3, 1, 28, 28], 1).clone("float32"));
  assert.deepEqual(outputs.conv1.shape, [3, 4, 28, 28]);
  assert.deepEqual(outputs.pool2.shape, [3, 4, 7, 7]);
  assert.deepEqual(outputs.relu3.shape, [3, 49]);
});

/** What a student writes in a notebook cell: nothing but forward and backward. */
class Doubling implements Layer {
  forward(x: Tensor): Tensor {
    return new Tensor(
      x.shape,
      x.data.map((v) => 2 * v),
    );
  }
  backward(dy: Tensor): Tensor {
    return new Tensor(
      dy.shape,
      dy.data.map((v) => 2 * v),
    );
  }
}

test("sequential: a layer written by hand stands beside the built-in ones", () => {
  const model = sequential([flatten(), new Doubling(), linear({ in: 4, out: 2 })], {
    input: [1, 2, 2],
    dtype: "float64",
    init: "zeros",
  });
  assert.deepEqual(
    model.layers.map(({ name, output }) => [name, output]),
    [
      ["flatten", [4]],
      ["doubling1", [4]],
      ["linear1", [2]],
    ],
  );
  model.parameters[0].parameter.value.data.set([1, 1, 1, 1, 0, 0, 0, 1]);
  assert.deepEqual(model.forward(arange([1, 1, 2, 2])).toNested(), [[20, 8]]);
  assert.deepEqual(model.backward(Tensor.from([[1, 0]])).toNested(), [
    [
      [
        [2, 2],
        [2, 2],
      ],
    ],
  ]);
  assert.match(String(model), /Doubling \(written by hand\)/);
});

test("sequential: a model among the layers stands for its layers, with the weights of a model written flat", () => {
  const ends = () => [linear({ in: 4, out: 6 }), relu(), linear({ in: 6, out: 2 }), relu()] as const;
  const [a, b, c, d] = ends();
  const config = { input: [4], seed: 1 };
  const nested = sequential([sequential([a, b], config), c, sequential([d], { input: [2] })], config);
  const flat = sequential(ends(), config);
  assert.equal(String(nested), String(flat));
  assert.deepEqual(nested.parameters, flat.parameters);
  const inner = sequential([relu()], { input: [3] });
  assert.throws(() => sequential([inner, inner], { input: [3] }), /layers 1 and 2 are the same object/);
});

test("sequential refuses a layer that does not fit, naming it and what comes before", () => {
  assert.throws(() => sequential([flatten(), linear({ in: 100, out: 10 })], { input: [1, 28, 28] }), {
    message: "linear1 (after [784]): the input has 784 features ([1, 784]), expected 100 (weight [10, 100]).",
  });
});

test("sequential refuses the same layer object twice, no layers, and unknown options", () => {
  for (const shared of [dropout(), relu(), linear({ in: 3, out: 3 }), new Doubling()]) {
    assert.throws(
      () => sequential([shared, relu(), shared], { input: [3] }),
      /sequential: layers 1 and 3 are the same object, .*expected a separate layer.*Create a second one\./,
    );
  }
  const [a, b] = [relu(), relu()].map((layer) => Object.assign(layer, { name: "d" }));
  assert.throws(() => sequential([a, b], { input: [3] }), /two layers are called "d"/);
  assert.throws(
    () => sequential([], { input: [3] }),
    /sequential: no layers, expected a list of at least one/,
  );
  const config = { input: [3], sed: 1 };
  assert.throws(() => sequential([relu()], config), /Did you mean "seed"\?/);
});

test("sequential refuses what is no layer, no list of layers, and no configuration", () => {
  const build = (layers: unknown, config: unknown = { input: [3] }) =>
    Reflect.apply(sequential, undefined, [layers, config]);
  assert.throws(() => build([dropout(), relu]), {
    message:
      "sequential: layer 2 is the function relu, expected a layer. A layer is made by calling it: relu().",
  });
  assert.throws(() => build([undefined]), /layer 1 is nothing, expected a layer/);
  assert.equal(build([[relu()], []]).layers.length, 1); // lists are taken one after another
  assert.throws(() => build([[], [[]]]), /no layers, expected a list of at least one/);
  assert.throws(() => build(relu()), /layers is an object of the class Activation, expected a list/);
  assert.throws(() => Reflect.apply(sequential, undefined, [[relu()]]), {
    message: "sequential: missing argument, expected an object { input, seed?, init?, dtype? }.",
  });
});

test("sequential refuses no shape of one sample, and a precision that there is not", () => {
  const build = (config: unknown) => Reflect.apply(sequential, undefined, [[flatten()], config]);
  for (const [config, got] of [
    [{}, "missing"],
    [{ input: 4 }, "4"],
    [{ input: [] }, "[]"],
    [{ input: [0] }, "[0]"],
    [{ input: [-1] }, "[-1]"],
    [{ input: [2, -2, -1] }, "[2, -2, -1]"],
    [{ input: [1.5] }, "[1.5]"],
  ] as const) {
    assert.throws(() => build(config), {
      message: `sequential: input is ${got}, expected the shape of one sample, sizes of at least 1. [1, 28, 28] is one of MNIST's images, [784] its pixels in a row.`,
    });
  }
  assert.throws(() => build({ input: [4], dtype: "float16" }), {
    message: 'sequential: dtype is "float16", expected "float32" or "float64".',
  });
});

test("dropout and leakyRelu refuse a number: the record's key was meant", () => {
  assert.throws(() => Reflect.apply(dropout, undefined, [0.1]), {
    message: "dropout: 0.1, expected an object { p? }.",
  });
  assert.throws(() => Reflect.apply(leakyRelu, undefined, [0.2]), {
    message: "leakyRelu: 0.2, expected an object { slope? }.",
  });
});

test("sequential refuses an unknown layer name", () => {
  assert.throws(() => hw4().layer("conv3"), /no layer "conv3", expected one of conv1, relu1/);
});
