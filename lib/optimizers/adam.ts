import { refuseUnknownKeys } from "../errors/error.js";
import { type BuiltinOptimizer, markOptimizer, parseDecay, parseRate } from "./optimizer.js";

export interface AdamConfig {
  /** Learning rate η; default 0.001. */
  readonly lr?: number;
  /** Memory of the gradients, in [0, 1); default 0.9. */
  readonly beta1?: number;
  /** Memory of the squared gradients, in [0, 1); default 0.999. */
  readonly beta2?: number;
  /** ε, outside the root; default 1e-8. */
  readonly eps?: number;
  /** λ: adam adds λw to the gradient (default 0); adamw shrinks w by ηλw beside the step (default 0.01). */
  readonly weightDecay?: number;
}

/** Adam (Kingma & Ba 2015, algorithm 1): m, s with bias correction; w ← w − η·m̂/(√ŝ + ε). */
export function adam(config: AdamConfig = {}): BuiltinOptimizer {
  return adamRule("adam", config, 0);
}

/** AdamW (Loshchilov & Hutter 2019): Adam with decoupled weight decay, w ← w − ηλw first. */
export function adamw(config: AdamConfig = {}): BuiltinOptimizer {
  return adamRule("adamw", config, 0.01);
}

function adamRule(kind: "adam" | "adamw", config: AdamConfig, usualDecay: number): BuiltinOptimizer {
  refuseUnknownKeys(kind, config, ["lr", "beta1", "beta2", "eps", "weightDecay"]);
  const lr = parseRate(kind, "lr", config.lr ?? 0.001);
  const beta1 = parseDecay(kind, "beta1", config.beta1 ?? 0.9);
  const beta2 = parseDecay(kind, "beta2", config.beta2 ?? 0.999);
  const eps = parseRate(kind, "eps", config.eps ?? 1e-8);
  const weightDecay = parseRate(kind, "weightDecay", config.weightDecay ?? usualDecay);
  return markOptimizer({
    spec: { kind, lr, beta1, beta2, eps, weightDecay },
    slots: 2,
    update(w, g, [m, s], rate, t) {
      const step = rate / (1 - power(beta1, t));
      const root = Math.sqrt(1 - power(beta2, t));
      for (let i = 0; i < w.length; i++) {
        if (kind === "adamw") w[i] -= rate * weightDecay * w[i];
        const slope = kind === "adamw" ? g[i] : g[i] + weightDecay * w[i];
        m[i] = beta1 * m[i] + (1 - beta1) * slope;
        s[i] = beta2 * s[i] + (1 - beta2) * slope * slope;
        w[i] -= (step * m[i]) / (Math.sqrt(s[i]) / root + eps);
      }
    },
  });
}

/** base^t for a whole t ≥ 0 by squaring: `**` may differ between machines, products do not. */
export function power(base: number, t: number): number {
  let result = 1;
  let square = base;
  for (let rest = t; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
