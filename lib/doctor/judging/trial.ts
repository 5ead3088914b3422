import { Rng, Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import { withSeededRandom } from "../driving/random-source.js";
import type { Gradients, Session } from "../driving/session.js";
import type { Operation } from "../operations/operation.js";
import { type Case, Fault, type OnCall, type Values } from "../types.js";
import { compare } from "./compare.js";

/** One case, run once on a fresh instance. */
export interface Trial {
  readonly case: Case;
  readonly inputs: Values;
  readonly dy: Tensor;
  readonly y?: Tensor;
  readonly gradients?: Gradients;
  readonly fault?: Fault;
  readonly mutations: ReadonlySet<string>;
}

/** The phase in which it is the doctor that thinks; the examined code has come back from all these calls before. */
export const judging = "judging";

export function runTrial(code: Calibrated, c: Case, onCall: OnCall, training = true): Trial {
  const { operation } = code;
  const inputs = only(operation.draw(c, new Rng(`case/${c.label}`)), [
    ...code.inputs,
    ...(operation.given ?? []),
  ]);
  const size = operation.axes.y.map((l) => c.sizes[l]);
  const dy = upstream(operation, size, `dy/${c.label}`);
  let mutations: ReadonlySet<string> = new Set();
  let y: Tensor | undefined;
  try {
    onCall("forward", c.label);
    const { result } = withSeededRandom("trial", () => {
      const session = code.open(c);
      mutations = session.mutations;
      y = session.forward(inputs, training);
      if (!code.hasBackward) return undefined;
      onCall("backward", c.label);
      return session.backward(dy);
    });
    return {
      case: c,
      inputs,
      dy,
      mutations,
      ...(y === undefined ? {} : { y }),
      ...(result === undefined ? {} : { gradients: result }),
    };
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault("forward", "throws", "y", String(error), error);
    return { case: c, inputs, dy, mutations, fault, ...(y === undefined ? {} : { y }) };
  }
}

/**
 * The way back after a forward in evaluation mode. Nothing in training needs it, so code may leave it as it is in training:
 * that is said, but it is no mistake.
 */
export function evaluationBackward(
  session: Session,
  dy: Tensor,
  expected: ArrayLike<number>,
  checked: string[],
): void {
  let right = false;
  try {
    const { x } = session.backward(dy).values;
    right = x !== undefined && compare(x.data, expected).error < 1e-4;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  checked.push(
    right
      ? "dx in evaluation mode is the derivative of that forward"
      : "not judged: the backward pass in evaluation mode, where dx is not the derivative of that forward (training does not need it)",
  );
}

/** Only the tensors that the code takes part with. */
export function only(inputs: Values, names: readonly string[]): Values {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => names.includes(name)));
}

/** Random multiples of 1/16, no two of them the same in size. */
export function randomLike(shape: readonly number[], seed: string): Tensor {
  const t = Tensor.zeros(shape, "float64");
  const rng = new Rng(seed);
  const order = rng.permutation(t.size);
  for (let i = 0; i < t.size; i++) t.data[i] = (((order[i] % 61) + 1) / 16) * (rng.int(2) === 0 ? 1 : -1);
  return t;
}

/** The gradient that backward starts from: 1 for a loss, random numbers for anything else. */
export function upstream(operation: Operation, shape: readonly number[], seed: string): Tensor {
  return operation.scalar === true ? new Tensor([], Float64Array.of(1)) : randomLike(shape, seed);
}
