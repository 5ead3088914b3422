import type { Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import { Fault } from "../types.js";
import { numericalGradient } from "./numeric.js";
import type { Forward } from "./report.js";
import type { Trial } from "./trial.js";

/** The truth for one case: the definition where forward equals it, else the numerical derivative. */
export function truthOf(code: Calibrated, trial: Trial, name: string, forward: Forward): Tensor | undefined {
  const { operation } = code;
  if (forward.right)
    return operation.gradient(name, {
      sizes: trial.case.sizes,
      inputs: trial.inputs,
      dy: trial.dy,
      convention: forward.convention,
    });
  return numericalTruth(code, trial, name, forward);
}

export function numericalTruth(
  code: Calibrated,
  trial: Trial,
  name: string,
  { single }: Forward,
): Tensor | undefined {
  const { operation } = code;
  const scale = name === "x" ? (trial.case.scale ?? 1) : 1;
  const h = (operation.curved ? (single ? 1 / 16 : 1 / 512) : 1 / 64) * scale;
  try {
    const session = code.open(trial.case);
    const run = (inputs: Trial["inputs"]) => session.forward(inputs);
    return numericalGradient(run, trial.inputs, name, trial.dy, operation.curved, h);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
