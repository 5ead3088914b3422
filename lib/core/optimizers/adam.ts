import { flag, type Given, numberFrom, options } from "@gradbook/base";
import { power } from "../tensor/portable.js";
import { type BuiltinOptimizer, markOptimizer, penalised } from "./optimizer.js";

const adamOptions = {
  /**
   * Learning rate η.
   * @default 0.001
   */
  lr: numberFrom(0).or(0.001),
  /**
   * β₁ in [0, 1), the memory of the gradients.
   * @default 0.9
   */
  beta1: numberFrom(0, 1).or(0.9),
  /**
   * β₂ in [0, 1), the memory of the squared gradients.
   * @default 0.999
   */
  beta2: numberFrom(0, 1).or(0.999),
  /**
   * ε, outside the root.
   * @default 1e-8
   */
  eps: numberFrom(0).or(1e-8),
  /**
   * λ: adam adds λw to the gradient; adamw shrinks w by ηλw separately from the step.
   * @default 0 for adam, 0.01 for adamw
   */
  weightDecay: numberFrom(0).optional(),
  /**
   * true: divides by the largest ŝ so far instead of the present one (Reddi, Kale & Kumar 2018).
   * @default false
   */
  amsgrad: flag().or(false),
  /**
   * λ of the penalty λ·Σ|w|: λ·sign(w), added to the gradient.
   * @default 0
   */
  l1: numberFrom(0).or(0),
};
/**
 * Options of `adam` and `adamw`.
 * @interface
 */
export type AdamConfig = Given<typeof adamOptions>;

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m, s with bias correction; w ← w − η·m̂/(√ŝ + ε).
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { adam } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = adam({ lr: 0.1 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.900
 * ```
 */
export function adam(config: AdamConfig = {}): BuiltinOptimizer {
  return adamRule("adam", config, 0);
}

/**
 * AdamW (Loshchilov & Hutter 2019): Adam with decoupled weight decay, w ← w − ηλw first.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { adamw } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = adamw({ lr: 0.1, weightDecay: 0.5 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.850
 * ```
 */
export function adamw(config: AdamConfig = {}): BuiltinOptimizer {
  return adamRule("adamw", config, 0.01);
}

function adamRule(kind: "adam" | "adamw", config: AdamConfig, usualDecay: number): BuiltinOptimizer {
  const parsed = options(kind, adamOptions, config);
  const { lr, beta1, beta2, eps, weightDecay = usualDecay, amsgrad, l1 } = parsed;
  const added = kind === "adamw" ? 0 : weightDecay;
  return markOptimizer({
    spec: {
      ...{ kind, lr, beta1, beta2, eps, weightDecay },
      ...(amsgrad && { amsgrad }),
      ...(l1 > 0 && { l1 }),
    },
    slots: amsgrad ? 3 : 2,
    update(w, g, [m, s, largest], rate, t) {
      const step = rate / (1 - power(beta1, t));
      const root = Math.sqrt(1 - power(beta2, t));
      for (let i = 0; i < w.length; i++) {
        const grad = penalised(g[i], w[i], added, l1);
        if (kind === "adamw") w[i] -= rate * weightDecay * w[i];
        m[i] = beta1 * m[i] + (1 - beta1) * grad;
        s[i] = beta2 * s[i] + (1 - beta2) * grad * grad;
        let size = s[i];
        if (amsgrad) {
          largest[i] = Math.max(largest[i], s[i]);
          size = largest[i];
        }
        w[i] -= (step * m[i]) / (Math.sqrt(size) / root + eps);
      }
    },
  });
}
