import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import type { Loss } from "./loss.js";
import { softmax, softmaxCrossEntropy } from "./softmax-cross-entropy.js";
import { euclidean, mse } from "./squared.js";

const near = (got: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(got - expected) < tolerance, `${got} for ${expected}`);

test("softmaxCrossEntropy: equal logits cost ln K, gradient (1/K − onehot)/N", () => {
  const loss = softmaxCrossEntropy();
  const z = Tensor.zeros([2, 4], "float64");
  near(loss.sum(z, [0, 3]) / 2, 1.3862943611198906);
  assert.deepEqual(loss.gradient(z, [0, 3]).toNested(), [
    [-0.375, 0.125, 0.125, 0.125],
    [0.125, 0.125, 0.125, -0.375],
  ]);
});

test("softmaxCrossEntropy is stable: logits of ±10,000 give finite losses and the right gradient", () => {
  const loss = softmaxCrossEntropy({ reduction: "sum" });
  const z = Tensor.from([
    [10000, -10000],
    [-10000, 10000],
  ]);
  assert.equal(loss.sum(z, [0, 0]), 20000);
  assert.deepEqual(loss.gradient(z, [0, 0]).toNested(), [
    [0, 0],
    [-1, 1],
  ]);
});

test("softmax rows add up to 1", () => {
  const p = softmax(
    Tensor.from([
      [1, 2, 3],
      [1000, 1000, 0],
    ]),
  );
  near(p.at(0, 0) + p.at(0, 1) + p.at(0, 2), 1);
  assert.deepEqual([p.at(1, 0), p.at(1, 1), p.at(1, 2)], [0.5, 0.5, 0]);
});

test("euclidean is ½‖y − t‖², mse divides by K instead", () => {
  const y = Tensor.from([[1, 2, 3, 4]]);
  // t = [0, 1, 0, 0]: 1 + 1 + 9 + 16 = 27
  assert.equal(euclidean().sum(y, [1]), 13.5);
  assert.equal(mse().sum(y, [1]), 6.75);
  assert.deepEqual(euclidean().gradient(y, [1]).toNested(), [[1, 1, 3, 4]]);
  assert.deepEqual(mse().gradient(y, [1]).toNested(), [[0.5, 0.5, 1.5, 2]]);
});

for (const [name, loss] of [
  ["softmaxCrossEntropy mean", softmaxCrossEntropy()],
  ["softmaxCrossEntropy sum", softmaxCrossEntropy({ reduction: "sum" })],
  ["euclidean mean", euclidean()],
  ["mse mean", mse()],
  ["mse sum", mse({ reduction: "sum" })],
] as const satisfies readonly (readonly [string, Loss])[]) {
  test(`${name} gradient z=[3,5] against central differences`, () => {
    const rng = new Rng(1);
    const z = Tensor.zeros([3, 5], "float64");
    for (let i = 0; i < z.size; i++) z.data[i] = rng.normal();
    const labels = [4, 0, 2];
    const reduced = () => loss.sum(z, labels) / (loss.spec.reduction === "mean" ? 3 : 1);
    const gradient = loss.gradient(z, labels);
    for (let i = 0; i < z.size; i++) {
      const kept = z.data[i];
      z.data[i] = kept + 1e-5;
      const above = reduced();
      z.data[i] = kept - 1e-5;
      near(gradient.data[i], (above - reduced()) / 2e-5, 1e-8);
      z.data[i] = kept;
    }
  });
}

test("losses refuse a label out of range, a wrong count, images, and an unknown reduction", () => {
  const loss = softmaxCrossEntropy();
  assert.throws(() => loss.sum(Tensor.zeros([2, 3]), [0, 3]), {
    message:
      "softmaxCrossEntropy: label 3 of sample 1, expected a class from 0 to 2 (the model has 3 outputs).",
  });
  assert.throws(() => loss.sum(Tensor.zeros([2, 3]), [0]), /1 labels for 2 samples/);
  assert.throws(
    () => euclidean().gradient(Tensor.zeros([2, 3, 1, 1]), [0, 1]),
    /A flatten\(\) and a linear\(\)/,
  );
  const config = { reduction: "average" };
  // @ts-expect-error: the type refuses it as well
  assert.throws(() => mse(config), /mse: reduction is "average", expected "mean" or "sum"/);
});
