import type { Tensor } from "@gradbook/core";
import type { Subject } from "../reading/recognise.js";
import { plainName, rolesOf } from "../reading/roles.js";
import type { Finding } from "../types.js";
import type { BackwardWay } from "./backward.js";
import type { Caller, Place } from "./call.js";
import { bestWay, isProvenCall, type Judged, judge, type Measured, measure } from "./judge.js";
import { notVaried, type Situation, situations } from "./settings.js";
import { slipOf } from "./slips.js";
import { type Free, freeOf } from "./subject.js";
import { type Driven, waysToCall } from "./ways.js";

/** What the derivative of the code's own forward says of its gradients, whatever the code is. */
export interface FreeReport {
  /** Gradients that are the derivative in every situation: `dx`, `dW`. */
  readonly right: readonly string[];
  /** Gradients that are not, where it is certain that they were meant to be. */
  readonly wrong: readonly Finding[];
  /** Inputs without a gradient that could be told to be theirs. */
  readonly open: readonly string[];
  /** Situations in which the code was tried. */
  readonly tried: readonly string[];
  readonly notTried: readonly string[];
  /** Forward gives back what it is given: whatever it is called, it computes nothing. */
  readonly isIdentity: boolean;
}

/** undefined where no way was found to call it, or it has no gradients. Never throws for what the code does. */
export function examineFree(subject: Subject): FreeReport | undefined {
  try {
    const free = freeOf(subject);
    if (free === undefined) return undefined;
    const own = subject.own as ((t: Tensor) => unknown) | undefined;
    return best(free, waysToCall(free, own));
  } catch {
    return undefined;
  }
}

interface Trial {
  readonly driven: Driven;
  readonly measured: Measured;
  readonly way: BackwardWay;
  readonly agreeing: number;
  readonly judged: readonly Judged[];
}

/** The way to call it under which gradients agree; else the first, if nothing about it is in doubt. */
function best(free: Free, ways: readonly Driven[]): FreeReport | undefined {
  const trials = ways.flatMap((driven): Trial[] => {
    try {
      const measured = measure(driven.caller, { setting: driven.setting, label: "all sizes 3" });
      const found = bestWay(driven.caller, measured);
      return found === undefined ? [] : [{ driven, measured, ...found }];
    } catch {
      return [];
    }
  });
  const most = Math.max(0, ...trials.map(({ agreeing }) => agreeing));
  const chosen = trials.find(({ agreeing }) => agreeing === most);
  if (chosen === undefined) return undefined;
  const { driven, measured, way, judged } = chosen;
  // the same sizes everywhere may hide what is wrong, and may make it look right: both are looked at
  const trusted = most > 0 || isProvenCall(driven.caller, measured, way, judged);
  if (!trusted) return undefined;
  return examineWay(free, driven, way, most > 0);
}

interface Seen {
  readonly measured: Measured;
  readonly judged: Judged;
}

function examineWay(free: Free, driven: Driven, way: BackwardWay, agreed: boolean): FreeReport {
  const { caller } = driven;
  const tried: Situation[] = [];
  const seen = new Map<string, Seen[]>();
  for (const situation of situations(driven)) {
    try {
      const measured = measure(caller, situation);
      const all = averaged(measured, judge(caller, measured, way));
      tried.push(situation);
      for (const judged of all) {
        const name = gradientName(free, judged.place, measured.call.y.shape.length === 0);
        seen.set(name, [...(seen.get(name) ?? []), { measured, judged }]);
      }
    } catch {
      // what cannot be called in this situation is not exercised by it
    }
  }
  const right: string[] = [];
  const wrong: Finding[] = [];
  const open: string[] = [];
  for (const [name, list] of seen) {
    const failing = list.filter(({ judged }) => judged.certain && !judged.agrees && judged.error > 1e-3);
    const passing = list.filter(({ judged }) => judged.agrees);
    const isProven = agreed || failing.length >= Math.min(2, tried.length);
    if (failing.length > 0 && isProven) wrong.push(finding(caller, name, failing, passing));
    else if (passing.length === list.length) right.push(name);
    else open.push(name);
  }
  const all = [...seen.values()].flat();
  return {
    right,
    wrong,
    open,
    tried: tried.map(({ label }) => label),
    notTried: notVaried(caller, tried),
    isIdentity: all.length > 0 && all.every(isUnchanged),
  };
}

function isUnchanged({ measured: { call }, judged: { place } }: Seen): boolean {
  const { data } = call.y;
  return data.length === place.values.length && data.every((v, i) => v === place.values[i]);
}

/** Courses that divide the weights' gradients by the batch, where the data's own is right, mean it. */
function averaged(measured: Measured, all: readonly Judged[]): readonly Judged[] {
  const [first, ...others] = all;
  if (first?.agrees !== true || others.length === 0 || measured.call.y.shape.length === 0) return all;
  return all.map((one) => {
    const { got, agrees, derivative: d } = one;
    if (agrees || got === undefined) return one;
    const divisor = measured.situation.setting.sizes.find(
      (size) => size > 1 && errorAfter(got, size, d) < 1e-5,
    );
    return divisor === undefined ? one : { ...one, agrees: true };
  });
}

function errorAfter(
  got: Float64Array,
  divisor: number,
  { elements, values, smooth }: Judged["derivative"],
): number {
  const scale = Math.max(1e-9, ...values.map(Math.abs));
  return Math.max(
    0,
    ...elements.map((i, k) => (smooth[k] ? Math.abs(got[i] * divisor - values[k]) / scale : 0)),
  );
}

/** `dx`, `dW`, `db`; else d before the code's own name. */
function gradientName(free: Free, { name, at }: Place, isLoss: boolean): string {
  if (isLoss && free.forwardParams.length > 1) return `d${name}`;
  const [role] = rolesOf(name);
  const known = { x: "dx", W: "dW", b: "db", gamma: "dgamma", beta: "dbeta" } as const;
  const found = role !== undefined && role in known ? known[role as keyof typeof known] : undefined;
  const several = free.forwardParams.filter((p) => rolesOf(p.name)[0] === role).length > 1;
  if (found !== undefined && !several) return found;
  return at === 0 && plainName(name) === "" ? "dx" : `d${name}`;
}

function finding(caller: Caller, name: string, failing: readonly Seen[], passing: readonly Seen[]): Finding {
  const slip = slipOf(caller, name, failing);
  const [{ measured, judged }] = failing;
  const { elements, values, smooth } = judged.derivative;
  const got = judged.got ?? new Float64Array(0);
  const worst = elements
    .map((i, k) => ({ i, expected: values[k], off: smooth[k] ? Math.abs(got[i] - values[k]) : 0 }))
    .reduce((a, b) => (b.off > a.off ? b : a));
  const where =
    passing.length === 0
      ? "in every call that was tried"
      : `with ${failing.map((f) => f.measured.situation.label).join("; ")}, not with ${passing.map((p) => p.measured.situation.label).join("; ")}`;
  return {
    id: slip?.id ?? "own-derivative",
    tensor: name,
    mistake: slip?.words ?? `${name} is not the derivative of this code's own forward`,
    where: `${where}; e.g. with ${measured.situation.label}, ${name}[${indexOf(worst.i, judged.place.shape).join(", ")}] is ${short(got[worst.i])}, and the derivative is ${short(worst.expected)}`,
    cure:
      slip?.cure ??
      `Follow this element by hand: which outputs did it move in the forward pass, and does backward add exactly those?`,
    axes: [],
  };
}

function indexOf(i: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = i;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

const short = (v: number): string => String(Number(v.toPrecision(4)));
