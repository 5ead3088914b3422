import { type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer, penalised } from "./optimizer.js";

const adagradOptions = {
  /**
   * Learning rate η.
   * @default 0.01
   */
  lr: numberFrom(0).or(0.01),
  /**
   * ε, outside the root.
   * @default 1e-10
   */
  eps: numberFrom(0).or(1e-10),
  /**
   * δ: step t has the rate η/(1 + (t − 1)·δ).
   * @default 0
   */
  lrDecay: numberFrom(0).or(0),
  /**
   * λ of the penalty ½·λ·‖w‖², added to the gradient.
   * @default 0
   */
  weightDecay: numberFrom(0).or(0),
  /**
   * λ of the penalty λ·Σ|w|: λ·sign(w), added to the gradient.
   * @default 0
   */
  l1: numberFrom(0).or(0),
};
/**
 * Options of `adagrad`.
 * @interface
 */
export type AdagradConfig = Given<typeof adagradOptions>;

/**
 * AdaGrad (Duchi et al. 2011): s ← s + g²; w ← w − ηg/(√s + ε).
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { adagrad } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = adagrad({ lr: 0.1 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.900
 * ```
 */
export function adagrad(config: AdagradConfig = {}): BuiltinOptimizer {
  const { lr, eps, lrDecay, weightDecay, l1 } = options("adagrad", adagradOptions, config);
  return markOptimizer({
    spec: {
      ...{ kind: "adagrad", lr, eps, weightDecay },
      ...(lrDecay > 0 && { lrDecay }),
      ...(l1 > 0 && { l1 }),
    },
    slots: 1,
    update(w, g, [s], rate, t) {
      const step = rate / (1 + (t - 1) * lrDecay);
      for (let i = 0; i < w.length; i++) {
        const grad = penalised(g[i], w[i], weightDecay, l1);
        s[i] += grad * grad;
        w[i] -= (step * grad) / (Math.sqrt(s[i]) + eps);
      }
    },
  });
}
