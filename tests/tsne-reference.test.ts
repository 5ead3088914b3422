import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { klDivergence, neighbourPurity, type Tensor, trustworthiness, tsne } from "gradbook";
import { clusters, filled } from "./support/tsne-data.js";

interface Reference {
  readonly scores: {
    readonly n: number;
    readonly features: number;
    readonly classes: number;
    readonly perplexity: number;
    readonly kl: number;
    readonly neighbours: Readonly<Record<string, { trustworthiness: number; purity: number }>>;
  };
  readonly maps: readonly {
    readonly n: number;
    readonly features: number;
    readonly classes: number;
    readonly perplexity: number;
    readonly kl: number;
    readonly trustworthiness: number;
  }[];
}

const reference: Reference = JSON.parse(
  readFileSync(new URL("../reference/tsne.json", import.meta.url), "utf8"),
);

function given(): { x: Tensor; y: Tensor; labels: number[] } {
  const { n, features, classes } = reference.scores;
  return {
    x: clusters(n, features, classes, 11),
    y: filled(n, 2, 13, 6),
    labels: Array.from({ length: n }, (_, i) => i % classes),
  };
}

test("klDivergence of a given map is scikit-learn's", () => {
  const { x, y } = given();
  const { kl, perplexity } = reference.scores;
  assert.ok(Math.abs(klDivergence(x, y, { perplexity }) - kl) < 1e-4 * kl);
});

for (const [k, expected] of Object.entries(reference.scores.neighbours)) {
  test(`trustworthiness and purity of ${k} neighbours are scikit-learn's`, () => {
    const { x, y, labels } = given();
    assert.ok(Math.abs(trustworthiness(x, y, { k: Number(k) }) - expected.trustworthiness) < 1e-12);
    assert.ok(Math.abs(neighbourPurity(y, labels, { k: Number(k) }) - expected.purity) < 1e-12);
  });
}

for (const { n, features, classes, perplexity, ...expected } of reference.maps) {
  test(`tsne of ${n} samples: KL at most 1.02 × scikit-learn's exact method, as trustworthy`, () => {
    const x = clusters(n, features, classes, 21);
    const map = tsne(x, { perplexity });
    assert.ok(map.kl <= 1.02 * expected.kl, `KL ${map.kl}, scikit-learn ${expected.kl}`);
    const trust = trustworthiness(x, map.points);
    assert.ok(trust >= expected.trustworthiness - 0.01, `trustworthiness ${trust}`);
  });
}

test("tsne-js, seeded, converges, and is further from the paper's affinities than our map", () => {
  const x = clusters(60, 6, 3, 31);
  const config = { perplexity: 10, iterations: 400, seed: 1 };
  const theirs = tsne(x, { ...config, method: "tsne-js" });
  const ours = tsne(x, config);
  assert.ok(ours.kl < theirs.kl && theirs.kl < 2 * ours.kl, `KL ${ours.kl}, tsne-js ${theirs.kl}`);
});
