import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { avgPool2d } from "../layers/avg-pool2d.js";
import { batchNorm2d } from "../layers/batch-norm.js";
import { add, concat, type Layers, residual } from "../layers/branches.js";
import { convTranspose2d } from "../layers/conv-transpose2d.js";
import { conv1d } from "../layers/conv1d.js";
import { conv2d } from "../layers/conv2d.js";
import { dropout } from "../layers/dropout.js";
import { elu } from "../layers/elu.js";
import { embedding } from "../layers/embedding.js";
import { flatten } from "../layers/flatten.js";
import { globalAvgPool2d } from "../layers/global-avg-pool2d.js";
import { groupNorm } from "../layers/group-norm.js";
import { hardSwish } from "../layers/hard-activations.js";
import type { Layer } from "../layers/layer.js";
import { layerNorm } from "../layers/layer-norm.js";
import { leakyRelu } from "../layers/leaky-relu.js";
import { linear } from "../layers/linear.js";
import { lstm } from "../layers/lstm.js";
import { maxPool2d } from "../layers/max-pool2d.js";
import { maxPool1d } from "../layers/pool1d.js";
import { prelu } from "../layers/prelu.js";
import { relu } from "../layers/relu.js";
import { rnn } from "../layers/rnn.js";
import { type Sequential, sequential } from "../layers/sequential.js";
import { silu } from "../layers/silu.js";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "../train/digest.js";
import { loadModel, loadWeights, saveModel } from "./model-file.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.safetensors`);

const models: Readonly<Record<string, readonly [readonly number[], () => Layers]>> = {
  chain: [
    [2, 9, 8],
    () => [
      conv2d({ in: 2, out: 4, kernel: 3, dilation: 2, groups: 2, pad: 2 }),
      batchNorm2d({ features: 4, eps: 1e-3 }),
      leakyRelu({ slope: 0.2 }),
      maxPool2d({ kernel: 2, ceil: true }),
      groupNorm({ features: 4, groups: 2 }),
      prelu({ features: 4 }),
      convTranspose2d({ in: 4, out: 3, kernel: 2, stride: 2 }),
      avgPool2d({ kernel: 3, pad: 1, countPad: false }),
      elu({ alpha: 0.5 }),
      dropout({ p: 0.3 }),
      globalAvgPool2d(),
      linear({ in: 3, out: 5, bias: false }),
      hardSwish(),
    ],
  ],
  branches: [
    [3, 6, 6],
    () => [
      residual([conv2d({ in: 3, out: 3, kernel: 3, pad: 1 }), relu(), residual([silu()])]),
      concat([[conv2d({ in: 3, out: 2, kernel: 1 })], []]),
      add([[relu()], [conv2d({ in: 5, out: 5, kernel: 1 })], []]),
      flatten(),
      linear({ in: 180, out: 2 }),
    ],
  ],
  sequences: [
    [7],
    () => [
      embedding({ count: 9, features: 4 }),
      layerNorm({ shape: 4 }),
      rnn({ in: 4, hidden: 3, returns: "all" }),
      lstm({ in: 3, hidden: 2 }),
    ],
  ],
  rows: [[2, 12], () => [conv1d({ in: 2, out: 3, kernel: 3, stride: 2 }), maxPool1d({ kernel: 2 })]],
};

for (const dtype of ["float32", "float64"] as const)
  for (const [title, [input, layers]] of Object.entries(models))
    test(`saved and loaded: the same summary, weights, buffers and outputs: ${title}, ${dtype}`, () => {
      const model = sequential(layers(), { input, dtype, seed: 7 });
      for (const { parameter } of model.buffers) parameter.value.data.fill(0.7);
      const path = fresh();
      saveModel(model, path);
      const loaded = loadModel(path);
      assert.equal(String(loaded), String(model));
      assert.equal(loaded.dtype, dtype);
      assert.equal(weightsDigest(loaded), weightsDigest(model));
      const rng = new Rng(1);
      const x = Tensor.zeros([2, ...input], dtype);
      for (let i = 0; i < x.size; i++) x.data[i] = title === "sequences" ? rng.int(9) : rng.normal();
      assert.deepEqual(loaded.forward(x).data, model.forward(x).data);
    });

test("names of one's own, frozen layers and parameters are kept", () => {
  const stem: Layer = Object.assign(linear({ in: 3, out: 2 }), { name: "stem" });
  const model = sequential([stem, relu(), linear({ in: 2, out: 2 })], { input: [3] });
  model.layer("linear2").trainable = false;
  const [weight] = model.parameters;
  weight.parameter.trainable = false;
  const path = fresh();
  saveModel(model, path);
  const loaded = loadModel(path);
  assert.deepEqual(
    loaded.parameters.map(({ name, parameter }) => [name, parameter.trainable]),
    model.parameters.map(({ name, parameter }) => [name, parameter.trainable]),
  );
  assert.equal(loaded.layer("linear2").trainable, false);
  assert.equal(String(loaded), String(model));
});

class Twice implements Layer {
  forward = (x: Tensor) => x;
  backward = (dy: Tensor) => dy;
}
const small = (...more: Layer[]) => sequential([linear({ in: 2, out: 3 }), ...more], { input: [2], seed: 5 });

test("a model with a layer by hand is saved; its weights go into one that was made again", () => {
  const path = fresh();
  const model = small(new Twice());
  saveModel(model, path);
  assert.throws(() => loadModel(path), /twice1 \("Twice"\) was written by hand.* loadWeights\(model, path\)/);
  const again = sequential([linear({ in: 2, out: 3 }), new Twice()], { input: [2], seed: 6 });
  assert.notEqual(weightsDigest(again), weightsDigest(model));
  loadWeights(again, path);
  assert.equal(weightsDigest(again), weightsDigest(model));
});

/** The bytes that Python's safetensors 0.6 wrote; see tests/reference/make_safetensors.py. */
const reference = (name: string) =>
  fileURLToPath(new URL(`../../../../tests/reference/safetensors/${name}`, import.meta.url));

test("the bytes are those of Python's safetensors for the same tensors", () => {
  const path = fresh();
  const count = (n: number, from: number) => Float64Array.from({ length: n }, (_, i) => from + i / 4);
  writeSafetensors(path, {
    "b.weight": new Tensor([2, 3], Float32Array.from(count(6, -1))),
    a: new Tensor([4], count(4, 2)),
    "ä/10": new Tensor([1, 2], Float32Array.from(count(2, 5))),
    empty: new Tensor([0, 3], new Float32Array(0)),
  });
  assert.deepEqual(readFileSync(path), readFileSync(reference("tensors.safetensors")));
});

test("every type of Python's: half precision, bfloat16, whole numbers, and booleans", () => {
  const { tensors } = readSafetensors(reference("types.safetensors"));
  const expected: Readonly<Record<string, readonly number[]>> = JSON.parse(
    readFileSync(reference("types.json"), "utf8"),
  );
  assert.deepEqual(Object.keys(tensors).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    assert.deepEqual(tensors[name].shape, [values.length], name);
    assert.deepEqual(Array.from(tensors[name].data), values, name);
  }
});

test("PyTorch's state dict of a convolutional network: its outputs, with its batch norm's statistics", () => {
  const model = sequential(
    [
      conv2d({ in: 1, out: 3, kernel: 3, pad: 1 }),
      batchNorm2d({ features: 3 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      flatten(),
      linear({ in: 48, out: 4 }),
    ],
    { input: [1, 8, 8], dtype: "float64" },
  );
  const names: Readonly<Record<string, string>> = {
    "0.": "conv1.",
    "1.running_mean": "norm1.mean",
    "1.running_var": "norm1.variance",
    "1.": "norm1.",
    "5.": "linear1.",
  };
  loadWeights(model, reference("torch.safetensors"), {
    rename(name) {
      if (name.endsWith("num_batches_tracked")) return undefined;
      const [from, to] = Object.entries(names).find(([begin]) => name.startsWith(begin)) ?? ["", ""];
      return to + name.slice(from.length);
    },
  });
  const { x, y } = JSON.parse(readFileSync(reference("torch.json"), "utf8"));
  const got = model.forward(new Tensor([2, 1, 8, 8], Float64Array.from(x)));
  for (const [i, v] of y.entries()) assert.ok(Math.abs(got.data[i] - v) < 1e-5, `${got.data[i]} for ${v}`);
});

for (const [title, change, message] of [
  ["nothing in it", () => Buffer.alloc(0), /0 bytes, expected at least 8/],
  ["cut within the header", (b: Buffer) => b.subarray(0, 20), /a header of \d+ bytes in a file of 20/],
  ["cut within the values", (b: Buffer) => b.subarray(0, -1), /35 bytes of values, expected 36/],
  ["more behind the values", (b: Buffer) => Buffer.concat([b, b]), /bytes of values, expected 36/],
  [
    "a header length beyond 2^53",
    (b: Buffer) => Buffer.concat([Buffer.alloc(8, 255), b.subarray(8)]),
    /a header of 18446744073709552000 bytes/,
  ],
  ["a pickle of PyTorch", () => Buffer.from("PK\x03\x04 and much more of it"), /a header of \d+ bytes/],
  ["a header that is no JSON", (b: Buffer) => edited(b, (t) => t.replace("{", "[")), /no JSON object/],
  ["a type that is none", (b: Buffer) => edited(b, (t) => t.replace("F32", "F8_")), /F8_.* one of F64, F32/],
  [
    "a shape that does not fit",
    (b: Buffer) => edited(b, (t) => t.replace("[3,2]", "[3,9]")),
    /24 bytes for linear1\.weight F32 \[3, 9\], expected 108/,
  ],
  [
    "values that overlap",
    (b: Buffer) => edited(b, (t) => t.replace("[12,36]", "[11,35]")),
    /linear1\.weight begins at byte 11, the tensor before it ends at 12/,
  ],
  [
    "an entry that is none",
    (b: Buffer) => edited(b, (t) => t.replace('"F32"', "3.0  ")),
    /the entry linear1/,
  ],
  [
    "metadata that are none",
    (b: Buffer) => edited(b, (t) => t.replace(/"gradbook"/, "[        ]")),
    /__metadata__/,
  ],
  [
    "another digest",
    (b: Buffer) => edited(b, (t) => t.replace(/"digest":"./, '"digest":"x')),
    /another digest/,
  ],
  [
    "another kind of layer",
    (b: Buffer) => edited(b, (t) => t.replace('kind\\":\\"linear', 'kind\\":\\"lineal')),
    /a layer of the kind "lineal", expected one of conv1d/,
  ],
] as const) {
  test(`a damaged file is refused: ${title}`, () => {
    const path = fresh();
    saveModel(small(), path);
    writeFileSync(path, change(readFileSync(path)));
    assert.throws(() => loadModel(path), message);
  });
}

/** The file with a header of the same length. */
function edited(bytes: Buffer, edit: (header: string) => string): Buffer {
  const length = Number(bytes.readBigUInt64LE());
  const before = bytes.subarray(8, 8 + length).toString();
  const after = Buffer.from(edit(before));
  assert.notEqual(after.toString(), before, "the edit found nothing");
  assert.equal(after.length, length);
  return Buffer.concat([bytes.subarray(0, 8), after, bytes.subarray(8 + length)]);
}

for (const [title, model, message] of [
  [
    "a layer too many",
    () => sequential([linear({ in: 2, out: 3 }), linear({ in: 3, out: 1 })], { input: [2] }),
    /no linear2\.weight, linear2\.bias, expected linear1\.weight.*The file holds another model/,
  ],
  [
    "another size",
    () => sequential([linear({ in: 3, out: 2 })], { input: [3] }),
    /linear1\.weight has the shape \[3, 2\], expected \[2, 3\]\. It is \[in, out\], as Keras stores it/,
  ],
  [
    "another layer",
    () => sequential([conv1d({ in: 1, out: 1, kernel: 2 })], { input: [1, 2] }),
    /no conv1\.weight, conv1\.bias, but linear1\.bias, linear1\.weight, which the model has not.*rename/,
  ],
] as const) {
  test(`weights that do not fit change nothing: ${title}`, () => {
    const path = fresh();
    saveModel(small(), path);
    const other: Sequential = model();
    const before = weightsDigest(other);
    assert.throws(() => loadWeights(other, path), message);
    assert.equal(weightsDigest(other), before);
  });
}

test("a file that somebody else wrote is not replaced; our own is", () => {
  const path = fresh();
  saveModel(small(), path);
  saveModel(small(new Twice()), path);
  for (const foreign of [reference("torch.safetensors"), fileURLToPath(import.meta.url)]) {
    const copy = fresh();
    writeFileSync(copy, readFileSync(foreign));
    assert.throws(() => saveModel(small(), copy), /stands there, expected none, or one that gradbook wrote/);
    assert.deepEqual(readFileSync(copy), readFileSync(foreign));
  }
  assert.throws(() => readSafetensors(join(folder, "none")), /none: /);
  assert.throws(() => saveModel(small(), ""), /saveModel: path is "", expected a file's path/);
});
