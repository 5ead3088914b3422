import { Tensor } from "@gradbook/core";
import type { Case } from "../types.js";
import { drawAll, type Operation, usual } from "./operation.js";

/**
 * Dropout as an operation that can be *called*: what it should give depends on its own random mask, so it is judged by
 * rules about the mask (judging/examine-dropout.ts) and not by a definition.
 */
function make(axes: Operation["axes"], sizes: (batch: boolean) => Case["sizes"]): Operation {
  return {
    kind: "dropout",
    title: "dropout",
    inputs: ["x"],
    axes,
    curved: false,
    cases(can) {
      const s = sizes(can.batch);
      const probe = {
        label: Object.entries(s)
          .map(([k, v]) => `${k}=${v}`)
          .join(", "),
        sizes: s,
      };
      return { cases: [probe], probe };
    },
    draw: (c, rng) => drawAll(axes, ["x"], c, rng),
    conventions: () => [usual],
    forward: (_s, { x }) => x,
    gradient: (_name, { dy, inputs }) => new Tensor(inputs.x.shape, dy.data),
    mutant: () => undefined,
    mistakes: [],
    unnamed: () => [],
  };
}

export const dropout: readonly Operation[] = [
  make({ x: ["N", "C", "H", "W"], y: ["N", "C", "H", "W"] }, (batch) => ({
    N: batch ? 8 : 1,
    C: 5,
    H: 8,
    W: 6,
  })),
  make({ x: ["N", "I"], y: ["N", "I"] }, (batch) => ({ N: batch ? 8 : 1, I: 250 })),
];
