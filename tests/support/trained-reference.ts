import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Run, Sequential } from "gradbook";

/** What PyTorch left of a run: the loss of every step, and two sums over the weights. */
export interface Trained {
  readonly losses: readonly number[];
  readonly sum: number;
  /** Each weight times its position, from 1. */
  readonly weighted: number;
}

/** @param name of a file in tests/reference */
export function readTrained(name: string): Readonly<Record<string, Trained>> {
  return JSON.parse(readFileSync(new URL(`../../reference/${name}`, import.meta.url), "utf8"));
}

/** The numbers that the makers of the references begin with, in JavaScript: a small congruential generator. */
export function filled(size: number, seed: number, scale: number, shift = 0): Float64Array {
  let state = seed;
  return Float64Array.from({ length: size }, () => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647 - 0.5) * scale + shift;
  });
}

export function trainedOf(run: Run, model: Sequential): Trained {
  const flat = model.parameters.flatMap(({ parameter: p }) => Array.from(p.value.data));
  return {
    losses: run.stepLosses,
    sum: flat.reduce((a, b) => a + b),
    weighted: flat.reduce((a, b, i) => a + b * (i + 1), 0),
  };
}

export function assertTrainedAlike(name: string, got: Trained, expected: Trained, tolerance: number): void {
  assert.equal(got.losses.length, expected.losses.length);
  const pairs = [
    ...expected.losses.map((v, i) => [got.losses[i], v]),
    [got.sum, expected.sum],
    [got.weighted, expected.weighted],
  ];
  for (const [a, b] of pairs)
    assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${name}: ${a}, PyTorch ${b}`);
}
