import type { Dataset } from "../datasets/dataset.js";
import { Engine } from "../engine/engine.js";
import type { LossSpec, OptimizerSpec } from "../engine/spec.js";
import type { HandWork } from "../engine/stages/stage.js";
import { parseThreads } from "../engine/team.js";
import { readValues, writeValues } from "../engine/values.js";
import { unknownKind } from "../errors/error.js";
import { singleValue } from "../layers/batch-norm.js";
import type { Parameter } from "../layers/layer.js";
import { runBackward, runForward } from "../layers/run-layer.js";
import type { Sequential } from "../layers/sequential.js";
import { builtinLossSpec, reductionOf } from "../losses/loss.js";
import { lossGradient, lossSum } from "../losses/run-loss.js";
import { power } from "../optimizers/adam.js";
import { builtinOptimizerSpec } from "../optimizers/optimizer.js";
import { OwnRule } from "../optimizers/own-rule.js";
import { log } from "../tensor/portable.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Snapshot } from "../tensor/snapshot.js";
import type { FloatArray, Tensor } from "../tensor/tensor.js";
import { loneBatchNorm } from "./batches.js";
import {
  assertUnchangedShape,
  engineLayers,
  trainableFlags,
  type ValuePlace,
  type ValuePlaces,
  valuePlaces,
} from "./engine-layers.js";
import { Feed, keptSamples } from "./feed.js";
import type { Evaluation, Trainer, TrainerConfig } from "./trainer.js";

/** The trainer that runs a model as generated WebAssembly on a team of threads. */
export function engineTrainer(model: Sequential, config: TrainerConfig): Trainer {
  return new EngineTrainer(model, config);
}

/** What is made anew when the engine is planned anew. */
interface Planned {
  readonly engine: Engine;
  readonly feed: Feed;
  readonly places: ValuePlaces;
  /** Places of the parameters of layers that run by hand. */
  readonly ofParameter: ReadonlyMap<Parameter, ValuePlace>;
  readonly handParameters: readonly Parameter[];
  /** What a forward pass changes beside activations; undefined where no code by hand can end a step half-way. */
  readonly buffers: Snapshot | undefined;
  /** Which parameters learn. */
  readonly trainable: readonly boolean[];
  /** A batch norm that cannot train on a single sample. */
  readonly lone: string | undefined;
}

class EngineTrainer implements Trainer {
  private planned: Planned;
  private readonly mean: boolean;
  /** What kernels compute loss and update by; undefined: they run by hand. */
  private readonly loss: LossSpec | undefined;
  private readonly optimizer: OptimizerSpec | undefined;
  private readonly randomness: Rng;
  private readonly rule: OwnRule | undefined;
  private rng: Rng;
  /** Of the step that is going on, for what runs by hand. */
  private readonly present = { lr: 0, step: 0, loss: 0 };

  constructor(
    private readonly model: Sequential,
    private readonly config: TrainerConfig,
  ) {
    const { loss, optimizer, seed } = config;
    this.mean = reductionOf(loss) === "mean";
    this.randomness = new Rng(seed).fork("step");
    this.rng = this.randomness;
    this.loss = builtinLossSpec(loss);
    this.optimizer = builtinOptimizerSpec(optimizer);
    this.rule = this.optimizer === undefined ? new OwnRule(optimizer, model.parameters) : undefined;
    this.planned = this.plan();
    this.write();
  }

  begin(epoch: number, order: Uint32Array): void {
    this.planned.feed.begin(epoch, order);
  }

  step(from: number, to: number, lr: number, step: number): number {
    const { engine, feed, buffers, lone } = this.planned;
    const samples = to - from;
    if (samples === 1 && lone !== undefined) throw singleValue(lone);
    feed.batch(from, to);
    this.prepare(samples, lr, step);
    buffers?.take();
    try {
      engine.step(samples, feed.readAhead);
    } catch (error) {
      // weights move last, so that only the forward pass has left something behind
      buffers?.restore();
      throw error;
    }
    return this.sumOfLosses(samples) / (this.mean ? samples : 1);
  }

  evaluate(set: Dataset): Evaluation {
    const { engine } = this.planned;
    const { at, capacity, classes, output } = engine.plan;
    let total = 0;
    let wrong = 0;
    for (let from = 0; from < set.size; from += capacity) {
      const samples = this.forward(set, from);
      if (this.loss === undefined)
        this.present.loss = lossSum(this.config.loss, this.output(samples), this.labels(samples));
      total += this.sumOfLosses(samples);
      for (let n = 0; n < samples; n++) {
        const row = output.address / 4 + n * output.layout.size;
        if (argmaxAt(engine.floats, row, classes) !== engine.ints[at.labels / 4 + n]) wrong++;
      }
    }
    return { loss: total / set.size, error: wrong / set.size };
  }

  outputs(set: Dataset, visit: (output: Tensor, from: number) => void): void {
    const { capacity } = this.planned.engine.plan;
    for (let from = 0; from < set.size; from += capacity) visit(this.output(this.forward(set, from)), from);
  }

  sync(): void {
    const { places } = this.planned;
    this.fetch(places.parameters);
    this.fetch(places.running);
  }

  load(): void {
    const now = trainableFlags(this.model);
    if (now.some((flag, i) => flag !== this.planned.trainable[i])) {
      // somebody has frozen or freed a layer: other kernels are needed
      const state = this.readState();
      this.planned.engine.dispose();
      this.planned = this.plan();
      this.writeState(state);
    }
    this.write();
  }

  readState(): readonly FloatArray[] {
    if (this.rule !== undefined) return this.rule.state.map((values) => values.slice());
    const { floats, plan } = this.planned.engine;
    return this.planned.places.parameters.flatMap(({ parameter, offset }) =>
      plan.at.slots.map((slot) => {
        const from = offset + (slot - plan.at.weights) / 4;
        return floats.slice(from, from + parameter.value.size);
      }),
    );
  }

  writeState(state: readonly FloatArray[]): void {
    if (this.rule !== undefined) {
      for (const [i, values] of this.rule.state.entries()) values.set(state[i]);
      return;
    }
    const { floats, plan } = this.planned.engine;
    const { slots, weights } = plan.at;
    for (const [i, { offset }] of this.planned.places.parameters.entries())
      for (const [s, slot] of slots.entries())
        floats.set(state[i * slots.length + s], offset + (slot - weights) / 4);
  }

  dispose(): void {
    this.planned.engine.dispose();
  }

  private plan(): Planned {
    const { model, config } = this;
    const { train, augment, seed } = config;
    const layers = engineLayers(model);
    const batch = Math.min(config.batch, train.size);
    const kept = keptSamples(train, sizeOf(model.input));
    const request = {
      input: model.input,
      layers,
      loss: this.loss,
      optimizer: this.optimizer,
      batch,
      kept,
    };
    const engine = new Engine(request, parseThreads(config.threads), (work, samples, training) =>
      this.byHand(work, samples, training),
    );
    const places = valuePlaces(model, engine.plan);
    const byHand = engine.plan.phases.some(({ parallel }) => parallel === "main");
    const inEngine = new Set<object>(places.running.map(({ parameter }) => parameter));
    return {
      engine,
      feed: new Feed(engine, { train, augment, seed, batch, kept }),
      places,
      ofParameter: new Map(places.parameters.map((place) => [place.parameter, place])),
      handParameters: layers.flatMap(({ spec, index }) =>
        spec === undefined ? Object.values(model.layers[index].layer.params ?? {}) : [],
      ),
      buffers: byHand
        ? new Snapshot([
            ...places.running.map(
              ({ parameter, offset }) =>
                () =>
                  engine.floats.subarray(offset, offset + parameter.value.size),
            ),
            ...model.buffers
              .filter(({ parameter }) => !inEngine.has(parameter))
              .map(
                ({ parameter }) =>
                  () =>
                    parameter.value.data,
              ),
          ])
        : undefined,
      trainable: trainableFlags(model),
      lone: loneBatchNorm(model),
    };
  }

  /** Writes what changes from step to step. */
  private prepare(samples: number, lr: number, step: number): void {
    const { engine, handParameters } = this.planned;
    const { floats, ints, plan } = engine;
    const spec = this.optimizer;
    const rates = plan.at.rates / 4;
    floats[plan.at.divisor / 4] = this.mean ? samples : 1;
    floats[rates] = lr;
    if (spec?.kind === "adam" || spec?.kind === "adamw") {
      floats[rates + 1] = lr / (1 - power(spec.beta1, step));
      floats[rates + 2] = Math.sqrt(1 - power(spec.beta2, step));
      floats[rates + 3] = lr * spec.weightDecay;
    }
    this.present.lr = lr;
    this.present.step = step;
    for (const { grad } of handParameters) grad.data.fill(0);
    if (plan.keys.length === 0 && plan.custom.length === 0) return;
    this.rng = this.randomness.fork(step);
    for (const address of plan.keys) {
      ints[address / 4] = this.rng.bits();
      ints[address / 4 + 1] = this.rng.bits();
    }
  }

  /** Runs the samples of a set from `from` on, as many as fit, and returns how many they were. */
  private forward(set: Dataset, from: number): number {
    const { engine, feed } = this.planned;
    const samples = Math.min(engine.plan.capacity, set.size - from);
    feed.slice(set, from, samples);
    engine.forward(samples);
    return samples;
  }

  private output(samples: number): Tensor {
    const { floats, plan } = this.planned.engine;
    return readValues(floats, plan.output, [samples, ...this.model.output]);
  }

  private labels(samples: number): Uint8Array {
    const { ints, plan } = this.planned.engine;
    const first = plan.at.labels / 4;
    return Uint8Array.from(ints.subarray(first, first + samples));
  }

  /** Σ of the losses of the samples of a pass, in their order. */
  private sumOfLosses(samples: number): number {
    const { floats, plan } = this.planned.engine;
    const spec = this.loss;
    if (spec === undefined) return this.present.loss;
    const parts = plan.at.lossParts / 4;
    let sum = 0;
    for (let n = 0; n < samples; n++) {
      const first = floats[parts + 2 * n];
      sum += spec.kind === "softmaxCrossEntropy" ? log(first) + floats[parts + 2 * n + 1] : first;
    }
    switch (spec.kind) {
      case "softmaxCrossEntropy":
        return sum;
      case "euclidean":
        return sum / 2;
      case "mse":
        return this.mean ? sum / this.model.output[0] : sum;
      default:
        return unknownKind("fit, loss", spec.kind);
    }
  }

  private byHand(work: HandWork, samples: number, training: boolean): void {
    switch (work.what) {
      case "layer":
        this.runLayer(work.layer, work.pass, samples, training);
        break;
      case "loss":
        this.runLoss(samples);
        break;
      case "update":
        this.runUpdate();
        break;
      default:
        unknownKind("fit, work by hand", work);
    }
  }

  private runLayer(index: number, pass: "forward" | "backward", samples: number, training: boolean): void {
    const { engine, ofParameter } = this.planned;
    const { plan, floats } = engine;
    const placed = this.model.layers[index];
    const wires = plan.custom.find((c) => c.layer === index);
    if (wires === undefined) throw new RangeError(`no memory for layer ${index}`);
    const parameters = Object.values(placed.layer.params ?? {}).flatMap((p) => ofParameter.get(p) ?? []);
    if (pass === "forward") {
      // the engine has updated its own weights since
      this.fetch(parameters);
      const x = readValues(floats, wires.x, [samples, ...placed.input]);
      writeValues(floats, wires.y, runForward(placed, x, { training, rng: this.rng }));
      return;
    }
    const dx = runBackward(placed, readValues(floats, wires.dy, [samples, ...placed.output]));
    if (wires.dx !== undefined) writeValues(floats, wires.dx, dx);
    for (const { parameter, offset } of parameters)
      floats.set(parameter.grad.data, offset + (plan.at.gradients - plan.at.weights) / 4);
  }

  private runLoss(samples: number): void {
    const { floats, plan } = this.planned.engine;
    const [output, labels] = [this.output(samples), this.labels(samples)];
    // in this order: a loss may keep what it has computed for its gradient
    this.present.loss = lossSum(this.config.loss, output, labels);
    writeValues(floats, plan.outputSlopes, lossGradient(this.config.loss, output, labels));
  }

  private runUpdate(): void {
    const { engine, places, trainable } = this.planned;
    const { floats, plan } = engine;
    const toGradient = (plan.at.gradients - plan.at.weights) / 4;
    for (const { parameter, offset } of places.parameters)
      parameter.grad.data.set(
        floats.subarray(offset + toGradient, offset + toGradient + parameter.grad.data.length),
      );
    this.rule?.step((i) => trainable[i], this.present.lr, this.present.step);
    for (const { parameter, offset } of places.parameters) floats.set(parameter.value.data, offset);
  }

  /** Brings values from the engine's memory into the model's parameters. */
  private fetch(places: readonly ValuePlace<{ value: Tensor }>[]): void {
    const { floats } = this.planned.engine;
    for (const { parameter, offset } of places) {
      const { data } = parameter.value;
      data.set(floats.subarray(offset, offset + data.length));
    }
  }

  /** Brings the model's values into the engine's memory. */
  private write(): void {
    const { engine, places } = this.planned;
    for (const place of [...places.parameters, ...places.running]) {
      assertUnchangedShape(place);
      engine.floats.set(place.parameter.value.data, place.offset);
    }
  }
}

function argmaxAt(values: Float32Array, row: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[row + k] > values[row + best]) best = k;
  return best;
}
