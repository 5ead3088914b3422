import {
  assertList,
  configError,
  count,
  type Given,
  inWords,
  numberFrom,
  numberUpTo,
  oneOf,
  options,
} from "@gradbook/base";
import { describedAs, type Measured, type Schedule } from "./schedule.js";

const plateauOptions = {
  /**
   * What has to go down.
   * @default "testLoss"
   */
  watch: oneOf("testLoss", "testError", "trainLoss", "trainError").or("testLoss"),
  /**
   * What the rate is multiplied by, in (0, 1).
   * @default 0.1
   */
  factor: numberFrom(0, 1).or(0.1),
  /**
   * Epochs without a new minimum that are waited for; the next one lowers the rate.
   * @default 10
   */
  patience: count(0).or(10),
  /**
   * Share by which the minimum has to fall to count as a new one.
   * @default 0.0001
   */
  threshold: numberFrom(0, 1).or(0.0001),
  /**
   * The rate goes no lower than this share of the optimizer's, in (0, 1].
   * @default 1e-8
   */
  least: numberUpTo(0, 1).or(1e-8),
};
/**
 * Options of `plateau`.
 * @interface
 */
export type PlateauConfig = Given<typeof plateauOptions>;

/**
 * Lowers the rate when a run no longer improves; PyTorch's ReduceLROnPlateau. It is worked out from the epochs so far, so that
 * a resumed run goes on as it would have.
 * @throws GradbookError when an option is unknown or out of its range; in a run, when there is no number to watch
 *
 * @example
 * ```ts
 * import { plateau } from "gradbook";
 *
 * const schedule = plateau({ watch: "trainLoss", factor: 0.5, patience: 1 });
 * const epoch = (i: number) => ({ epoch: i, trainLoss: 2, testLoss: 2, trainError: 1, testError: 1 });
 * const losses = [0, 1, 2, 3, 4].map(epoch); // never better than at first
 * console.log([1, 2, 3, 4, 5].map((i) => schedule(i, 0.1, losses.slice(0, i))).join()); // 0.1,0.1,0.05,0.05,0.025
 * ```
 */
export function plateau(config: PlateauConfig = {}): Schedule {
  const parsed = options("plateau", plateauOptions, config);
  const { watch, factor, patience, threshold, least } = parsed;
  return describedAs("plateau", parsed, (_epoch, lr, history = []) => {
    assertList("plateau", "history", history, "the epochs so far");
    let [best, since, share] = [Number.POSITIVE_INFINITY, 0, 1];
    for (const measured of Array.from(history)) {
      const value = watched(measured, watch);
      const isNew = value < best * (1 - threshold) || best === Number.POSITIVE_INFINITY;
      if (isNew) best = value;
      since = isNew ? 0 : since + 1;
      if (since <= patience) continue;
      share = Math.max(share * factor, least);
      since = 0;
    }
    return lr * share;
  });
}

function watched(measured: Measured, watch: Exclude<keyof Measured, "epoch">): number {
  const value: unknown = Object(measured)[watch];
  if (typeof value !== "number")
    throw configError("plateau", `${watch} of an epoch is ${inWords(value)}`, "a number");
  if (!Number.isNaN(value)) return value;
  throw configError(
    "plateau",
    `${watch} of epoch ${measured.epoch} is NaN`,
    "a number",
    watch.startsWith("test")
      ? 'Give fit a test set, or watch the training set: plateau({ watch: "trainLoss" }).'
      : "Look for NaN in the training set.",
  );
}
