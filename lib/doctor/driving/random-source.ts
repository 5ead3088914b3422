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

const seeds = new WeakMap<object, string>();

/** The seed of a source that has not been asked yet: the same one can be made elsewhere. */
export function seedOf(source: object): string | undefined {
  return seeds.get(source);
}

/** @param seed the same seed gives the same numbers */
export function randomSource(seed: string): RandomSource {
  const rng = new Rng(seed);
  const uniform = () => rng.uniform();
  const normal = () => rng.normal();
  const source = Object.assign(() => rng.uniform(), {
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
  seeds.set(source, seed);
  return source;
}

/** Where the examined code runs in another process, its Math.random is seeded there. */
export interface RandomElsewhere {
  begin(seed: string): void;
  /** @returns how often it was asked since `begin` */
  end(): number;
}
let elsewhere: RandomElsewhere | undefined;
export function setRandomElsewhere(there: RandomElsewhere): void {
  elsewhere = there;
}

/** Runs something with Math.random seeded, and says how often it was asked. */
export function withSeededRandom<T>(seed: string, run: () => T): { result: T; draws: number } {
  let draws = 0;
  let end: () => void;
  if (elsewhere === undefined) end = seededHere(seed, () => draws++);
  else {
    const there = elsewhere;
    there.begin(seed);
    end = () => {
      draws = there.end();
    };
  }
  let result: T;
  try {
    result = run();
  } finally {
    end();
  }
  return { result, draws };
}

function seededHere(seed: string, onDraw: () => void): () => void {
  const kept = Math.random;
  const rng = new Rng(seed);
  Math.random = () => {
    onDraw();
    return rng.uniform();
  };
  return () => {
    Math.random = kept;
  };
}
