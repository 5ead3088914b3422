import { assertList, configError, count, type Given, inWords, oneOf, options } from "@gradbook/base";
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
};
/**
 * Options of `earlyStop`.
 * @interface
 */
export type EarlyStopConfig = Given<typeof earlyStopOptions>;

/** What `earlyStop` makes: a callback for `onEpoch`. An epoch 0 starts over. */
export interface EarlyStop {
  (epoch: Epoch): "stop" | undefined;
  /** `fit` gives it the epochs before, when a run is resumed. */
  readonly resume: (epochs: readonly Epoch[]) => void;
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
  const { watch, patience } = options("earlyStop", earlyStopOptions, config);
  let best = Number.POSITIVE_INFINITY;
  let since = 0;
  const see = (epoch: Epoch): "stop" | undefined => {
    assertNumber(watch, epoch);
    if (epoch.epoch === 0) {
      best = Number.POSITIVE_INFINITY;
      since = 0;
    }
    since = epoch[watch] < best ? 0 : since + 1;
    best = Math.min(best, epoch[watch]);
    return since >= patience ? "stop" : undefined;
  };
  return Object.assign(see, {
    resume: (epochs: readonly Epoch[]) => {
      assertList("earlyStop", "epochs", epochs, "a list of epochs");
      Array.from(epochs).forEach(see);
    },
  });
}

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
