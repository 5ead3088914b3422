import assert from "node:assert/strict";
import { test } from "node:test";
import { type Sequential, softmax, softmaxCrossEntropy, type Tensor } from "@gradbook/core";
import { diagnose } from "../diagnose.js";
import { stepMistakes } from "./examine-train-step.js";

interface Edits {
  readonly zero?: boolean;
  readonly sign?: number;
  readonly factor?: (N: number) => number;
  readonly logits?: (y: Tensor) => Tensor;
  readonly update?: (name: string, at: number) => boolean;
  readonly labels?: (labels: readonly number[]) => readonly number[];
}

/** A step as one writes it, with one thing changed. */
const written = ({
  zero = true,
  sign = -1,
  factor = () => 1,
  logits = (y) => y,
  update = () => true,
  labels: reorder = (l) => l,
}: Edits) =>
  function trainStep(model: Sequential, x: Tensor, labels: readonly number[], lr: number): void {
    const loss = softmaxCrossEntropy();
    const y = model.forward(x);
    if (zero) model.zeroGradients();
    model.backward(loss.gradient(logits(y), reorder(labels)));
    for (const [at, { name, parameter }] of model.parameters.entries()) {
      if (!update(name, at)) continue;
      for (let i = 0; i < parameter.value.size; i++)
        parameter.value.data[i] += sign * lr * factor(labels.length) * parameter.grad.data[i];
    }
  };

test("a sound step is correct", () => {
  assert.equal(diagnose({ trainStep: written({}) }).verdict, "correct");
});

const cases: readonly (readonly [flag: string, edits: Edits])[] = [
  ["gradients-not-zeroed", { zero: false }],
  ["ascent", { sign: 1 }],
  ["divided-twice", { factor: (N) => 1 / N }],
  ["summed", { factor: (N) => N }],
  ["fixed-batch-size", { factor: (N) => N / 4 }],
  ["softmax-twice", { logits: softmax }],
  ["biases-forgotten", { update: (name) => !name.endsWith(".bias") }],
  ["last-layer-only", { update: (_name, at) => at > 1 }],
  ["rate-missing", { factor: () => 4 }],
  ["zeroed-before-update", { factor: () => 0 }],
  ["labels-of-another", { labels: (l) => [...l].reverse() }],
];
for (const [flag, edits] of cases) {
  test(`named: ${flag}`, () => {
    const { verdict, findings } = diagnose({ trainStep: written(edits) });
    assert.equal(verdict, "wrong");
    assert.equal(findings[0].id, `trainStep/w/${flag}`);
    assert.equal(findings[0].mistake, stepMistakes.find((m) => m.flag === flag)?.words);
  });
}

test("two mistakes at once", () => {
  const { findings } = diagnose({ trainStep: written({ zero: false, sign: 1 }) });
  assert.match(
    findings[0].mistake,
    /two mistakes at once: the gradients are not set to zero.*; and the sign is wrong/s,
  );
});

test("a step on another kind of model is unsure, with the way to write it", () => {
  const d = diagnose({ trainStep: (net: { layers: { run(): void }[] }) => net.layers[0].run() });
  assert.equal(d.verdict, "unsure");
  assert.match(d.checked[0], /trainStep\(model, x, labels, lr\)/);
});
