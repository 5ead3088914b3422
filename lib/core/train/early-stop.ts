import { assertList, configError, count, flag, type Given, inWords, oneOf, options } from "@gradbook/base";
import { assertModel, type Sequential } from "../layers/sequential.js";
import type { FloatArray } from "../tensor/tensor.js";
import type { Epoch } from "./history.js";

const watchable = ["testLoss", "testError", "trainLoss", "trainError"] as const;

const earlyStopOptions = {
  /**
   * What has to go down.
   * @default "testLoss"
   */
  watch: oneOf(...watchable).or("testLoss"),
  /**
   * Epochs without a new minimum before the run ends.
   * @default 3
   */
  patience: count().or(3),
  /**
   * true: when the run has ended, early or not, the model gets the weights and running statistics of its best epoch; that of an
   * interrupted run keeps the last ones, to go on with. `run.digest` is then the digest of the epochs and of those weights.
   * @default false
   */
  restoreBest: flag().or(false),
};
/**
 * Options of `earlyStop`.
 * @interface
 */
export type EarlyStopConfig = Given<typeof earlyStopOptions>;

/** What `earlyStop` makes: a callback for `onEpoch`. An epoch 0 starts over. */
export interface EarlyStop {
  (epoch: Epoch, model?: Sequential): "stop" | undefined;
  /** `fit` gives it the epochs before, when a run is resumed, and what `save` gave to the checkpoint. */
  readonly resume: (epochs: readonly Epoch[], saved?: ReadonlyMap<string, FloatArray>) => void;
  /** The best weights so far, by name, for a checkpoint; empty without `restoreBest`. */
  readonly save: () => ReadonlyMap<string, FloatArray>;
  /** `fit` calls it at the end of the run: puts the best weights into the model, with `restoreBest`. */
  readonly end: (model: Sequential) => void;
}

/**
 * An `onEpoch` callback that ends a run which no longer improves.
 * @throws GradbookError when epoch 0 has no number to watch: `testLoss` and `testError` need a test set
 *
 * @example
 * ```ts
 * import { arrayDataset, earlyStop, fit, linear, sequential, sgd } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const run = fit(model, {
 *   train,
 *   optimizer: sgd({ lr: 0 }), // nothing moves, so nothing improves
 *   epochs: 100,
 *   onEpoch: earlyStop({ watch: "trainLoss", patience: 5 }),
 * });
 * console.log(run.ending, run.epochs.length); // stopped early 6
 * ```
 */
export function earlyStop(config: EarlyStopConfig = {}): EarlyStop {
  const { watch, patience, restoreBest } = options("earlyStop", earlyStopOptions, config);
  let best = Number.POSITIVE_INFINITY;
  let since = 0;
  let weights = new Map<string, FloatArray>();
  const see = (epoch: Epoch, model?: Sequential): "stop" | undefined => {
    assertNumber(watch, epoch);
    if (epoch.epoch === 0) {
      best = Number.POSITIVE_INFINITY;
      since = 0;
    }
    const isBest = epoch[watch] < best;
    since = isBest ? 0 : since + 1;
    if (isBest && restoreBest && model !== undefined)
      weights = new Map(valuesOf(model).map(({ name, parameter }) => [name, parameter.value.data.slice()]));
    best = Math.min(best, epoch[watch]);
    return since >= patience ? "stop" : undefined;
  };
  return Object.assign((epoch: Epoch, model?: Sequential) => see(epoch, model), {
    resume: (epochs: readonly Epoch[], saved: ReadonlyMap<string, FloatArray> = new Map()) => {
      assertList("earlyStop", "epochs", epochs, "a list of epochs");
      for (const epoch of Array.from(epochs)) see(epoch);
      weights = new Map(saved);
    },
    save: () => weights,
    end(model: Sequential) {
      assertModel("earlyStop", model);
      for (const { name, parameter } of valuesOf(model)) {
        const values = weights.get(name);
        if (values !== undefined) parameter.value.data.set(values);
      }
    },
  });
}

const valuesOf = (model: Sequential) => [...model.parameters, ...model.buffers];

/** NaN is never an improvement: the run would end as if it had been watched. */
function assertNumber(watch: (typeof watchable)[number], epoch: Epoch): void {
  const value: unknown = Object(epoch)[watch];
  if (typeof value !== "number")
    throw configError("earlyStop", `${watch} of the epoch is ${inWords(value)}`, "a number");
  if (!Number.isNaN(value)) return;
  const isTest = watch.startsWith("test");
  throw configError(
    "earlyStop",
    `${watch} of epoch ${epoch.epoch} is NaN`,
    "a number",
    isTest
      ? 'Give fit a test set without NaN, or watch the training set: earlyStop({ watch: "trainLoss" }).'
      : "Look for NaN in the training set.",
  );
}
