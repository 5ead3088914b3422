import type { Sizes } from "../types.js";

/**
 * Convolution, linear layer and average pooling are one sum of products,
 * y[n,f,i,j] += W[f,c,u,v] · x[n,c,h,k] with h = i·SH + u − PH, k = j·SW + v − PW,
 * and so are their gradients. A mistake in it is a *twist*: an index replaced, terms left out, a factor, = for +=.
 */
export interface Term {
  n: number;
  f: number;
  c: number;
  i: number;
  j: number;
  u: number;
  v: number;
  h: number;
  k: number;
}

export type Letter = "n" | "f" | "c" | "i" | "j" | "u" | "v";
export type Change = (t: Term, d: Sizes) => void;

export interface Twist {
  /** Changes of the index with which a tensor is read or written; y stands for dy too. */
  readonly x?: Change;
  readonly y?: Change;
  readonly W?: Change;
  readonly b?: Change;
  /** Terms that are left out. */
  readonly skip?: (t: Term, d: Sizes) => boolean;
  readonly factor?: (d: Sizes, t: Term) => number;
  /** = for +=: each new round of these outer loops overwrites what the round before has written. */
  readonly assign?: readonly Letter[];
  /** Products taken with another value than W (or x). */
  readonly operand?: (t: Term, d: Sizes, data: Operands) => number;
  /** The inputs of the sum, changed beforehand. */
  readonly before?: (data: Operands, d: Sizes) => Operands;
  /** The sum, changed afterwards and in place. */
  readonly after?: (result: Float64Array, data: Operands, d: Sizes) => void;
}

export interface Operands {
  readonly x?: ArrayLike<number>;
  readonly W?: ArrayLike<number>;
  readonly b?: ArrayLike<number>;
  readonly y?: ArrayLike<number>;
}

export type Target = "x" | "W" | "b" | "y";

/** Sizes of each letter. */
export const sizeOfLetter: Readonly<Record<Letter, string>> = {
  n: "N",
  f: "F",
  c: "C",
  i: "OH",
  j: "OW",
  u: "KH",
  v: "KW",
};

/**
 * The sum for one target, changed by the twists.
 * @param depthwise each channel by itself (f = c) and W = 1/(KH·KW): average pooling
 */
export function contract(
  target: Target,
  d: Sizes,
  given: Operands,
  twists: readonly Twist[] = [],
  depthwise = false,
): Float64Array {
  let data = given;
  for (const twist of twists) if (twist.before !== undefined) data = twist.before(data, d);
  const result = new Float64Array(extent(target, d));
  const outer = [...new Set(twists.flatMap((t) => t.assign ?? []))].filter((l) => !depthwise || l !== "f");
  const letters = loopOrder(target, outer, depthwise);
  const stamps = outer.length > 0 ? new Int32Array(result.length).fill(-1) : undefined;
  const t: Term = { n: 0, f: 0, c: 0, i: 0, j: 0, u: 0, v: 0, h: 0, k: 0 };
  const own: Term = { ...t };
  let round = 0;

  const locate = (tensor: Target): number => {
    copyTerm(t, own);
    for (const twist of twists) twist[tensor]?.(own, d);
    return offset(tensor, own, d);
  };
  const add = (): void => {
    if (depthwise) t.f = t.c;
    t.h = t.i * d.SH + t.u - d.PH;
    t.k = t.j * d.SW + t.v - d.PW;
    for (const twist of twists) if (twist.skip?.(t, d) === true) return;
    let value = 1;
    if (target !== "y") value *= read(data.y, locate("y"));
    const custom = twists.find((twist) => twist.operand !== undefined)?.operand;
    if (target !== "b") {
      if (custom !== undefined) value *= custom(t, d, data);
      else {
        if (target !== "x") value *= read(data.x, locate("x"));
        if (target !== "W") value *= depthwise ? 1 / (d.KH * d.KW) : read(data.W, locate("W"));
      }
    }
    const at = locate(target);
    if (at < 0 || Number.isNaN(value)) return;
    for (const twist of twists) if (twist.factor !== undefined) value *= twist.factor(d, t);
    if (stamps !== undefined && stamps[at] !== round) {
      stamps[at] = round;
      result[at] = 0;
    }
    result[at] += value;
  };
  const loop = (level: number): void => {
    if (level === letters.length) {
      add();
      return;
    }
    const letter = letters[level];
    const size = d[sizeOfLetter[letter]];
    for (t[letter] = 0; t[letter] < size; t[letter]++) {
      if (level === outer.length - 1) round++;
      loop(level + 1);
    }
    t[letter] = 0;
  };
  loop(0);
  if (target === "y" && data.b !== undefined) addBias(result, d, data.b, twists);
  for (const twist of twists) twist.after?.(result, data, d);
  return result;
}

/** The twists of one way to make the mistakes; undefined when there are no more ways. */
export function chosenTwists(
  mistakes: readonly { readonly twists?: readonly Twist[] }[],
  variant: number,
): Twist[] | undefined {
  const twists: Twist[] = [];
  let rest = variant;
  for (const { twists: ways = [] } of mistakes) {
    if (ways.length === 0) return undefined;
    twists.push(ways[rest % ways.length]);
    rest = Math.floor(rest / ways.length);
  }
  return rest === 0 ? twists : undefined;
}

/** `"dx"` → x */
export function targetOf(tensor: string): Target | undefined {
  return (["x", "W", "b", "y"] as const).find((target) => gradientName(target) === tensor);
}

export function gradientName(target: Target): string {
  return target === "y" ? "y" : `d${target}`;
}

function addBias(y: Float64Array, d: Sizes, b: ArrayLike<number>, twists: readonly Twist[]): void {
  const t: Term = { n: 0, f: 0, c: 0, i: 0, j: 0, u: 0, v: 0, h: 0, k: 0 };
  const plane = d.OH * d.OW;
  for (let at = 0; at < y.length; at++) {
    t.n = Math.floor(at / (plane * d.F));
    t.f = Math.floor(at / plane) % d.F;
    t.j = at % d.OW;
    t.i = Math.floor(at / d.OW) % d.OH;
    for (const twist of twists) twist.b?.(t, d);
    if (t.f >= 0) y[at] += b[t.f];
  }
}

function loopOrder(target: Target, outer: readonly Letter[], depthwise: boolean): Letter[] {
  const all: Letter[] = target === "b" ? ["n", "f", "i", "j"] : ["n", "f", "c", "i", "j", "u", "v"];
  const used = depthwise ? all.filter((l) => l !== "f") : all;
  return [...outer.filter((l) => used.includes(l)), ...used.filter((l) => !outer.includes(l))];
}

function extent(target: Target, d: Sizes): number {
  switch (target) {
    case "x":
      return d.N * d.C * d.H * d.W;
    case "y":
      return d.N * d.F * d.OH * d.OW;
    case "W":
      return d.F * d.C * d.KH * d.KW;
    case "b":
      return d.F;
  }
}

/** Position in the data, −1 outside. */
function offset(tensor: Target, t: Term, d: Sizes): number {
  switch (tensor) {
    case "x":
      return inside(t.n, d.N) && inside(t.c, d.C) && inside(t.h, d.H) && inside(t.k, d.W)
        ? ((t.n * d.C + t.c) * d.H + t.h) * d.W + t.k
        : -1;
    case "y":
      return inside(t.n, d.N) && inside(t.f, d.F) && inside(t.i, d.OH) && inside(t.j, d.OW)
        ? ((t.n * d.F + t.f) * d.OH + t.i) * d.OW + t.j
        : -1;
    case "W":
      return inside(t.f, d.F) && inside(t.c, d.C) && inside(t.u, d.KH) && inside(t.v, d.KW)
        ? ((t.f * d.C + t.c) * d.KH + t.u) * d.KW + t.v
        : -1;
    case "b":
      return inside(t.f, d.F) ? t.f : -1;
  }
}

function inside(index: number, size: number): boolean {
  return index >= 0 && index < size;
}

/** Outside a tensor there is nothing to add: NaN drops the term. */
function read(data: ArrayLike<number> | undefined, at: number): number {
  return data === undefined || at < 0 ? Number.NaN : data[at];
}

function copyTerm(from: Term, to: Term): void {
  to.n = from.n;
  to.f = from.f;
  to.c = from.c;
  to.i = from.i;
  to.j = from.j;
  to.u = from.u;
  to.v = from.v;
  to.h = from.h;
  to.k = from.k;
}
