import { unknownKind } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { Engine, type EngineParameter, type EngineValue } from "../engine/engine.js";
import type { LossSpec, OptimizerSpec } from "../engine/spec.js";
import type { HandWork } from "../engine/stages/stage.js";
import { parseThreads } from "../engine/team.js";
import { singleValue } from "../layers/batch-norm.js";
import type { Parameter } from "../layers/layer.js";
import { runBackward, runForward } from "../layers/run-layer.js";
import type { Sequential } from "../layers/sequential.js";
import { engineLossSpec, reductionOf, type Target } from "../losses/loss.js";
import { lossGradient, lossSum } from "../losses/run-loss.js";
import { builtinOptimizerSpec } from "../optimizers/optimizer.js";
import { OwnRule } from "../optimizers/own-rule.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { Snapshot } from "../tensor/snapshot.js";
import type { FloatArray, Tensor } from "../tensor/tensor.js";
import { loneBatchNorm } from "./batches.js";
import { clipGradients } from "./clip.js";
import {
  assertUnchangedShape,
  engineLayers,
  type Twin,
  type Twins,
  trainableFlags,
  twinsOf,
} from "./engine-layers.js";
import { Feed, keptSamples } from "./feed.js";
import { ErrorSum } from "./measure.js";
import type { Evaluation, Trainer, TrainerConfig } from "./trainer.js";

/** The trainer that runs a model as generated WebAssembly on a team of threads. */
export function engineTrainer(model: Sequential, config: TrainerConfig): Trainer {
  return new EngineTrainer(model, config);
}

/** What is made anew when the engine is planned anew. */
interface Planned {
  readonly engine: Engine;
  readonly feed: Feed;
  readonly twins: Twins;
  /** The twin of each parameter, for layers that run by hand. */
  readonly twinOf: ReadonlyMap<Parameter, Twin<Parameter, EngineParameter>>;
  readonly handParameters: readonly Parameter[];
  /** What a forward pass changes beside activations; undefined where no code by hand can end a step half-way. */
  readonly buffers: Snapshot | undefined;
  /** Which parameters learn. */
  readonly trainable: readonly boolean[];
  /** A batch norm that cannot train on a single sample. */
  readonly lone: string | undefined;
}

class EngineTrainer implements Trainer {
  private readonly model: Sequential;
  private readonly config: TrainerConfig;

  private planned: Planned;
  private readonly mean: boolean;
  /** What kernels compute loss and update by; undefined: they run by hand. */
  private readonly loss: LossSpec | undefined;
  private readonly optimizer: OptimizerSpec | undefined;
  private readonly randomness: Rng;
  private readonly rule: OwnRule | undefined;
  private rng: Rng;
  /** Of the step that is going on, for what runs by hand. */
  private readonly present = { lr: 0, step: 0, loss: 0, samples: 0, hasLoss: false };

  constructor(model: Sequential, config: TrainerConfig) {
    this.model = model;
    this.config = config;

    const { loss, optimizer, seed } = config;
    this.mean = reductionOf(loss) === "mean";
    this.randomness = new Rng(seed).fork("step");
    this.rng = this.randomness;
    this.loss = engineLossSpec(loss, config.train.targets !== undefined);
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
      if (buffers !== undefined) {
        buffers.restore();
        this.writeRunning();
      }
      throw error;
    }
    return this.sumOfLosses(samples) / (this.mean ? samples : 1);
  }

  forwardPart(x: Tensor, target: Target, step: number): Tensor {
    // layers may have been frozen or freed: then the engine is another one
    this.load();
    const { engine } = this.planned;
    const [samples] = x.shape;
    const each = x.size / samples;
    for (let n = 0; n < samples; n++) {
      engine.readSample(n, (out, offset) => out.set(x.data.subarray(n * each, (n + 1) * each), offset));
      engine.setRow(n, n);
      this.setTarget(n, target, samples);
    }
    this.prepare(samples, 0, step);
    this.present.samples = samples;
    this.present.hasLoss = false;
    engine.part("forward", samples);
    for (const { parameter, engine: twin } of this.planned.twins.running) twin.read(parameter.value.data);
    return this.output(samples);
  }

  lossPart(): number {
    const { samples } = this.present;
    if (!this.present.hasLoss) this.planned.engine.part("loss", samples);
    this.present.hasLoss = true;
    return this.sumOfLosses(samples) / (this.mean ? samples : 1);
  }

  backwardPart(dy: Tensor | undefined): void {
    const { engine, twins } = this.planned;
    const { samples } = this.present;
    if (dy !== undefined) engine.setOutputGradient(dy);
    else if (!this.present.hasLoss) engine.part("loss", samples);
    engine.part("backward", samples);
    engine.part("sum", samples);
    for (const { parameter, engine: twin } of twins.parameters) twin.readGradient(parameter.grad.data);
  }

  updatePart(lr: number, step: number): void {
    const { engine, twins } = this.planned;
    const { samples } = this.present;
    for (const { parameter, engine: twin } of twins.parameters) {
      twin.write(parameter.value.data);
      twin.writeGradient(parameter.grad.data);
    }
    this.present.lr = lr;
    this.present.step = step;
    engine.setStep(this.mean ? samples : 1, lr, step, undefined);
    engine.part("update", samples);
    for (const { parameter, engine: twin } of twins.parameters) twin.read(parameter.value.data);
  }

  layerPart(layer: number): Tensor {
    const { output } = this.model.layers[layer];
    return this.planned.engine.layerOutput(layer, [this.present.samples, ...output]);
  }

  private setTarget(n: number, target: Target, samples: number): void {
    const { engine } = this.planned;
    if (this.config.train.targets === undefined) {
      engine.setLabel(n, target[n]);
      return;
    }
    const each = target.length / samples;
    engine.readTarget(n, (out, offset) => {
      for (let i = 0; i < each; i++) out[offset + i] = target[n * each + i];
    });
  }

  evaluate(set: Dataset): Evaluation {
    const { engine } = this.planned;
    const { loss } = this.config;
    const error = new ErrorSum(loss, set, engine.classes);
    let total = 0;
    for (let from = 0; from < set.size; from += engine.capacity) {
      const samples = this.forward(set, from, true);
      const [output, target] = [this.output(samples), engine.target(samples)];
      if (this.loss === undefined) this.present.loss = lossSum(loss, output, target);
      total += this.sumOfLosses(samples);
      error.batch(output.data, target);
    }
    return { loss: total / set.size, error: error.value };
  }

  outputs(set: Dataset, visit: (output: Tensor, from: number) => void): void {
    const { capacity } = this.planned.engine;
    for (let from = 0; from < set.size; from += capacity)
      visit(this.output(this.forward(set, from, false)), from);
  }

  layerOutputs(
    set: Dataset,
    layers: readonly number[],
    visit: (outputs: readonly Tensor[], from: number) => void,
  ): void {
    const { engine } = this.planned;
    for (let from = 0; from < set.size; from += engine.capacity) {
      const samples = this.forward(set, from, false);
      const shapes = layers.map((layer) => [samples, ...this.model.layers[layer].output]);
      visit(
        shapes.map((shape, i) => engine.layerOutput(layers[i], shape)),
        from,
      );
    }
  }

  sync(): void {
    const { parameters, running } = this.planned.twins;
    for (const { parameter, engine } of [...parameters, ...running]) engine.read(parameter.value.data);
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
    return this.planned.twins.parameters.flatMap(({ engine }) => engine.readSlots());
  }

  writeState(state: readonly FloatArray[]): void {
    if (this.rule !== undefined) {
      for (const [i, values] of this.rule.state.entries()) values.set(state[i]);
      return;
    }
    const { parameters } = this.planned.twins;
    const slots = state.length / Math.max(1, parameters.length);
    for (const [i, { engine }] of parameters.entries())
      engine.writeSlots(state.slice(i * slots, (i + 1) * slots));
  }

  dispose(): void {
    this.planned.engine.dispose();
  }

  private plan(): Planned {
    const { model, config } = this;
    const { train, augment, seed } = config;
    const layers = engineLayers(model);
    const batch = Math.min(config.batch, train.size);
    const { observed, stepwise } = config;
    const kept = stepwise === true ? 0 : keptSamples(train, sizeOf(model.input));
    const { loss, optimizer } = this;
    const engine = new Engine(
      {
        ...{ input: model.input, layers, loss, numbers: train.targets !== undefined, optimizer },
        ...{ clip: config.clip, batch, kept, observed, stepwise },
      },
      parseThreads(config.threads),
      (work, samples, training) => this.byHand(work, samples, training),
    );
    const twins = twinsOf(model, engine);
    return {
      engine,
      feed: new Feed(engine, { train, augment, seed, batch, kept }),
      twins,
      twinOf: new Map(twins.parameters.map((twin) => [twin.parameter, twin])),
      handParameters: layers.flatMap(({ spec, index }) =>
        spec === undefined ? Object.values(model.layers[index].layer.params ?? {}) : [],
      ),
      buffers: engine.hasHandWork ? new Snapshot(this.bufferSources(twins)) : undefined,
      trainable: trainableFlags(model),
      lone: loneBatchNorm(model),
    };
  }

  /** All buffers as they are: those of the engine are brought into the model first. */
  private bufferSources({ running }: Twins): (() => FloatArray)[] {
    const inEngine = new Map<object, EngineValue>(
      running.map(({ parameter, engine }) => [parameter, engine]),
    );
    return this.model.buffers.map(({ parameter }) => () => {
      inEngine.get(parameter)?.read(parameter.value.data);
      return parameter.value.data;
    });
  }

  /** Writes what changes from step to step. */
  private prepare(samples: number, lr: number, step: number): void {
    const { engine, handParameters } = this.planned;
    this.present.lr = lr;
    this.present.step = step;
    for (const { grad } of handParameters) grad.data.fill(0);
    const isRandom = engine.isRandom || engine.hasHandWork;
    if (isRandom) this.rng = this.randomness.fork(step);
    engine.setStep(this.mean ? samples : 1, lr, step, isRandom ? this.rng : undefined);
  }

  /** Runs the samples of a set from `from` on, as many as fit, and returns how many they were. */
  private forward(set: Dataset, from: number, compared: boolean): number {
    const { engine, feed } = this.planned;
    const samples = Math.min(engine.capacity, set.size - from);
    feed.slice(set, from, samples, compared);
    engine.forward(samples);
    return samples;
  }

  private output(samples: number): Tensor {
    return this.planned.engine.output([samples, ...this.model.output]);
  }

  private sumOfLosses(samples: number): number {
    return this.loss === undefined ? this.present.loss : this.planned.engine.sumOfLosses(samples);
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
    const { engine, twinOf } = this.planned;
    const placed = this.model.layers[index];
    const twins = Object.values(placed.layer.params ?? {}).flatMap((p) => twinOf.get(p) ?? []);
    if (pass === "forward") {
      // the engine has updated its own weights since
      for (const twin of twins) twin.engine.read(twin.parameter.value.data);
      const x = engine.handInput(index, pass, [samples, ...placed.input]);
      engine.setHandOutput(index, pass, runForward(placed, x, { training, rng: this.rng }));
      return;
    }
    const dy = engine.handInput(index, pass, [samples, ...placed.output]);
    engine.setHandOutput(index, pass, runBackward(placed, dy));
    for (const twin of twins) twin.engine.writeGradient(twin.parameter.grad.data);
  }

  private runLoss(samples: number): void {
    const { engine } = this.planned;
    const [output, target] = [this.output(samples), engine.target(samples)];
    // in this order: a loss may keep what it has computed for its gradient
    this.present.loss = lossSum(this.config.loss, output, target);
    engine.setOutputGradient(lossGradient(this.config.loss, output, target));
  }

  private runUpdate(): void {
    const { twins, trainable } = this.planned;
    for (const { parameter, engine } of twins.parameters) engine.readGradient(parameter.grad.data);
    clipGradients(
      this.config.clip,
      twins.parameters.flatMap(({ parameter }, i) => (trainable[i] ? parameter : [])),
    );
    this.rule?.step((i) => trainable[i], this.present.lr, this.present.step);
    for (const { parameter, engine } of twins.parameters) engine.write(parameter.value.data);
  }

  /** Brings the model's values into the engine. */
  private write(): void {
    for (const twin of this.planned.twins.parameters) {
      assertUnchangedShape(twin);
      twin.engine.write(twin.parameter.value.data);
    }
    this.writeRunning();
  }

  private writeRunning(): void {
    for (const twin of this.planned.twins.running) {
      assertUnchangedShape(twin);
      twin.engine.write(twin.parameter.value.data);
    }
  }
}
