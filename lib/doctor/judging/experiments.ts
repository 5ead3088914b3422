import { Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import type { Convention } from "../operations/operation.js";
import type { Values } from "../types.js";
import { compare } from "./compare.js";
import type { Trial } from "./trial.js";

/** What a wrong gradient depends on and should not, or does not depend on and should: found by changing one thing at a time. */
export function dependencies(
  code: Calibrated,
  trial: Trial,
  name: string,
  convention: Convention,
  tolerance: number,
): string[] {
  const { operation } = code;
  const got = (inputs: Values, dy: Tensor): Tensor | undefined => {
    try {
      const session = code.open(trial.case);
      session.forward(inputs);
      return session.backward(dy).values[name];
    } catch {
      return undefined;
    }
  };
  const right = (inputs: Values, dy: Tensor) =>
    operation.gradient(name, { sizes: trial.case.sizes, inputs, dy, convention });
  const [before, rightBefore] = [got(trial.inputs, trial.dy), right(trial.inputs, trial.dy)];
  if (before === undefined) return [];
  const words: string[] = [];
  for (const changed of [...code.inputs, ...(operation.scalar === true ? [] : ["dy"])]) {
    const inputs =
      changed === "dy" ? trial.inputs : { ...trial.inputs, [changed]: reversed(trial.inputs[changed]) };
    const dy = changed === "dy" ? reversed(trial.dy) : trial.dy;
    const after = got(inputs, dy);
    if (after === undefined) continue;
    const moved = compare(after.data, before.data).error > tolerance;
    const shouldMove = compare(right(inputs, dy).data, rightBefore.data).error > tolerance;
    if (moved && !shouldMove) words.push(`depends on ${changed}, which it must not`);
    if (!moved && shouldMove) words.push(`does not depend on ${changed} at all`);
  }
  const doubled = operation.scalar === true ? undefined : got(trial.inputs, scaled(trial.dy, 2));
  if (doubled !== undefined && compare(doubled.data, scaled(before, 2).data).error > tolerance)
    words.push("is not proportional to dy");
  words.push(...otherSamples(code, trial, before, got));
  return words;
}

/** Whether a sample's dx moves when only another sample's dy does. */
function otherSamples(
  code: Calibrated,
  trial: Trial,
  before: Tensor,
  got: (inputs: Values, dy: Tensor) => Tensor | undefined,
): string[] {
  const { N } = trial.case.sizes;
  if (
    N === undefined ||
    N < 2 ||
    before.shape[0] !== N ||
    trial.dy.shape[0] !== N ||
    code.operation.kind.startsWith("batch")
  )
    return [];
  const dy = trial.dy.clone();
  const row = dy.size / N;
  for (let i = 0; i < row; i++) dy.data[i] = -dy.data[i];
  const after = got(trial.inputs, dy);
  if (after === undefined || after.size !== before.size) return [];
  const inner = before.size / N;
  const leaks = after.data.some(
    (v, i) => i >= inner && Math.abs(v - before.data[i]) > 1e-9 * (1 + Math.abs(v)),
  );
  return leaks ? ["takes gradient from other samples of the batch"] : [];
}

function reversed(t: Tensor): Tensor {
  return new Tensor(
    t.shape,
    Float64Array.from(t.data, (v, i) => -t.data[t.size - 1 - i] * 0.5 + v * 0.25),
  );
}

function scaled(t: Tensor, by: number): Tensor {
  return new Tensor(
    t.shape,
    Float64Array.from(t.data, (v) => v * by),
  );
}
