import { Rng } from "@gradbook/core";

/** A random source in every usual dress: call it, or ask it for uniform(), random(), next(), bits(), normal() … */
export interface RandomSource {
  (): number;
  uniform(): number;
  random(): number;
  next(): number;
  bits(): number;
  normal(): number;
  randn(): number;
  float(): number;
  rand(): number;
  int(n: number): number;
  bernoulli(p: number): boolean;
  fork(name: string | number): Rng;
}

/** @param seed the same seed gives the same numbers */
export function randomSource(seed: string): RandomSource {
  const rng = new Rng(seed);
  const uniform = () => rng.uniform();
  const normal = () => rng.normal();
  return Object.assign(() => rng.uniform(), {
    uniform,
    random: uniform,
    next: uniform,
    float: uniform,
    rand: uniform,
    nextFloat: uniform,
    nextDouble: uniform,
    bits: () => rng.bits(),
    normal,
    randn: normal,
    gaussian: normal,
    int: (n: number) => rng.int(n),
    bernoulli: (p: number) => rng.uniform() < p,
    fork: (name: string | number) => rng.fork(name),
  });
}

/** Runs something with Math.random seeded, and says how often it was probeOptions. */
export function withSeededRandom<T>(seed: string, run: () => T): { result: T; draws: number } {
  const kept = Math.random;
  const rng = new Rng(seed);
  let draws = 0;
  Math.random = () => {
    draws++;
    return rng.uniform();
  };
  try {
    return { result: run(), draws };
  } finally {
    Math.random = kept;
  }
}
