import type { Dataset } from "../datasets/dataset.js";
import { parseThreads } from "../engine/team.js";
import { assertPlainFunction } from "../errors/callable.js";
import { GradbookError, inWords, refuseUnknownKeys } from "../errors/error.js";
import { assertMethod } from "../layers/assert-layer.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import type { Schedule } from "../schedules/schedule.js";
import type { Augment } from "./augment.js";
import type { Epoch } from "./history.js";

/** What is called after each epoch; one with a memory of earlier epochs is told of them when a run is resumed. */
export interface EpochCallback {
  (epoch: Epoch, model: Sequential): unknown;
  readonly resume?: (epochs: readonly Epoch[]) => void;
}

export interface FitConfig {
  readonly train: Dataset;
  /** Measured after each epoch, never trained on. */
  readonly test?: Dataset;
  readonly optimizer: Optimizer;
  /** Default: softmaxCrossEntropy(), mean over the batch. */
  readonly loss?: Loss;
  /** Samples of a step; the last batch of an epoch may be shorter and divides by its own size. Default 32. */
  readonly batch?: number;
  /** Passes over the training set. Default 15. */
  readonly epochs?: number;
  /** Ends the run after so many steps, if the epochs would take more; the last epoch's number is then a fraction. */
  readonly steps?: number;
  /** Where training loss and error are measured, when the whole training set would take too long. Default: `train`. */
  readonly trainSample?: Dataset;
  /** Measures the test set after every so many steps too (`run.evaluations`). Default: never. */
  readonly evaluateEvery?: number;
  /** Seed of the shuffles and of dropout. Default 0. */
  readonly seed?: number | string;
  /** A new order for each epoch (default), or always the set's own. */
  readonly shuffle?: boolean;
  /** Leaves out the last batch of an epoch where it is shorter than the others; default false. */
  readonly dropLast?: boolean;
  /** Changes a training sample each time it is trained on, never in an evaluation; default: none. See `Augment`. */
  readonly augment?: Augment;
  /** Default: the optimizer's rate, unchanged. */
  readonly schedule?: Schedule;
  /**
   * Called after each epoch, epoch 0 included, with the weights of that moment in the model; weights that it changes are
   * those that training goes on with. Return "stop" to end.
   */
  readonly onEpoch?: EpochCallback;
  /**
   * Called after each step with its loss; `step` counts from 1 over the whole run. The model holds the weights of that
   * moment, which costs a copy in each step, and training goes on with those that the callback leaves. Return "stop" to end.
   */
  readonly onStep?: (step: number, loss: number) => unknown;
  /** Saves the run to this file after each epoch and when it is stopped; the file is replaced as a whole. Default: none. */
  readonly checkpoint?: string | undefined;
  /** Saves after every so many steps too. Default: never. */
  readonly checkpointEvery?: number;
  /**
   * Goes on from a checkpoint, to the same bits as if the run had never been stopped. `true`: from the file `checkpoint`
   * when it is there, else from the beginning; a path: from that file, which has to be there. Default: false.
   * `onEpoch` and `onStep` are called for what is computed now, not for what the checkpoint holds.
   */
  readonly resume?: boolean | string;
  /** Threads that compute; the result is the same for any number. Default: GRADBOOK_THREADS, else one a core. */
  readonly threads?: number;
}

const fitKeys = Object.keys({
  train: true,
  test: true,
  optimizer: true,
  loss: true,
  batch: true,
  epochs: true,
  steps: true,
  trainSample: true,
  evaluateEvery: true,
  seed: true,
  shuffle: true,
  dropLast: true,
  augment: true,
  schedule: true,
  onEpoch: true,
  onStep: true,
  checkpoint: true,
  checkpointEvery: true,
  resume: true,
  threads: true,
} satisfies Record<keyof FitConfig, true>);

/** What each thing that is given must have, its name in an error, and how one is made. */
const things = {
  model: {
    has: ["layers", "input", "output", "parameters", "buffers", "forward"],
    expected: "a model",
    cure: "sequential([…], { input }) makes one; a class of your own with forward and backward is a layer: sequential([new Net()], { input }).",
  },
  set: {
    has: ["read", "labels", "shape"],
    expected: "a data set",
    cure: "loadMnist() and arrayDataset() give one.",
  },
  optimizer: {
    has: ["spec", "update"],
    expected: "an optimizer",
    cure: "sgd({ lr: 0.01 }) makes one; one of your own is { spec: { kind, lr }, update(w, g, slots, lr, step) }.",
  },
  loss: {
    has: ["sum", "gradient"],
    expected: "a loss",
    cure: "softmaxCrossEntropy() makes one; one of your own is { sum(output, labels), gradient(output, labels) }.",
  },
} as const;

/** @throws GradbookError when something is missing or of another kind: a cell in JavaScript has no compiler to say so */
export function assertConfig(model: Sequential, config: FitConfig): void {
  assertThing("model", model, things.model);
  for (const { name, layer } of model.layers) assertMethod(name, layer, "backward");
  if (typeof config !== "object" || config === null)
    throw refused("the configuration", config, "a record", "fit(model, { train, optimizer })");
  refuseUnknownKeys("fit", config, fitKeys);
  const { train, test, trainSample, optimizer, loss } = config;
  assertThing("train", train, things.set);
  if (test !== undefined) assertThing("test", test, things.set);
  if (trainSample !== undefined) assertThing("trainSample", trainSample, things.set);
  assertOptimizer(optimizer);
  if (loss !== undefined) assertLoss(loss);
  for (const key of ["schedule", "onEpoch", "onStep", "augment"] as const) {
    const value: unknown = config[key];
    if (value !== undefined && typeof value !== "function") throw refused(key, value, "a function");
    assertPlainFunction("fit", key, value);
  }
  if (config.threads !== undefined) parseThreads(config.threads);
  for (const key of ["shuffle", "dropLast"] as const) {
    const value: unknown = config[key];
    if (value !== undefined && typeof value !== "boolean") throw refused(key, value, "true or false");
  }
  if (config.evaluateEvery !== undefined && test === undefined)
    throw refused("test", undefined, "a set for evaluateEvery to measure");
  // an explicit `checkpoint: undefined` says that there is none this time
  if (config.checkpointEvery !== undefined && !("checkpoint" in config))
    throw refused(
      "checkpoint",
      undefined,
      "a file for checkpointEvery to write",
      'checkpoint: "run.ckpt" names one.',
    );
}

function assertOptimizer(optimizer: Optimizer): void {
  assertThing("optimizer", optimizer, things.optimizer);
  assertMethods("optimizer", optimizer, ["update"]);
  const { lr, kind }: { lr?: unknown; kind?: unknown } = optimizer.spec ?? {};
  if (typeof lr !== "number" || !Number.isFinite(lr))
    throw refused("optimizer.spec.lr", lr, "the learning rate", 'spec: { kind: "mine", lr: 0.01 }');
  if (typeof kind !== "string") throw refused("optimizer.spec.kind", kind, "the rule's name");
  const { slots = 0 } = optimizer;
  if (!Number.isInteger(slots) || slots < 0)
    throw refused("optimizer.slots", slots, "the number of arrays that the rule remembers");
}

function assertLoss(loss: Loss): void {
  assertThing("loss", loss, things.loss);
  assertMethods("loss", loss, ["sum", "gradient"]);
  const reduction: unknown = loss.spec?.reduction ?? "mean";
  if (reduction !== "mean" && reduction !== "sum")
    throw refused("loss.spec.reduction", reduction, '"mean" (over the batch) or "sum"');
}

function assertMethods(what: string, thing: object, names: readonly string[]): void {
  for (const name of names) {
    const method: unknown = Reflect.get(thing, name);
    if (typeof method !== "function") throw refused(`${what}.${name}`, method, "a function");
    assertPlainFunction("fit", `${what}.${name}`, method);
  }
}

function assertThing(
  key: string,
  value: object | undefined,
  { has, expected, cure }: (typeof things)[keyof typeof things],
): void {
  const isObject = typeof value === "object" && value !== null;
  const missing = isObject ? has.filter((name) => !(name in value)) : [];
  if (isObject && missing.length === 0) return;
  if (isObject && missing.length < has.length)
    throw refused(key, value, expected, cure, `${inWords(value)} without ${missing.join(", ")}`);
  const name = typeof value === "function" && String(Reflect.get(value, "name") || "f");
  const called =
    name && (/^class\b/.test(String(value)) ? `Make one: new ${name}().` : `Call it: ${name}({ … }).`);
  throw refused(key, value, expected, called || cure);
}

function refused(
  key: string,
  value: unknown,
  expected: string,
  cure?: string,
  words = shown(value),
): GradbookError {
  const got = value === undefined ? "missing" : words;
  return new GradbookError({
    code: "config",
    what: "fit",
    got: `${key} is ${got}`,
    expected,
    ...(cure === undefined ? {} : { cure }),
  });
}

function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object of another kind" : inWords(value);
}
