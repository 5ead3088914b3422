import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import { jointProbabilities } from "./affinities.js";
import { definitionGradient } from "./definition.js";
import { squaredDistances } from "./features.js";
import { EngineGradient } from "./forces.js";

function cloud(N: number, F: number, scale: number): Float64Array {
  const rng = new Rng(`${N} ${F}`);
  return Float64Array.from({ length: N * F }, () => scale * rng.normal());
}

function affinities(N: number): Float64Array {
  return jointProbabilities(squaredDistances(new Tensor([N, 5], cloud(N, 5, 1))), N, N / 4);
}

function gradientOf(N: number, map: Float64Array, exaggeration: number, threads: number): Float64Array {
  const gradient = new EngineGradient(affinities(N), N, threads);
  const out = new Float64Array(2 * N);
  gradient.compute(map, exaggeration, out);
  gradient.dispose();
  return out;
}

// a map at the start is tiny, a finished one spans some ten units; 400 samples are cut into pieces, odd counts leave
// lanes that stand for nobody
for (const [N, scale] of [
  [4, 1],
  [7, 1e-4],
  [17, 20],
  [101, 5],
  [400, 10],
] as const) {
  test(`forces N=${N}, map ±${scale}: within 1e-5 of the definition`, () => {
    const map = cloud(N, 2, scale);
    const expected = new Float64Array(2 * N);
    definitionGradient(affinities(N), N).compute(map, 4, expected);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [k, g] of gradientOf(N, map, 4, 1).entries()) {
      assert.ok(
        Math.abs(g - expected[k]) <= 1e-5 * largest,
        `coordinate ${k}: ${g}, definition ${expected[k]}`,
      );
    }
  });
}

test("forces: 1, 2, 3 and 8 threads give the same bits", () => {
  const map = cloud(401, 2, 10);
  const alone = gradientOf(401, map, 1, 1);
  for (const threads of [2, 3, 8]) assert.deepEqual(gradientOf(401, map, 1, threads), alone);
});

test("forces: points at one place push nobody and pull nobody", () => {
  const N = 6;
  const gradient = gradientOf(N, new Float64Array(2 * N).fill(3), 1, 1);
  assert.deepEqual(
    gradient.map((g) => Math.abs(g)),
    new Float64Array(2 * N),
  );
});

test("forces: two gradients side by side keep apart", () => {
  const N = 401;
  const [a, b] = [
    affinities(N),
    jointProbabilities(squaredDistances(new Tensor([N, 2], cloud(N, 2, 1))), N, 9),
  ];
  const map = cloud(N, 2, 3);
  const alone = gradientOf(N, map, 1, 2);
  const [first, second] = [new EngineGradient(a, N, 2), new EngineGradient(b, N, 2)];
  const [x, y] = [new Float64Array(2 * N), new Float64Array(2 * N)];
  for (let turn = 0; turn < 3; turn++) {
    first.compute(map, 1, x);
    second.compute(map, 1, y);
  }
  first.dispose();
  second.dispose();
  assert.deepEqual(x, alone);
  assert.notDeepEqual(y, alone);
});
