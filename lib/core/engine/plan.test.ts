import assert from "node:assert/strict";
import { test } from "node:test";
import { type PlanRequest, plan } from "./plan.js";
import { renderWasm } from "./render/wasm.js";
import type { ModelLayer } from "./stages/choose.js";

const linear = (inputs: number, outputs: number): ModelLayer => ({
  name: "linear1",
  index: 0,
  spec: { kind: "linear", in: inputs, out: outputs, bias: true },
  input: [inputs],
  output: [outputs],
  frozen: false,
  params: [
    { layer: 0, name: "weight", size: inputs * outputs, frozen: false },
    { layer: 0, name: "bias", size: outputs, frozen: false },
  ],
});

const request = (layers: ModelLayer[], batch: number): PlanRequest => ({
  input: layers[0].input,
  layers,
  loss: { kind: "mse", reduction: "mean" },
  optimizer: { kind: "sgd", lr: 0.1, momentum: 0, nesterov: false, weightDecay: 0 },
  batch,
  kept: 0,
});

test("a little work stays in one piece, much work is cut into powers of two, at most 16", () => {
  const small = plan(request([linear(10, 10)], 64));
  assert.equal(small.pieces(64), 1);
  const large = plan(request([linear(3000, 1000)], 64));
  assert.deepEqual([1, 2, 3, 8, 64].map(large.pieces), [1, 2, 2, 8, 16]);
});

test("few weights have a gradient in every piece, many have one for the batch", () => {
  const few = plan(request([linear(100, 100)], 64));
  const many = plan(request([linear(200, 100)], 64));
  assert.ok(few.phases.every((phase) => phase.parallel !== "tasks" || phase.name === "update"));
  assert.ok(
    many.phases.some((phase) => phase.parallel === "tasks" && phase.name.includes("backward weight")),
  );
});

test("the same request gives the same bytes", () => {
  const bytes = () => renderWasm(plan(request([linear(30, 20)], 7)).program, 1);
  assert.deepEqual(bytes(), bytes());
});

test("a batch that needs more than 4 GB is refused with the cure", () => {
  assert.throws(
    () => plan(request([linear(300000, 10)], 10000)),
    /engine: \d+ MB for a batch of 10000, expected less than 4096 MB. Use a smaller batch./,
  );
});
