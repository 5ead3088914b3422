import { refuseUnknownKeys } from "../errors/error.js";
import { type BuiltinOptimizer, markOptimizer, parseDecay, parseFlag, parseRate } from "./optimizer.js";

export interface RmspropConfig {
  /** Learning rate η; default 0.001. */
  readonly lr?: number;
  /** ρ in [0, 1), the memory of the squared gradients; default 0.9. */
  readonly rho?: number;
  /** ε against division by 0; default 1e-8. */
  readonly eps?: number;
  /** true: √(s + ε); false (default, as in PyTorch): √s + ε. */
  readonly epsInside?: boolean;
  /** λ of the penalty ½·λ·‖w‖², added to the gradient; default 0. */
  readonly weightDecay?: number;
}

/** RMSProp (Hinton's lecture 6e): s ← ρs + (1 − ρ)g²; w ← w − ηg/(√s + ε). */
export function rmsprop(config: RmspropConfig = {}): BuiltinOptimizer {
  refuseUnknownKeys("rmsprop", config, ["lr", "rho", "eps", "epsInside", "weightDecay"]);
  const lr = parseRate("rmsprop", "lr", config.lr ?? 0.001);
  const rho = parseDecay("rmsprop", "rho", config.rho ?? 0.9);
  const eps = parseRate("rmsprop", "eps", config.eps ?? 1e-8);
  const weightDecay = parseRate("rmsprop", "weightDecay", config.weightDecay ?? 0);
  const epsInside = parseFlag("rmsprop", "epsInside", config.epsInside ?? false);
  return markOptimizer({
    spec: { kind: "rmsprop", lr, rho, eps, epsInside, weightDecay },
    slots: 1,
    update(w, g, [s], rate) {
      for (let i = 0; i < w.length; i++) {
        const slope = g[i] + weightDecay * w[i];
        s[i] = rho * s[i] + (1 - rho) * slope * slope;
        w[i] -= (rate * slope) / (epsInside ? Math.sqrt(s[i] + eps) : Math.sqrt(s[i]) + eps);
      }
    },
  });
}
