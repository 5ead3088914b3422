import { exp, log, softmaxRows } from "@gradbook/core/internal";
import type { BackwardInput, Mistake } from "./operation.js";

/** One wrong element: p is softmax(z), t the one-hot target, f the loss's own factor (1/N for a mean). */
interface Element {
  readonly p: Float64Array;
  readonly at: number;
  readonly n: number;
  readonly k: number;
  readonly t: number;
  readonly f: number;
  readonly N: number;
  readonly K: number;
  readonly label: number;
  /** The label of sample 0. */
  readonly first: number;
  readonly z: ArrayLike<number>;
}

type Row = readonly [
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  axes: readonly string[],
  value: (e: Element) => number,
];

function crossEntropy(rows: readonly Row[]): Mistake[] {
  return rows.map(([id, mistake, formula, cure, axes, value]) => ({
    id: `softmaxCrossEntropy/dx/${id}`,
    tensor: "dx",
    mistake,
    formula,
    cure,
    axes,
    produce: (m) => {
      const { N, K } = m.sizes;
      const p = softmaxOf(m);
      return p.map((_, at) => {
        const n = Math.floor(at / K);
        const k = at % K;
        const label = m.inputs.labels.data[n];
        return value({
          p,
          at,
          n,
          k,
          t: label === k ? 1 : 0,
          f: factorOf(m),
          N,
          K,
          label,
          first: m.inputs.labels.data[0],
          z: m.inputs.x.data,
        });
      });
    },
  }));
}

function softmaxOf(m: BackwardInput): Float64Array {
  const p = new Float64Array(m.inputs.x.size);
  softmaxRows(m.inputs.x.data, p, m.sizes.K);
  return p;
}

/** Softmax down the columns: over the batch. */
function softmaxOverBatch(m: Pick<BackwardInput, "inputs" | "sizes">): Float64Array {
  const { N, K } = m.sizes;
  const z = m.inputs.x.data;
  const p = new Float64Array(z.length);
  for (let k = 0; k < K; k++) {
    let sum = 0;
    for (let n = 0; n < N; n++) sum += exp(z[n * K + k]);
    for (let n = 0; n < N; n++) p[n * K + k] = exp(z[n * K + k]) / sum;
  }
  return p;
}

function softmaxOverAll(m: Pick<BackwardInput, "inputs">): Float64Array {
  const z = m.inputs.x.data;
  let sum = 0;
  for (const v of z) sum += exp(v);
  return Float64Array.from(z, (v) => exp(v) / sum);
}

function factorOf({ convention: { numbers }, sizes: { N, K } }: BackwardInput): number {
  return numbers.factor / ((numbers.byBatch === 1 ? N : 1) * (numbers.byClass === 1 ? K : 1));
}

const right = "dz = (softmax(z) − onehot)/N for a mean over the batch.";

export const crossEntropyMistakes: readonly Mistake[] = [
  ...crossEntropy([
    [
      "one-hot-missing",
      "the label is not subtracted: dlogits is the softmax itself",
      "dz = p ⟦− 0⟧",
      right,
      ["class"],
      ({ p, at, f }) => f * p[at],
    ],
    [
      "batch-not-divided",
      "the gradient is not divided by the batch size, though the loss is: 1/N is missing",
      "dz = (p − onehot) ⟦ ⟧",
      "The loss is a mean, so its gradient has the same 1/N.",
      ["sample"],
      ({ p, at, t, f, N }) => f * N * (p[at] - t),
    ],
    [
      "batch-divided-twice",
      "the gradient is divided by the batch size twice (or though the loss is a sum)",
      "dz = (p − onehot)/⟦N²⟧",
      "Divide by N just as often as the loss does.",
      ["sample"],
      ({ p, at, t, f, N }) => (f / N) * (p[at] - t),
    ],
    [
      "divided-by-classes",
      "the gradient is divided by the number of classes",
      "dz = (p − onehot)/⟦K⟧",
      right,
      ["class"],
      ({ p, at, t, f, K }) => (f / K) * (p[at] - t),
    ],
    [
      "classes-for-batch",
      "the gradient is divided by the number of classes instead of the batch size",
      "dz = (p − onehot)/⟦K⟧",
      right,
      ["class", "sample"],
      ({ p, at, t, f, N, K }) => ((f * N) / K) * (p[at] - t),
    ],
    [
      "sign",
      "the sign is wrong: onehot − p",
      "dz = ⟦onehot − p⟧",
      right,
      ["class"],
      ({ p, at, t, f }) => f * (t - p[at]),
    ],
    [
      "one-hot-added",
      "the one-hot label is added instead of subtracted",
      "dz = p ⟦+⟧ onehot",
      right,
      ["class"],
      ({ p, at, t, f }) => f * (p[at] + t),
    ],
    [
      "one-subtracted-everywhere",
      "1 is subtracted from every class, not only at the label",
      "dz = p − ⟦1⟧",
      right,
      ["class"],
      ({ p, at, f }) => f * (p[at] - 1),
    ],
    [
      "label-only",
      "only the label's class gets a gradient",
      "dz = (p − 1) ⟦at the label, 0 elsewhere⟧",
      "Every logit is in the softmax: dz = p − onehot for all classes.",
      ["class"],
      ({ p, at, t, f }) => (t === 1 ? f * (p[at] - 1) : 0),
    ],
    [
      "by-probabilities",
      "the gradient is taken with respect to the probabilities, not the logits: the softmax's own derivative is missing",
      "dz = ⟦−onehot/p⟧",
      "Through the softmax it becomes p − onehot.",
      ["class"],
      ({ p, at, t, f }) => (t === 1 ? -f / p[at] : 0),
    ],
    [
      "diagonal-only",
      "of the softmax's Jacobian only the diagonal p·(1 − p) is used",
      "dz = (−onehot/p) · ⟦p·(1 − p)⟧",
      "The other classes are moved too: p − onehot.",
      ["class"],
      ({ p, at, t, f }) => (t === 1 ? -f * (1 - p[at]) : 0),
    ],
    [
      "jacobian-twice",
      "p − onehot is multiplied by p·(1 − p) once more",
      "dz = (p − onehot) · ⟦p·(1 − p)⟧",
      "p − onehot already holds the softmax's derivative.",
      ["class"],
      ({ p, at, t, f }) => f * (p[at] - t) * p[at] * (1 - p[at]),
    ],
    [
      "label-shifted",
      "the label is off by one",
      "dz[n, label ⟦± 1⟧] −= 1",
      "Labels count from 0.",
      ["class"],
      ({ p, at, k, label, f, K }) => f * (p[at] - ((label + 1) % K === k ? 1 : 0)),
    ],
    [
      "last-sample-only",
      "only the last sample gets its label subtracted (or a gradient at all)",
      "dz[⟦N−1⟧] = p − onehot, 0 elsewhere",
      "Loop over the batch.",
      ["sample"],
      ({ p, at, t, f, n, N }) => (n === N - 1 ? f * (p[at] - t) : 0),
    ],
    [
      "first-sample-missing",
      "the first sample is left out: the loop over the batch starts at 1",
      "dz[n] for n = ⟦1⟧ … N − 1",
      "Loop n = 0 … N − 1.",
      ["sample"],
      ({ p, at, t, f, n }) => (n === 0 ? 0 : f * (p[at] - t)),
    ],
    [
      "first-label-missing",
      "the first sample's label is not subtracted: the loop over the batch starts at 1",
      "dz[n, label] −= 1 for n = ⟦1⟧ … N − 1",
      "Loop n = 0 … N − 1.",
      ["sample"],
      ({ p, at, t, f, n }) => f * (p[at] - (n === 0 ? 0 : t)),
    ],
    [
      "first-label-for-all",
      "the first label is used for every sample",
      "dz = p − onehot(labels[⟦0⟧])",
      "Use labels[n].",
      ["sample"],
      ({ p, at, k, f, first }) => f * (p[at] - (first === k ? 1 : 0)),
    ],
    [
      "logits-for-probabilities",
      "the logits are used where their softmax belongs",
      "dz = ⟦z⟧ − onehot",
      right,
      ["class"],
      ({ z, at, t, f }) => f * (z[at] - t),
    ],
    [
      "log-for-probabilities",
      "log-probabilities are used where probabilities belong",
      "dz = ⟦log p⟧ − onehot",
      right,
      ["class"],
      ({ p, at, t, f }) => f * (log(p[at]) - t),
    ],
    [
      "factor-two",
      "a factor 2 of the squared loss has come in",
      "dz = ⟦2⟧·(p − onehot)",
      right,
      ["class"],
      ({ p, at, t, f }) => 2 * f * (p[at] - t),
    ],
  ]),
  overAxis(
    "softmax-over-batch",
    "dx",
    "the softmax runs over the batch instead of the classes: the wrong axis",
    "dz = ⟦softmax over n⟧ − onehot",
    softmaxOverBatch,
  ),
  overAxis(
    "softmax-over-all",
    "dx",
    "the softmax runs over the whole array instead of each row",
    "dz = ⟦softmax over n and k⟧ − onehot",
    softmaxOverAll,
  ),
  lossValue(
    "not-averaged-twice",
    "the mean is divided by the batch size twice",
    "L = 1/⟦N²⟧ · Σ −log p[label]",
    "Divide by N once.",
    ["sample"],
    (m) => entropy(m, softmaxOf(m)) / (m.sizes.N * m.sizes.N),
  ),
  lossValue(
    "divided-by-elements",
    "the loss is divided by N·K, the number of logits, not by the number of samples",
    "L = 1/⟦(N·K)⟧ · Σ −log p[label]",
    "Divide by N.",
    ["class"],
    (m) => entropy(m, softmaxOf(m)) / (m.sizes.N * m.sizes.K),
  ),
  lossValue(
    "divided-by-classes",
    "the loss is divided by the number of classes",
    "L = 1/⟦K⟧ · Σ −log p[label]",
    "Divide by N.",
    ["class"],
    (m) => entropy(m, softmaxOf(m)) / m.sizes.K,
  ),
  lossValue(
    "sign",
    "the minus is missing: the loss is negative",
    "L = 1/N · Σ ⟦ ⟧log p[label]",
    "L = −1/N·Σ log p[label].",
    ["class"],
    (m) => -entropy(m, softmaxOf(m)) / m.sizes.N,
  ),
  lossValue(
    "logarithm-missing",
    "the logarithm is missing",
    "L = 1/N · Σ (1 − ⟦p[label]⟧)",
    "L = −1/N·Σ log p[label].",
    ["class"],
    (m) => sumOver(m, (n, label) => 1 - softmaxOf(m)[n * m.sizes.K + label]) / m.sizes.N,
  ),
  lossValue(
    "logarithm-base",
    "the logarithm to base 2 (or 10) is taken",
    "L = −1/N · Σ ⟦log₂⟧ p[label]",
    "The natural logarithm: p − onehot is the derivative of that one.",
    ["class"],
    (m) => entropy(m, softmaxOf(m)) / m.sizes.N / log(2),
  ),
  lossValue(
    "softmax-over-batch",
    "the softmax runs over the batch instead of the classes: the wrong axis",
    "p = e^z/⟦Σ_n⟧ e^z",
    "Normalise each row: Σ_k p[n,k] = 1.",
    ["sample", "class"],
    (m) => entropy(m, softmaxOverBatch(m)) / m.sizes.N,
  ),
  lossValue(
    "softmax-over-all",
    "the softmax runs over the whole array instead of each row",
    "p = e^z/⟦Σ_n Σ_k⟧ e^z",
    "Normalise each row: Σ_k p[n,k] = 1.",
    ["sample", "class"],
    (m) => entropy(m, softmaxOverAll(m)) / m.sizes.N,
  ),
  lossValue(
    "softmax-twice",
    "softmax is applied twice",
    "p = softmax(⟦softmax(z)⟧)",
    "Give the logits to the softmax, once.",
    ["class"],
    (m) => {
      const p = softmaxOf(m);
      const twice = new Float64Array(p.length);
      softmaxRows(p, twice, m.sizes.K);
      return entropy(m, twice) / m.sizes.N;
    },
  ),
  lossValue(
    "last-sample-only",
    "= for +=: only the last sample's loss counts",
    "L ⟦=⟧ −log p[label]",
    "Add up the samples with +=.",
    ["sample"],
    (m) =>
      sumOver(m, (n, label) => (n === m.sizes.N - 1 ? -log(softmaxOf(m)[n * m.sizes.K + label]) : 0)) /
      m.sizes.N,
  ),
  lossValue(
    "first-sample-missing",
    "the first sample is left out of the loss: the loop over the batch starts at 1",
    "L = 1/N · Σ_{n=⟦1⟧}^{N−1} −log p[label]",
    "Loop n = 0 … N − 1.",
    ["sample"],
    (m) => sumOver(m, (n, label) => (n === 0 ? 0 : -log(softmaxOf(m)[n * m.sizes.K + label]))) / m.sizes.N,
  ),
  lossValue(
    "binary",
    "binary cross-entropy: the other classes' log(1 − p) is added",
    "L = −1/N · Σ (log p[label] ⟦+ Σ log(1 − p[k])⟧)",
    "With a softmax only the label's −log p counts.",
    ["class"],
    (m) => {
      const p = softmaxOf(m);
      const { N, K } = m.sizes;
      return (
        sumOver(m, (n, label) =>
          Array.from({ length: K }, (_, k) =>
            k === label ? -log(p[n * K + k]) : -log(1 - p[n * K + k]),
          ).reduce((a, b) => a + b),
        ) / N
      );
    },
  ),
];

function overAxis(
  id: string,
  tensor: string,
  mistake: string,
  formula: string,
  p: (m: BackwardInput) => Float64Array,
): Mistake {
  return {
    id: `softmaxCrossEntropy/${tensor}/${id}`,
    tensor,
    mistake,
    formula,
    cure: "Normalise each row: Σ_k p[n,k] = 1.",
    axes: ["sample", "class"],
    produce: (m) => {
      const f = factorOf(m);
      const { K } = m.sizes;
      return p(m).map((v, at) => f * (v - (m.inputs.labels.data[Math.floor(at / K)] === at % K ? 1 : 0)));
    },
  };
}

function lossValue(
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  axes: readonly string[],
  value: (m: BackwardInput) => number,
): Mistake {
  return {
    id: `softmaxCrossEntropy/loss/${id}`,
    tensor: "y",
    mistake,
    formula,
    cure,
    axes,
    produce: (m) => [value(m)],
  };
}

function entropy(m: BackwardInput, p: ArrayLike<number>): number {
  return sumOver(m, (n, label) => -log(p[n * m.sizes.K + label]));
}

function sumOver(
  { sizes: { N }, inputs: { labels } }: BackwardInput,
  value: (n: number, label: number) => number,
): number {
  let sum = 0;
  for (let n = 0; n < N; n++) sum += value(n, labels.data[n]);
  return sum;
}

type Squared = readonly [
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  axes: readonly string[],
  value: (e: { d: number; x: number; t: number; g: number; n: number; N: number; K: number }) => number,
];

/** g is the right factor: dy = g · (y − t). */
const squared: readonly Squared[] = [
  [
    "sign",
    "the sign is wrong: t − y",
    "dy = g·⟦(t − y)⟧",
    "The derivative of (y − t)² by y is 2(y − t).",
    ["class"],
    ({ d, g }) => -g * d,
  ],
  [
    "factor-two",
    "the 2 of the derivative has been kept though the loss has the ½",
    "dy = ⟦2⟧·(y − t)/N",
    "½·(y − t)² gives y − t.",
    ["class"],
    ({ d, g }) => 2 * g * d,
  ],
  [
    "two-missing",
    "the 2 of the derivative is missing, and the loss has no ½",
    "dy = ⟦1⟧·(y − t)/N",
    "(y − t)² gives 2·(y − t).",
    ["class"],
    ({ d, g }) => (g / 2) * d,
  ],
  [
    "batch-not-divided",
    "the gradient is not divided by the batch size, though the loss is",
    "dy = (y − t) ⟦ ⟧",
    "The loss is a mean, so its gradient has the same 1/N.",
    ["sample"],
    ({ d, g, N }) => g * N * d,
  ],
  [
    "batch-not-divided-two",
    "the gradient is not divided by the batch size, though the loss is, and has a factor 2",
    "dy = ⟦2⟧·(y − t) ⟦ ⟧",
    "½·1/N·Σ(y − t)² gives (y − t)/N.",
    ["sample"],
    ({ d, g, N }) => 2 * g * N * d,
  ],
  [
    "batch-not-divided-half",
    "the gradient is not divided by the batch size, though the loss is, and the 2 is missing",
    "dy = ⟦1⟧·(y − t) ⟦ ⟧",
    "1/N·Σ(y − t)² gives 2·(y − t)/N.",
    ["sample"],
    ({ d, g, N }) => (g / 2) * N * d,
  ],
  [
    "batch-divided-twice",
    "the gradient is divided by the batch size once too often",
    "dy = (y − t)/⟦N²⟧",
    "Divide by N just as often as the loss does.",
    ["sample"],
    ({ d, g, N }) => (g / N) * d,
  ],
  [
    "divided-by-classes",
    "the gradient is divided by the number of classes, but the loss is not",
    "dy = (y − t)/⟦(N·K)⟧",
    "Divide by what the loss divides by.",
    ["class"],
    ({ d, g, K }) => (g / K) * d,
  ],
  [
    "classes-not-divided",
    "the gradient is not divided by the number of classes, though the loss is",
    "dy = (y − t)/N ⟦ ⟧",
    "Divide by what the loss divides by.",
    ["class"],
    ({ d, g, K }) => g * K * d,
  ],
  [
    "everything-not-divided",
    "the gradient is not divided at all, though the loss is a mean over batch and classes",
    "dy = (y − t) ⟦ ⟧",
    "Divide by what the loss divides by.",
    ["sample", "class"],
    ({ d, g, N, K }) => g * N * K * d,
  ],
  [
    "squared",
    "the difference is squared in the gradient",
    "dy = ⟦(y − t)²⟧",
    "The derivative of (y − t)² is 2(y − t).",
    ["class"],
    ({ d, g }) => g * d * d,
  ],
  [
    "absolute",
    "the sign of the difference is lost",
    "dy = ⟦|y − t|⟧",
    "The derivative of (y − t)² is 2(y − t).",
    ["class"],
    ({ d, g }) => g * Math.abs(d),
  ],
  [
    "sign-only",
    "only the sign of the difference is left: that is the derivative of |y − t|",
    "dy = ⟦sign(y − t)⟧",
    "The derivative of (y − t)² is 2(y − t).",
    ["class"],
    ({ d, g }) => g * Math.sign(d),
  ],
  ["target-missing", "the target is not subtracted", "dy = ⟦y⟧", "y − t.", ["class"], ({ x, g }) => g * x],
  ["target-added", "the target is added", "dy = y ⟦+⟧ t", "y − t.", ["class"], ({ x, t, g }) => g * (x + t)],
  [
    "sigmoid-derivative",
    "y·(1 − y) is multiplied in: that belongs into the sigmoid's own backward",
    "dy = (y − t)·⟦y·(1 − y)⟧",
    "The loss knows only y.",
    ["class"],
    ({ d, x, g }) => g * d * x * (1 - x),
  ],
  [
    "last-sample-only",
    "only the last sample gets a gradient",
    "dy[⟦N−1⟧] = y − t, 0 elsewhere",
    "Loop over the batch.",
    ["sample"],
    ({ d, g, n, N }) => (n === N - 1 ? g * d : 0),
  ],
];

export const euclideanMistakes: readonly Mistake[] = [
  ...squared.map(
    ([id, mistake, formula, cure, axes, value]): Mistake => ({
      id: `euclidean/dx/${id}`,
      tensor: "dx",
      mistake,
      formula,
      cure,
      axes,
      produce: (m) => {
        const { N, K } = m.sizes;
        const { x, target } = m.inputs;
        const g = 2 * factorOf(m);
        return Float64Array.from(x.data, (v, at) =>
          value({ d: v - target.data[at], x: v, t: target.data[at], g, n: Math.floor(at / K), N, K }),
        );
      },
    }),
  ),
  ...(
    [
      [
        "root",
        "the root of the sum of squares is taken: a distance, not the Euclidean loss ½·Σ(y−t)²",
        "L = ⟦√⟧ Σ(y − t)²",
        "L = 1/(2N)·Σ(y − t)².",
        (s: number) => Math.sqrt(s),
      ],
      [
        "root-mean",
        "the root of the mean of squares is taken",
        "L = ⟦√⟧ (1/N·Σ(y − t)²)",
        "L = 1/(2N)·Σ(y − t)².",
        (s: number, m: BackwardInput) => Math.sqrt(s * factorOf(m)),
      ],
      [
        "negative",
        "the loss is negative",
        "L = ⟦−⟧1/(2N)·Σ(y − t)²",
        "L = 1/(2N)·Σ(y − t)².",
        (s: number, m: BackwardInput) => -s * factorOf(m),
      ],
    ] as const
  ).map(
    ([id, mistake, formula, cure, value]): Mistake => ({
      id: `euclidean/loss/${id}`,
      tensor: "y",
      mistake,
      formula,
      cure,
      axes: ["class"],
      produce: (m) => [value(sumOfSquares(m), m)],
    }),
  ),
  {
    id: "euclidean/loss/absolute",
    tensor: "y",
    mistake: "absolute differences are summed instead of squares",
    formula: "L = Σ ⟦|y − t|⟧",
    cure: "L = 1/(2N)·Σ(y − t)².",
    axes: ["class"],
    produce: (m) => {
      const { x, target } = m.inputs;
      const { byBatch, byClass } = m.convention.numbers;
      const over = (byBatch === 0 ? 1 : m.sizes.N) * (byClass === 1 ? m.sizes.K : 1);
      return [total(x.size, (i) => Math.abs(x.data[i] - target.data[i])) / over];
    },
  },
];

function sumOfSquares({ inputs: { x, target } }: BackwardInput): number {
  return total(x.size, (i) => (x.data[i] - target.data[i]) * (x.data[i] - target.data[i]));
}

function total(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum;
}

export const softmaxMistakes: readonly Mistake[] = [
  softmaxMistake(
    "y",
    "over-batch",
    "the softmax runs over the batch instead of the classes: the wrong axis",
    "p = e^z/⟦Σ_n⟧ e^z",
    softmaxOverBatch,
  ),
  softmaxMistake(
    "y",
    "over-all",
    "the softmax runs over the whole array instead of each row",
    "p = e^z/⟦Σ_n Σ_k⟧ e^z",
    softmaxOverAll,
  ),
  softmaxMistake("y", "not-normalised", "the exponentials are not divided by their sum", "p = e^z ⟦ ⟧", (m) =>
    Float64Array.from(m.inputs.x.data, (v) => exp(v)),
  ),
  softmaxMistake("y", "exponential-missing", "the exponential is missing", "p = ⟦z⟧/Σ z", (m) => {
    const { K } = m.sizes;
    const z = m.inputs.x.data;
    return Float64Array.from(z, (v, at) => v / total(K, (k) => z[Math.floor(at / K) * K + k]));
  }),
  softmaxMistake(
    "dx",
    "diagonal-only",
    "only the diagonal of the Jacobian is used: dx = dy·p·(1 − p)",
    "dx = dy · ⟦p·(1 − p)⟧",
    (m) => softmaxOf(m).map((p, at) => m.dy.data[at] * p * (1 - p)),
  ),
  softmaxMistake(
    "dx",
    "sum-missing",
    "the sum over the other classes is missing: dx = dy·p",
    "dx = p·(dy ⟦− 0⟧)",
    (m) => softmaxOf(m).map((p, at) => m.dy.data[at] * p),
  ),
  softmaxMistake(
    "dx",
    "passed-on",
    "dy is passed on unchanged: the Jacobian is missing",
    "dx = ⟦dy⟧",
    (m) => m.dy.data,
  ),
];

function softmaxMistake(
  tensor: string,
  id: string,
  mistake: string,
  formula: string,
  produce: (m: BackwardInput) => ArrayLike<number>,
): Mistake {
  return {
    id: `softmax/${tensor}/${id}`,
    tensor,
    mistake,
    formula,
    cure:
      tensor === "y"
        ? "p[n,k] = e^{z[n,k]}/Σ_j e^{z[n,j]}, each row by itself."
        : "dx[n,k] = p[n,k]·(dy[n,k] − Σ_j dy[n,j]·p[n,j]).",
    axes: id.startsWith("over") ? ["sample", "class"] : ["class"],
    produce,
  };
}
