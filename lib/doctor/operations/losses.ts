import { type Rng, Tensor } from "@gradbook/core";
import { exp, log, softmaxRows } from "@gradbook/core/internal";
import type { Case, Sizes, Values } from "../types.js";
import { crossEntropyMistakes, euclideanMistakes, softmaxMistakes } from "./loss-mistakes.js";
import { type Convention, drawAll, dyadic, type Operation, usual } from "./operation.js";

const axes = { x: ["N", "K"], y: [], labels: ["N"], target: ["N", "K"] };

const make = (N: number, K: number): Case => ({ label: `N=${N}, ${K} classes`, sizes: { N, K } });

function lossCases(can: { readonly batch: boolean }): { cases: readonly Case[]; probe: Case } {
  const list = [make(1, 2), make(1, 3), make(1, 5)];
  if (can.batch) list.push(make(2, 2), make(2, 3), make(3, 4), make(4, 3), make(6, 10));
  const last = list[list.length - 1];
  return {
    cases: [
      ...list,
      { ...last, scale: 4, label: `${last.label}, large values` },
      { ...last, scale: 1 / 64, label: `${last.label}, small values` },
    ],
    probe: can.batch ? make(3, 5) : make(1, 5),
  };
}

/** Reductions that people use; which one, the forward pass says. */
const reductions: readonly Convention[] = [
  { id: "mean", words: "the loss is the mean over the batch", numbers: { byBatch: 1, factor: 1 } },
  {
    id: "sum",
    words: "the loss is the sum over the batch, not the mean",
    numbers: { byBatch: 0, factor: 1 },
  },
];

/** The same, with a small number added to the probability so that log 0 cannot happen. */
const guarded: readonly Convention[] = [1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5].flatMap((eps) =>
  reductions.map((k) => ({ ...k, words: `${k.words}, of −log(p + ${eps})`, numbers: { ...k.numbers, eps } })),
);

const squaredReductions: readonly Convention[] = [
  {
    id: "half-mean",
    words: "the loss is half the mean over the batch of Σ(y−t)²",
    numbers: { byBatch: 1, factor: 0.5 },
  },
  {
    id: "mean",
    words: "the loss is the mean over the batch of Σ(y−t)², without the ½",
    numbers: { byBatch: 1, factor: 1 },
  },
  {
    id: "half-sum",
    words: "the loss is ½·Σ(y−t)² over everything, not divided by the batch",
    numbers: { byBatch: 0, factor: 0.5 },
  },
  { id: "sum", words: "the loss is Σ(y−t)² over everything", numbers: { byBatch: 0, factor: 1 } },
  {
    id: "mean-all",
    words: "the loss is the mean of (y−t)² over batch and classes",
    numbers: { byBatch: 1, factor: 1, byClass: 1 },
  },
  {
    id: "half-mean-all",
    words: "the loss is half the mean of (y−t)² over batch and classes",
    numbers: { byBatch: 1, factor: 0.5, byClass: 1 },
  },
];

/** What the summed loss is multiplied by. */
export function reductionFactor({ numbers }: Convention, { N, K }: Sizes): number {
  return numbers.factor / ((numbers.byBatch === 1 ? N : 1) * (numbers.byClass === 1 ? K : 1));
}

export const softmaxCrossEntropy: Operation = {
  kind: "softmaxCrossEntropy",
  title: "softmax with cross-entropy",
  inputs: ["x"],
  given: ["labels"],
  scalar: true,
  axes,
  curved: true,
  cases: lossCases,
  draw: (c, rng) => ({ ...drawAll(axes, ["x"], c, rng), labels: drawLabels(c, rng) }),
  conventions: () => [...reductions, ...guarded],
  forward: (s, { x, labels }, convention) =>
    new Tensor(
      [],
      Float64Array.of(entropySum(x, labels, s, convention.numbers.eps ?? 0) * reductionFactor(convention, s)),
    ),
  gradient(_name, { sizes: s, inputs: { x, labels }, convention }) {
    const g = probabilities(x, s);
    for (let n = 0; n < s.N; n++) g.data[n * s.K + labels.data[n]] -= 1;
    for (let i = 0; i < g.size; i++) g.data[i] *= reductionFactor(convention, s);
    return g;
  },
  mutant: (_tensor, moment, mistakes, variant) =>
    mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
  mistakes: crossEntropyMistakes,
  unnamed: () => [],
};

export const euclidean: Operation = {
  kind: "euclidean",
  title: "Euclidean loss",
  inputs: ["x"],
  given: ["target"],
  scalar: true,
  axes,
  curved: true,
  cases: lossCases,
  draw: (c, rng) => ({ ...drawAll(axes, ["x"], c, rng), target: drawTarget(c, rng) }),
  conventions: () => squaredReductions,
  forward(s, { x, target }, convention) {
    let sum = 0;
    for (let i = 0; i < x.size; i++) sum += (x.data[i] - target.data[i]) * (x.data[i] - target.data[i]);
    return new Tensor([], Float64Array.of(sum * reductionFactor(convention, s)));
  },
  gradient(_name, { sizes: s, inputs: { x, target }, convention }) {
    const scale = 2 * reductionFactor(convention, s);
    return new Tensor(
      x.shape,
      Float64Array.from(x.data, (v, i) => scale * (v - target.data[i])),
    );
  },
  mutant: (_tensor, moment, mistakes, variant) =>
    mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
  mistakes: euclideanMistakes,
  unnamed: () => [],
};

/** The same loss for code that takes class numbers and makes the one-hot targets itself. */
export const euclideanOfLabels: Operation = {
  ...euclidean,
  given: ["target", "labels"],
  draw(c, rng) {
    const labels = drawLabels(c, rng);
    return { ...drawAll(axes, ["x"], c, rng), labels, target: oneHot({ labels }, c.sizes) };
  },
};

const softmaxAxes = { x: ["N", "K"], y: ["N", "K"] };

export const softmax: Operation = {
  kind: "softmax",
  title: "softmax",
  inputs: ["x"],
  axes: softmaxAxes,
  curved: true,
  cases: lossCases,
  draw: (c, rng) => drawAll(softmaxAxes, ["x"], c, rng),
  conventions: () => [usual],
  forward: (s, { x }) => probabilities(x, s),
  gradient(_name, { sizes: s, inputs: { x }, dy }) {
    const p = probabilities(x, s);
    const g = Tensor.zeros(x.shape, "float64");
    for (let n = 0; n < s.N; n++) {
      let dot = 0;
      for (let k = 0; k < s.K; k++) dot += dy.data[n * s.K + k] * p.data[n * s.K + k];
      for (let k = 0; k < s.K; k++) g.data[n * s.K + k] = p.data[n * s.K + k] * (dy.data[n * s.K + k] - dot);
    }
    return g;
  },
  mutant: (_tensor, moment, mistakes, variant) =>
    mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
  mistakes: softmaxMistakes,
  unnamed: () => [],
};

export function probabilities(x: Tensor, { K }: Sizes): Tensor {
  const p = Tensor.zeros(x.shape, "float64");
  softmaxRows(x.data, p.data, K);
  return p;
}

/** Σ over the samples of −log p[label], by the largest logit for safety. */
function entropySum(x: Tensor, labels: Tensor, { N, K }: Sizes, eps: number): number {
  let loss = 0;
  for (let n = 0; n < N; n++) {
    const row = x.data.subarray(n * K, (n + 1) * K);
    const max = Math.max(...row);
    let sum = 0;
    for (const v of row) sum += exp(v - max);
    const surprise = log(sum) - (row[labels.data[n]] - max);
    loss += eps === 0 ? surprise : -log(exp(-surprise) + eps);
  }
  return loss;
}

/** Classes in no order, the last one among them. */
function drawLabels({ sizes: { N, K } }: Case, rng: Rng): Tensor {
  const labels = Tensor.zeros([N], "float64");
  const random = rng.fork("labels");
  for (let n = 0; n < N; n++) labels.data[n] = n === 0 ? K - 1 : random.int(K);
  return labels;
}

function drawTarget({ sizes: { N, K } }: Case, rng: Rng): Tensor {
  return dyadic([N, K], rng.fork("target"));
}

export function oneHot({ labels }: Values, { N, K }: Sizes): Tensor {
  const t = Tensor.zeros([N, K], "float64");
  for (let n = 0; n < N; n++) t.data[n * K + labels.data[n]] = 1;
  return t;
}
