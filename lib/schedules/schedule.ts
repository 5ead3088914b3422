import { GradbookError, inWords, refuseUnknownKeys } from "../errors/error.js";
import { parseCount, parseWithin } from "../layers/config.js";

/** Learning rate of an epoch (from 1), given the optimizer's own. */
export type Schedule = (epoch: number, lr: number) => number;

const made = new WeakMap<Schedule, string>();

/** What a schedule of the library's own was made as; undefined for one of somebody's. */
export function describeSchedule(schedule: Schedule): string | undefined {
  return made.get(schedule);
}

function describedAs(kind: string, config: object, schedule: Schedule): Schedule {
  made.set(schedule, `${kind} ${JSON.stringify(config)}`);
  return schedule;
}

/** The optimizer's learning rate, always. */
export const constant: Schedule = describedAs("constant", {}, (_epoch, lr) => lr);

/** Multiplies the learning rate by `factor` after every `every` epochs. */
export function stepDecay(config: { readonly every: number; readonly factor: number }): Schedule {
  refuseUnknownKeys("stepDecay", config, ["every", "factor"]);
  const { every, factor } = config;
  parseCount("stepDecay", "every", every);
  parseWithin("stepDecay", "factor", factor, 0, 1.0000001);
  return describedAs("stepDecay", { every, factor }, (epoch, lr) => {
    let rate = lr;
    for (let passed = every; passed < epoch; passed += every) rate *= factor;
    return rate;
  });
}

/**
 * Falls in a straight line from the optimizer's rate in the first epoch to `last` times it in epoch `epochs`, and stays
 * there. `last` is in (0, 1]; default 1/epochs, the line that would reach 0 one epoch later: no epoch trains at rate 0.
 */
export function linearDecay(config: { readonly epochs: number; readonly last?: number }): Schedule {
  refuseUnknownKeys("linearDecay", config, ["epochs", "last"]);
  const { epochs } = config;
  parseCount("linearDecay", "epochs", epochs);
  const { last = 1 / epochs } = config;
  if (!(last > 0 && last <= 1)) {
    throw new GradbookError({
      code: "config",
      what: "linearDecay",
      got: `last is ${inWords(last)}`,
      expected: "a factor in (0, 1]",
      ...(last === 0
        ? { cure: "Epoch `epochs` would train at rate 0, and learn nothing: leave `last` out." }
        : {}),
    });
  }
  return describedAs("linearDecay", { epochs, last }, (epoch, lr) => {
    const passed = epochs === 1 ? 0 : Math.min(1, (epoch - 1) / (epochs - 1));
    return lr * (1 - passed * (1 - last));
  });
}
