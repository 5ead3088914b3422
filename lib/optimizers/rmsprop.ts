import { flag, type Given, numberFrom, options } from "../errors/options.js";
import { type BuiltinOptimizer, markOptimizer } from "./optimizer.js";

const rmspropOptions = {
  /** Learning rate η; default 0.001. */
  lr: numberFrom(0).or(0.001),
  /** ρ in [0, 1), the memory of the squared gradients; default 0.9. */
  rho: numberFrom(0, 1).or(0.9),
  /** ε against division by 0; default 1e-8. */
  eps: numberFrom(0).or(1e-8),
  /** true: √(s + ε); false (default, as in PyTorch): √s + ε. */
  epsInside: flag().or(false),
  /** λ of the penalty ½·λ·‖w‖², added to the gradient; default 0. */
  weightDecay: numberFrom(0).or(0),
};
export type RmspropConfig = Given<typeof rmspropOptions>;

/** RMSProp (Hinton's lecture 6e): s ← ρs + (1 − ρ)g²; w ← w − ηg/(√s + ε). */
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
