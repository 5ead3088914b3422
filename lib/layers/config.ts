import type { Pair } from "../engine/spec.js";
import { GradbookError, inWords } from "../errors/error.js";

/** A size in pixels for both axes, or `[height, width]`. */
export type Size = number | Pair;

/** `3` → `[3, 3]`. @throws GradbookError when it is neither a number nor two, or one is not whole or below `least` */
export function parsePair(what: string, key: string, size: Size, least: number): Pair {
  const pair: Pair = typeof size === "number" ? [size, size] : size;
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new GradbookError({
      code: "config",
      what,
      got: pair === undefined ? `no ${key}` : `${key} is ${inWords(pair)}`,
      expected: "a number of pixels or [height, width]",
    });
  }
  for (const n of pair) parseCount(what, key, n, least);
  return [pair[0], pair[1]];
}

/** @throws GradbookError when n is not a whole number of at least `least` */
export function parseCount(what: string, key: string, n: number, least = 1): number {
  if (Number.isInteger(n) && n >= least) return n;
  throw new GradbookError({
    code: "config",
    what,
    got: `${key} is ${inWords(n)}`,
    expected: `a whole number of at least ${least}`,
  });
}

/** @throws GradbookError when x lies outside [low, high) */
export function parseWithin(what: string, key: string, x: number, low: number, high: number): number {
  if (typeof x === "number" && x >= low && x < high) return x;
  throw new GradbookError({
    code: "config",
    what,
    got: `${key} is ${inWords(x)}`,
    expected: `a number in [${low}, ${high === Number.POSITIVE_INFINITY ? "∞" : high})`,
  });
}

/** `5×5`, `3×2`: sizes as they stand in summaries. */
export function formatPair([h, w]: Pair): string {
  return `${h}×${w}`;
}

/** `, pad 2`, or nothing when both are the default. */
export function formatOption(label: string, [h, w]: Pair, usual: number): string {
  if (h === usual && w === usual) return "";
  return h === w ? `, ${label} ${h}` : `, ${label} ${h}×${w}`;
}
