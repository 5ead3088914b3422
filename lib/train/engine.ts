import { Engine } from "../engine/engine.js";
import { type Buffer, MEBIBYTE } from "../engine/memory.js";
import type { ModelLayer } from "../engine/stages/choose.js";
import { parseThreads } from "../engine/team.js";
import { GradbookError } from "../errors/error.js";
import { returned } from "../layers/assert-layer.js";
import { isBuiltin, type Parameter } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { power } from "../optimizers/adam.js";
import { log } from "../tensor/portable.js";
import { Rng } from "../tensor/rng.js";
import { sizeOf } from "../tensor/shape.js";
import { assertSameShape, Tensor } from "../tensor/tensor.js";
import { Feed } from "./feed.js";
import type { Evaluation, Trainer, TrainerConfig } from "./trainer.js";

/** Bytes up to which a training set is kept in the engine's memory as floats. */
const KEPT_BYTES = 64 * MEBIBYTE;

/** The trainer that runs a model as generated WebAssembly on a team of threads. */
export function engineTrainer(model: Sequential, config: TrainerConfig): Trainer {
  return new EngineTrainer(model, config);
}

/** Layers written by hand that were already told of. */
const told = new Set<string>();

function tellOnce(model: Sequential): void {
  const slow = model.layers.filter(({ layer }) => !isBuiltin(layer));
  const what = slow.map(({ name, layer }) => `${name} (${layer.constructor.name})`).join(", ");
  if (slow.length === 0 || told.has(what)) return;
  told.add(what);
  console.info(`fit: ${what}, written by hand, runs on the main thread; all other layers run on the engine.`);
}

/** A parameter or running statistic of a layer, with its first float in the engine's memory. */
interface ValuePlace {
  readonly layer: number;
  readonly parameter: Parameter;
  readonly offset: number;
}

class EngineTrainer implements Trainer {
  private readonly engine: Engine;
  private readonly feed: Feed;
  private readonly mean: boolean;
  private readonly randomness: Rng;
  private readonly parameters: readonly ValuePlace[];
  private readonly running: readonly ValuePlace[];
  private readonly lone: string | undefined;
  private rng: Rng;

  constructor(
    private readonly model: Sequential,
    private readonly config: TrainerConfig,
  ) {
    const { loss, optimizer, train } = config;
    tellOnce(model);
    const batch = Math.min(config.batch, train.size);
    const kept = 4 * sizeOf(model.input) * train.size <= KEPT_BYTES ? train.size : 0;
    const layers = describe(model);
    const request = { input: model.input, layers, loss: loss.spec, optimizer: optimizer.spec, batch, kept };
    this.engine = new Engine(request, parseThreads(config.threads), (layer, pass, samples, training) =>
      this.runCustom(layer, pass, samples, training),
    );
    this.feed = new Feed(this.engine, train, batch, kept);
    this.mean = loss.spec.reduction === "mean";
    this.lone = loneBatchNorm(model);
    this.randomness = new Rng(config.seed).fork("step");
    this.rng = this.randomness;
    const { plan } = this.engine;
    this.parameters = model.layers.flatMap(({ layer }, index) =>
      Object.entries(layer.params ?? {}).map(([name, parameter]) => {
        const { offset } = found(plan.parameters, index, name);
        return { layer: index, parameter, offset: plan.at.weights / 4 + offset };
      }),
    );
    this.running = model.layers.flatMap(({ layer }, index) =>
      Object.entries((isBuiltin(layer) ? layer.buffers : undefined) ?? {}).map(([name, parameter]) => ({
        layer: index,
        parameter,
        offset: found(plan.running, index, name).address / 4,
      })),
    );
    this.load();
  }

  step(order: Uint32Array, from: number, to: number, lr: number, step: number): number {
    const { engine, feed } = this;
    const samples = to - from;
    if (samples < 2 && this.lone !== undefined) throw tooFew(this.lone);
    feed.batch(order, from, to);
    this.prepare(samples, lr, step);
    engine.step(samples, feed.readAhead);
    return this.sumOfLosses(samples) / (this.mean ? samples : 1);
  }

  evaluate(set: TrainerConfig["train"]): Evaluation {
    const { engine, feed } = this;
    const { at, capacity, classes, output } = engine.plan;
    let total = 0;
    let wrong = 0;
    for (let from = 0; from < set.size; from += capacity) {
      const samples = Math.min(capacity, set.size - from);
      feed.slice(set, from, samples);
      engine.forward(samples);
      total += this.sumOfLosses(samples);
      for (let n = 0; n < samples; n++) {
        const row = output.address / 4 + n * output.layout.size;
        if (argmaxAt(engine.floats, row, classes) !== engine.ints[at.labels / 4 + n]) wrong++;
      }
    }
    return { loss: total / set.size, error: wrong / set.size };
  }

  outputs(set: TrainerConfig["train"], see: (output: Tensor, from: number) => void): void {
    const { engine, feed } = this;
    const { capacity, output } = engine.plan;
    for (let from = 0; from < set.size; from += capacity) {
      const samples = Math.min(capacity, set.size - from);
      feed.slice(set, from, samples);
      engine.forward(samples);
      see(read(engine.floats, output, [samples, ...this.model.output]), from);
    }
  }

  sync(): void {
    this.fetch(this.parameters);
    this.fetch(this.running);
  }

  load(): void {
    for (const { parameter, offset } of [...this.parameters, ...this.running])
      this.engine.floats.set(parameter.value.data, offset);
  }

  readState(): Float32Array[] {
    const { floats, plan } = this.engine;
    return this.parameters.flatMap(({ parameter, offset }) =>
      plan.at.slots.map((slot) => {
        const from = offset + (slot - plan.at.weights) / 4;
        return floats.slice(from, from + parameter.value.size);
      }),
    );
  }

  writeState(state: readonly (Float32Array | Float64Array)[]): void {
    const { floats, plan } = this.engine;
    const { slots, weights } = plan.at;
    for (const [i, { offset }] of this.parameters.entries())
      for (const [s, slot] of slots.entries())
        floats.set(state[i * slots.length + s], offset + (slot - weights) / 4);
  }

  dispose(): void {
    this.engine.dispose();
  }

  /** Writes what changes from step to step. */
  private prepare(samples: number, lr: number, step: number): void {
    const { floats, ints, plan } = this.engine;
    const { spec } = this.config.optimizer;
    const rates = plan.at.rates / 4;
    floats[plan.at.divisor / 4] = this.mean ? samples : 1;
    floats[rates] = lr;
    if (spec.kind === "adam" || spec.kind === "adamw") {
      floats[rates + 1] = lr / (1 - power(spec.beta1, step));
      floats[rates + 2] = Math.sqrt(1 - power(spec.beta2, step));
      floats[rates + 3] = lr * spec.weightDecay;
    }
    if (plan.keys.length === 0 && plan.custom.length === 0) return;
    this.rng = this.randomness.fork(step);
    for (const address of plan.keys) {
      ints[address / 4] = this.rng.bits();
      ints[address / 4 + 1] = this.rng.bits();
    }
  }

  /** Σ of the losses of the samples of a pass, in their order. */
  private sumOfLosses(samples: number): number {
    const { floats, plan } = this.engine;
    const { kind } = this.config.loss.spec;
    const parts = plan.at.lossParts / 4;
    let sum = 0;
    for (let n = 0; n < samples; n++) {
      const first = floats[parts + 2 * n];
      sum += kind === "softmaxCrossEntropy" ? log(first) + floats[parts + 2 * n + 1] : first;
    }
    if (kind === "euclidean") return sum / 2;
    return kind === "mse" && this.mean ? sum / this.model.output[0] : sum;
  }

  /** A layer written by hand: its tensors are copies, so it may keep them, and so are its parameters. */
  private runCustom(index: number, pass: "forward" | "backward", samples: number, training: boolean): void {
    const { plan, floats } = this.engine;
    const { name, layer, input, output } = this.model.layers[index];
    const wires = plan.custom.find((c) => c.layer === index);
    if (wires === undefined) return;
    const parameters = this.parameters.filter((p) => p.layer === index);
    if (pass === "forward") {
      // the engine has updated its own weights since
      this.fetch(parameters);
      const x = read(floats, wires.x, [samples, ...input]);
      const y = returned(name, "forward", layer.forward(x, { training, rng: this.rng }));
      assertSameShape(name, "the output of forward", y.shape, [samples, ...output]);
      write(floats, wires.y, y);
      return;
    }
    for (const { parameter } of parameters) parameter.grad.data.fill(0);
    const dy = read(floats, wires.dy, [samples, ...output]);
    const dx = returned(name, "backward", layer.backward(dy));
    assertSameShape(name, "the result of backward", dx.shape, [samples, ...input]);
    if (wires.dx !== undefined) write(floats, wires.dx, dx);
    for (const { parameter, offset } of parameters)
      floats.set(parameter.grad.data, offset + (plan.at.gradients - plan.at.weights) / 4);
  }

  /** Brings values from the engine's memory into the model's parameters. */
  private fetch(places: readonly ValuePlace[]): void {
    const { floats } = this.engine;
    for (const { parameter, offset } of places) {
      const { data } = parameter.value;
      for (let i = 0; i < data.length; i++) data[i] = floats[offset + i];
    }
  }
}

/** The batch norm that would see one value a feature in a batch of one sample: its variance is 0. */
function loneBatchNorm({ layers }: Sequential): string | undefined {
  for (const { layer, input } of layers) {
    if (!isBuiltin(layer) || sizeOf(input.slice(1)) > 1) continue;
    if (layer.spec.kind === "batchNorm1d" || layer.spec.kind === "batchNorm2d") return layer.spec.kind;
  }
  return undefined;
}

function tooFew(what: string): GradbookError {
  return new GradbookError({
    code: "shape",
    what,
    got: "one value a feature while training",
    expected: "at least 2",
    cure: "Use a larger batch: the variance of a single value is 0.",
  });
}

function found<T extends { layer: number; name: string }>(
  list: readonly T[],
  layer: number,
  name: string,
): T {
  const place = list.find((p) => p.layer === layer && p.name === name);
  if (place === undefined) throw new RangeError(`no place for ${name} of layer ${layer}`);
  return place;
}

function read(floats: Float32Array, buffer: Buffer, shape: readonly number[]): Tensor {
  const tensor = Tensor.zeros(shape);
  eachRow(buffer, shape[0], (place, at, length) => {
    for (let i = 0; i < length; i++) tensor.data[at + i] = floats[place + i];
  });
  return tensor;
}

function write(floats: Float32Array, buffer: Buffer, { shape, data }: Tensor): void {
  eachRow(buffer, shape[0], (place, at, length) => {
    for (let i = 0; i < length; i++) floats[place + i] = data[at + i];
  });
}

/**
 * The rows of the first samples: where each stands in the engine's memory, which may have gaps that must stay 0, and in
 * a tensor, which has none.
 */
function eachRow(
  { address, layout }: Buffer,
  samples: number,
  see: (place: number, at: number, length: number) => void,
): void {
  const { C, H, W, origin, row, plane, size } = layout;
  let at = 0;
  for (let n = 0; n < samples; n++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++, at += W) see(address / 4 + n * size + origin + c * plane + h * row, at, W);
}

function argmaxAt(values: Float32Array, row: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[row + k] > values[row + best]) best = k;
  return best;
}

/** The model as plain data. */
function describe(model: Sequential): ModelLayer[] {
  return model.layers.map(({ name, layer, input, output }, index) => ({
    name,
    index,
    spec: isBuiltin(layer) ? layer.spec : undefined,
    input,
    output,
    params: Object.entries(layer.params ?? {}).map(([parameter, { value }]) => ({
      layer: index,
      name: parameter,
      size: value.size,
    })),
  }));
}
