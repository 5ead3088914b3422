import {
  count,
  type Given,
  number,
  numberFrom,
  numberUpTo,
  option,
  options,
  readOption,
} from "../errors/options.js";

/** Learning rate of an epoch (from 1), given the optimizer's own. */
export type Schedule = (epoch: number, lr: number) => number;

const made = new WeakMap<Schedule, string>();

/** What a schedule of the library's own was made as; undefined for one of somebody's. */
export function describeSchedule(schedule: Schedule): string | undefined {
  return made.get(schedule);
}

function describedAs(kind: string, config: object, rate: Schedule): Schedule {
  const schedule: Schedule = (epoch, lr) =>
    rate(readOption(kind, "epoch", numberFrom(0), epoch), readOption(kind, "lr", number(), lr));
  made.set(schedule, `${kind} ${JSON.stringify(config)}`);
  return schedule;
}

/** The optimizer's learning rate, always. */
export const constant: Schedule = describedAs("constant", {}, (_epoch, lr) => lr);

const stepDecayOptions = {
  /** Epochs from one step to the next. */
  every: count(),
  /** In (0, 1]. */
  factor: numberUpTo(0, 1),
};

/** Multiplies the learning rate by `factor` after every `every` epochs. */
export function stepDecay(config: Given<typeof stepDecayOptions>): Schedule {
  const { every, factor } = options("stepDecay", stepDecayOptions, config);
  return describedAs("stepDecay", { every, factor }, (epoch, lr) => {
    let rate = lr;
    for (let passed = every; passed < epoch; passed += every) rate *= factor;
    return rate;
  });
}

const linearDecayOptions = {
  epochs: count(),
  /** In (0, 1]; default 1/epochs. */
  last: option<number>(
    "a number in (0, 1]",
    (v) => (typeof v === "number" && v > 0 && v <= 1 ? v : undefined),
    (v) =>
      v === 0 ? "Epoch `epochs` would train at rate 0, and learn nothing: leave `last` out." : undefined,
  ).optional(),
};

/**
 * Falls in a straight line from the optimizer's rate in the first epoch to `last` times it in epoch `epochs`, and stays
 * there. `last` is in (0, 1]; default 1/epochs, the line that would reach 0 one epoch later: no epoch trains at rate 0.
 */
export function linearDecay(config: Given<typeof linearDecayOptions>): Schedule {
  const { epochs, last = 1 / epochs } = options("linearDecay", linearDecayOptions, config);
  return describedAs("linearDecay", { epochs, last }, (epoch, lr) => {
    const passed = epochs === 1 ? 0 : Math.min(1, (epoch - 1) / (epochs - 1));
    return lr * (1 - passed * (1 - last));
  });
}
