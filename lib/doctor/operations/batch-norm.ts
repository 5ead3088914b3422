import { Tensor } from "@gradbook/core";
import type { Capabilities, Case } from "../types.js";
import { explainNorm, explainStatistics } from "./batch-norm-fit.js";
import { batchNormMistakes } from "./batch-norm-mistakes.js";
import { normalise, termsOf } from "./batch-norm-terms.js";
import { type Convention, dyadic, type Operation, shapeOf } from "./operation.js";

/** The ε that is asked for where the code takes one; others are found out from the forward pass. */
export const askedEps = 1e-3;

const likelyEps = [askedEps, 1e-5, 1e-8, 1e-7, 1e-6, 1e-4, 1e-12, 1e-10, 1e-9, 1e-2, 0];

/** Mistakes with the positions of an image, that features have none of. */
const imagesOnly = [
  "dx/batch-for-values",
  "dx/divided-by-batch",
  "dgamma/divided-by-batch",
  "dbeta/divided-by-batch",
  "dgamma/last-value-only",
  "dbeta/last-value-only",
  "dgamma/positions-not-summed",
  "dbeta/positions-not-summed",
  "y/per-image",
  "y/per-position",
];

export const batchNorm1d: Operation = make("batchNorm1d", ["N", "C"]);
export const batchNorm2d: Operation = make("batchNorm2d", ["N", "C", "H", "W"]);

function make(kind: "batchNorm1d" | "batchNorm2d", data: readonly string[]): Operation {
  const axes = { x: data, y: data, gamma: ["C"], beta: ["C"] };
  const operation: Operation = {
    kind,
    title: kind === "batchNorm1d" ? "batch normalisation of features" : "batch normalisation of images",
    inputs: ["x", "gamma", "beta"],
    axes,
    curved: true,
    cases: (can) => cases(kind, can),
    draw: (c, rng) => ({
      x: noTwins(
        dyadic(
          data.map((l) => c.sizes[l]),
          rng.fork("x"),
        ),
        c,
      ),
      gamma: dyadic([c.sizes.C], rng.fork("gamma")),
      beta: dyadic([c.sizes.C], rng.fork("beta")),
    }),
    conventions: () =>
      likelyEps.flatMap((eps): Convention[] => [
        { id: "inside", words: eps === askedEps ? "" : `ε is ${eps}`, numbers: { eps, outside: 0 } },
        { id: "outside", words: `ε = ${eps} is added outside the root`, numbers: { eps, outside: 1 } },
      ]),
    forward(sizes, inputs, convention) {
      const y = Tensor.zeros(shapeOf(operation, "y", sizes), "float64");
      y.data.set(normalise(sizes, inputs, convention).y);
      return y;
    },
    gradient(name, { sizes, inputs, dy, convention }) {
      const g = Tensor.zeros(shapeOf(operation, name, sizes), "float64");
      const terms = termsOf({ sizes, inputs, dy, convention });
      if (name === "x") g.data.set(terms.combine(1, -1, -1));
      else g.data.set(name === "gamma" ? terms.dgamma : terms.dbeta);
      return g;
    },
    mutant: (_tensor, moment, mistakes, variant) =>
      mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
    mistakes: batchNormMistakes
      .filter((m) => kind === "batchNorm2d" || !imagesOnly.includes(m.id))
      .map((m) => ({ ...m, id: `${kind}/${m.id}` })),
    unnamed: () => [],
    explain: (tensor, wrong) =>
      tensor === "dx"
        ? explainNorm(kind, wrong)
        : tensor === "y"
          ? explainStatistics(kind, wrong)
          : undefined,
  };
  return operation;
}

function cases(kind: string, can: Capabilities): { cases: readonly Case[]; probe: Case } {
  const one = (N: number, C: number, H = 1, W = 1): Case => ({
    label: kind === "batchNorm1d" ? `N=${N}, ${C} features` : `N=${N}, C=${C}, ${H}×${W}`,
    sizes: { N, C, H, W },
  });
  const list =
    kind === "batchNorm1d"
      ? [one(3, 1), one(4, 1), one(3, 2), one(5, 3), one(4, 4), one(7, 2)]
      : [
          one(1, 1, 2, 2),
          one(2, 1, 1, 2),
          one(2, 1, 2, 2),
          one(2, 2, 2, 1),
          one(1, 3, 3, 2),
          one(3, 2, 2, 3),
          one(2, 4, 3, 3),
        ];
  const fits = list.filter((c) => can.batch || c.sizes.N === 1);
  const last = kind === "batchNorm1d" ? one(6, 3) : one(3, 2, 3, 4);
  return {
    cases: [
      ...fits,
      { ...last, shift: 8, label: `${last.label}, x shifted by 8` },
      { ...last, scale: 1 / 32, label: `${last.label}, x scaled by 1/32: ε shows` },
      { ...last, scale: 64, label: `${last.label}, x scaled by 64` },
    ],
    probe: kind === "batchNorm1d" ? one(5, 3) : one(2, 3, 4, 5),
  };
}

/** No feature whose values are all equal, in any draw. */
function noTwins(x: Tensor, c: Case): Tensor {
  for (let i = 0; i < x.size; i++) {
    x.data[i] = (x.data[i] + ((i * 7) % 5) / 2) * (c.scale ?? 1) + (c.shift ?? 0);
  }
  return x;
}
