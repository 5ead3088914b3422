import type { Tensor } from "@gradbook/core";
import type { Calibrated } from "./driving/calibrate.js";
import type { Session } from "./driving/session.js";
import type { BackwardInput, Mistake, Operation } from "./operations/operation.js";
import type { Case, Values } from "./types.js";

/** A layer that is the definition itself, but for one tensor that the given mistakes spoil: what the catalogue is proved with. */
export function definitionWith(operation: Operation, mistakes: readonly Mistake[], variant = 0): Calibrated {
  const convention = operation.conventions([])[0];
  const [spoilt] = mistakes.map((m) => m.tensor);
  const spoil = (tensor: string, moment: BackwardInput, right: Tensor): Tensor => {
    if (tensor !== spoilt) return right;
    const made = operation.mutant(tensor, moment, mistakes, variant);
    if (made === undefined) return right;
    const result = right.clone("float64");
    for (let i = 0; i < result.size; i++) result.data[i] = made[i];
    return result;
  };
  const open = (c: Case): Session => {
    let inputs: Values = {};
    return {
      mutations: new Set(),
      forward(given) {
        inputs = { ...given, x: given.x.clone() };
        const y = operation.forward(c.sizes, inputs, convention);
        return spoil("y", { sizes: c.sizes, inputs, y, dy: y, convention }, y);
      },
      backward(dy) {
        const y = operation.forward(c.sizes, inputs, convention);
        const moment = { sizes: c.sizes, inputs, y, dy, convention };
        const values = Object.fromEntries(
          operation.inputs.map((name) => [name, spoil(`d${name}`, moment, operation.gradient(name, moment))]),
        );
        return { values, faults: [], kept: [] };
      },
    };
  };
  return {
    operation,
    can: { batch: true, channels: true, rect: true, stride: true, pad: true },
    open,
    hasForward: true,
    hasBackward: true,
    conventions: [],
    source: "",
    inputs: operation.inputs,
  };
}

/** In how many ways the mistakes can be made. */
export function waysOf(mistakes: readonly Mistake[]): number {
  return mistakes.reduce((product, { twists = [0] }) => product * twists.length, 1);
}
