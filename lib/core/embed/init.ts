import { Rng } from "../tensor/rng.js";
import type { Tensor } from "../tensor/tensor.js";

/** Standard deviation of a map at the start; small, so that no pair is far apart before the forces have spoken. */
const SPREAD = 1e-4;
/** Seeded noise on a PCA start, relative to SPREAD: duplicates, and data on one line, must be able to leave it. */
const JITTER = 0.01;
/** Turns of orthogonal iteration: a start needs the directions roughly, and the same way everywhere. */
const TURNS = 60;

/** A map to start from, [N, 2]: a seeded normal cloud, or the first two principal components scaled down. */
export function initialMap(init: "pca" | "random", x: Tensor, rng: Rng): Float64Array {
  const y = init === "pca" ? principalComponents(x) : new Float64Array(2 * x.shape[0]);
  const noise = init === "pca" ? SPREAD * JITTER : SPREAD;
  const scale = init === "pca" ? SPREAD / deviation(y) : 0;
  for (let k = 0; k < y.length; k++) {
    y[k] = (Number.isFinite(scale) ? y[k] * scale : 0) + noise * rng.normal();
  }
  return y;
}

/** Standard deviation of the first column of [N, 2], whose mean is 0. */
function deviation(y: Float64Array): number {
  let squares = 0;
  for (let k = 0; k < y.length; k += 2) squares += y[k] * y[k];
  return Math.sqrt(squares / (y.length / 2));
}

/**
 * Scores of the first two principal components: [N, 2], by orthogonal iteration v ← Xᵀ(Xv) on the centred features.
 * The sign of a component is free; here its largest score is positive.
 */
function principalComponents(x: Tensor): Float64Array {
  const [N, F] = x.shape;
  const centred = centre(x);
  const rng = new Rng("principal components");
  const v = Array.from({ length: 2 }, () => Float64Array.from({ length: F }, () => rng.normal()));
  const scores = [new Float64Array(N), new Float64Array(N)];
  for (let turn = 0; turn < TURNS; turn++) {
    orthonormalise(v);
    for (const c of [0, 1]) project(centred, v[c], scores[c]);
  }
  const y = new Float64Array(2 * N);
  for (const c of [0, 1]) {
    let largest = 0;
    for (const s of scores[c]) if (Math.abs(s) > Math.abs(largest)) largest = s;
    for (let i = 0; i < N; i++) y[2 * i + c] = largest < 0 ? -scores[c][i] : scores[c][i];
  }
  return y;
}

/** scores ← Xv, and v ← Xᵀ·scores: one turn for one direction. */
function project(centred: Float64Array, v: Float64Array, scores: Float64Array): void {
  const F = v.length;
  for (let i = 0; i < scores.length; i++) {
    let dot = 0;
    for (let f = 0; f < F; f++) dot += centred[i * F + f] * v[f];
    scores[i] = dot;
  }
  v.fill(0);
  for (let i = 0; i < scores.length; i++) {
    for (let f = 0; f < F; f++) v[f] += centred[i * F + f] * scores[i];
  }
}

function centre(x: Tensor): Float64Array {
  const [N, F] = x.shape;
  const centred = new Float64Array(N * F);
  for (let f = 0; f < F; f++) {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += x.data[i * F + f];
    for (let i = 0; i < N; i++) centred[i * F + f] = x.data[i * F + f] - sum / N;
  }
  return centred;
}

/** Gram–Schmidt; a direction in which the data has no extent becomes 0 and stays so. */
function orthonormalise([a, b]: readonly Float64Array[]): void {
  normalise(a);
  let dot = 0;
  for (let f = 0; f < a.length; f++) dot += a[f] * b[f];
  for (let f = 0; f < a.length; f++) b[f] -= dot * a[f];
  normalise(b);
}

function normalise(v: Float64Array): void {
  let squares = 0;
  for (const value of v) squares += value * value;
  const length = Math.sqrt(squares);
  for (let f = 0; f < v.length; f++) v[f] = length > 0 ? v[f] / length : 0;
}
