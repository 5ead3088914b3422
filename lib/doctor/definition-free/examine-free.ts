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
  /** Gradients that are the derivative but for what is meant besides: `dW` → "divided by the batch". */
  readonly meant: ReadonlyMap<string, string>;
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
      const all = meant(measured, judge(caller, measured, way));
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
  const isIdentity = all.length > 0 && all.every(isUnchanged);
  return {
    right,
    // a forward that changes nothing is there for what backward does: a gradient that is turned round, or scaled
    wrong: isIdentity ? [] : wrong,
    open,
    tried: tried.map(({ label }) => label),
    notTried: notVaried(caller, tried),
    isIdentity,
    meant: new Map(
      [...seen].flatMap(([name, list]) =>
        list.flatMap(({ judged }) => (judged.meant === undefined ? [] : [[name, judged.meant] as const])),
      ),
    ),
  };
}

function isUnchanged({ measured: { call }, judged: { place } }: Seen): boolean {
  const { data } = call.y;
  return data.length === place.values.length && data.every((v, i) => v === place.values[i]);
}

/**
 * What people mean by a gradient besides the derivative: in all parameters alike it is divided by the batch, it has the decay
 * of the weights in it, or it is clipped. The data's own gradient is right then.
 */
function meant(measured: Measured, all: readonly Judged[]): readonly Judged[] {
  const [first, ...others] = all;
  if (first?.agrees !== true || measured.call.y.shape.length === 0) return all;
  const sizes = measured.situation.setting.sizes.filter((size) => size > 1);
  const left = others.filter(({ agrees, got }) => !agrees && got !== undefined);
  const isDivided = (size: number) =>
    others.every((one) => one.got === undefined || isOff(one, (v) => v / size));
  const averaged = left.length > 0 && sizes.some(isDivided);
  return all.map((one) => {
    if (!left.includes(one)) return one;
    if (averaged) return { ...one, agrees: true, meant: "divided by the batch" };
    if (isDecayed(one)) return { ...one, agrees: true, meant: "with a decay of the weights" };
    return isClipped(one) ? { ...one, agrees: true, meant: "clipped" } : one;
  });
}

/** got is a function of the derivative, at every element that has one. */
function isOff({ got, derivative: d }: Judged, change: (expected: number, i: number) => number): boolean {
  const scale = Math.max(1e-9, ...d.values.map(Math.abs));
  return d.elements.every(
    (i, k) => !d.smooth[k] || Math.abs((got?.[i] ?? Number.NaN) - change(d.values[k], i)) < 1e-5 * scale,
  );
}

/** A constant share of the weights comes on top. */
function isDecayed(judged: Judged): boolean {
  const { got, place, derivative: d } = judged;
  const k = d.elements.findIndex((i) => Math.abs(place.values[i]) > 0.1);
  if (k < 0 || got === undefined) return false;
  const share = (got[d.elements[k]] - d.values[k]) / place.values[d.elements[k]];
  return share > 1e-6 && share <= 2 && isOff(judged, (v, i) => v + share * place.values[i]);
}

/** Cut off at a bound that several elements reach. */
function isClipped(judged: Judged): boolean {
  const { got, derivative: d } = judged;
  const bound = Math.max(...d.elements.map((i) => Math.abs(got?.[i] ?? 0)));
  const reached = d.elements.filter((i) => Math.abs(Math.abs(got?.[i] ?? 0) - bound) < 1e-12).length;
  return bound > 0 && reached >= 2 && isOff(judged, (v) => Math.max(-bound, Math.min(bound, v)));
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
