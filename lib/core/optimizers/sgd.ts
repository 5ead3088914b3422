import { configError, flag, type Given, numberFrom, options } from "@gradbook/base";
import { type BuiltinOptimizer, markOptimizer } from "./optimizer.js";

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
   * λ of the penalty ½·λ·‖w‖², added to the gradient.
   * @default 0
   */
  weightDecay: numberFrom(0).or(0),
};
/**
 * Options of `sgd`.
 * @interface
 */
export type SgdConfig = Given<typeof sgdOptions>;

/**
 * Stochastic gradient descent: g ← g + λw; v ← αv + g; w ← w − ηv, with Nesterov w ← w − η(g + αv).
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
  const { lr, momentum, nesterov, weightDecay } = options("sgd", sgdOptions, config);
  if (nesterov && momentum === 0) {
    throw configError(
      "sgd",
      "nesterov without momentum",
      "a momentum above 0",
      "sgd({ lr, momentum: 0.9, nesterov: true })",
    );
  }
  return markOptimizer({
    spec: { kind: "sgd", lr, momentum, nesterov, weightDecay },
    slots: momentum === 0 ? 0 : 1,
    update(w, g, [v], rate) {
      for (let i = 0; i < w.length; i++) {
        const grad = g[i] + weightDecay * w[i];
        if (momentum === 0) {
          w[i] -= rate * grad;
          continue;
        }
        v[i] = momentum * v[i] + grad;
        w[i] -= rate * (nesterov ? grad + momentum * v[i] : v[i]);
      }
    },
  });
}
