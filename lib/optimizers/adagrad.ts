import { refuseUnknownKeys } from "../errors/error.js";
import { type BuiltinOptimizer, markOptimizer, parseRate } from "./optimizer.js";

export interface AdagradConfig {
  /** Learning rate η; default 0.01. */
  readonly lr?: number;
  /** ε, outside the root; default 1e-10. */
  readonly eps?: number;
  /** λ of the penalty ½·λ·‖w‖², added to the gradient; default 0. */
  readonly weightDecay?: number;
}

/** AdaGrad (Duchi et al. 2011): s ← s + g²; w ← w − ηg/(√s + ε). */
export function adagrad(config: AdagradConfig = {}): BuiltinOptimizer {
  refuseUnknownKeys("adagrad", config, ["lr", "eps", "weightDecay"]);
  const lr = parseRate("adagrad", "lr", config.lr ?? 0.01);
  const eps = parseRate("adagrad", "eps", config.eps ?? 1e-10);
  const weightDecay = parseRate("adagrad", "weightDecay", config.weightDecay ?? 0);
  return markOptimizer({
    spec: { kind: "adagrad", lr, eps, weightDecay },
    slots: 1,
    update(w, g, [s], rate) {
      for (let i = 0; i < w.length; i++) {
        const slope = g[i] + weightDecay * w[i];
        s[i] += slope * slope;
        w[i] -= (rate * slope) / (Math.sqrt(s[i]) + eps);
      }
    },
  });
}
