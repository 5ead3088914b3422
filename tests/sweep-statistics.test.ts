import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { studentQuantile, studentTails } from "@gradbook/core/internal";
import { compareMeans, mcnemar, meanInterval } from "gradbook";

interface Reference {
  readonly quantiles: readonly (readonly [number, number, number])[];
  readonly tails: readonly (readonly [number, number, number])[];
  readonly intervals: readonly { values: number[]; mean: number; low: number; high: number }[];
  readonly welch: readonly { a: number[]; b: number[]; p: number; low: number; high: number }[];
  readonly mcnemar: readonly { onlyFirst: number; onlySecond: number; p: number }[];
}
const path = new URL("../reference/statistics.json", import.meta.url);
const scipy: Reference = JSON.parse(readFileSync(path, "utf8"));

function near(got: number, expected: number, what: string, relative = 1e-9): void {
  assert.ok(
    Math.abs(got - expected) <= relative * Math.abs(expected) + 1e-14,
    `${what}: ${got}, scipy ${expected}`,
  );
}

test("Student's t: quantiles and tails agree with scipy to 1e-9, 1 to 1000 degrees of freedom", () => {
  for (const [p, v, t] of scipy.quantiles) near(studentQuantile(p, v), t, `quantile ${p}, ${v}`);
  for (const [t, v, p] of scipy.tails) near(studentTails(t, v), p, `tails ${t}, ${v}`);
});

test("meanInterval agrees with scipy.stats.t.interval", () => {
  for (const { values, mean, low, high } of scipy.intervals) {
    const got = meanInterval(values);
    near(got.mean, mean, "mean");
    near(got.low, low, "low");
    near(got.high, high, "high");
    near(got.half, (high - low) / 2, "half");
  }
});

test("compareMeans agrees with scipy's Welch test, interval and p", () => {
  for (const { a, b, p, low, high } of scipy.welch) {
    const got = compareMeans(a, b);
    near(got.p, p, "p");
    near(got.low, low, "low", 1e-8);
    near(got.high, high, "high", 1e-8);
    assert.equal(got.distinguishable, low > 0 || high < 0);
  }
});

test("mcnemar agrees with scipy's exact binomial test, up to thousands of disagreements", () => {
  for (const { onlyFirst, onlySecond, p } of scipy.mcnemar) {
    const both = 5;
    const total = onlyFirst + onlySecond + both;
    const first = Array.from({ length: total }, (_, i) => i < onlyFirst || i >= onlyFirst + onlySecond);
    const second = Array.from({ length: total }, (_, i) => i >= onlyFirst);
    const got = mcnemar(first, second);
    assert.deepEqual([got.onlyFirst, got.onlySecond], [onlyFirst, onlySecond]);
    near(got.p, p, `${onlyFirst} against ${onlySecond}`);
    assert.equal(got.distinguishable, p < 0.05);
  }
});
