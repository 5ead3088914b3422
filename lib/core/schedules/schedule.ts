import {
  count,
  type Given,
  number,
  numberFrom,
  numberUpTo,
  option,
  options,
  readOption,
} from "@gradbook/base";

/** What a schedule may know of an epoch that is done. */
export interface Measured {
  /** From 0, the untrained model. */
  readonly epoch: number;
  /** Mean loss of a training sample. */
  readonly trainLoss: number;
  /** The same on the test set; NaN when there is none. */
  readonly testLoss: number;
  /** Error on the training set. */
  readonly trainError: number;
  /** Error on the test set; NaN when there is none. */
  readonly testError: number;
}

/**
 * Learning rate of an epoch (from 1), given the optimizer's own and the epochs before, from epoch 0 on.
 */
export type Schedule = (epoch: number, lr: number, history?: readonly Measured[]) => number;

const made = new WeakMap<object, string>();

/** What a schedule of the library's own was made as; undefined for one of somebody's. */
export function describeSchedule(schedule: object): string | undefined {
  return made.get(schedule);
}

/** Marks a schedule of the library's own. */
export function describeAs<S extends object>(kind: string, config: object, schedule: S): S {
  made.set(schedule, `${kind} ${JSON.stringify(config)}`);
  return Object.freeze(schedule);
}

/** A schedule of the library's own, which reads what it is called with. */
export function describedAs(kind: string, config: object, rate: Schedule): Schedule {
  const schedule: Schedule = (epoch, lr, history) =>
    rate(readOption(kind, "epoch", numberFrom(0), epoch), readOption(kind, "lr", number(), lr), history);
  return describeAs(kind, config, schedule);
}

/**
 * The optimizer's learning rate, always.
 *
 * @example
 * ```ts
 * import { constant } from "gradbook";
 *
 * console.log(constant(7, 0.01)); // 0.01
 * ```
 */
export const constant: Schedule = describedAs("constant", {}, (_epoch, lr) => lr);

const stepDecayOptions = {
  /** Epochs from one step to the next. */
  every: count(),
  /** What the rate is multiplied by, in (0, 1]. */
  factor: numberUpTo(0, 1),
};
/**
 * Options of `stepDecay`.
 * @interface
 */
export type StepDecayConfig = Given<typeof stepDecayOptions>;

/**
 * Multiplies the learning rate by `factor` after every `every` epochs.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { stepDecay } from "gradbook";
 *
 * const schedule = stepDecay({ every: 5, factor: 0.5 });
 * console.log([1, 5, 6, 11].map((epoch) => schedule(epoch, 0.1)).join()); // 0.1,0.1,0.05,0.025
 * ```
 */
export function stepDecay(config: StepDecayConfig): Schedule {
  const { every, factor } = options("stepDecay", stepDecayOptions, config);
  return describedAs("stepDecay", { every, factor }, (epoch, lr) => {
    let rate = lr;
    for (let passed = every; passed < epoch; passed += every) rate *= factor;
    return rate;
  });
}

const linearDecayOptions = {
  /** Epochs until the last rate is reached. */
  epochs: count(),
  /**
   * Share of the rate in the last epoch, in (0, 1]; by default the line would reach 0 one epoch later.
   * @default 1/epochs
   */
  last: option<number>(
    "a number in (0, 1]",
    (v) => (typeof v === "number" && v > 0 && v <= 1 ? v : undefined),
    (v) =>
      v === 0 ? "Epoch `epochs` would train at rate 0, and learn nothing: leave `last` out." : undefined,
  ).optional(),
};
/**
 * Options of `linearDecay`.
 * @interface
 */
export type LinearDecayConfig = Given<typeof linearDecayOptions>;

/**
 * Falls in a straight line from the optimizer's rate in the first epoch to `last` times it in epoch `epochs`, and stays
 * there: no epoch trains at rate 0.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { linearDecay } from "gradbook";
 *
 * const schedule = linearDecay({ epochs: 4 });
 * console.log([1, 2, 3, 4, 5].map((epoch) => schedule(epoch, 1)).join()); // 1,0.75,0.5,0.25,0.25
 * ```
 */
export function linearDecay(config: LinearDecayConfig): Schedule {
  const { epochs, last = 1 / epochs } = options("linearDecay", linearDecayOptions, config);
  return describedAs("linearDecay", { epochs, last }, (epoch, lr) => {
    const passed = epochs === 1 ? 0 : Math.min(1, (epoch - 1) / (epochs - 1));
    return lr * (1 - passed * (1 - last));
  });
}
