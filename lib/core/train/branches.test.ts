import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { networkDiagram } from "../figures/network-diagram.js";
import { avgPool2d } from "../layers/avg-pool2d.js";
import { batchNorm2d } from "../layers/batch-norm.js";
import { add, concat, type Layers, residual } from "../layers/branches.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { linear } from "../layers/linear.js";
import { maxPool2d } from "../layers/max-pool2d.js";
import { relu } from "../layers/relu.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { tanh } from "../layers/tanh.js";
import { adam } from "../optimizers/adam.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "./digest.js";
import { fit } from "./fit.js";
import { lastEpoch } from "./history.js";
import { outputs } from "./outputs.js";

const conv = (from: number, to: number, stride = 1, kernel = 3) =>
  conv2d({ in: from, out: to, kernel, pad: (kernel - 1) / 2, stride, bias: false });
const norm = (features: number) => batchNorm2d({ features });

/** Every way in which branches may meet the layers around them. */
const models: Readonly<Record<string, { readonly input: number[]; readonly layers: () => Layers }>> = {
  "residual, identity": {
    input: [2, 6, 5],
    layers: () => [
      conv(2, 3),
      relu(),
      residual([conv(3, 3), norm(3), relu(), conv(3, 3), norm(3)]),
      relu(),
      head(90),
    ],
  },
  "residual, shortcut with a stride": {
    input: [2, 6, 6],
    layers: () => [
      conv(2, 3),
      residual([conv(3, 4, 2), norm(4), relu(), conv(4, 4)], { shortcut: [conv(3, 4, 2, 1), norm(4)] }),
      relu(),
      head(36),
    ],
  },
  "first layer, before activation, twice": {
    input: [2, 5, 5],
    layers: () => [residual([norm(2), relu(), conv(2, 2)]), residual([relu(), conv(2, 2), tanh()]), head(50)],
  },
  "residual of features, last layer": {
    input: [6],
    layers: () => [
      linear({ in: 6, out: 3 }),
      residual([linear({ in: 3, out: 8 }), tanh(), linear({ in: 8, out: 3 })]),
    ],
  },
  "one in another": {
    input: [2, 4, 4],
    layers: () => [
      conv(2, 2),
      residual([conv(2, 2), residual([conv(2, 2), relu()]), tanh()], { shortcut: [residual([conv(2, 2)])] }),
      head(32),
    ],
  },
  "three branches, pools, dropout": {
    input: [2, 6, 6],
    layers: () => [
      add([
        [conv(2, 3), relu(), maxPool2d({ kernel: 2 })],
        [avgPool2d({ kernel: 2 }), conv(2, 3, 1, 1)],
        [dropout({ p: 0.3 }), conv(2, 3, 2)],
      ]),
      head(27),
    ],
  },
  "concat of channels, padded behind": {
    input: [2, 5, 6],
    layers: () => [
      conv(2, 2),
      concat([[conv(2, 3, 1, 1), relu()], [conv(2, 2)], []]),
      conv(7, 3),
      relu(),
      head(90),
    ],
  },
  "concat of features: two heads, flattened on one way": {
    input: [1, 4, 4],
    layers: () => [
      concat([
        [flatten(), linear({ in: 16, out: 2 })],
        [conv(1, 2), relu(), flatten(), linear({ in: 32, out: 1 }), tanh()],
      ]),
    ],
  },
};

function head(features: number): Layers {
  return [flatten(), linear({ in: features, out: 3 })];
}

function setFor(input: readonly number[], size = 24) {
  const rng = new Rng(7);
  const count = input.reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length: size * count }, () => rng.normal());
  return arrayDataset(
    x,
    Array.from({ length: size }, (_, i) => i % 3),
    input,
  );
}

for (const [name, { input, layers }] of Object.entries(models)) {
  const make = (dtype: "float32" | "float64" = "float64") => sequential(layers(), { input, seed: 3, dtype });

  test(`${name}: the backward pass is the derivative of the forward pass`, () => {
    const model = make();
    const rng = new Rng(1);
    const x = Tensor.zeros([3, ...input], "float64");
    for (let i = 0; i < x.size; i++) x.data[i] = rng.normal();
    const weights = Float64Array.from({ length: 3 * 3 }, () => rng.normal());
    const value = () => {
      const y = model.forward(x, { training: true, rng: new Rng(2) });
      return Array.from(y.data).reduce((sum, v, i) => sum + v * weights[i], 0);
    };
    value();
    model.zeroGradients();
    const dx = model.backward(new Tensor([3, ...model.output], weights));
    const near = (got: number, data: Tensor["data"], i: number, what: string) => {
      const kept = data[i];
      data[i] = kept + 1e-6;
      const above = value();
      data[i] = kept - 1e-6;
      const numeric = (above - value()) / 2e-6;
      data[i] = kept;
      assert.ok(Math.abs(got - numeric) < 1e-5 * (1 + Math.abs(numeric)), `${what}: ${got} for ${numeric}`);
    };
    for (let i = 0; i < x.size; i += 7) near(dx.data[i], x.data, i, `dx[${i}]`);
    for (const { name: full, parameter } of model.parameters)
      for (let i = 0; i < parameter.value.size; i += 5)
        near(parameter.grad.data[i], parameter.value.data, i, `d ${full}[${i}]`);
  });

  test(`${name}: the engine trains as the definition, with the same bits on 1, 2 and 3 threads`, () => {
    const train = setFor(input);
    const trained = (model: Sequential, threads?: number) => {
      fit(model, { train, optimizer: sgd({ lr: 0.05, momentum: 0.9 }), epochs: 3, batch: 8, threads });
      return model;
    };
    const [one, two, three] = [1, 2, 3].map((threads) => trained(make("float32"), threads));
    assert.equal(weightsDigest(one), weightsDigest(two));
    assert.equal(weightsDigest(one), weightsDigest(three));
    const exact = trained(make("float64"));
    for (const [i, { name: full, parameter }] of one.parameters.entries()) {
      const expected = exact.parameters[i].parameter.value.data;
      for (let k = 0; k < expected.length; k++)
        assert.ok(
          Math.abs(parameter.value.data[k] - expected[k]) < 2e-4,
          `${full}[${k}]: ${parameter.value.data[k]} for ${expected[k]}`,
        );
    }
    const [y, z] = [outputs(one, train), outputs(exact, train)];
    for (let i = 0; i < y.size; i++) assert.ok(Math.abs(y.data[i] - z.data[i]) < 2e-3);
  });
}

test("a run with branches resumes to the same bits, and a frozen branch stays", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
  const { input, layers } = models["residual, shortcut with a stride"];
  const make = () => sequential(layers(), { input, seed: 3 });
  const config = { train: setFor(input), optimizer: adam({ lr: 0.01 }), batch: 8 };
  const whole = fit(make(), { ...config, epochs: 4 });
  const checkpoint = join(folder, "run.ckpt");
  fit(make(), { ...config, epochs: 2, checkpoint });
  assert.equal(fit(make(), { ...config, epochs: 4, checkpoint, resume: true }).digest, whole.digest);
  rmSync(folder, { recursive: true });

  const model = make();
  model.layer("conv2").trainable = false;
  model.layer("conv4").trainable = false;
  const before = model.parameters.map(({ parameter }) => parameter.value.data.slice());
  fit(model, { ...config, epochs: 1 });
  for (const [i, { name, parameter }] of model.parameters.entries()) {
    const moved = parameter.value.data.some((v, k) => v !== before[i][k]);
    assert.equal(moved, !/^conv[24]/.test(name), name);
  }
});

test("with everything before the branches' end frozen, only the head learns", () => {
  const { input, layers } = models["residual, identity"];
  const model = sequential(layers(), { input, seed: 3 });
  for (const { name, layer } of model.layers) if (name !== "linear1") layer.trainable = false;
  const before = weightsDigest(model);
  fit(model, { train: setFor(input), optimizer: sgd({ lr: 0.1 }), epochs: 1 });
  assert.notEqual(weightsDigest(model), before);
});

test("a layer written by hand on a branch runs as it is written", () => {
  const twice = {
    forward: (x: Tensor) =>
      new Tensor(
        x.shape,
        x.data.map((v) => 2 * v),
      ),
    backward: (dy: Tensor) =>
      new Tensor(
        dy.shape,
        dy.data.map((v) => 2 * v),
      ),
  };
  const make = (dtype: "float32" | "float64") =>
    sequential([conv(1, 2), residual([conv(2, 2), twice]), head(32)], { input: [1, 4, 4], seed: 1, dtype });
  const [a, b] = (["float32", "float64"] as const).map((dtype) => {
    const run = fit(make(dtype), { train: setFor([1, 4, 4]), optimizer: sgd({ lr: 0.05 }), epochs: 2 });
    return lastEpoch(run).trainLoss;
  });
  assert.ok(Math.abs(a - b) < 1e-5, `${a} ${b}`);
});

const input = { input: [2, 4, 4] };
const refused: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "another shape at the end",
    () => sequential([residual([conv(2, 3)])], input),
    /branches that end in \[3, 4, 4\] and \[2, 4, 4\], expected the same shape.*shortcut/,
  ],
  [
    "concat of other sizes",
    () => sequential([concat([[conv(2, 3, 2)], []])], input),
    /the same height and width/,
  ],
  [
    "half a block",
    () =>
      sequential(
        sequential([residual([conv(2, 2)])], input)
          .layers.slice(0, 2)
          .map(({ layer }) => layer),
        input,
      ),
    /the beginning of branches without their end/,
  ],
  [
    "the other half",
    () =>
      sequential(
        sequential([residual([conv(2, 2)])], input)
          .layers.slice(1)
          .map(({ layer }) => layer),
        input,
      ),
    /branches without their beginning|branch without its beginning/,
  ],
  ["one branch", () => add([[conv(2, 2)]]), /at least two lists of layers/],
  ["no list", () => residual(conv(2, 2) as unknown as Layers), /a list of layers/],
];
for (const [name, run, message] of refused) test(`refused: ${name}`, () => assert.throws(run, message));

test("forward and backward out of order are named", () => {
  const model = sequential([residual([conv(2, 2)])], input);
  assert.throws(() => model.backward(Tensor.zeros([1, 2, 4, 4])), /without a forward/);
});

test("the table and the picture show which layers meet", () => {
  const { input, layers } = models["residual, shortcut with a stride"];
  const model = sequential(layers(), { input, seed: 3 });
  const lines = String(model).split("\n");
  assert.match(lines.join("\n"), /add1 +Add\(2 branches\) ← conv3, norm2/);
  assert.match(lines.join("\n"), /conv4 .* ← conv1/);
  assert.equal(
    lines.some((line) => /fork|branch1/.test(line)),
    false,
  );
  const { layout } = networkDiagram({ title: "t", layers: model.summary, input: "[2, 6, 6]" });
  assert.match(String(Object(layout.meta).description), /add1/);
});
