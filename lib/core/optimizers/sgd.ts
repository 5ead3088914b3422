import { configError, flag, type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer, penalised } from "./optimizer.js";

const sgdOptions = {
  /** Learning rate η. */
  lr: numberFrom(0),
  /**
   * α in [0, 1); 0 is vanilla gradient descent.
   * @default 0
   */
  momentum: numberFrom(0, 1).or(0),
  /**
   * Nesterov's look-ahead.
   * @default false
   */
  nesterov: flag().or(false),
  /**
   * Share of the gradient that is left out of the momentum, in [0, 1]; the first step takes it whole.
   * @default 0
   */
  dampening: numberFrom(0, 1).or(0),
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
 * Options of `sgd`.
 * @interface
 */
export type SgdConfig = Given<typeof sgdOptions>;

/**
 * Stochastic gradient descent: g ← g + λw; v ← αv + (1 − dampening)·g; w ← w − ηv, with Nesterov w ← w − η(g + αv).
 * The same as torch.optim.SGD (Sutskever et al. 2013; η is outside v).
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { sgd } from "gradbook";
 *
 * const w = Float32Array.of(1);
 * const rule = sgd({ lr: 0.1, momentum: 0.9 });
 * const slots = Array.from({ length: rule.slots }, () => new Float32Array(1));
 * rule.update(w, Float32Array.of(2), slots, rule.spec.lr, 1); // one step against the gradient 2
 * console.log(w[0].toFixed(3)); // 0.800
 * ```
 */
export function sgd(config: SgdConfig): BuiltinOptimizer {
  const { lr, momentum, nesterov, dampening, weightDecay, l1 } = options("sgd", sgdOptions, config);
  if (nesterov && momentum === 0) {
    throw configError(
      "sgd",
      "nesterov without momentum",
      "a momentum above 0",
      "sgd({ lr, momentum: 0.9, nesterov: true })",
    );
  }
  if (dampening > 0 && (nesterov || momentum === 0)) {
    throw configError(
      "sgd",
      nesterov ? "dampening with nesterov" : "dampening without momentum",
      "dampening with plain momentum",
      "sgd({ lr, momentum: 0.9, dampening: 0.5 })",
    );
  }
  return markOptimizer({
    spec: {
      ...{ kind: "sgd", lr, momentum, nesterov, weightDecay },
      ...(dampening > 0 && { dampening }),
      ...(l1 > 0 && { l1 }),
    },
    slots: momentum === 0 ? 0 : 1,
    update(w, g, [v], rate, t) {
      const share = t === 1 ? 1 : 1 - dampening;
      for (let i = 0; i < w.length; i++) {
        const grad = penalised(g[i], w[i], weightDecay, l1);
        if (momentum === 0) {
          w[i] -= rate * grad;
          continue;
        }
        v[i] = momentum * v[i] + share * grad;
        w[i] -= rate * (nesterov ? grad + momentum * v[i] : v[i]);
      }
    },
  });
}
