import { Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import { Fault } from "../types.js";
import { numericalGradient } from "./numeric.js";
import type { Forward } from "./report.js";
import type { Trial } from "./trial.js";

/**
 * The truth for one case: the definition where forward equals it, else the derivative of the code's own forward.
 * @param got what backward gave: it stands where two steps disagree, at a kink, and there is no derivative to judge by
 * @returns undefined when there is none, or at fewer than half of the elements
 */
export function truthOf(
  code: Calibrated,
  trial: Trial,
  name: string,
  forward: Forward,
  got: Tensor,
): Tensor | undefined {
  const { operation } = code;
  if (forward.right)
    return operation.gradient(name, {
      sizes: trial.case.sizes,
      inputs: trial.inputs,
      dy: trial.dy,
      convention: forward.convention,
    });
  // A forward that is not the definition may bend where that does not, and have kinks of its own.
  const limit = forward.single ? 1e-2 : 1e-5;
  const wide = differences(code, trial, name, true, forward.single ? 1 / 16 : 1 / 512);
  const near = differences(code, trial, name, true, forward.single ? 1 / 32 : 1 / 8192);
  if (wide === undefined || near === undefined) return undefined;
  const largest = Array.from(near.data).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const smooth = Array.from(near.data, (v, i) => Math.abs(v - wide.data[i]) <= limit * largest);
  // a case where hardly an element has a derivative proves nothing
  if (smooth.filter((is) => is).length * 2 < smooth.length) return undefined;
  return new Tensor(
    near.shape,
    near.data.map((v, i) => (smooth[i] ? v : got.data[i])),
  );
}

export function numericalTruth(
  code: Calibrated,
  trial: Trial,
  name: string,
  { single }: Forward,
): Tensor | undefined {
  const { curved } = code.operation;
  return differences(code, trial, name, curved, curved ? (single ? 1 / 16 : 1 / 512) : 1 / 64);
}

function differences(
  code: Calibrated,
  trial: Trial,
  name: string,
  curved: boolean,
  step: number,
): Tensor | undefined {
  const h = step * (name === "x" ? (trial.case.scale ?? 1) : 1);
  try {
    const session = code.open(trial.case);
    const run = (inputs: Trial["inputs"]) => session.forward(inputs);
    return numericalGradient(run, trial.inputs, name, trial.dy, curved, h);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
