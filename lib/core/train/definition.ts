import type { Dataset } from "../datasets/dataset.js";
import { assertIndex, readerOf, targetReaderOf } from "../datasets/samples.js";
import { cached } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { type Loss, reductionOf, type Target } from "../losses/loss.js";
import { lossGradient, lossSum } from "../losses/run-loss.js";
import { builtinOptimizerSpec } from "../optimizers/optimizer.js";
import { OwnRule } from "../optimizers/own-rule.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Snapshot } from "../tensor/snapshot.js";
import { type FloatArray, Tensor } from "../tensor/tensor.js";
import { trainingReader } from "./augment.js";
import { clipGradients } from "./clip.js";
import { assertUnchangedShape, type ShapedValue, trainableFlags } from "./engine-layers.js";
import { labelOf } from "./feed.js";
import { ErrorSum } from "./measure.js";
import type { Evaluation, Trainer, TrainerConfig } from "./trainer.js";

/** Samples of one evaluation pass: bounds the memory, changes no result but the order of no sum. */
const EVALUATION_BATCH = 100;

/** The trainer that runs the layers' own loops: what is meant, whatever the engine does. */
export function definitionTrainer(model: Sequential, config: TrainerConfig): Trainer {
  return new DefinitionTrainer(model, config);
}

class DefinitionTrainer implements Trainer {
  private readonly model: Sequential;
  private readonly config: TrainerConfig;

  private readonly rule: OwnRule | undefined;
  private readonly state: readonly FloatArray[];
  private readonly randomness: Rng;
  private readonly buffers: Snapshot;
  private readonly samples: Samples;
  private order: Uint32Array = new Uint32Array(0);
  private epoch = 0;
  private trainable: readonly boolean[];
  private readonly places: readonly ShapedValue[];
  /** Of a step that is taken in parts. */
  private part: { readonly x: Tensor; readonly target: Target; readonly output: Tensor } | undefined;

  constructor(model: Sequential, config: TrainerConfig) {
    this.model = model;
    this.config = config;

    const { optimizer, train, augment, seed } = config;
    const isOwn = builtinOptimizerSpec(optimizer) === undefined;
    this.rule = isOwn ? new OwnRule(optimizer, model.parameters) : undefined;
    this.state =
      this.rule?.state ??
      model.parameters.flatMap(({ parameter: { value } }) =>
        Array.from({ length: optimizer.slots ?? 0 }, () => Tensor.zeros(value.shape, model.dtype).data),
      );
    this.randomness = new Rng(seed).fork("step");
    this.buffers = new Snapshot(
      model.buffers.map(
        ({ parameter }) =>
          () =>
            parameter.value.data,
      ),
    );
    this.samples = samplesOf(model, train, trainingReader(train, augment, seed));
    this.trainable = trainableFlags(model);
    this.places = [...model.parameters, ...model.buffers].map((p) => ({
      ...p,
      shape: p.parameter.value.shape,
    }));
  }

  begin(epoch: number, order: Uint32Array): void {
    [this.epoch, this.order] = [epoch, order];
  }

  step(from: number, to: number, lr: number, step: number): number {
    const { model, config, order, epoch } = this;
    const { loss } = config;
    const { x, target } = this.samples(from, to, epoch, order);
    this.buffers.take();
    try {
      model.zeroGradients();
      const output = model.forward(x, { training: true, rng: this.randomness.fork(step) });
      // in this order: a loss may keep what it has computed for its gradient
      const sum = lossSum(loss, output, target);
      model.backward(lossGradient(loss, output, target));
      this.update(lr, step);
      return sum / (reductionOf(loss) === "mean" ? to - from : 1);
    } catch (error) {
      this.buffers.restore();
      throw error;
    }
  }

  forwardPart(x: Tensor, target: Target, step: number): Tensor {
    this.load();
    const { model } = this;
    model.zeroGradients();
    const output = model.forward(x, { training: true, rng: this.randomness.fork(step) });
    this.part = { x, target, output };
    return output;
  }

  lossPart(): number {
    const { output, target } = cached("trainer", this.part);
    const { loss } = this.config;
    return lossSum(loss, output, target) / (reductionOf(loss) === "mean" ? output.shape[0] : 1);
  }

  backwardPart(dy: Tensor | undefined): void {
    const { output, target } = cached("trainer", this.part);
    this.model.backward(dy ?? lossGradient(this.config.loss, output, target));
  }

  updatePart(lr: number, step: number): void {
    this.update(lr, step);
  }

  layerPart(layer: number): Tensor {
    const { x } = cached("trainer", this.part);
    return this.model.activations(x)[this.model.layers[layer].name];
  }

  private update(lr: number, step: number): void {
    const learning = this.model.parameters.filter((_, i) => this.trainable[i]);
    clipGradients(
      this.config.clip,
      learning.map(({ parameter }) => parameter),
    );
    if (this.rule !== undefined) {
      this.rule.step((i) => this.trainable[i], lr, step);
      return;
    }
    const { optimizer } = this.config;
    const slots = optimizer.slots ?? 0;
    for (const [i, { parameter }] of this.model.parameters.entries()) {
      const { value, grad } = parameter;
      if (this.trainable[i])
        optimizer.update(value.data, grad.data, this.state.slice(i * slots, (i + 1) * slots), lr, step);
    }
  }

  evaluate(set: Dataset): Evaluation {
    return evaluate(this.model, this.config.loss, set);
  }

  outputs(set: Dataset, visit: (output: Tensor, from: number) => void): void {
    this.eachBatch(set, (batch, from) => visit(this.model.forward(batch), from));
  }

  layerOutputs(
    set: Dataset,
    layers: readonly number[],
    visit: (outputs: readonly Tensor[], from: number) => void,
  ): void {
    this.eachBatch(set, (batch, from) => {
      const outputs = this.model.activations(batch);
      visit(
        layers.map((layer) => outputs[this.model.layers[layer].name]),
        from,
      );
    });
  }

  private eachBatch(set: Dataset, visit: (batch: Tensor, from: number) => void): void {
    for (let from = 0; from < set.size; from += EVALUATION_BATCH) {
      const count = Math.min(EVALUATION_BATCH, set.size - from);
      const chosen = Array.from({ length: count }, (_, i) => from + i);
      visit(gather(this.model, set, chosen), from);
    }
  }

  sync(): void {}

  load(): void {
    this.places.forEach(assertUnchangedShape);
    this.trainable = trainableFlags(this.model);
  }

  readState(): readonly FloatArray[] {
    return this.state;
  }

  writeState(saved: readonly FloatArray[]): void {
    for (const [i, slot] of this.state.entries()) slot.set(saved[i]);
  }

  dispose(): void {}
}

/** Mean loss and error of a whole set, with the model's present weights. */
function evaluate(model: Sequential, loss: Loss, set: Dataset): Evaluation {
  const error = new ErrorSum(loss, set, sizeOf(model.output));
  let total = 0;
  forEachBatch(model, set, (output, target) => {
    total += lossSum(loss, output, target);
    error.batch(output.data, target);
  });
  return { loss: total / set.size, error: error.value };
}

/** Runs a set through the model in its own order, a batch at a time. */
function forEachBatch(
  model: Sequential,
  set: Dataset,
  visit: (output: Tensor, target: Target) => void,
): void {
  const samples = samplesOf(model, set);
  for (let from = 0; from < set.size; from += EVALUATION_BATCH) {
    const { x, target } = samples(from, Math.min(from + EVALUATION_BATCH, set.size), 0);
    visit(model.forward(x), target);
  }
}

/** The samples order[from] … order[to − 1] (or from … to − 1 themselves) as one tensor [to − from, …shape]. */
type Samples = (
  from: number,
  to: number,
  epoch: number,
  order?: ArrayLike<number>,
) => { x: Tensor; target: Target };

/** @param read default: the samples as they are */
function samplesOf(model: Sequential, set: Dataset, read = trainingReader(set, undefined, 0)): Samples {
  const [size, K] = [sizeOf(model.input), sizeOf(model.output)];
  const readTarget = set.targets && targetReaderOf(set, set.targets);
  const numbersOf = model.dtype === "float64" ? Float64Array : Float32Array;
  return (from, to, epoch, order) => {
    const count = to - from;
    const x = Tensor.zeros([count, ...model.input], model.dtype);
    const labels = K > 256 ? new Uint16Array(count) : new Uint8Array(count);
    const target: Target = readTarget === undefined ? labels : new numbersOf(count * K);
    for (let i = from; i < to; i++) {
      const sample = order === undefined ? i : order[i];
      read(sample, epoch, x.data, (i - from) * size);
      if (readTarget === undefined) labels[i - from] = labelOf(set, sample, K);
      else readTarget(sample, target as FloatArray, (i - from) * K);
    }
    return { x, target };
  };
}

/** The chosen samples of a set as one tensor [samples, …shape]. */
export function gather(model: Sequential, set: Dataset, chosen: ArrayLike<number>): Tensor {
  const x = Tensor.zeros([chosen.length, ...model.input], model.dtype);
  const [read, size] = [readerOf(set), sizeOf(model.input)];
  for (let i = 0; i < chosen.length; i++) {
    assertIndex(set, chosen[i]);
    read(chosen[i], x.data, i * size);
  }
  return x;
}
