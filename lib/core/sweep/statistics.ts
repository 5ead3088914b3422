import { assertList, configError, inWords, option, readOption, shapeError } from "@gradbook/base";
import { exp, log } from "../tensor/portable.js";

/**
 * A mean and its confidence interval. Everything is computed from + − × ÷ √ and portable logarithms, so that a sentence in
 * a report is the same on every machine.
 */
export interface Interval {
  /** How many values there are. */
  readonly n: number;
  /** Their mean. */
  readonly mean: number;
  /** Half the width: mean ± half. Infinite for a single value, which says nothing about its spread. */
  readonly half: number;
  /** mean − half. */
  readonly low: number;
  /** mean + half. */
  readonly high: number;
}

/**
 * Mean and confidence interval (Student's t) of a few independent values, e.g. one test accuracy for each seed.
 * @param confidence in (0, 1); default 0.95
 * @throws GradbookError when there are no values, or one is not finite
 *
 * @example
 * ```ts
 * import { meanInterval } from "gradbook";
 *
 * const { mean, half } = meanInterval([97.1, 97.4, 96.9]);
 * console.log(`${mean.toFixed(2)} ± ${half.toFixed(2)}`); // 97.13 ± 0.63
 * ```
 */
export function meanInterval(values: readonly number[], confidence = 0.95): Interval {
  assertValues("meanInterval", values, 1);
  readOption("meanInterval", "confidence", probability(), confidence);
  const { n, mean, variance } = moments(values);
  const half =
    n === 1
      ? Number.POSITIVE_INFINITY
      : studentQuantile((1 + confidence) / 2, n - 1) * Math.sqrt(variance / n);
  return { n, mean, half, low: mean - half, high: mean + half };
}

/** The difference of two means, and whether it is distinguishable from 0. */
export interface Difference {
  /** mean(a) − mean(b), in the values' own unit. */
  readonly difference: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
  /** Probability of a difference at least as large if there were none. */
  readonly p: number;
  /** Whether the interval leaves 0 out. */
  readonly distinguishable: boolean;
}

/**
 * Welch's t-test: are the means of two settings over their seeds different? Spreads may differ, seeds need not be paired.
 * @param a values of one setting, at least 2
 * @param b of the other, at least 2
 * @param confidence of the interval, in (0, 1); default 0.95
 * @throws GradbookError when a side has fewer than 2 values, or one is not finite
 *
 * @example
 * ```ts
 * import { compareMeans } from "gradbook";
 *
 * const { difference, p, distinguishable } = compareMeans([97.1, 97.4, 96.9], [95.0, 95.9, 95.2]);
 * console.log(difference.toFixed(2), p.toFixed(3), distinguishable); // 1.77 0.010 true
 * ```
 */
export function compareMeans(a: readonly number[], b: readonly number[], confidence = 0.95): Difference {
  assertValues("compareMeans", a, 2);
  assertValues("compareMeans", b, 2);
  readOption("compareMeans", "confidence", probability(), confidence);
  const [first, second] = [moments(a), moments(b)];
  const [u, v] = [first.variance / first.n, second.variance / second.n];
  const difference = first.mean - second.mean;
  const error = Math.sqrt(u + v);
  if (error === 0) {
    const distinguishable = difference !== 0;
    return { difference, low: difference, high: difference, p: distinguishable ? 0 : 1, distinguishable };
  }
  // Welch–Satterthwaite
  const freedom = ((u + v) * (u + v)) / ((u * u) / (first.n - 1) + (v * v) / (second.n - 1));
  const half = studentQuantile((1 + confidence) / 2, freedom) * error;
  const p = studentTails(difference / error, freedom);
  return {
    difference,
    low: difference - half,
    high: difference + half,
    p,
    distinguishable: p < 1 - confidence,
  };
}

/** Where two classifiers differ on the same images. */
export interface McNemar {
  /** Images that only the first has right. */
  readonly onlyFirst: number;
  /** Images that only the second has right. */
  readonly onlySecond: number;
  /** Exact, two-sided: how probable such an imbalance is if both err equally often. */
  readonly p: number;
  /** Whether p is below the level. */
  readonly distinguishable: boolean;
}

/**
 * McNemar's exact test (1947): of the images on which the two disagree, does one have significantly more right?
 * Images that both have right or both have wrong say nothing about the difference, so they do not count.
 * @param first whether the first classifier has each test image right; 1 or true for yes
 * @param second the same for the second, on the same images in the same order
 * @param level a p below it is called distinguishable; default 0.05
 * @throws GradbookError when the two differ in length
 *
 * @example
 * ```ts
 * import { mcnemar } from "gradbook";
 *
 * const first = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0];
 * const second = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
 * const { onlyFirst, onlySecond, p } = mcnemar(first, second);
 * console.log(onlyFirst, onlySecond, p.toFixed(4)); // 7 0 0.0156
 * ```
 */
export function mcnemar(
  first: ArrayLike<boolean | number>,
  second: ArrayLike<boolean | number>,
  level = 0.05,
): McNemar {
  assertList("mcnemar", "first", first);
  assertList("mcnemar", "second", second);
  readOption("mcnemar", "level", probability(), level);
  if (first.length !== second.length || first.length === 0) {
    throw shapeError(
      "mcnemar",
      `${first.length} and ${second.length} images`,
      "the same test images for both",
    );
  }
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let i = 0; i < first.length; i++) {
    if (first[i] && !second[i]) onlyFirst++;
    if (!first[i] && second[i]) onlySecond++;
  }
  const p = binomialTwoSided(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond);
  return { onlyFirst, onlySecond, p, distinguishable: p < level };
}

/** P(at most k or at least n − k heads) in n throws of a fair coin; 1 when n = 0. */
function binomialTwoSided(k: number, n: number): number {
  // the terms fall towards 0 heads: summed from the smallest, each made from the logarithm of the one before
  let term = n * -log(2);
  const terms = [exp(term)];
  for (let i = 1; i <= k; i++) {
    term += log((n - i + 1) / i);
    terms.push(exp(term));
  }
  const tail = terms.reduce((sum, t) => sum + t, 0);
  return Math.min(1, 2 * tail);
}

const probability = () =>
  option<number>("a number between 0 and 1", (v) =>
    typeof v === "number" && v > 0 && v < 1 ? v : undefined,
  );

/** The t with P(T ≤ t) = p for Student's distribution. */
export function studentQuantile(p: number, freedom: number): number {
  if (!(p > 0 && p < 1 && freedom > 0)) {
    throw configError(
      "studentQuantile",
      `p ${p} with ${freedom} degrees of freedom`,
      "p between 0 and 1, at least one degree of freedom",
    );
  }
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, freedom);
  const tails = 2 * (1 - p);
  let high = 1;
  while (studentTails(high, freedom) > tails) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTails(middle, freedom) > tails) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| ≥ |t|) = I_x(ν/2, ½) with x = ν/(ν + t²), the regularised incomplete beta function. */
export function studentTails(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** I_x(a, b), by its continued fraction (Numerical Recipes, 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x));
  // the fraction converges fast only on one side
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const kept = (v: number) => (v < tiny && v > -tiny ? tiny : v);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return value;
}

/** ln Γ(x) for x > 0, by Stirling's series after lifting x above 15. */
function logGamma(x: number): number {
  let lifted = x;
  let product = 1;
  while (lifted < 15) {
    product *= lifted;
    lifted += 1;
  }
  const inverse = 1 / lifted;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
  const halfLogTwoPi = 0.9189385332046727;
  return (lifted - 0.5) * log(lifted) - lifted + halfLogTwoPi + series - log(product);
}

function moments(values: readonly number[]): { n: number; mean: number; variance: number } {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) * (v - mean), 0);
  return { n, mean, variance: n === 1 ? 0 : squares / (n - 1) };
}

function assertValues(what: string, values: readonly number[], least: number): void {
  assertList(what, "values", values, "a list of numbers");
  const bad = Array.from(values).find((v) => !Number.isFinite(v));
  if (values.length >= least && bad === undefined) return;
  throw configError(
    what,
    bad === undefined ? `${values.length} values` : `a value that is ${inWords(bad)}`,
    `at least ${least} finite ${least === 1 ? "number" : "numbers"}`,
    bad === undefined && least === 2
      ? "One run says nothing about the spread: take two or more seeds, or mcnemar on the same test images."
      : undefined,
  );
}
