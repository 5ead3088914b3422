import { Engine } from "../engine/engine.js";
import { canPlan } from "../engine/plan.js";
import type { LayerSpec } from "../engine/spec.js";
import type { PlanLayer } from "../engine/stages.js";
import { parseThreads } from "../engine/team.js";
import { isBuiltin } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { power } from "../optimizers/adam.js";
import { log } from "../tensor/portable.js";
import { sizeOf } from "../tensor/shape.js";
import { Feed } from "./feed.js";
import type { Evaluation, Trainer, TrainerConfig } from "./trainer.js";

/** Bytes up to which a training set is kept in the engine's memory as floats. */
const KEPT_BYTES = 32 * 2 ** 20;

/** Whether every layer has kernels. */
export function canRun(model: Sequential): boolean {
  const layers = planLayers(model);
  return layers !== undefined && canPlan(layers);
}

/** The trainer that runs a model as generated WebAssembly on a team of threads. */
export function engineTrainer(model: Sequential, config: TrainerConfig): Trainer {
  const { loss, optimizer, train } = config;
  const batch = Math.min(config.batch, train.size);
  const kept = 4 * sizeOf(model.input) * train.size <= KEPT_BYTES ? train.size : 0;
  const request = {
    input: model.input,
    layers: planLayers(model) ?? [],
    loss: loss.spec,
    optimizer: optimizer.spec,
  };
  const engine = new Engine({ ...request, batch, kept }, parseThreads(config.threads));
  const { at, parameters, capacity, output } = engine.plan;
  const { floats, ints } = engine;
  const feed = new Feed(engine, train, batch, kept);
  const mean = loss.spec.reduction === "mean";
  const classes = model.output[0];

  /** Weights and optimizer slots have one order: where each of the model's parameters begins in both. */
  const places = model.layers.flatMap(({ layer }, index) =>
    Object.entries(layer.params ?? {}).map(([name, parameter]) => {
      const found = parameters.find((p) => p.layer === index && p.name === name);
      if (found === undefined) throw new RangeError(`no place for ${name}`);
      return { parameter, offset: found.offset };
    }),
  );
  for (const { parameter, offset } of places) floats.set(parameter.value.data, at.weights / 4 + offset);

  /** Σ of the losses of the samples of a pass, in their order. */
  const sumOfLosses = (samples: number): number => {
    let sum = 0;
    for (let n = 0; n < samples; n++) {
      const first = floats[at.lossParts / 4 + 2 * n];
      sum +=
        loss.spec.kind === "softmaxCrossEntropy" ? log(first) + floats[at.lossParts / 4 + 2 * n + 1] : first;
    }
    if (loss.spec.kind === "euclidean") return sum / 2;
    return loss.spec.kind === "mse" && mean ? sum / classes : sum;
  };

  const setRates = (lr: number, step: number): void => {
    const { spec } = optimizer;
    const adaptive = spec.kind === "adam" || spec.kind === "adamw";
    floats[at.rates / 4] = lr;
    if (!adaptive) return;
    floats[at.rates / 4 + 1] = lr / (1 - power(spec.beta1, step));
    floats[at.rates / 4 + 2] = Math.sqrt(1 - power(spec.beta2, step));
    floats[at.rates / 4 + 3] = lr * spec.weightDecay;
  };

  return {
    step(order, from, to, lr, step) {
      const samples = to - from;
      feed.batch(order, from, to);
      setRates(lr, step);
      floats[at.divisor / 4] = mean ? samples : 1;
      engine.step(samples, feed.readAhead);
      return sumOfLosses(samples) / (mean ? samples : 1);
    },

    evaluate(set): Evaluation {
      let total = 0;
      let wrong = 0;
      floats[at.divisor / 4] = 1;
      for (let from = 0; from < set.size; from += capacity) {
        const samples = Math.min(capacity, set.size - from);
        feed.slice(set, from, samples);
        engine.forward(samples);
        total += sumOfLosses(samples);
        for (let n = 0; n < samples; n++) {
          const row = output.address / 4 + n * output.layout.size;
          if (argmaxAt(floats, row, set.classes) !== ints[at.labels / 4 + n]) wrong++;
        }
      }
      return { loss: total / set.size, error: wrong / set.size };
    },

    sync() {
      for (const { parameter, offset } of places) {
        const { data } = parameter.value;
        const from = at.weights / 4 + offset;
        for (let i = 0; i < data.length; i++) data[i] = floats[from + i];
      }
    },

    readState: () =>
      places.flatMap(({ parameter: { value }, offset }) =>
        at.slots.map((slot) => floats.slice(slot / 4 + offset, slot / 4 + offset + value.size)),
      ),

    writeState(saved) {
      for (const [i, { offset }] of places.entries())
        for (const [s, slot] of at.slots.entries())
          floats.set(saved[i * at.slots.length + s], slot / 4 + offset);
    },

    dispose() {
      engine.dispose();
    },
  };
}

function argmaxAt(values: Float32Array, row: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[row + k] > values[row + best]) best = k;
  return best;
}

function planLayers(model: Sequential): PlanLayer<LayerSpec>[] | undefined {
  const layers = [];
  for (const [index, { name, layer, input, output }] of model.layers.entries()) {
    if (!isBuiltin(layer)) return undefined;
    layers.push({ name, index, spec: layer.spec, input, output });
  }
  return layers;
}
