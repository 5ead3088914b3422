import { Brand } from "@gradbook/base";
import type { OptimizerSpec } from "../engine/spec.js";
import type { FloatArray } from "../tensor/tensor.js";

/**
 * A rule that moves weights against their gradients. It keeps no state itself: the trainer owns the slots. One of your own
 * runs as it is written, on the calling thread, with the engine's gradients.
 *
 * @example
 * ```ts
 * import type { Optimizer } from "gradbook";
 *
 * const signSgd: Optimizer = {
 *   spec: { kind: "signSgd", lr: 0.01 },
 *   update(w, g, _slots, lr) {
 *     for (let i = 0; i < w.length; i++) w[i] -= lr * Math.sign(g[i]);
 *   },
 * };
 * const w = Float64Array.of(1);
 * signSgd.update(w, Float64Array.of(-3), [], signSgd.spec.lr, 1);
 * console.log(w[0]); // 1.01
 * ```
 */
export interface Optimizer {
  /** Its name in errors and records, and the learning rate that a schedule starts from. */
  readonly spec: {
    /** The rule's name. */
    readonly kind: string;
    /** Learning rate η. */
    readonly lr: number;
  };
  /**
   * Arrays of the parameter's size that the rule remembers from step to step, all zero at first.
   * @default 0
   */
  readonly slots?: number;
  /**
   * One step on one parameter, in place. g is not changed.
   * @param w values of the parameter
   * @param g gradient of the loss with respect to them
   * @param slots arrays of the same size that the rule may write
   * @param lr learning rate of this very step (a schedule may have moved it)
   * @param t number of this step, from 1
   */
  update(w: FloatArray, g: FloatArray, slots: readonly FloatArray[], lr: number, t: number): void;
}

/** A rule that the library brings: it describes itself to the engine. */
export interface BuiltinOptimizer extends Optimizer {
  /** Kind and numbers, as the engine reads them. */
  readonly spec: OptimizerSpec;
  /** Arrays of the parameter's size that the rule remembers from step to step. */
  readonly slots: number;
}

/** The gradient with the penalties' part: g + λw + λ₁·sign(w). */
export function penalised(g: number, w: number, weightDecay: number, l1: number): number {
  const decayed = weightDecay === 0 ? g : g + weightDecay * w;
  return l1 === 0 || w === 0 ? decayed : decayed + (w > 0 ? l1 : -l1);
}

const brand = new Brand<OptimizerSpec>();

/** Last step in making a built-in rule: from here on its spec may stand for it. */
export function markOptimizer(optimizer: BuiltinOptimizer): BuiltinOptimizer {
  brand.mark(optimizer, optimizer.spec);
  return optimizer;
}

/** What the engine may compute a rule by: undefined for one that is not the library's own, or was changed. */
export function builtinOptimizerSpec(optimizer: Optimizer): OptimizerSpec | undefined {
  return brand.specOf(optimizer);
}
