import { configError, dataError } from "@gradbook/base";
import { exp, log } from "../tensor/portable.js";

/** How near the entropy of a row must come to log(perplexity), in nats; the tolerance of the paper's own program. */
const ENTROPY_TOLERANCE = 1e-5;
/** Enough for any row of doubles; a row with more duplicates than the perplexity never gets there and stays uniform. */
const STEPS = 100;
/** The furthest that one of Newton's steps may go, in natural logarithms of β. */
const LONGEST_STEP = 3;

/**
 * The paper's affinities of the features, p_ij = (p_{j|i} + p_{i|j}) / 2N with p_{j|i} ∝ exp(−β_i ‖x_i − x_j‖²): [N, N],
 * sum 1, diagonal 0 (van der Maaten & Hinton 2008, equations 1 and 2). β_i makes 2^H of row i the perplexity.
 * @param D squared distances of the features: [N, N]
 */
export function jointProbabilities(D: Float64Array, N: number, perplexity: number): Float64Array {
  const P = new Float64Array(N * N);
  const target = log(perplexity);
  for (let i = 0; i < N; i++) conditionalRow(D.subarray(i * N, (i + 1) * N), i, target, P.subarray(i * N));
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      const p = (P[i * N + j] + P[j * N + i]) / (2 * N);
      P[i * N + j] = p;
      P[j * N + i] = p;
    }
  }
  return P;
}

/**
 * p_{j|i} of one row. A larger β is a narrower bell, so the entropy H falls with β; it is found by Newton's steps on
 * log β, dH/d(log β) = −β²·Var(d), inside the bracket that bisection keeps.
 * @param d squared distances to sample i: [N]
 * @param target entropy of the row in nats, log(perplexity)
 * @param row where the probabilities go: [N]
 */
function conditionalRow(d: Float64Array, i: number, target: number, row: Float64Array): void {
  let nearest = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let j = 0; j < d.length; j++) {
    if (j === i) continue;
    nearest = Math.min(nearest, d[j]);
    sum += d[j];
  }
  // the features' scale decides where to start; all neighbours at one distance are uniform for any β
  const mean = sum / (d.length - 1) - nearest;
  let beta = mean > 0 ? 1 / mean : 1;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  for (let step = 0; step < STEPS; step++) {
    const { entropy, slope } = bell(d, i, nearest, beta, row);
    if (Math.abs(entropy - target) <= ENTROPY_TOLERANCE) return;
    if (entropy > target) low = beta;
    else high = beta;
    const newton = beta * exp(Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, (entropy - target) / slope)));
    if (newton > low && newton < high) beta = newton;
    else beta = high === Number.POSITIVE_INFINITY ? beta * 2 : (low + high) / 2;
  }
}

/**
 * Fills a row for a given β.
 * @returns its entropy H = −Σ p log p = log Σ e + β·Σ p (d − d_min) in nats, and β²·Var(d)
 */
function bell(
  d: Float64Array,
  i: number,
  nearest: number,
  beta: number,
  row: Float64Array,
): { entropy: number; slope: number } {
  let total = 0;
  let first = 0;
  let second = 0;
  for (let j = 0; j < d.length; j++) {
    // distances count from the nearest neighbour: its term is 1, so the sum is never 0
    const depth = beta * (d[j] - nearest);
    const e = j === i ? 0 : exp(-depth);
    row[j] = e;
    total += e;
    first += e * depth;
    second += e * depth * depth;
  }
  for (let j = 0; j < d.length; j++) row[j] /= total;
  const mean = first / total;
  return { entropy: log(total) + mean, slope: second / total - mean * mean };
}

/** The largest perplexity that N samples allow is below N/3: a bell must leave most of the samples outside. */
export function parsePerplexity(what: string, perplexity: number | undefined, N: number): number {
  if (N < 4) {
    throw dataError(what, `${N} samples`, "at least 4");
  }
  const value = perplexity ?? Math.min(30, Math.ceil(N / 3) - 1);
  if (value >= 1 && value < N / 3) return value;
  throw configError(
    what,
    `perplexity ${value} for ${N} samples`,
    `at least 1 and below N/3 = ${Number((N / 3).toFixed(2))}`,
    value < 1 ? undefined : `Take more samples, or perplexity: ${Math.ceil(N / 3) - 1} or less.`,
  );
}
