import { parseCount, parseWithin } from "../layers/config.js";

/** Learning rate of an epoch (from 1), given the optimizer's own. */
export type Schedule = (epoch: number, lr: number) => number;

/** The optimizer's learning rate, always. */
export const constant: Schedule = (_epoch, lr) => lr;

/** Multiplies the learning rate by `factor` after every `every` epochs. */
export function stepDecay({ every, factor }: { readonly every: number; readonly factor: number }): Schedule {
  parseCount("stepDecay", "every", every);
  parseWithin("stepDecay", "factor", factor, 0, 1.0000001);
  return (epoch, lr) => {
    let rate = lr;
    for (let passed = every; passed < epoch; passed += every) rate *= factor;
    return rate;
  };
}

/** Falls in a straight line from the optimizer's rate in the first epoch to `last` times it in epoch `epochs`. */
export function linearDecay({
  epochs,
  last = 0,
}: {
  readonly epochs: number;
  readonly last?: number;
}): Schedule {
  parseCount("linearDecay", "epochs", epochs);
  return (epoch, lr) => {
    const passed = epochs === 1 ? 1 : Math.min(1, (epoch - 1) / (epochs - 1));
    return lr * (1 - passed * (1 - last));
  };
}
