import { flag, type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer } from "./optimizer.js";

const rmspropOptions = {
  /**
   * Learning rate η.
   * @default 0.001
   */
  lr: numberFrom(0).or(0.001),
  /**
   * ρ in [0, 1), the memory of the squared gradients.
   * @default 0.9
   */
  rho: numberFrom(0, 1).or(0.9),
  /**
   * ε against division by 0.
   * @default 1e-8
   */
  eps: numberFrom(0).or(1e-8),
  /**
   * true: √(s + ε); false, as in PyTorch: √s + ε.
   * @default false
   */
  epsInside: flag().or(false),
  /**
   * λ of the penalty ½·λ·‖w‖², added to the gradient.
   * @default 0
   */
  weightDecay: numberFrom(0).or(0),
};
/**
 * Options of `rmsprop`.
 * @interface
 */
export type RmspropConfig = Given<typeof rmspropOptions>;

/**
 * RMSProp (Hinton's lecture 6e): s ← ρs + (1 − ρ)g²; w ← w − ηg/(√s + ε).
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { rmsprop } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = rmsprop({ lr: 0.1 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.684
 * ```
 */
export function rmsprop(config: RmspropConfig = {}): BuiltinOptimizer {
  const { lr, rho, eps, epsInside, weightDecay } = options("rmsprop", rmspropOptions, config);
  return markOptimizer({
    spec: { kind: "rmsprop", lr, rho, eps, epsInside, weightDecay },
    slots: 1,
    update(w, g, [s], rate) {
      for (let i = 0; i < w.length; i++) {
        const grad = g[i] + weightDecay * w[i];
        s[i] = rho * s[i] + (1 - rho) * grad * grad;
        w[i] -= (rate * grad) / (epsInside ? Math.sqrt(s[i] + eps) : Math.sqrt(s[i]) + eps);
      }
    },
  });
}
