import { configError, inWords } from "../errors/error.js";
import { assertList } from "../errors/members.js";
import { count, type Given, oneOf, options } from "../errors/options.js";
import type { Epoch } from "./history.js";

const watchable = ["testLoss", "testError", "trainLoss", "trainError"] as const;

const earlyStopOptions = {
  /** What has to go down; default "testLoss". */
  watch: oneOf(...watchable).or("testLoss"),
  /** Epochs without a new minimum before the run ends; default 3. */
  patience: count().or(3),
};
export type EarlyStopConfig = Given<typeof earlyStopOptions>;

/** A callback for `onEpoch`; a resumed run tells it of the epochs before, an epoch 0 begins anew. */
export interface EarlyStop {
  (epoch: Epoch): "stop" | undefined;
  readonly resume: (epochs: readonly Epoch[]) => void;
}

/**
 * An `onEpoch` callback that ends a run which no longer improves.
 *
 *     fit(model, { …, onEpoch: earlyStop({ patience: 5 }) })
 *
 * @throws GradbookError when epoch 0 has no number to watch: `testLoss` and `testError` need a test set
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
