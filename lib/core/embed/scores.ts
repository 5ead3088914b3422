import {
  assertList,
  configError,
  count,
  type Given,
  type GradbookError,
  options,
  shapeError,
} from "@gradbook/base";
import { type Features, parseFeatures, squaredDistances } from "./features.js";

const neighbourOptions = {
  /**
   * Neighbours looked at, as in scikit-learn.
   * @default 5
   */
  k: count().optional(),
};
/**
 * Options of `trustworthiness` and `neighbourPurity`.
 * @interface
 */
export type NeighbourConfig = Given<typeof neighbourOptions>;

/**
 * Trustworthiness of a map in 0 … 1 (Venna & Kaski 2001): 1 − 2 / (N k (2N − 3k − 1)) · Σ_i Σ_j (r_ij − k), over the
 * points j among the k nearest of i in the map, but only r_ij-th nearest in the features, r_ij > k. 1: neighbours in the
 * map are neighbours in the features. About 0.5: a map by chance.
 *
 * @param features what was mapped: [N, F]
 * @param points the map: [N, any]
 * @param config k below N/2
 * @throws GradbookError when the counts differ, or k is N/2 or more
 *
 * @example
 * ```ts
 * import { Rng, trustworthiness } from "gradbook";
 *
 * const rng = new Rng(1);
 * const x = Array.from({ length: 20 }, (_, i) => [10 * (i % 2) + rng.uniform(), rng.uniform(), rng.uniform()]);
 * console.log(trustworthiness(x, x)); // 1
 * ```
 */
export function trustworthiness(features: Features, points: Features, config: NeighbourConfig = {}): number {
  const given = options("trustworthiness", neighbourOptions, config);
  const x = parseFeatures("trustworthiness", features);
  const y = parseFeatures("trustworthiness", points);
  const N = x.shape[0];
  if (y.shape[0] !== N) throw differentCounts("trustworthiness", `${y.shape[0]} points`, N);
  const k = parseNeighbours("trustworthiness", given.k, Math.ceil(N / 2) - 1, "N/2");
  const inFeatures = squaredDistances(x);
  const inMap = squaredDistances(y);
  let penalty = 0;
  for (let i = 0; i < N; i++) {
    for (const j of nearest(inMap, i, N, k)) penalty += Math.max(0, rank(inFeatures, i, j, N) - k);
  }
  return 1 - (2 / (N * k * (2 * N - 3 * k - 1))) * penalty;
}

/**
 * Neighbour purity in 0 … 1: the mean share of a point's k nearest neighbours that have its label. No sign of training
 * by itself: raw pixels of digits reach 0.7.
 *
 * @param points a map or features: [N, any]
 * @param labels class of each point: [N]
 * @param config k below N
 * @throws GradbookError when the counts differ, or k is N or more
 *
 * @example
 * ```ts
 * import { neighbourPurity, Rng } from "gradbook";
 *
 * const rng = new Rng(1);
 * const x = Array.from({ length: 20 }, (_, i) => [10 * (i % 2) + rng.uniform(), rng.uniform(), rng.uniform()]);
 * console.log(neighbourPurity(x, x.map((_, i) => i % 2))); // 1
 * ```
 */
export function neighbourPurity(
  points: Features,
  labels: ArrayLike<number>,
  config: NeighbourConfig = {},
): number {
  const given = options("neighbourPurity", neighbourOptions, config);
  const y = parseFeatures("neighbourPurity", points);
  assertList("neighbourPurity", "labels", labels);
  const N = y.shape[0];
  if (labels.length !== N) throw differentCounts("neighbourPurity", `${labels.length} labels`, N);
  const k = parseNeighbours("neighbourPurity", given.k, N - 1, "N");
  const D = squaredDistances(y);
  let same = 0;
  for (let i = 0; i < N; i++) for (const j of nearest(D, i, N, k)) if (labels[j] === labels[i]) same++;
  return same / (N * k);
}

/** The k nearest of point i, nearest first; among equals the lower index, so that duplicates have one order. */
function nearest(D: Float64Array, i: number, N: number, k: number): number[] {
  const found: number[] = [];
  for (let j = 0; j < N; j++) {
    if (j === i) continue;
    let at = found.length;
    while (at > 0 && D[i * N + j] < D[i * N + found[at - 1]]) at--;
    if (at < k) {
      found.splice(at, 0, j);
      if (found.length > k) found.pop();
    }
  }
  return found;
}

/** The how-manieth nearest of i is j, from 1; among equals the lower index first. */
function rank(D: Float64Array, i: number, j: number, N: number): number {
  const distance = D[i * N + j];
  let before = 1;
  for (let l = 0; l < N; l++) {
    if (l === i || l === j) continue;
    if (D[i * N + l] < distance || (D[i * N + l] === distance && l < j)) before++;
  }
  return before;
}

function parseNeighbours(what: string, k = 5, most: number, bound: string): number {
  if (Number.isInteger(k) && k >= 1 && k <= most) return k;
  throw configError(what, `k is ${String(k)}`, `a whole number from 1 to ${most}, below ${bound}`);
}

function differentCounts(what: string, got: string, N: number): GradbookError {
  return shapeError(what, `${got} for ${N} samples`, `${N}`);
}
