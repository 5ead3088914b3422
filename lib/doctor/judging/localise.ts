import type { Tensor } from "@gradbook/core";
import { forEachIndex } from "../driving/arrange.js";

const axisWords: Readonly<Record<string, string>> = {
  N: "sample",
  C: "channel",
  F: "output channel",
  H: "height",
  W: "width",
  OH: "height",
  OW: "width",
  KH: "height",
  KW: "width",
  I: "feature",
  O: "feature",
  K: "class",
};

const letterWords: Readonly<Record<string, readonly [one: string, many: string]>> = {
  N: ["sample", "samples"],
  C: ["channel", "channels"],
  F: ["output channel", "output channels"],
  H: ["row", "rows"],
  W: ["column", "columns"],
  OH: ["row", "rows"],
  OW: ["column", "columns"],
  KH: ["kernel row", "kernel rows"],
  KW: ["kernel column", "kernel columns"],
  I: ["input feature", "input features"],
  O: ["output feature", "output features"],
  K: ["class", "classes"],
};

export function axisWord(letter: string): string {
  return axisWords[letter] ?? letter;
}

/** Where in a tensor two arrays differ. */
export interface ErrorRegion {
  /** `"at the last column only"`, `"in 24 of 96 elements"` */
  readonly words: string;
  readonly axes: readonly string[];
  readonly wrong: number;
  readonly total: number;
}

/** Looks at each axis: are the wrong elements all at one end, at the border, or constant along it? */
export function localise(
  got: Tensor,
  expected: Tensor,
  letters: readonly string[],
  tolerance: number,
): ErrorRegion {
  const { shape } = expected;
  let largest = 0;
  for (let i = 0; i < expected.size; i++)
    largest = Math.max(largest, Math.abs(expected.data[i]), Math.abs(got.data[i]));
  const hit = letters.map((_, axis) => new Array<number>(shape[axis]).fill(0));
  let wrong = 0;
  forEachIndex(shape, (index, at) => {
    if (Math.abs(got.data[at] - expected.data[at]) <= tolerance * largest) return;
    wrong++;
    for (let axis = 0; axis < shape.length; axis++) hit[axis][index[axis]]++;
  });
  const words: string[] = [];
  const axes = new Set<string>();
  letters.forEach((letter, axis) => {
    const size = shape[axis];
    if (size < 2) return;
    const touched = hit[axis].flatMap((n, i) => (n > 0 ? [i] : []));
    const [one, many] = letterWords[letter] ?? [letter, letter];
    if (touched.length === size || touched.length === 0) return;
    axes.add(axisWord(letter));
    words.push(`${touched.length === 1 ? one : many} ${rangeWords(touched, size)}`);
  });
  for (const [axis, letter] of letters.entries()) {
    if (shape[axis] < 2 || !constantAlong(got, axis) || constantAlong(expected, axis)) continue;
    axes.add(axisWord(letter));
    words.push(`equal along all ${letterWords[letter]?.[1] ?? letter}`);
  }
  const zeros = got.data.every((v) => v === 0);
  if (zeros) words.push("all zeros");
  const count = `${wrong} of ${expected.size} elements are wrong`;
  return {
    words: words.length === 0 ? count : `${words.join(", ")} (${count})`,
    axes: [...axes],
    wrong,
    total: expected.size,
  };
}

function rangeWords(touched: readonly number[], size: number): string {
  if (touched.length === 1) return touched[0] === size - 1 ? `${touched[0]} (the last)` : String(touched[0]);
  const run = touched.every((n, i) => i === 0 || n === touched[i - 1] + 1);
  if (run) return `${touched[0]}…${touched[touched.length - 1]}`;
  return touched.join(", ");
}

/** The same values all along an axis. */
export function constantAlong(t: Tensor, axis: number): boolean {
  const inner = t.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = t.shape[axis];
  if (t.data.every((v) => v === 0)) return false;
  for (let i = 0; i < t.size; i++) {
    const k = Math.floor(i / inner) % size;
    if (k > 0 && Math.abs(t.data[i] - t.data[i - inner]) > 1e-12 * (Math.abs(t.data[i]) + 1e-300))
      return false;
  }
  return true;
}

/** The plane of two tensors in which they differ most: the last two axes, or one row. */
export function planeOf(
  name: string,
  got: Tensor,
  expected: Tensor,
): { slice: string; height: number; width: number; expected: number[]; got: number[]; difference: number[] } {
  const { shape } = expected;
  const width = shape.at(-1) ?? 1;
  const height = shape.length > 1 ? (shape.at(-2) ?? 1) : 1;
  const plane = width * height;
  let worst = 0;
  let largest = -1;
  for (let from = 0; from < expected.size; from += plane) {
    let error = 0;
    for (let i = from; i < from + plane; i++)
      error = Math.max(error, Math.abs(got.data[i] - expected.data[i]));
    if (error > largest) {
      largest = error;
      worst = from;
    }
  }
  const index: number[] = [];
  let rest = worst / plane;
  for (let axis = shape.length - 3; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  const cut = (t: Tensor) => Array.from(t.data.subarray(worst, worst + plane));
  const [e, g] = [cut(expected), cut(got)];
  const slice = index.length === 0 ? name : `${name}[${[...index, ":", ":"].join(", ")}]`;
  return { slice, height, width, expected: e, got: g, difference: g.map((v, i) => v - e[i]) };
}
