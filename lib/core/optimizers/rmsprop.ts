import { flag, type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer, penalised } from "./optimizer.js";

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
   * α in [0, 1): the steps g/(√s + ε) are gathered in a velocity.
   * @default 0
   */
  momentum: numberFrom(0, 1).or(0),
  /**
   * true: divides by the standard deviation √(s − m²) of the gradient, m being its mean (Graves 2013).
   * @default false
   */
  centered: flag().or(false),
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
  const { lr, rho, eps, epsInside, momentum, centered, weightDecay, l1 } = options(
    "rmsprop",
    rmspropOptions,
    config,
  );
  return markOptimizer({
    spec: {
      ...{ kind: "rmsprop", lr, rho, eps, epsInside, weightDecay },
      ...(momentum > 0 && { momentum }),
      ...(centered && { centered }),
      ...(l1 > 0 && { l1 }),
    },
    slots: 1 + (momentum > 0 ? 1 : 0) + (centered ? 1 : 0),
    update(w, g, [s, ...others], rate) {
      const [v, m] = momentum > 0 ? others : [undefined, ...others];
      for (let i = 0; i < w.length; i++) {
        const grad = penalised(g[i], w[i], weightDecay, l1);
        s[i] = rho * s[i] + (1 - rho) * grad * grad;
        let spread = s[i];
        if (m !== undefined) {
          m[i] = rho * m[i] + (1 - rho) * grad;
          // rounding may bring it below 0
          spread = Math.max(s[i] - m[i] * m[i], 0);
        }
        const size = epsInside ? Math.sqrt(spread + eps) : Math.sqrt(spread) + eps;
        if (v === undefined) {
          w[i] -= (rate * grad) / size;
          continue;
        }
        v[i] = momentum * v[i] + grad / size;
        w[i] -= rate * v[i];
      }
    },
  });
}
