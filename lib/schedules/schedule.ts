import { refuseUnknownKeys } from "../errors/error.js";
import { parseCount, parseWithin } from "../layers/config.js";

/** Learning rate of an epoch (from 1), given the optimizer's own. */
export type Schedule = (epoch: number, lr: number) => number;

/** The optimizer's learning rate, always. */
export const constant: Schedule = (_epoch, lr) => lr;

/** Multiplies the learning rate by `factor` after every `every` epochs. */
export function stepDecay(config: { readonly every: number; readonly factor: number }): Schedule {
  refuseUnknownKeys("stepDecay", config, ["every", "factor"]);
  const { every, factor } = config;
  parseCount("stepDecay", "every", every);
  parseWithin("stepDecay", "factor", factor, 0, 1.0000001);
  return (epoch, lr) => {
    let rate = lr;
    for (let passed = every; passed < epoch; passed += every) rate *= factor;
    return rate;
  };
}

/** Falls in a straight line from the optimizer's rate in the first epoch to `last` times it in epoch `epochs`. */
export function linearDecay(config: { readonly epochs: number; readonly last?: number }): Schedule {
  refuseUnknownKeys("linearDecay", config, ["epochs", "last"]);
  const { epochs, last = 0 } = config;
  parseCount("linearDecay", "epochs", epochs);
  return (epoch, lr) => {
    const passed = epochs === 1 ? 1 : Math.min(1, (epoch - 1) / (epochs - 1));
    return lr * (1 - passed * (1 - last));
  };
}
