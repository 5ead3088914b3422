import { type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer, penalised } from "./optimizer.js";

const adadeltaOptions = {
  /**
   * Factor of the step; the rule itself finds its size.
   * @default 1
   */
  lr: numberFrom(0).or(1),
  /**
   * ρ in [0, 1), the memory of the squared gradients and steps.
   * @default 0.9
   */
  rho: numberFrom(0, 1).or(0.9),
  /**
   * ε under both roots: the size of the first steps.
   * @default 1e-6
   */
  eps: numberFrom(0).or(1e-6),
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
 * Options of `adadelta`.
 * @interface
 */
export type AdadeltaConfig = Given<typeof adadeltaOptions>;

/**
 * AdaDelta (Zeiler 2012): s ← ρs + (1 − ρ)g²; Δ = g·√(d + ε)/√(s + ε); d ← ρd + (1 − ρ)Δ²; w ← w − ηΔ.
 * @throws GradbookError when an option is unknown or out of its range
 *
 * @example
 * ```ts
 * import { adadelta } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = adadelta({ eps: 0.01 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.688
 * ```
 */
export function adadelta(config: AdadeltaConfig = {}): BuiltinOptimizer {
  const { lr, rho, eps, weightDecay, l1 } = options("adadelta", adadeltaOptions, config);
  return markOptimizer({
    spec: { kind: "adadelta", lr, rho, eps, weightDecay, ...(l1 > 0 && { l1 }) },
    slots: 2,
    update(w, g, [s, d], rate) {
      for (let i = 0; i < w.length; i++) {
        const grad = penalised(g[i], w[i], weightDecay, l1);
        s[i] = rho * s[i] + (1 - rho) * grad * grad;
        const step = (Math.sqrt(d[i] + eps) / Math.sqrt(s[i] + eps)) * grad;
        d[i] = rho * d[i] + (1 - rho) * step * step;
        w[i] -= rate * step;
      }
    },
  });
}
