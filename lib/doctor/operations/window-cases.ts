import type { Capabilities, Case, Sizes } from "../types.js";
import { label } from "./operation.js";

type Start = readonly [
  N: number,
  C: number,
  F: number,
  H: number,
  W: number,
  KH: number,
  KW: number,
  S?: number,
  P?: number,
];

/**
 * Cases for a sliding window, from the smallest on: each of the first ones adds one thing (a second sample, a second
 * channel, a pad, a stride, …), so that the first failing case says what the error needs; the later ones have all of it.
 */
const starts: readonly Start[] = [
  [1, 1, 1, 2, 3, 2, 2],
  [1, 1, 1, 3, 4, 2, 2],
  [2, 1, 1, 2, 3, 2, 2],
  [1, 2, 1, 2, 3, 2, 2],
  [1, 1, 2, 2, 3, 2, 2],
  [1, 1, 1, 4, 3, 1, 1],
  [1, 1, 1, 2, 3, 2, 2, 1, 1],
  [1, 1, 1, 4, 6, 2, 2, 2],
  [1, 1, 1, 5, 4, 2, 2, 2],
  [1, 1, 1, 3, 5, 2, 3],
  [2, 2, 3, 5, 6, 3, 3],
  [2, 2, 3, 4, 5, 3, 3, 1, 1],
  [2, 3, 3, 5, 5, 3, 3],
  [1, 2, 2, 7, 5, 3, 3, 2, 1],
  [2, 3, 2, 7, 8, 3, 3, 3, 1],
  [1, 2, 1, 6, 5, 5, 5, 1, 2],
  [2, 3, 4, 6, 7, 2, 2, 1, 1],
  [2, 3, 2, 6, 7, 3, 2, 2, 1],
];

const scaled: readonly (readonly [Start, number])[] = [
  [[2, 2, 3, 4, 5, 3, 3, 1, 1], 1024],
  [[2, 2, 3, 4, 5, 3, 3, 1, 1], 1 / 4096],
];

/** @param depthwise the output has the input's channels (pooling) */
export function windowCases(can: Capabilities, depthwise: boolean): { cases: readonly Case[]; probe: Case } {
  const makes = (s: Start) => make(s, depthwise);
  const fits = ({ sizes: s }: Case) => !depthwise || 2 * s.PH <= Math.min(s.KH, s.KW);
  const strided = depthwise
    ? starts.flatMap((s): Start[] => (s[7] === undefined ? [s, withStride(s)] : [s]))
    : starts;
  const cases = strided.map((s) => makes(within(s, can, depthwise))).filter(fits);
  for (const [start, scale] of scaled) {
    const c = makes(within(start, can, depthwise));
    if (fits(c)) cases.push({ ...c, scale, label: `${c.label}, x scaled by ${scale}` });
  }
  return { cases: unique(cases), probe: makes(probeStart(can, depthwise)) };
}

/** What code can do of a case: one sample, one channel, a square kernel, no pad … where it takes nothing else. */
function within([N, C, F, H, W, KH, KW, S = 1, P = 0]: Start, can: Capabilities, depthwise: boolean): Start {
  const columns = can.rect ? KW : KH;
  // a larger kernel needs its pad
  const pad = can.pad ? P : 0;
  const room = (size: number) => Math.max(size, KH - 2 * pad);
  return [
    can.batch ? N : 1,
    can.channels ? C : 1,
    can.channels ? F : 1,
    room(H),
    can.square === true ? room(H) : Math.max(room(W), columns),
    KH,
    columns,
    can.stride ? S : depthwise ? KH : 1,
    pad,
  ];
}

/** Every size different, and the kernel's unlike the channels', so that a tensor's layout shows in its shape. */
function probeStart(can: Capabilities, depthwise: boolean): Start {
  const [N, C, F] = [can.batch ? 3 : 1, can.channels ? 4 : 1, can.channels ? 5 : 1];
  const stride = depthwise && !can.stride ? 2 : 1;
  if (can.square === true) return [N, C, F, 7, 7, 2, 2, stride, 0];
  if (can.rect) return [can.batch ? 2 : 1, C, F, 5, 8, 2, 3, 1, 0];
  return [N, C, F, 7, 9, 2, 2, stride, 0];
}

function withStride(s: Start): Start {
  return [s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[5], 0];
}

function make([N, C, F, H, W, KH, KW, S = 1, P = 0]: Start, depthwise: boolean): Case {
  const count = (size: number, k: number) => Math.floor((size + 2 * P - k) / S) + 1;
  const sizes: Sizes = {
    N,
    C,
    F: depthwise ? C : F,
    H,
    W,
    KH,
    KW,
    SH: S,
    SW: S,
    PH: P,
    PW: P,
    OH: count(H, KH),
    OW: count(W, KW),
  };
  return { label: label(depthwise ? { ...sizes, F: Number.NaN } : sizes), sizes };
}

function unique(cases: readonly Case[]): Case[] {
  return cases.filter((c, i) => cases.findIndex((other) => other.label === c.label) === i);
}
