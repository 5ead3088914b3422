import { GradbookError, refuseUnknownKeys } from "../errors/error.js";
import { type BuiltinOptimizer, markOptimizer, parseDecay, parseFlag, parseRate } from "./optimizer.js";

export interface SgdConfig {
  /** Learning rate η. */
  readonly lr: number;
  /** α in [0, 1); default 0: vanilla gradient descent. */
  readonly momentum?: number;
  /** Nesterov's look-ahead; default false. */
  readonly nesterov?: boolean;
  /** λ of the penalty ½·λ·‖w‖², added to the gradient; default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent: g ← g + λw; v ← αv + g; w ← w − ηv, with Nesterov w ← w − η(g + αv).
 * The same as torch.optim.SGD (Sutskever et al. 2013; η stands outside v).
 */
export function sgd(config: SgdConfig): BuiltinOptimizer {
  refuseUnknownKeys("sgd", config, ["lr", "momentum", "nesterov", "weightDecay"]);
  const lr = parseRate("sgd", "lr", config.lr);
  const momentum = parseDecay("sgd", "momentum", config.momentum ?? 0);
  const weightDecay = parseRate("sgd", "weightDecay", config.weightDecay ?? 0);
  const nesterov = parseFlag("sgd", "nesterov", config.nesterov ?? false);
  if (nesterov && momentum === 0) {
    throw new GradbookError({
      code: "config",
      what: "sgd",
      got: "nesterov without momentum",
      expected: "a momentum above 0",
      cure: "sgd({ lr, momentum: 0.9, nesterov: true })",
    });
  }
  return markOptimizer({
    spec: { kind: "sgd", lr, momentum, nesterov, weightDecay },
    slots: momentum === 0 ? 0 : 1,
    update(w, g, [v], rate) {
      for (let i = 0; i < w.length; i++) {
        const slope = g[i] + weightDecay * w[i];
        if (momentum === 0) {
          w[i] -= rate * slope;
          continue;
        }
        v[i] = momentum * v[i] + slope;
        w[i] -= rate * (nesterov ? slope + momentum * v[i] : v[i]);
      }
    },
  });
}
