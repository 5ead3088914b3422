import { type Factor, type Terms, termsOf } from "./batch-norm-terms.js";
import type { BackwardInput, Mistake } from "./operation.js";

const list: Mistake[] = [];

function add(
  tensor: string,
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  produce: (t: Terms, m: BackwardInput) => ArrayLike<number> | undefined,
  axes: readonly string[] = ["sample"],
): void {
  list.push({
    id: `${tensor}/${id}`,
    tensor,
    mistake,
    formula,
    cure,
    axes,
    produce: (m) => produce(termsOf(m), m),
  });
}

/** dx with the three terms weighted. */
const combined =
  (a: Factor | ((t: Terms) => Factor), b: (t: Terms) => Factor, c: (t: Terms) => Factor) =>
  (t: Terms): Float64Array =>
    t.combine(
      typeof a === "function" && a.length === 1 ? (a as (t: Terms) => Factor)(t) : (a as Factor),
      b(t),
      c(t),
    );

const right = "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)";

add(
  "dx",
  "mean-term-missing",
  "the mean's term is missing: dx does not know that every x moves the mean",
  "dx = γ/√(σ²+ε) · (dy ⟦− 0⟧ − x̂ · 1/M·Σ dy·x̂)",
  `Subtract 1/M·Σdy: ${right}.`,
  combined(
    1,
    () => 0,
    () => -1,
  ),
);
add(
  "dx",
  "variance-term-missing",
  "the variance's term is missing: dx does not know that every x moves the variance",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy ⟦− 0⟧)",
  `Subtract x̂ · 1/M·Σ dy·x̂: ${right}.`,
  combined(
    1,
    () => -1,
    () => 0,
  ),
);
add(
  "dx",
  "statistics-constant",
  "mean and variance are treated as constants: both of their terms are missing",
  "dx = γ/√(σ²+ε) · (dy ⟦− 0 − 0⟧)",
  `While training, the statistics depend on x: ${right}.`,
  combined(
    1,
    () => 0,
    () => 0,
  ),
);
add(
  "dx",
  "sums-not-divided",
  "Σdy and Σ dy·x̂ are not divided by M (the number of values that share a mean)",
  "dx = γ/√(σ²+ε) · (dy − ⟦Σdy⟧ − x̂ · ⟦Σ dy·x̂⟧)",
  "Both are means over the batch: divide by M = N (features) or N·H·W (images).",
  combined(
    1,
    (t) => -t.M,
    (t) => -t.M,
  ),
);
add(
  "dx",
  "mean-not-divided",
  "Σdy is not divided by M",
  "dx = γ/√(σ²+ε) · (dy − ⟦Σdy⟧ − x̂ · 1/M·Σ dy·x̂)",
  "It is the mean of dy: divide by M.",
  combined(
    1,
    (t) => -t.M,
    () => -1,
  ),
);
add(
  "dx",
  "variance-not-divided",
  "Σ dy·x̂ is not divided by M",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · ⟦Σ dy·x̂⟧)",
  "It is a mean over the batch: divide by M.",
  combined(
    1,
    () => -1,
    (t) => -t.M,
  ),
);
add(
  "dx",
  "mean-sign",
  "the mean's term has the wrong sign",
  "dx = γ/√(σ²+ε) · (dy ⟦+⟧ 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)",
  right,
  combined(
    1,
    () => 1,
    () => -1,
  ),
);
add(
  "dx",
  "variance-sign",
  "the variance's term has the wrong sign",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy ⟦+⟧ x̂ · 1/M·Σ dy·x̂)",
  right,
  combined(
    1,
    () => -1,
    () => 1,
  ),
);
add(
  "dx",
  "half-missing",
  "the −½ of the derivative of the root is wrong in dσ²: the variance's term has the wrong factor",
  "dσ² = Σ dx̂·(x−μ) · ⟦(−1)⟧ · (σ²+ε)^{−3/2}",
  "d(σ²+ε)^{−1/2}/dσ² = −½·(σ²+ε)^{−3/2}.",
  combined(
    1,
    () => -1,
    () => -2,
  ),
);
add(
  "dx",
  "half-and-sign-missing",
  "the −½ of the derivative of the root is missing in dσ²",
  "dσ² = Σ dx̂·(x−μ) ⟦ ⟧ · (σ²+ε)^{−3/2}",
  "d(σ²+ε)^{−1/2}/dσ² = −½·(σ²+ε)^{−3/2}.",
  combined(
    1,
    () => -1,
    () => 2,
  ),
);
add(
  "dx",
  "two-missing",
  "the 2 of the derivative of the square is missing: dσ²/dx = 2(x−μ)/M",
  "dx = … + dσ² · ⟦1⟧·(x−μ)/M + …",
  "dσ²/dx = 2·(x−μ)/M.",
  combined(
    1,
    () => -1,
    () => -0.5,
  ),
);
add(
  "dx",
  "wrong-power",
  "the power of the standard deviation in dσ² is wrong: (σ²+ε)^{−1} or ^{−1/2} for ^{−3/2}",
  "dσ² = Σ dx̂·(x−μ)·(−½)·(σ²+ε)^{⟦−1⟧}",
  "d(σ²+ε)^{−1/2}/dσ² = −½·(σ²+ε)^{−3/2}: the third power of 1/√(σ²+ε).",
  (t) => t.combine(1, -1, (c) => -1 / t.inverse[c]),
);
add(
  "dx",
  "wrong-power-2",
  "the power of the standard deviation in dσ² is wrong: (σ²+ε)^{−1/2} for ^{−3/2}",
  "dσ² = Σ dx̂·(x−μ)·(−½)·(σ²+ε)^{⟦−1/2⟧}",
  "d(σ²+ε)^{−1/2}/dσ² = −½·(σ²+ε)^{−3/2}: the third power of 1/√(σ²+ε).",
  (t) => t.combine(1, -1, (c) => -1 / (t.inverse[c] * t.inverse[c])),
);
add(
  "dx",
  "gamma-missing",
  "γ is missing in dx",
  "dx = ⟦1⟧/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)",
  "dx̂ = dy·γ comes first: y = γ·x̂ + β.",
  (t) => {
    const f = (s: number) => (c: number) => s / t.gamma[c];
    return t.combine(f(1), f(-1), f(-1));
  },
);
add("dx", "gamma-twice", "γ is applied twice", "dx = ⟦γ²⟧/√(σ²+ε) · (…)", "dx̂ = dy·γ, once.", (t) => {
  const f = (s: number) => (c: number) => s * t.gamma[c];
  return t.combine(f(1), f(-1), f(-1));
});
add(
  "dx",
  "gamma-missing-in-statistics",
  "γ is missing in the terms of mean and variance: they are computed from dy instead of dx̂ = dy·γ",
  "dx = 1/√(σ²+ε) · (γ·dy − ⟦1/M·Σdy⟧ − x̂ · ⟦1/M·Σ dy·x̂⟧)",
  "Use dx̂ = dy·γ everywhere.",
  (t) => {
    const f = (c: number) => -1 / t.gamma[c];
    return t.combine(1, f, f);
  },
);
add(
  "dx",
  "deviation-missing",
  "the division by the standard deviation is missing",
  "dx = γ⟦ ⟧ · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)",
  "Multiply by 1/√(σ²+ε).",
  (t) => {
    const f = (s: number) => (c: number) => s / t.inverse[c];
    return t.combine(f(1), f(-1), f(-1));
  },
);
add(
  "dx",
  "variance-for-deviation",
  "dx is divided by the variance instead of the standard deviation",
  "dx = γ/⟦(σ²+ε)⟧ · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)",
  "Divide by the root √(σ²+ε).",
  (t) => {
    const f = (s: number) => (c: number) => s * t.inverse[c];
    return t.combine(f(1), f(-1), f(-1));
  },
);
add(
  "dx",
  "eps-missing",
  "ε is missing in the backward pass: with a small variance dx is too large",
  "dx = γ/√(σ²⟦ ⟧) · (…)",
  "Keep 1/√(σ²+ε) from the forward pass and use it again.",
  (t) => {
    const ratio = (c: number) => 1 / (Math.sqrt(t.variance[c]) * t.inverse[c]);
    return t.combine(
      ratio,
      (c) => -ratio(c),
      (c) => -(ratio(c) * ratio(c) * ratio(c)),
    );
  },
);
add(
  "dx",
  "eps-missing-2",
  "ε is missing in a part of the backward pass: with a small variance dx is too large",
  "dx = γ/√(σ²⟦ ⟧) · (…)",
  "Keep 1/√(σ²+ε) from the forward pass and use it again.",
  (t) => {
    const ratio = (s: number) => (c: number) => s / (Math.sqrt(t.variance[c]) * t.inverse[c]);
    return t.combine(ratio(1), ratio(-1), ratio(-1));
  },
);
add(
  "dx",
  "hat-missing",
  "x̂ is missing in the variance's term",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − ⟦1⟧ · 1/M·Σ dy·x̂)",
  right,
  (t) => t.combine(1, -1, (_c, at) => -1 / t.xHat[at]),
);
add(
  "dx",
  "centred-for-hat",
  "x − μ is used where x̂ belongs: the division by the standard deviation is missing in the variance's term",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − ⟦(x−μ)⟧ · 1/M·Σ dy·⟦(x−μ)⟧)",
  right,
  (t) => t.combine(1, -1, (c) => -1 / (t.inverse[c] * t.inverse[c])),
);
add(
  "dx",
  "sum-hat-without-hat",
  "Σdy is used in the variance's term where Σ dy·x̂ belongs",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy⟦ ⟧)",
  right,
  (t) => t.combine(1, -1, (c) => -t.dbeta[c] / t.dgamma[c]),
);
add(
  "dx",
  "batch-for-values",
  "M is taken as the batch size N: for images it is N·H·W",
  "dx = γ/√(σ²+ε) · (dy − 1/⟦N⟧·Σdy − x̂ · 1/⟦N⟧·Σ dy·x̂)",
  "N·H·W values share one mean.",
  (t) => (t.d.S === 1 ? undefined : t.combine(1, -t.d.S, -t.d.S)),
);
add(
  "dx",
  "unbiased",
  "M − 1 for M in the backward pass, though the forward pass divides by M",
  "dx = γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/⟦(M−1)⟧·Σ dy·x̂)",
  "The batch is normalised with the biased variance: divide by M.",
  (t) => t.combine(1, -1, -t.M / (t.M - 1)),
);
add(
  "dx",
  "divided-by-batch",
  "dx is divided by the batch size once more",
  "dx = ⟦1/N⟧ · γ/√(σ²+ε) · (…)",
  "Leave the 1/N to the loss: dy carries it.",
  (t) => t.combine(1 / t.d.N, -1 / t.d.N, -1 / t.d.N),
);
add(
  "dx",
  "divided-by-values",
  "dx is divided by M once more (the factor 1/M is before the bracket, but dy has lost its M)",
  "dx = ⟦1/M⟧ · γ/√(σ²+ε) · (dy − 1/M·Σdy − x̂ · 1/M·Σ dy·x̂)",
  "Either 1/M·γ/√(σ²+ε)·(M·dy − Σdy − x̂·Σ dy·x̂), or without 1/M and with means in the bracket.",
  (t) => t.combine(1 / t.M, -1 / t.M, -1 / t.M),
);
add(
  "dx",
  "m-missing",
  "the M before dy is missing in the short form",
  "dx = γ/(M·√(σ²+ε)) · (⟦1⟧·dy − Σdy − x̂·Σ dy·x̂)",
  "dx = γ/(M·√(σ²+ε)) · (M·dy − Σdy − x̂·Σ dy·x̂).",
  (t) => t.combine(1 / t.M, -1, -1),
);
add(
  "dgamma",
  "input-for-hat",
  "x is used where x̂ belongs",
  "dγ[c] = Σ dy · ⟦x⟧",
  "γ multiplies the normalised x̂: keep it in the forward pass.",
  (t, { inputs, dy }) => sumBy(t, (at) => dy.data[at] * inputs.x.data[at]),
  ["channel"],
);
add(
  "dgamma",
  "centred-for-hat",
  "x − μ is used where x̂ belongs: the division by the standard deviation is missing",
  "dγ[c] = Σ dy · ⟦(x − μ)⟧",
  "γ multiplies x̂ = (x − μ)/√(σ²+ε).",
  (t, { dy }) => sumBy(t, (at, c) => (dy.data[at] * t.xHat[at]) / t.inverse[c]),
  ["channel"],
);
add(
  "dgamma",
  "output-for-hat",
  "y is used where x̂ belongs",
  "dγ[c] = Σ dy · ⟦y⟧",
  "γ multiplies x̂, not y.",
  (t, { dy }) => sumBy(t, (at) => dy.data[at] * t.y[at]),
  ["channel"],
);
add("dgamma", "hat-missing", "x̂ is missing: that is dβ", "dγ[c] = Σ dy ⟦ ⟧", "dγ = Σ dy·x̂.", (t) => t.dbeta, [
  "channel",
]);
add(
  "dgamma",
  "times-gamma",
  "γ itself is multiplied in",
  "dγ[c] = Σ dy · x̂ · ⟦γ⟧",
  "dγ = Σ dy·x̂.",
  (t) => t.dgamma.map((v, c) => v * t.gamma[c]),
  ["channel"],
);
add(
  "dbeta",
  "hat-added",
  "x̂ is multiplied in: that is dγ",
  "dβ[c] = Σ dy · ⟦x̂⟧",
  "β is only added: dβ = Σ dy.",
  (t) => t.dgamma,
  ["channel"],
);
add(
  "dbeta",
  "times-gamma",
  "γ is multiplied in",
  "dβ[c] = Σ dy · ⟦γ⟧",
  "β is added after γ: dβ = Σ dy.",
  (t) => t.dbeta.map((v, c) => v * t.gamma[c]),
  ["channel"],
);
add(
  "dgamma",
  "eps-missing",
  "ε is missing in the x̂ that dγ is made of",
  "dγ[c] = Σ dy · (x − μ)/√(σ² ⟦+ 0⟧)",
  "Use the x̂ of the forward pass, with ε.",
  (t) => t.dgamma.map((v, c) => v / (t.inverse[c] * Math.sqrt(t.variance[c]))),
  ["channel"],
);
for (const [tensor, term, name] of [
  ["dgamma", "dy·x̂", "dγ"],
  ["dbeta", "dy", "dβ"],
] as const) {
  const value = (t: Terms, m: BackwardInput, at: number) =>
    m.dy.data[at] * (tensor === "dgamma" ? t.xHat[at] : 1);
  add(
    tensor,
    "last-sample-only",
    `${name} is not summed over the batch: only one sample counts`,
    `${name}[c] ⟦=⟧ ${term} for each n`,
    "Every sample shares the parameter: sum over n with +=.",
    (t, m) => sumBy(t, (at) => (sampleOf(t, at) === t.d.N - 1 ? value(t, m, at) : 0)),
  );
  add(
    tensor,
    "last-value-only",
    `${name} is not summed at all: only the last value of each channel counts`,
    `${name}[c] ⟦=⟧ ${term} for each n, h, w`,
    "Every sample and position shares the parameter: sum with +=.",
    (t, m) =>
      t.d.S === 1
        ? undefined
        : sumBy(t, (at) => (sampleOf(t, at) === t.d.N - 1 && at % t.d.S === t.d.S - 1 ? value(t, m, at) : 0)),
    ["sample", "height", "width"],
  );
  add(
    tensor,
    "first-sample-only",
    `${name} is not summed over the batch: only the first sample counts`,
    `${name}[c] = ${term} of ⟦n = 0⟧`,
    "Every sample shares the parameter: sum over n.",
    (t, m) => sumBy(t, (at) => (sampleOf(t, at) === 0 ? value(t, m, at) : 0)),
  );
  for (const [end, n] of [
    ["first", () => 0],
    ["last", (t: Terms) => t.d.N - 1],
  ] as const) {
    add(
      tensor,
      `${end}-sample-missing`,
      `the ${end} sample is left out of ${name}: the loop over the batch is one round short`,
      `${name}[c] = Σ_{⟦n ≠ ${end}⟧} ${term}`,
      "Loop n = 0 … N − 1.",
      (t, m) => sumBy(t, (at) => (sampleOf(t, at) === n(t) ? 0 : value(t, m, at))),
    );
  }
  add(
    tensor,
    "averaged",
    `${name} is a mean over the batch instead of a sum`,
    `${name}[c] = ⟦1/M⟧ · Σ ${term}`,
    "Sum: leave the 1/N to the loss.",
    (t, m) => sumBy(t, (at) => value(t, m, at) / t.M),
  );
  add(
    tensor,
    "divided-by-batch",
    `${name} is divided by the batch size`,
    `${name}[c] = ⟦1/N⟧ · Σ ${term}`,
    "Sum: leave the 1/N to the loss.",
    (t, m) => (t.d.S === 1 ? undefined : sumBy(t, (at) => value(t, m, at) / t.d.N)),
  );
  add(
    tensor,
    "positions-not-summed",
    `${name} is not summed over the positions: only one pixel of each image counts`,
    `${name}[c] = Σ_n ${term} at ⟦one position⟧`,
    "All positions of a channel share the parameter: sum over n, h and w.",
    (t, m) => (t.d.S === 1 ? undefined : sumBy(t, (at) => (at % t.d.S === t.d.S - 1 ? value(t, m, at) : 0))),
    ["height", "width"],
  );
  add(
    tensor,
    "channels-summed",
    `${name} is summed over the channels too: all its elements are the same`,
    `${name}[c] = Σ_n ⟦Σ_c′⟧ ${term}`,
    "Each channel has its own parameter: sum over the batch and the positions only.",
    (t, m) => {
      const each = sumBy(t, (at) => value(t, m, at));
      const total = each.reduce((a, b) => a + b, 0);
      return each.map(() => total);
    },
    ["channel"],
  );
}

// forward
const y = (
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  value: (t: Terms, m: BackwardInput, at: number, c: number) => number,
) =>
  add("y", id, mistake, formula, cure, (t, m) =>
    Float64Array.from({ length: m.inputs.x.size }, (_, at) =>
      value(t, m, at, Math.floor(at / t.d.S) % t.d.C),
    ),
  );
const beta = (m: BackwardInput, c: number) => m.inputs.beta?.data[c] ?? 0;
const epsOf = (m: BackwardInput) => m.convention.numbers.eps;

y(
  "unbiased-variance",
  "the batch is normalised with the unbiased variance (divided by M − 1)",
  "σ² = 1/⟦(M−1)⟧ · Σ(x−μ)²",
  "Normalise with the biased variance 1/M·Σ(x−μ)² (Ioffe & Szegedy 2015, algorithm 1); the unbiased one is for the running statistics.",
  (t, m, at, c) =>
    (t.gamma[c] * (m.inputs.x.data[at] - t.mean[c])) /
      Math.sqrt((t.variance[c] * t.M) / (t.M - 1) + epsOf(m)) +
    beta(m, c),
);
y(
  "root-missing",
  "x − μ is divided by the variance: the root is missing",
  "x̂ = (x − μ)/⟦(σ²+ε)⟧",
  "x̂ = (x − μ)/√(σ²+ε).",
  (t, m, at, c) => (t.gamma[c] * (m.inputs.x.data[at] - t.mean[c])) / (t.variance[c] + epsOf(m)) + beta(m, c),
);
y(
  "mean-not-subtracted",
  "the mean is not subtracted",
  "x̂ = x⟦ ⟧/√(σ²+ε)",
  "x̂ = (x − μ)/√(σ²+ε).",
  (t, m, at, c) => t.gamma[c] * m.inputs.x.data[at] * t.inverse[c] + beta(m, c),
);
y("gamma-missing", "γ is missing", "y = ⟦1⟧·x̂ + β", "y = γ·x̂ + β.", (t, m, at, c) => t.xHat[at] + beta(m, c));
y("beta-missing", "β is missing", "y = γ·x̂ + ⟦0⟧", "y = γ·x̂ + β.", (t, _m, at, c) => t.gamma[c] * t.xHat[at]);
y(
  "parameters-exchanged",
  "γ and β are exchanged",
  "y = ⟦β⟧·x̂ + ⟦γ⟧",
  "y = γ·x̂ + β.",
  (t, m, at, c) => beta(m, c) * t.xHat[at] + t.gamma[c],
);
y(
  "not-divided",
  "the division by the standard deviation is missing",
  "x̂ = (x − μ)⟦ ⟧",
  "x̂ = (x − μ)/√(σ²+ε).",
  (t, m, at, c) => t.gamma[c] * (m.inputs.x.data[at] - t.mean[c]) + beta(m, c),
);
for (const [id, words, axis, group] of [
  [
    "per-sample",
    "each sample is normalised by itself (layer normalisation): the statistics run over the wrong axis",
    "the features",
    (t: Terms, at: number) => sampleOf(t, at),
  ],
  [
    "per-image",
    "each channel of each image is normalised by itself (instance normalisation): the batch is missing in the statistics",
    "one image",
    (t: Terms, at: number) => Math.floor(at / t.d.S),
  ],
  [
    "per-position",
    "each position is normalised by itself over the batch: height and width are missing in the statistics",
    "the batch only",
    (t: Terms, at: number) => at % (t.d.C * t.d.S),
  ],
  [
    "everything",
    "one mean and one variance are taken over everything: the channels are mixed",
    "all axes",
    () => 0,
  ],
] as const) {
  y(
    id,
    words,
    `μ, σ² = mean and variance over ⟦${axis}⟧`,
    "μ[c] and σ²[c] are taken over batch and positions, for each channel by itself.",
    (t, m, at, c) => {
      const { mean, variance } = statistics(t, m, group)(at);
      return (t.gamma[c] * (m.inputs.x.data[at] - mean)) / Math.sqrt(variance + epsOf(m)) + beta(m, c);
    },
  );
}

const kept = new WeakMap<BackwardInput, Map<unknown, (at: number) => { mean: number; variance: number }>>();

/** Mean and variance of the group that an element belongs to. */
function statistics(t: Terms, m: BackwardInput, group: (t: Terms, at: number) => number) {
  const known = kept.get(m) ?? new Map();
  kept.set(m, known);
  const found = known.get(group);
  if (found !== undefined) return found;
  const groups = new Map<number, number[]>();
  m.inputs.x.data.forEach((v, at) => {
    const key = group(t, at);
    groups.set(key, [...(groups.get(key) ?? []), v]);
  });
  const by = new Map<number, { mean: number; variance: number }>();
  for (const [key, values] of groups) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    by.set(key, { mean, variance: values.reduce((a, b) => a + (b - mean) * (b - mean), 0) / values.length });
  }
  const lookup = (at: number) => by.get(group(t, at)) ?? { mean: 0, variance: 0 };
  known.set(group, lookup);
  return lookup;
}

function sampleOf({ d: { C, S } }: Terms, at: number): number {
  return Math.floor(at / (C * S));
}

function sumBy({ d }: Terms, value: (at: number, channel: number) => number): Float64Array {
  const { N, C, S } = d;
  const sums = new Float64Array(C);
  for (let at = 0; at < N * C * S; at++) {
    const c = Math.floor(at / S) % C;
    sums[c] += value(at, c);
  }
  return sums;
}

export const batchNormMistakes: readonly Mistake[] = list;
