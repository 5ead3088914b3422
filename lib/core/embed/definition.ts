import { log } from "../tensor/portable.js";
import type { MapGradient } from "./descent.js";

/**
 * The exact gradient of t-SNE (van der Maaten & Hinton 2008, equation 5), in float64.
 *
 *     w_ij = 1 / (1 + ‖y_i − y_j‖²),  Z = Σ_{k≠l} w_kl,  q_ij = w_ij / Z
 *     ∂KL/∂y_i = 4 Σ_j (p_ij − q_ij) w_ij (y_i − y_j) = 4 (Σ_j p_ij w_ij (y_i − y_j) − Σ_j w_ij² (y_i − y_j) / Z)
 *
 * The second form needs one pass over the pairs: attraction and repulsion are summed apart, and Z is known at the end.
 * @param P joint probabilities: [N, N]
 */
export function definitionGradient(P: Float64Array, N: number): MapGradient {
  const attraction = new Float64Array(2 * N);
  const repulsion = new Float64Array(2 * N);
  return {
    compute(y, exaggeration, out) {
      let Z = 0;
      for (let i = 0; i < N; i++) {
        let [ax, ay, rx, ry] = [0, 0, 0, 0];
        for (let j = 0; j < N; j++) {
          if (j === i) continue;
          const dx = y[2 * i] - y[2 * j];
          const dy = y[2 * i + 1] - y[2 * j + 1];
          const w = 1 / (1 + dx * dx + dy * dy);
          const pull = P[i * N + j] * w;
          const push = w * w;
          Z += w;
          ax += pull * dx;
          ay += pull * dy;
          rx += push * dx;
          ry += push * dy;
        }
        attraction[2 * i] = ax;
        attraction[2 * i + 1] = ay;
        repulsion[2 * i] = rx;
        repulsion[2 * i + 1] = ry;
      }
      for (let k = 0; k < 2 * N; k++) out[k] = 4 * (exaggeration * attraction[k] - repulsion[k] / Z);
    },
  };
}

/**
 * KL(P‖Q) = Σ p_ij log(p_ij / q_ij) of a map, in nats.
 * @param P joint probabilities: [N, N]
 * @param y the map: [N, 2]
 */
export function divergence(P: Float64Array, y: Float64Array, N: number): number {
  // log q_ij = −log(1 + ‖y_i − y_j‖²) − log Z, so that a far pair costs a logarithm instead of a division by 0
  let Z = 0;
  let kl = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      const dx = y[2 * i] - y[2 * j];
      const dy = y[2 * i + 1] - y[2 * j + 1];
      const spread = 1 + dx * dx + dy * dy;
      const p = P[i * N + j];
      Z += 2 / spread;
      if (p > 0) kl += 2 * p * (log(p) + log(spread));
    }
  }
  return kl + log(Z);
}
