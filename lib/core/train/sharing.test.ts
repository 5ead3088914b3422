import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { batchNorm1d } from "../layers/batch-norm.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import type { Layer } from "../layers/layer.js";
import { linear } from "../layers/linear.js";
import { maxPool2d } from "../layers/max-pool2d.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { type DType, Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { trainableFlags } from "./engine-layers.js";
import { type FitConfig, fit } from "./fit.js";
import { lastEpoch } from "./history.js";

const rng = new Rng(3);
const x = Float32Array.from({ length: 400 }, () => rng.normal());
const train = arrayDataset(
  x,
  Array.from({ length: 100 }, (_, i) => (x[4 * i] > 0 ? 1 : 0)),
  [4],
);
const run = (model: Sequential, more: Partial<FitConfig> = {}) =>
  fit(model, { train, optimizer: sgd({ lr: 0.1 }), epochs: 2, batch: 8, threads: 1, ...more });
const values = (model: Sequential) =>
  [...model.parameters, ...model.buffers].map(({ parameter }) => Array.from(parameter.value.data));
const layersOf = (model: Sequential): Layer[] => model.layers.map(({ layer }) => layer);
const trunk = (dtype: DType) =>
  sequential([linear({ in: 4, out: 8 }), batchNorm1d({ features: 8 }), relu(), linear({ in: 8, out: 2 })], {
    input: [4],
    seed: 1,
    dtype,
  });

for (const dtype of ["float32", "float64"] as const) {
  test(`layers of a trained model keep their weights in a second model, and in the first, ${dtype}`, () => {
    const trained = trunk(dtype);
    run(trained);
    const before = values(trained);
    const second = sequential([...layersOf(trained).slice(0, -1), linear({ in: 8, out: 5 })], {
      input: [4],
      seed: 7,
      init: "he",
      dtype,
    });
    assert.deepEqual(values(trained), before);
    assert.deepEqual(values(second).slice(0, 4), before.slice(0, 4));
    // a layer that is new gets the weights that it would have got alone
    const alone = sequential([...layersOf(trunk(dtype)).slice(0, -1), linear({ in: 8, out: 5 })], {
      input: [4],
      seed: 7,
      init: "he",
      dtype,
    });
    assert.deepEqual(second.parameters[4].parameter.value, alone.parameters[4].parameter.value);
  });

  test(`models that share layers train them in turn, ${dtype}`, () => {
    const a = trunk(dtype);
    const b = sequential([...layersOf(a).slice(0, -1), linear({ in: 8, out: 3 })], {
      input: [4],
      seed: 2,
      dtype,
    });
    const moved = () => a.parameters[0].parameter.value.data[0];
    const start = moved();
    run(a);
    const afterA = moved();
    run(b);
    assert.notEqual(afterA, start);
    assert.notEqual(moved(), afterA);
    assert.equal(moved(), b.parameters[0].parameter.value.data[0]);
  });

  test(`weights that were set before the model was made stay, ${dtype}`, () => {
    const layer = linear({ in: 4, out: 2 });
    layer.params.weight.value.data.fill(0.5);
    const model = sequential([layer], { input: [4], seed: 1, dtype });
    assert.deepEqual([...model.parameters[0].parameter.value.data], new Array(8).fill(0.5));
    assert.notDeepEqual([...model.parameters[1].parameter.value.data], [0, 0], "the bias was not set");
  });

  for (const [what, freeze] of Object.entries<(model: Sequential) => void>({
    "two layers": (model) => {
      for (const layer of layersOf(model).slice(0, 2)) layer.trainable = false;
    },
    "one parameter": (model) => {
      model.parameters[1].parameter.trainable = false;
    },
    "the layer in the middle": (model) => {
      layersOf(model)[1].trainable = false;
    },
    "the last layer": (model) => {
      layersOf(model)[3].trainable = false;
    },
    "the whole model": (model) => {
      model.trainable = false;
    },
  }))
    test(`frozen: ${what}; nothing of it moves, the rest does as in float64, ${dtype}`, () => {
      for (const optimizer of [
        sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
        // a bias in front of a batch norm has no gradient but rounding, which a small ε would blow up
        adam({ lr: 0.01, eps: 1e-3 }),
        { ...sgd({ lr: 0.1 }) },
      ]) {
        const [model, exact] = [trunk(dtype), trunk("float64")];
        for (const one of [model, exact]) freeze(one);
        const start = values(trunk(dtype));
        run(model, { optimizer });
        run(exact, { optimizer });
        const [now, truth] = [values(model), values(exact)];
        const norm = layersOf(model)[1].trainable !== false;
        const moves = [...trainableFlags(model).slice(0, 6), norm, norm];
        for (const [i, then] of start.entries()) {
          if (moves[i]) assert.notDeepEqual(now[i], then, `values ${i}`);
          else assert.deepEqual(now[i], then, `values ${i}`);
          for (const [k, v] of now[i].entries())
            assert.ok(Math.abs(v - truth[i][k]) < 1e-4, `${v} for ${truth[i][k]}`);
        }
        assert.ok(moves.includes(false));
      }
    });

  test(`a layer freed between two epochs trains from then on, ${dtype}`, () => {
    const model = trunk(dtype);
    const [first] = layersOf(model);
    first.trainable = false;
    const seen: number[] = [];
    run(model, {
      epochs: 3,
      optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
      onEpoch({ epoch }) {
        seen.push(model.parameters[0].parameter.value.data[0]);
        if (epoch === 2) first.trainable = true;
      },
    });
    assert.equal(seen[0], seen[2]);
    assert.notEqual(seen[2], seen[3]);
  });
}

test("batch norm of a frozen layer normalises with its running statistics, that of a frozen parameter with the batch's", () => {
  const frozenLayer = trunk("float32");
  layersOf(frozenLayer)[1].trainable = false;
  run(frozenLayer);
  assert.deepEqual(values(frozenLayer).slice(-2), [new Array(8).fill(0), new Array(8).fill(1)]);
  const frozenParameters = trunk("float32");
  for (const { parameter } of frozenParameters.parameters.slice(2, 4)) parameter.trainable = false;
  run(frozenParameters);
  assert.notDeepEqual(values(frozenParameters).slice(-2), [new Array(8).fill(0), new Array(8).fill(1)]);
});

test("a frozen convolutional trunk: the same result on 1 and 3 threads, in float64, and in a summary that says it", () => {
  const images = arrayDataset(
    Float32Array.from({ length: 60 * 64 }, () => rng.uniform()),
    Array.from({ length: 60 }, (_, i) => i % 3),
    [1, 8, 8],
  );
  const make = (dtype: DType) => {
    const layers: Layer[] = [
      conv2d({ in: 1, out: 4, kernel: 3, pad: 1 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      conv2d({ in: 4, out: 4, kernel: 3 }),
      relu(),
      dropout({ p: 0.2 }),
      flatten(),
      linear({ in: 16, out: 12 }),
      relu(),
      linear({ in: 12, out: 3 }),
    ];
    for (const layer of [...layers.slice(0, 3), layers[7]]) layer.trainable = false;
    return sequential(layers, { input: [1, 8, 8], seed: 1, dtype });
  };
  const go = (model: Sequential, threads: number) =>
    fit(model, { train: images, optimizer: adam({ lr: 0.01 }), epochs: 3, batch: 16, threads });
  const [one, three, exact] = [make("float32"), make("float32"), make("float64")];
  const runs = [go(one, 1), go(three, 3), go(exact, 1)];
  assert.equal(runs[0].digest, runs[1].digest);
  assert.equal(weightsDigest(one), weightsDigest(three));
  assert.ok(Math.abs(lastEpoch(runs[0]).trainLoss - lastEpoch(runs[2]).trainLoss) < 1e-4);
  assert.match(String(one), /Conv2d\(1→4, 3×3, pad 1, 40 params\), frozen/);
  assert.match(String(one), /Linear\(16→12, 204 params\), frozen/);
});

test("a layer cannot stand in models of two precisions", () => {
  const model = trunk("float32");
  assert.throws(
    () => sequential(layersOf(model).slice(0, 2), { input: [4], dtype: "float64" }),
    /sequential, linear1\.weight: its layer belongs to a float32 model, expected a layer of a float64 model, as this one is/,
  );
  assert.equal(model.parameters[0].parameter.value.dtype, "float32");
});

test("a nested model keeps its weights and its own trainable flag", () => {
  const inner = sequential([linear({ in: 4, out: 4 }), relu()], { input: [4], seed: 5 });
  const before = values(inner);
  inner.trainable = false;
  const outer = sequential([inner, linear({ in: 4, out: 2 })], { input: [4], seed: 1 });
  assert.deepEqual(values(inner), before);
  run(outer);
  assert.deepEqual(values(inner), before);
  assert.equal(outer.trainable, true);
  assert.deepEqual(inner.forward(Tensor.zeros([1, 4])).shape, [1, 4]);
});
