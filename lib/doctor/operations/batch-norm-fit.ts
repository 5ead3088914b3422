import type { Tensor } from "@gradbook/core";
import { type Terms, termsOf } from "./batch-norm-terms.js";
import type { BackwardInput, Mistake } from "./operation.js";

/** What a term of dx may be multiplied by, in words. */
interface Weight {
  readonly words: string;
  readonly value: (t: Terms, c: number) => number;
}

/** σ with and without ε: √(σ²+ε)/σ */
const withoutEps = (t: Terms, c: number) => 1 / (t.inverse[c] * Math.sqrt(t.variance[c]));

const weights: readonly Weight[] = [
  { words: "", value: () => 1 },
  { words: "is missing", value: () => 0 },
  { words: "has the wrong sign", value: () => -1 },
  { words: "is twice as large as it should", value: () => 2 },
  { words: "is half as large as it should", value: () => 0.5 },
  { words: "is −2 times what it should be", value: () => -2 },
  { words: "is −½ times what it should be", value: () => -0.5 },
  { words: "is not divided by M", value: (t) => t.M },
  { words: "is divided by M once too often", value: (t) => 1 / t.M },
  { words: "is divided by N instead of M = N·H·W", value: (t) => t.d.S },
  { words: "is divided by M − 1 instead of M", value: (t) => t.M / (t.M - 1) },
  { words: "is divided by M·(M − 1) instead of M", value: (t) => 1 / (t.M - 1) },
  { words: "is divided by the batch size once more", value: (t) => 1 / t.d.N },
  { words: "lacks γ", value: (t, c) => 1 / t.gamma[c] },
  { words: "has γ twice", value: (t, c) => t.gamma[c] },
  { words: "is not divided by the standard deviation", value: (t, c) => 1 / t.inverse[c] },
  { words: "is not divided by the variance", value: (t, c) => 1 / (t.inverse[c] * t.inverse[c]) },
  { words: "is divided by the standard deviation once too often", value: (t, c) => t.inverse[c] },
  { words: "is divided by the variance once too often", value: (t, c) => t.inverse[c] * t.inverse[c] },
  { words: "lacks ε", value: (t, c) => withoutEps(t, c) },
  { words: "lacks ε", value: (t, c) => withoutEps(t, c) * withoutEps(t, c) },
  { words: "lacks ε", value: (t, c) => withoutEps(t, c) * withoutEps(t, c) * withoutEps(t, c) },
  {
    words: "takes σ + ε where σ stands (ε is added outside the root)",
    value: (t, c) => 1 / withoutEps(t, c),
  },
  {
    words: "lacks γ, and is not divided by the standard deviation",
    value: (t, c) => 1 / (t.gamma[c] * t.inverse[c]),
  },
];

const names = ["dy", "the mean's term 1/M·Σdy", "the variance's term x̂·1/M·Σ dy·x̂"] as const;

/**
 * dx is a sum of three known vectors for each channel, with the weights 1, −1, −1. Which weights the wrong dx has is
 * solved for; where they are the same rule in every case, that rule is the mistake (or the two or three).
 */
export function explainNorm(
  kind: string,
  wrong: readonly { readonly moment: BackwardInput; readonly got: Tensor }[],
): Mistake | undefined {
  let left: (readonly Weight[])[] = [weights, weights, weights];
  let used = 0;
  for (const { moment, got } of wrong) {
    const t = termsOf(moment);
    // few values lie near a plane that any weights fit
    if (t.M < 6) continue;
    const basis = [t.combine(1, 0, 0), t.combine(0, -1, 0), t.combine(0, 0, -1)];
    for (let c = 0; c < t.d.C; c++) {
      const rows = Array.from({ length: t.M }, (_, k) => elementAt(t, c, k));
      const solution = solve(
        basis.map((b) => rows.map((at) => b[at])),
        rows.map((at) => got.data[at]),
      );
      if (solution === "singular") continue;
      if (solution === undefined) return undefined;
      used++;
      left = left.map((list, term) => list.filter((w) => near(w.value(t, c), solution[term])));
    }
  }
  if (used === 0 || left.some((list) => list.length === 0)) return undefined;
  const parts = left
    .map((list, term) => ({ term, weight: list[0] }))
    .filter(({ weight }) => weight.words !== "");
  if (parts.length === 0) return undefined;
  const words = parts.map(({ term, weight }) => `${names[term]} ${weight.words}`).join("; ");
  const marked = left.map((list) => (list[0].words === "" ? (s: string) => s : (s: string) => `⟦${s}⟧`));
  return {
    id: `${kind}/dx/terms`,
    tensor: "dx",
    mistake: `in dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂), ${words}`,
    formula: `dx = γ/√(σ²+ε) · (${marked[0]("dy")} − ${marked[1]("1/M·Σdy")} − ${marked[2]("x̂ · 1/M·Σ dy·x̂")})`,
    cure: "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂): check the marked term.",
    axes: ["sample"],
  };
}

/**
 * y is a straight line of x for each channel, whatever mean and variance were used: they can be read off it, and compared
 * with the right ones.
 */
export function explainStatistics(
  kind: string,
  wrong: readonly { readonly moment: BackwardInput; readonly got: Tensor }[],
): Mistake | undefined {
  let [meanWrong, varianceWrong, used] = [false, false, 0];
  let [wrongChannels, severalChannels] = [0, 0];
  const means: string[] = [];
  for (const { moment, got } of wrong) {
    const t = termsOf(moment);
    const beta = moment.inputs.beta;
    if (t.M < 4 || beta === undefined) continue;
    for (let c = 0; c < t.d.C; c++) {
      const rows = Array.from({ length: t.M }, (_, k) => elementAt(t, c, k));
      const line = straightLine(
        rows.map((at) => moment.inputs.x.data[at]),
        rows.map((at) => got.data[at]),
      );
      if (line === undefined || line.slope === 0) return undefined;
      used++;
      const mean = (beta.data[c] - line.at0) / line.slope;
      const deviation = t.gamma[c] / line.slope;
      const right = 1 / t.inverse[c];
      if (t.d.C > 1) severalChannels++;
      const off =
        Math.abs(mean - t.mean[c]) > 1e-4 * (Math.abs(t.mean[c]) + right) ||
        Math.abs(deviation - right) > 1e-4 * right;
      if (off && t.d.C > 1) wrongChannels++;
      if (Math.abs(mean - t.mean[c]) > 1e-4 * (Math.abs(t.mean[c]) + right)) {
        meanWrong = true;
        if (means.length < 1)
          means.push(`${Number(mean.toPrecision(4))} where the mean is ${Number(t.mean[c].toPrecision(4))}`);
      }
      if (Math.abs(deviation - right) > 1e-4 * right) varianceWrong = true;
    }
  }
  if (used === 0 || (!meanWrong && !varianceWrong)) return undefined;
  const some = wrongChannels < severalChannels ? " of some channels" : "";
  const words = [
    meanWrong ? `the mean${some} that is subtracted is wrong (${means.join()})` : "",
    varianceWrong ? `the variance${some} that is divided by is wrong` : "",
  ].filter((w) => w !== "");
  return {
    id: `${kind}/y/statistics`,
    tensor: "y",
    mistake: words.join(", and "),
    formula: `x̂ = (x − ${meanWrong ? "⟦μ⟧" : "μ"})/√(${varianceWrong ? "⟦σ²⟧" : "σ²"} + ε)`,
    cure: "μ = 1/M·Σx and σ² = 1/M·Σ(x − μ)² over batch and positions, for each channel: check their sums and M.",
    axes:
      wrongChannels < severalChannels
        ? ["channel"]
        : ["sample", "height", "width"].slice(0, kind === "batchNorm1d" ? 1 : 3),
  };
}

/** y = slope·x + at0; undefined when the points lie on no line. */
function straightLine(
  x: readonly number[],
  y: readonly number[],
): { slope: number; at0: number } | undefined {
  const n = x.length;
  const [mx, my] = [x, y].map((v) => v.reduce((a, b) => a + b, 0) / n);
  const slope =
    x.reduce((s, v, i) => s + (v - mx) * (y[i] - my), 0) / x.reduce((s, v) => s + (v - mx) * (v - mx), 0);
  const at0 = my - slope * mx;
  const size = Math.max(...y.map(Math.abs), 1e-12);
  return x.every((v, i) => Math.abs(slope * v + at0 - y[i]) <= 1e-5 * size) ? { slope, at0 } : undefined;
}

function elementAt({ d: { C, S } }: Terms, c: number, k: number): number {
  return (Math.floor(k / S) * C + c) * S + (k % S);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-4 * Math.max(Math.abs(a), 0.01);
}

/** Least squares in three unknowns; undefined when the fit is not exact, singular when there is more than one. */
function solve(
  basis: readonly (readonly number[])[],
  target: readonly number[],
): number[] | "singular" | undefined {
  const a = basis.map((p) => basis.map((q) => dot(p, q)));
  const b = basis.map((p) => dot(p, target));
  const size = Math.max(...a.flat().map(Math.abs), 1e-300);
  for (let i = 0; i < 3; i++) {
    let pivot = i;
    for (let r = i + 1; r < 3; r++) if (Math.abs(a[r][i]) > Math.abs(a[pivot][i])) pivot = r;
    if (Math.abs(a[pivot][i]) < 1e-9 * size) return "singular";
    [a[i], a[pivot]] = [a[pivot], a[i]];
    [b[i], b[pivot]] = [b[pivot], b[i]];
    for (let r = 0; r < 3; r++) {
      if (r === i) continue;
      const f = a[r][i] / a[i][i];
      for (let k = i; k < 3; k++) a[r][k] -= f * a[i][k];
      b[r] -= f * b[i];
    }
  }
  const x = b.map((v, i) => v / a[i][i]);
  const largest = Math.max(...target.map(Math.abs));
  const fits = target.every(
    (v, row) => Math.abs(v - basis.reduce((s, p, i) => s + p[row] * x[i], 0)) <= 1e-5 * largest,
  );
  return fits ? x : undefined;
}

function dot(p: readonly number[], q: readonly number[]): number {
  return p.reduce((s, v, i) => s + v * q[i], 0);
}
