import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../../datasets/array-dataset.js";
import { flatten } from "../../layers/flatten.js";
import type { Layer } from "../../layers/layer.js";
import { linear } from "../../layers/linear.js";
import { relu } from "../../layers/relu.js";
import { type Sequential, type SequentialConfig, sequential } from "../../layers/sequential.js";
import { sigmoid } from "../../layers/sigmoid.js";
import { softmaxCrossEntropy } from "../../losses/softmax-cross-entropy.js";
import { sgd } from "../../optimizers/sgd.js";
import { Rng } from "../../tensor/rng.js";
import { Tensor } from "../../tensor/tensor.js";
import { firstMinute } from "./first-minute.js";

const shape = [1, 4, 4] as const;

/** Four classes, each a bright quarter of the picture with some noise. */
function quarters(options: { scale?: number; shuffledLabels?: boolean; sorted?: boolean } = {}) {
  const { scale = 1, shuffledLabels = false, sorted = false } = options;
  const rng = new Rng("quarters");
  const size = 400;
  const x = new Float32Array(size * 16);
  const labels = Array.from({ length: size }, (_, i) => (sorted ? Math.floor((4 * i) / size) : rng.int(4)));
  for (let i = 0; i < size; i++)
    for (let h = 0; h < 4; h++)
      for (let w = 0; w < 4; w++) {
        const quarter = 2 * Math.floor(h / 2) + Math.floor(w / 2);
        x[i * 16 + h * 4 + w] = ((quarter === labels[i] ? 0.8 : 0.2) + 0.15 * rng.normal()) * scale;
      }
  return arrayDataset(x, shuffledLabels ? new Rng("other").shuffle([...labels]) : labels, [...shape]);
}

const model = (layers: readonly Layer[], config: Partial<SequentialConfig> = {}) =>
  sequential([flatten(), ...layers], { input: shape, seed: 3, init: "he", ...config });
const sound = () => model([linear({ in: 16, out: 32 }), relu(), linear({ in: 32, out: 4 })]);
const find = (m: Sequential, data: ReturnType<typeof quarters>, check: string, config = {}) => {
  const line = firstMinute(m, data, config).lines.find((l) => l.check === check);
  assert.ok(line !== undefined, check);
  return line;
};

test("a sound model on sound data: every line is good, and the weights are as they were", () => {
  const m = sound();
  const before = m.parameters.map(({ parameter }) => parameter.value.clone());
  const panel = firstMinute(m, quarters());
  assert.equal(panel.verdict, "good", panel.toString());
  m.parameters.forEach(({ parameter }, i) => {
    assert.deepEqual(parameter.value.data, before[i].data);
  });
});

test("inputs of 0 … 255 are too large, and the initial loss shows it", () => {
  const data = quarters({ scale: 255 });
  assert.equal(find(sound(), data, "input scale").verdict, "bad");
  const loss = find(sound(), data, "initial loss");
  assert.equal(loss.verdict, "bad");
  assert.match(loss.words, /ln 4 = 1\.39/);
  assert.match(loss.cure, /scale the inputs/);
});

test("labels shuffled apart from their images", () => {
  const line = find(sound(), quarters({ shuffledLabels: true }), "labels and images");
  assert.equal(line.verdict, "bad");
  assert.match(line.cure, /same order/);
});

test("a set sorted by class is bad without shuffling only", () => {
  const data = quarters({ sorted: true });
  assert.equal(find(sound(), data, "order of the labels", { shuffle: false }).verdict, "bad");
  assert.equal(find(sound(), data, "order of the labels").verdict, "good");
});

test("dead rectifiers: biases far below 0", () => {
  const m = sound();
  m.parameters[1].parameter.value.data.fill(-50);
  const line = find(m, quarters(), "dead units");
  assert.equal(line.verdict, "bad");
  assert.match(line.words, /relu1 100 %/);
  assert.equal(find(m, quarters(), "gradients").verdict, "bad");
});

test("saturated sigmoids: weights far too large", () => {
  const m = model([linear({ in: 16, out: 8 }), sigmoid(), linear({ in: 8, out: 4 })], {
    init: { normal: 30 },
  });
  assert.equal(find(m, quarters(), "saturated units").verdict, "bad");
});

test("weights of 0, a learning rate too large and one too small", () => {
  const zeros = model([linear({ in: 16, out: 4 })], { init: "zeros" });
  assert.match(find(zeros, quarters(), "first step ÷ weights").cure, /all 0/);
  assert.match(
    find(sound(), quarters(), "first step ÷ weights", { optimizer: sgd({ lr: 100 }) }).cure,
    /smaller learning rate/,
  );
  assert.match(
    find(sound(), quarters(), "first step ÷ weights", { optimizer: sgd({ lr: 1e-7 }) }).cure,
    /larger learning rate/,
  );
});

test("a loss summed over the batch is pointed out", () => {
  const line = find(sound(), quarters(), "batch reduction", {
    loss: softmaxCrossEntropy({ reduction: "sum" }),
  });
  assert.equal(line.verdict, "look");
});

test("a backward pass of zeros cannot learn ten images by heart", () => {
  const broken: Layer = {
    forward: (x) => x,
    backward: (dy) => Tensor.zeros(dy.shape, dy.dtype),
  };
  const m = model([linear({ in: 16, out: 16 }), relu(), linear({ in: 16, out: 4 }), broken]);
  assert.equal(find(m, quarters(), "ten images by heart").verdict, "bad");
});

test("the panel shows itself as text and as a table", () => {
  const panel = firstMinute(sound(), quarters());
  assert.match(panel.toString(), /^✓ input scale {2,}from/);
  const bundle = Reflect.apply(Reflect.get(panel, Symbol.for("Jupyter.display")), panel, []) as Record<
    string,
    string
  >;
  assert.match(bundle["text/html"], /<th scope="row"[^>]*>initial loss/);
});

test("firstMinute refuses data of another shape and unknown options", () => {
  const other = sequential([linear({ in: 3, out: 4 })], { input: [3] });
  assert.throws(() => firstMinute(other, quarters()), /samples of the shape \[1, 4, 4\], expected \[3\]/);
  assert.throws(() => firstMinute(sound(), quarters(), { lr: 1 } as object), /unknown option "lr"/);
});
