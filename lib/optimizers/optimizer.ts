import type { OptimizerSpec } from "../engine/spec.js";
import { GradbookError } from "../errors/error.js";
import type { FloatArray } from "../tensor/tensor.js";

/** A rule that moves weights against their gradients. It keeps no state itself: the trainer owns the slots. */
export interface Optimizer {
  readonly spec: OptimizerSpec;
  /** Arrays of the parameter's size that the rule remembers from step to step, all zero at first. */
  readonly slots: number;
  /**
   * One step on one parameter, in place. g is not changed.
   * @param lr learning rate of this very step (a schedule may have moved it)
   * @param t number of this step, from 1
   */
  update(w: FloatArray, g: FloatArray, slots: readonly FloatArray[], lr: number, t: number): void;
}

/** @throws GradbookError when the number is negative or not finite */
export function parseRate(what: string, key: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new GradbookError({
    code: "config",
    what,
    got: `${key} is ${String(value)}`,
    expected: "a number of at least 0",
  });
}

/** @throws GradbookError when the number is outside [0, 1) */
export function parseDecay(what: string, key: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new GradbookError({
    code: "config",
    what,
    got: `${key} is ${String(value)}`,
    expected: "a number in [0, 1)",
  });
}
