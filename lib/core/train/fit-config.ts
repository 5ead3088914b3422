import {
  assertPlainFunction,
  callback,
  configError,
  count,
  flag,
  type Given,
  objectOption,
  option,
  options,
  type Parsed,
  type RequiredOption,
  seed,
  text,
  valueInWords,
} from "@gradbook/base";
import { datasetOption } from "../datasets/samples.js";
import { MOST_THREADS } from "../engine/team.js";
import { assertMethod } from "../layers/assert-layer.js";
import { assertModel, type Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { constant, type Schedule } from "../schedules/schedule.js";
import { isSchedule, type StepSchedule } from "../schedules/step-schedule.js";
import type { FloatArray } from "../tensor/tensor.js";
import type { Augment } from "./augment.js";
import type { Epoch } from "./history.js";

/** What is called after each epoch; one that remembers earlier epochs is given them when a run is resumed. */
export interface EpochCallback {
  /** Return "stop" to end the run. */
  (epoch: Epoch, model: Sequential): unknown;
  /** Takes the epochs that a checkpoint holds, before the first call, and the arrays that `save` gave it. */
  readonly resume?: (epochs: readonly Epoch[], saved: ReadonlyMap<string, FloatArray>) => void;
  /** Numbers that a checkpoint keeps for the callback, by name. */
  readonly save?: () => ReadonlyMap<string, FloatArray>;
  /** The run has ended, and was not interrupted: the last chance to change the model's weights. */
  readonly end?: (model: Sequential) => void;
}

/** How gradients are clipped, by value or by norm. */
export type Clip =
  | {
      /** The largest size of a single number of a gradient. */
      readonly value: number;
    }
  | {
      /** The largest Euclidean norm of all gradients together. */
      readonly norm: number;
    };

const fitOptions = {
  /** What is trained on. */
  train: datasetOption(),
  /**
   * Measured after each epoch, never trained on.
   * @default none
   */
  test: datasetOption().optional(),
  /** The update rule with its learning rate. */
  optimizer: optimizerOption(),
  /**
   * Clips the gradients before each update: `{ value: v }` brings each number into ±v, `{ norm: n }` scales all gradients
   * together down to the Euclidean norm n where theirs is larger (Pascanu et al. 2013). Weight decay is added behind it.
   * @default none
   */
  clip: clipOption(),
  /**
   * What is minimised.
   * @default softmaxCrossEntropy()
   */
  loss: lossOption().or(softmaxCrossEntropy()),
  /**
   * Samples of a step; the last batch of an epoch may be shorter and divides by its own size.
   * @default 32
   */
  batch: count().or(32),
  /**
   * Passes over the training set.
   * @default 15
   */
  epochs: count(0).or(15),
  /**
   * Ends the run after this many steps, if the epochs would take more; the last epoch's number is then a fraction.
   * @default Number.MAX_SAFE_INTEGER
   */
  steps: count().or(Number.MAX_SAFE_INTEGER),
  /**
   * Where training loss and error are measured, when the whole training set would take too long.
   * @default train
   */
  trainSample: datasetOption().optional(),
  /**
   * Measures the test set every this many steps too (`run.evaluations`).
   * @default never
   */
  evaluateEvery: count().optional(),
  /**
   * Seed of the shuffles, of dropout and of `augment`.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * A new order for each epoch, or always the set's own.
   * @default true
   */
  shuffle: flag().or(true),
  /**
   * Leaves out the last batch of an epoch where it is shorter than the others.
   * @default false
   */
  dropLast: flag().or(false),
  /**
   * Changes a training sample each time it is trained on, never in an evaluation. See `Augment`.
   * @default none
   */
  augment: callback<Augment>().optional(),
  /**
   * Learning rate of each epoch, or of each step; by default the optimizer's, unchanged.
   * @default constant
   */
  schedule: option<Schedule | StepSchedule>("a function of the epoch, or { perStep }", (v) =>
    isSchedule(v) ? v : undefined,
  ).or(constant),
  /**
   * Called after each epoch, epoch 0 included, with the weights of that moment in the model; weights that it changes are
   * those that training continues with. Return "stop" to end.
   * @default none
   */
  onEpoch: callback<EpochCallback>().optional(),
  /**
   * Called after each step with its loss; `step` counts from 1 over the whole run. The model holds the weights of that
   * moment, which costs a copy in each step, and training continues with those that the callback leaves. Return "stop" to end.
   * @default none
   */
  onStep: callback<(step: number, loss: number) => unknown>().optional(),
  /**
   * Saves the run to this file after each epoch and when it is stopped; the file is replaced as a whole.
   * @default none
   */
  checkpoint: text().optional(),
  /**
   * Saves every this many steps too.
   * @default never
   */
  checkpointEvery: count().optional(),
  /**
   * Continues from a checkpoint, to the same bits as if the run had never been stopped. `true`: from the file `checkpoint`
   * if it exists, else from the beginning; a path: from that file, which must exist.
   * `onEpoch` and `onStep` are called for what is computed now, not for what the checkpoint holds.
   * @default false
   */
  resume: option<boolean | string>("true, false or a file's path", (v) =>
    typeof v === "boolean" || typeof v === "string" ? v : undefined,
  ).or(false),
  /**
   * Threads that compute; the result is the same for any number.
   * @default the variable GRADBOOK_THREADS, else one per core
   */
  threads: option<number>(`a whole number from 1 to ${MOST_THREADS}`, (v) =>
    typeof v === "number" && Number.isInteger(v) && v >= 1 && v <= MOST_THREADS ? v : undefined,
  ).optional(),
};

/**
 * Options of `fit`.
 * @interface
 */
export type FitConfig = Given<typeof fitOptions>;
/** The same with its defaults. */
export type ParsedFitConfig = Parsed<typeof fitOptions>;

/** @throws GradbookError when something is missing or of another kind: a cell in JavaScript has no compiler to say so */
export function parseFit(model: Sequential, config: FitConfig): ParsedFitConfig {
  assertModel("fit", model);
  for (const { name, layer } of model.layers) assertMethod(name, layer, "backward");
  const parsed = options("fit", fitOptions, config);
  assertOptimizer("fit", parsed.optimizer);
  assertLoss("fit", parsed.loss);
  const { schedule } = parsed;
  assertPlainFunction("fit", "schedule", typeof schedule === "function" ? schedule : schedule.perStep);
  for (const key of ["onEpoch", "onStep", "augment"] as const) assertPlainFunction("fit", key, parsed[key]);
  if (parsed.evaluateEvery !== undefined && parsed.test === undefined)
    throw configError("fit", valueInWords("test", undefined), "a set for evaluateEvery to measure");
  // an explicit `checkpoint: undefined` says that there is none this time
  if (parsed.checkpointEvery !== undefined && !("checkpoint" in config))
    throw configError(
      "fit",
      valueInWords("checkpoint", undefined),
      "a file for checkpointEvery to write",
      'checkpoint: "run.ckpt" names one.',
    );
  return parsed;
}

/** How gradients are clipped; left out: not at all. */
export function clipOption() {
  return option<Clip>("{ value } or { norm }, a number above 0", (v) => {
    const { value, norm, ...others }: Partial<Record<string, unknown>> = Object(v);
    if (Object.keys(others).length > 0 || (value === undefined) === (norm === undefined)) return undefined;
    const size = value ?? norm;
    if (typeof size !== "number" || !(size > 0) || !Number.isFinite(size)) return undefined;
    return value === undefined ? { norm: size } : { value: size };
  }).optional();
}

export function optimizerOption(): RequiredOption<Optimizer> {
  return objectOption({
    expected: "an optimizer",
    has: ["spec", "update"],
    cure: "sgd({ lr: 0.01 }) makes one; one of your own is { spec: { kind, lr }, update(w, g, slots, lr, step) }.",
  });
}

export function lossOption(): RequiredOption<Loss> {
  return objectOption({
    expected: "a loss",
    has: ["sum", "gradient"],
    cure: "softmaxCrossEntropy() makes one; one of your own is { sum(output, labels), gradient(output, labels) }.",
  });
}

/** @throws GradbookError when a rule of one's own lacks what a run reads of it */
export function assertOptimizer(what: string, optimizer: Optimizer): void {
  assertMethods(what, "optimizer", optimizer, ["update"]);
  const { lr, kind }: { lr?: unknown; kind?: unknown } = optimizer.spec ?? {};
  if (typeof lr !== "number" || !Number.isFinite(lr))
    throw configError(
      what,
      valueInWords("optimizer.spec.lr", lr),
      "the learning rate",
      'spec: { kind: "mine", lr: 0.01 }',
    );
  if (typeof kind !== "string")
    throw configError(what, valueInWords("optimizer.spec.kind", kind), "the rule's name");
  const { slots = 0 } = optimizer;
  if (!Number.isInteger(slots) || slots < 0)
    throw configError(
      what,
      valueInWords("optimizer.slots", slots),
      "the number of arrays that the rule remembers",
    );
}

/** The same for a loss. */
export function assertLoss(what: string, loss: Loss): void {
  assertMethods(what, "loss", loss, ["sum", "gradient"]);
  const kind: unknown = loss.spec?.kind ?? "loss";
  if (typeof kind !== "string")
    throw configError(what, valueInWords("loss.spec.kind", kind), "the loss's name");
  const reduction: unknown = loss.spec?.reduction ?? "mean";
  if (reduction !== "mean" && reduction !== "sum")
    throw configError(
      what,
      valueInWords("loss.spec.reduction", reduction),
      '"mean" (over the batch) or "sum"',
    );
}

function assertMethods(what: string, role: string, thing: object, names: readonly string[]): void {
  for (const name of names) {
    const method: unknown = Reflect.get(thing, name);
    if (typeof method !== "function")
      throw configError(what, valueInWords(`${role}.${name}`, method), "a function");
    assertPlainFunction(what, `${role}.${name}`, method);
  }
}
