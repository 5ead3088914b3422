import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { jointProbabilities } from "./affinities.js";
import { definitionGradient, divergence } from "./definition.js";
import { squaredDistances } from "./features.js";

function cloud(N: number, F: number, seed: number): Tensor {
  const rng = new Rng(seed);
  return new Tensor(
    [N, F],
    Float64Array.from({ length: N * F }, () => rng.normal()),
  );
}

test("affinities: symmetric, sum 1, empty diagonal, rows of the perplexity asked for", () => {
  const N = 20;
  const P = jointProbabilities(squaredDistances(cloud(N, 3, 1)), N, 5);
  let sum = 0;
  for (let i = 0; i < N; i++) {
    assert.equal(P[i * N + i], 0);
    for (let j = 0; j < N; j++) {
      assert.equal(P[i * N + j], P[j * N + i]);
      sum += P[i * N + j];
    }
  }
  assert.ok(Math.abs(sum - 1) < 1e-12);
});

test("affinities of an equilateral triangle and its copies are uniform, whatever the scale", () => {
  for (const side of [1e-150, 1, 1e150]) {
    const D = Float64Array.from({ length: 16 }, (_, k) => (k % 5 === 0 ? 0 : side * side));
    for (const [k, p] of jointProbabilities(D, 4, 1.3).entries()) {
      assert.ok(Math.abs(p - (k % 5 === 0 ? 0 : 1 / 12)) < 1e-15, `${p} at scale ${side}`);
    }
  }
});

test("affinities, perplexity 2: two samples at distance 1 have ½ each of the one between them", () => {
  // rows 0, 1, 2 give (almost) ½ to each of the other two and nothing to the one far away: p = (½ + ½) / 2N
  const P = jointProbabilities(squaredDistances(Tensor.from([[0], [1], [-1], [1000]])), 4, 2);
  for (const p of [P[1], P[2], P[6]]) assert.ok(Math.abs(p - 1 / 8) < 2e-3, `${p}`);
  // the far one has to share its two neighbours' worth among three
  assert.ok(P[3] + P[7] + P[11] > 0.9 / 8 && P[3] + P[7] + P[11] < 1.1 / 8);
});

test("gradient of KL: numerical derivative of the divergence, exaggeration 1", () => {
  const N = 9;
  const P = jointProbabilities(squaredDistances(cloud(N, 4, 2)), N, 2.5);
  const y = Float64Array.from(cloud(N, 2, 3).data);
  const gradient = new Float64Array(2 * N);
  definitionGradient(P, N).compute(y, 1, gradient);
  const h = 1e-5;
  for (let k = 0; k < 2 * N; k++) {
    const kept = y[k];
    y[k] = kept + h;
    const above = divergence(P, y, N);
    y[k] = kept - h;
    const below = divergence(P, y, N);
    y[k] = kept;
    assert.ok(Math.abs((above - below) / (2 * h) - gradient[k]) < 1e-9, `coordinate ${k}`);
  }
});

test("exaggeration multiplies the attraction alone: gradient(e) − gradient(1) grows with e − 1", () => {
  const N = 7;
  const P = jointProbabilities(squaredDistances(cloud(N, 4, 4)), N, 2);
  const y = Float64Array.from(cloud(N, 2, 5).data);
  const [one, two, five] = [1, 2, 5].map((exaggeration) => {
    const gradient = new Float64Array(2 * N);
    definitionGradient(P, N).compute(y, exaggeration, gradient);
    return gradient;
  });
  for (let k = 0; k < 2 * N; k++) {
    assert.ok(Math.abs(five[k] - one[k] - 4 * (two[k] - one[k])) < 1e-12);
  }
});

test("divergence is 0 for a map whose q is the features' p: two pairs far apart", () => {
  // q of two points at any distance is ½ both ways, like p
  const P = Float64Array.from([0, 0.5, 0.5, 0]);
  assert.ok(Math.abs(divergence(P, Float64Array.from([0, 0, 3, 4]), 2)) < 1e-15);
});
