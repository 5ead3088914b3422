import { Rng, Tensor } from "@gradbook/core";
import { forEachIndex } from "../driving/arrange.js";
import type { Calibrated } from "../driving/calibrate.js";
import type { Convention, Operation } from "../operations/operation.js";
import { type Case, Fault, type Values } from "../types.js";
import { axisWord } from "./localise.js";
import { only } from "./trial.js";

/** What single products of a wrong sum look like. */
export interface Products {
  /** `"products of another sample are added; …"`, or "" */
  readonly words: string;
  readonly axes: readonly string[];
}

export const noProducts: Products = { words: "", axes: [] };

/** More elements than that on either side take too long to go through one by one. */
const largest = 400;

/**
 * Takes a wrong tensor apart: with one element of dy (or of x, for the output) set at a time, each element of the tensor is
 * one product. Which of them are missing, which are there and should not be, and what stands in the place of the right
 * factor, tells along which axes the sum has gone wrong, whatever the mistake.
 * @param tensor y, dx, dW, …
 */
export function takeApart(
  code: Calibrated,
  tensor: string,
  failing: readonly Case[],
  convention: Convention,
): Products {
  const { operation } = code;
  const name = tensor === "y" ? "y" : tensor.slice(1);
  const sourceName = tensor === "y" ? "x" : "y";
  const extent = (c: Case, t: string) => operation.axes[t].reduce((p, l) => p * c.sizes[l], 1);
  const fitting = failing.filter(
    (c) => extent(c, name) <= largest && extent(c, sourceName) <= largest && c.shift === undefined,
  );
  const richness = (c: Case) => new Set(Object.values(c.sizes)).size;
  const c = [...fitting].sort((a, b) => richness(b) - richness(a))[0];
  if (c === undefined || operation.scalar === true) return noProducts;
  try {
    return read(operation, name, sourceName, c, entries(code, tensor, c, convention));
  } catch (error) {
    if (error instanceof Fault) return noProducts;
    throw error;
  }
}

/** got[o][a] and expected[o][a]: what element o of the source contributes to element a of the tensor. */
function entries(
  code: Calibrated,
  tensor: string,
  c: Case,
  convention: Convention,
): { got: Float64Array[]; expected: Float64Array[] } {
  const { operation } = code;
  const inputs = only(operation.draw(c, new Rng("products")), [...code.inputs, ...(operation.given ?? [])]);
  const yShape = operation.axes.y.map((l) => c.sizes[l]);
  const got: Float64Array[] = [];
  const expected: Float64Array[] = [];
  if (tensor === "y") {
    const session = code.open(c);
    const before = session.forward(inputs).clone();
    const rightBefore = operation.forward(c.sizes, inputs, convention);
    for (let o = 0; o < inputs.x.size; o++) {
      const x = inputs.x.clone("float64");
      // a small step, so that a maximum keeps its place
      x.data[o] += 1 / 64;
      const moved: Values = { ...inputs, x };
      const change = (a: Tensor, b: Tensor) => a.data.map((v, i) => (v - b.data[i]) * 64) as Float64Array;
      got.push(change(session.forward(moved), before));
      expected.push(change(operation.forward(c.sizes, moved, convention), rightBefore));
    }
    return { got, expected };
  }
  const name = tensor.slice(1);
  const session = code.open(c);
  session.forward(inputs);
  const dy = Tensor.zeros(yShape, "float64");
  for (let o = 0; o < dy.size; o++) {
    dy.data.fill(0);
    dy.data[o] = 1;
    const values = session.backward(dy).values[name];
    if (values === undefined) throw new Fault("backward", "nothing", tensor, "no gradient");
    got.push(Float64Array.from(values.data));
    expected.push(
      Float64Array.from(operation.gradient(name, { sizes: c.sizes, inputs, dy, convention }).data),
    );
  }
  return { got, expected };
}

function read(
  operation: Operation,
  name: string,
  sourceName: string,
  c: Case,
  { got, expected }: { got: Float64Array[]; expected: Float64Array[] },
): Products {
  const { sizes } = c;
  const to = operation.axes[name];
  const from = operation.axes[sourceName];
  const toShape = to.map((l) => sizes[l]);
  const fromShape = from.map((l) => sizes[l]);
  // for dW neither side has the pixels that were read: they follow from window and kernel element
  const pixels = to.includes("KH") && from.includes("OH") ? ["H", "W"] : [];
  const sides = [...from, ...pixels];
  const axes = new Set<string>();
  const notes: string[] = [];
  const kinds = {
    missing: tally(to, sides),
    extra: tally(to, sides),
    changed: tally(to, sides),
    all: tally(to, sides),
  };
  let [missing, extra, changed] = [0, 0, 0];
  const crossing = new Map<string, number>();
  // what a batch norm or a softmax mixes by its very definition
  const apart = operation.axes.gamma ?? (operation.kind === "softmax" ? ["N"] : to);
  forEachIndex(fromShape, (sourceIndex, o) => {
    forEachIndex(toShape, (targetIndex, a) => {
      const [target, source] = [
        targetIndex,
        [...sourceIndex, ...pixelOf(to, from, targetIndex, sourceIndex, sizes)],
      ];
      const [g, e] = [got[o][a], expected[o][a]];
      if (e !== 0) kinds.all.add(target, source);
      if (Math.abs(g - e) <= 1e-6 * (1 + Math.abs(e))) return;
      if (g === 0) {
        missing++;
        kinds.missing.add(target, source);
      } else if (e === 0) {
        extra++;
        kinds.extra.add(target, source);
        for (const axis of broken(to, from, target, source, sizes))
          if (apart.includes(axis)) crossing.set(axis, (crossing.get(axis) ?? 0) + 1);
      } else {
        changed++;
        kinds.changed.add(target, source);
      }
    });
  });
  if (extra > 0 && crossing.size > 0) {
    // an index that goes astray spills over into others: the axes that most products cross are the culprits
    const most = Math.max(...crossing.values());
    const culprits = [...crossing].filter(([, count]) => count > 0.6 * most).sort((a, b) => b[1] - a[1]);
    notes.push(`products of another ${culprits.map(([axis]) => axisWord(axis)).join(" and ")} are added`);
    for (const [axis] of culprits) axes.add(axisWord(axis));
  }
  for (const [kind, count, word] of [
    ["missing", missing, "missing"],
    ["changed", changed, "wrong"],
  ] as const) {
    if (count === 0) continue;
    for (const { letter, words } of kinds[kind].subsets(kinds.all, sizes)) {
      if (axes.size < 2) axes.add(axisWord(letter));
      notes.push(`products are ${word} ${words}`);
    }
  }
  return { words: [...new Set(notes)].slice(0, 3).join("; "), axes: [...axes] };
}

/** Row and column of the pixel that a window's kernel element lies on; [] where there is no kernel on one side. */
function pixelOf(
  to: readonly string[],
  from: readonly string[],
  target: readonly number[],
  source: readonly number[],
  s: Case["sizes"],
): number[] {
  if (!to.includes("KH") || !from.includes("OH")) return [];
  return ["H", "W"].map(
    (axis) =>
      source[from.indexOf(`O${axis}`)] * s[`S${axis}`] + target[to.indexOf(`K${axis}`)] - s[`P${axis}`],
  );
}

/** Axes along which a product joins two elements that have nothing to do with each other. */
function broken(
  to: readonly string[],
  from: readonly string[],
  target: readonly number[],
  source: readonly number[],
  s: Case["sizes"],
): string[] {
  const found: string[] = [];
  const pairs: readonly (readonly [string, string, string])[] = [
    ["H", "OH", "H"],
    ["W", "OW", "W"],
  ];
  for (const letter of to) {
    const at = from.indexOf(letter);
    if (at >= 0 && target[to.indexOf(letter)] !== source[at]) found.push(letter);
  }
  for (const [pixel, window, axis] of pairs) {
    const [p, w] = to.includes(pixel)
      ? [target[to.indexOf(pixel)], source[from.indexOf(window)]]
      : [source[from.indexOf(pixel)], target[to.indexOf(window)]];
    if (p === undefined || w === undefined) continue;
    const offset = p - (w * s[`S${axis}`] - s[`P${axis}`]);
    if (offset < 0 || offset >= s[`K${axis}`]) found.push(axis);
  }
  return found;
}

interface Tally {
  add(target: readonly number[], source: readonly number[]): void;
  /** Letters along which only some of the indices of `all` are hit. */
  subsets(all: Tally, sizes: Case["sizes"]): { letter: string; words: string }[];
  readonly hits: ReadonlyMap<string, Set<number>>;
}

function tally(to: readonly string[], from: readonly string[]): Tally {
  const hits = new Map<string, Set<number>>();
  const hit = (key: string, index: number) => hits.set(key, (hits.get(key) ?? new Set()).add(index));
  return {
    hits,
    add(target, source) {
      for (const [axis, letter] of to.entries()) hit(`to/${letter}`, target[axis]);
      for (const [axis, letter] of from.entries()) hit(`from/${letter}`, source[axis]);
    },
    subsets(all) {
      const found: { letter: string; words: string }[] = [];
      for (const [key, possible] of all.hits) {
        const mine = hits.get(key) ?? new Set();
        if (mine.size === 0 || mine.size >= possible.size) continue;
        const letter = key.split("/")[1];
        const indices = [...mine].sort((a, b) => a - b).join(", ");
        found.push({ letter, words: `at ${axisWord(letter)} ${indices}` });
      }
      return found;
    },
  };
}
