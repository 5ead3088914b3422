import type { Dataset } from "../../datasets/dataset.js";
import { runForward } from "../../layers/run-layer.js";
import type { Sequential } from "../../layers/sequential.js";
import type { Loss } from "../../losses/loss.js";
import type { Optimizer } from "../../optimizers/optimizer.js";
import { Rng } from "../../tensor/rng.js";
import type { Tensor } from "../../tensor/tensor.js";
import { gather } from "../definition.js";

/** One batch before training has begun, and what the model makes of it. */
export interface ModelSnapshot {
  readonly model: Sequential;
  readonly data: Dataset;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly seed: number | string;
  /** [B, …input] */
  readonly x: Tensor;
  readonly labels: Uint8Array;
  /** Outputs of every layer for x, while training. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The model's output for x. */
  readonly output: Tensor;
}

export function snapshotOf(
  model: Sequential,
  data: Dataset,
  loss: Loss,
  optimizer: Optimizer,
  batch: number,
  seed: number | string,
): ModelSnapshot {
  const chosen = new Rng(seed).fork("first minute").permutation(data.size).subarray(0, batch);
  const { x, labels } = samples(model, data, chosen);
  const outputs: Record<string, Tensor> = {};
  const context = { training: true, rng: new Rng(seed).fork("step") };
  let y = x;
  for (const placed of model.layers) {
    y = runForward(placed, y, context);
    outputs[placed.name] = y;
  }
  return { model, data, loss, optimizer, seed, x, labels, outputs, output: y };
}

/** The chosen samples as one tensor. */
export function samples(
  model: Sequential,
  data: Dataset,
  chosen: ArrayLike<number>,
): { x: Tensor; labels: Uint8Array } {
  const labels = Uint8Array.from(chosen, (i) => data.labels[i]);
  return { x: gather(model, data, chosen), labels };
}

/** √(mean of squares) */
export function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum / values.length);
}
