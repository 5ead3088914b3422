import type { Param } from "../reading/source.js";
import type { Argument } from "./arguments.js";
import type { Caller, Setting } from "./call.js";
import { type Driven, isMoved } from "./ways.js";

/** One situation that the code is tried in, and what is special about it. */
export interface Situation {
  readonly setting: Setting;
  readonly label: string;
}

/** Sizes that take the place of the first one, so that no two axes are alike without being tied. */
const OTHERS = [4, 5, 2, 6, 7];

/**
 * The first call, one with as many different sizes as the code allows, and one for each number that may be another: stride,
 * padding, dilation, groups. In each of them forward gives finite numbers that every part of every input moves.
 */
export function situations({ caller, setting }: Driven): Situation[] {
  const found: Situation[] = [{ setting, label: "all sizes 3" }];
  const untied = untie(caller, setting);
  const rich = { ...untied, seed: 2 };
  if (untied !== setting && isMoved(caller, rich))
    found.push({ setting: rich, label: `sizes ${inWords(caller, untied)}` });
  if (found.length === 1)
    for (const seed of [2, 3])
      if (isMoved(caller, { ...setting, seed }))
        found.push({ setting: { ...setting, seed }, label: "other numbers" });
  const base = found[found.length - 1].setting;
  for (const { name, values } of knobsOf(caller)) {
    for (const value of values) {
      const tried = variants(caller, base, setting, name, value);
      const fits = tried.find(
        (one) => isMoved(caller, one) && differs(caller, one, { ...one, knobs: base.knobs }),
      );
      if (fits !== undefined) found.push({ setting: fits, label: `${name} = ${value}` });
    }
  }
  return found;
}

/** What no call has exercised: numbers whose change nobody saw in the output, and options that kept their defaults. */
export function notVaried(caller: Caller, tried: readonly Situation[]): string[] {
  const first = knobsOf(caller)
    .filter(({ name }) => !tried.some(({ setting }) => name in setting.knobs))
    .map(({ name }) => `${name} other than its first value`);
  const { free, way } = caller;
  const defaults = [
    ...unset(free.makeParams, way.makeArguments),
    ...unset(free.forwardParams, way.arguments),
  ];
  return [...first, ...defaults.map((name) => `${name} other than its default`)];
}

function unset(params: readonly Param[], given: readonly Argument[]): string[] {
  return params.flatMap(({ name, keys = [] }, i) => {
    const argument = given[i];
    if (argument?.kind === "record") return keys.filter((key) => !(key in argument.entries));
    return argument?.kind === "constant" && argument.value === undefined
      ? [name, ...keys].filter((n) => n !== "")
      : [];
  });
}

/** Makes sizes different one by one; where that breaks the code, two together. */
function untie(caller: Caller, first: Setting): Setting {
  const used = sizesOf(caller);
  let now = first;
  let next = 0;
  const left: number[] = [];
  const wholly = readWholly(caller, first);
  const attempt = (ids: readonly number[]): boolean => {
    for (const size of [OTHERS[next % OTHERS.length], 4, 2]) {
      const sizes = now.sizes.map((s, id) => (ids.includes(id) ? size : s));
      const tried = { ...now, sizes };
      if (!isMoved(caller, tried) || !isReadAsBefore(caller, tried, wholly)) continue;
      now = tried;
      next++;
      return true;
    }
    return false;
  };
  for (const id of used) if (!attempt([id])) left.push(id);
  const tied = new Set<number>();
  for (const [i, a] of left.entries())
    for (const b of left.slice(i + 1))
      if (!tied.has(a) && !tied.has(b) && attempt([a, b])) {
        tied.add(a);
        tied.add(b);
      }
  const rest = left.filter((id) => !tied.has(id));
  for (const [i, a] of rest.entries())
    for (const [j, b] of rest.slice(i + 1).entries())
      for (const c of rest.slice(i + j + 2))
        if (!tied.has(a) && !tied.has(b) && !tied.has(c) && attempt([a, b, c]))
          for (const id of [a, b, c]) tied.add(id);
  return now;
}

/**
 * Inputs of which every element moves the output by itself. Where they no longer do with other sizes, the code takes one size
 * for another, and reads past its rows: such a call proves nothing.
 */
function readWholly(caller: Caller, setting: Setting): ReadonlySet<string> {
  const names = new Set<string>();
  const places = caller.places(setting);
  const before = caller.run(setting, places).y.data;
  for (const place of places) {
    const size = place.values.length;
    const some = Array.from({ length: Math.min(size, 16) }, (_, k) =>
      Math.floor((k * size) / Math.min(size, 16)),
    );
    const moves = (i: number) => {
      const kept = place.values[i];
      place.values[i] = place.real ? kept + 0.4 : kept === 1 ? 0 : 1;
      const { data } = caller.run(setting, places).y;
      place.values[i] = kept;
      return data.length !== before.length || data.some((v, k) => v !== before[k]);
    };
    if (some.every(moves)) names.add(String(place.at));
  }
  return names;
}

function isReadAsBefore(caller: Caller, setting: Setting, wholly: ReadonlySet<string>): boolean {
  const now = readWholly(caller, setting);
  return [...wholly].every((name) => now.has(name));
}

/** The situation with another number: as it is, with a larger image, or with sizes that can be divided. */
function variants(caller: Caller, rich: Setting, first: Setting, name: string, value: number): Setting[] {
  const knobs = { ...rich.knobs, [name]: value };
  const used = sizesOf(caller);
  const all = (size: number) => ({ ...first, knobs, sizes: first.sizes.map(() => size), seed: 3 });
  const larger = used.map((id) => ({
    ...rich,
    knobs,
    sizes: rich.sizes.map((s, i) => (i === id ? s + 1 : s)),
    seed: 3,
  }));
  const both = used.flatMap((a, i) =>
    used.slice(i + 1, i + 3).map((b) => ({
      ...rich,
      knobs,
      sizes: rich.sizes.map((s, id) => (id === a || id === b ? s + 2 : s)),
      seed: 3,
    })),
  );
  const images = caller.way.arguments.flatMap((a) => {
    if (a.kind !== "array" || a.axes.length < 3) return [];
    const [height, width] = a.axes.slice(-2);
    return [5, 6, 7, 8].map((side) => ({
      ...rich,
      knobs,
      sizes: rich.sizes.map((s, id) => (id === height ? side : id === width ? side + (side % 2) : s)),
      seed: 3,
    }));
  });
  return [{ ...rich, knobs, seed: 3 }, ...larger.slice(0, 6), all(4), all(5), ...both.slice(0, 8), ...images];
}

function differs(caller: Caller, a: Setting, b: Setting): boolean {
  try {
    const [y, z] = [a, b].map((setting) => caller.run(setting, caller.places(setting)).y.data);
    return y.length !== z.length || y.some((v, i) => v !== z[i]);
  } catch {
    return true;
  }
}

function visit(args: readonly Argument[], each: (argument: Argument) => void): void {
  for (const argument of args) {
    each(argument);
    if (argument.kind === "record") visit(Object.values(argument.entries), each);
  }
}

function sizesOf({ way }: Caller): number[] {
  const ids = new Set<number>();
  visit([...way.arguments, ...way.makeArguments], (a) => {
    if (a.kind === "size") ids.add(a.size);
    if (a.kind === "shape") for (const id of a.sizes) ids.add(id);
    if (a.kind === "array") for (const axis of a.axes) if (axis >= 0) ids.add(axis);
  });
  return [...ids];
}

function knobsOf({ way }: Caller): { name: string; values: readonly number[] }[] {
  const knobs = new Map<string, readonly number[]>();
  visit([...way.arguments, ...way.makeArguments], (a) => {
    if (a.kind !== "knob") return;
    if (a.value === 1 && !/seed|axis/i.test(a.name)) knobs.set(a.name, [2]);
    else if (a.value === 0) knobs.set(a.name, [1]);
    else if (a.value > 1e-3 && a.value < 1 && !/lr|eta|rate|momentum|prob|^p$/i.test(a.name))
      knobs.set(a.name, [a.value / 2]);
  });
  return Array.from(knobs, ([name, values]) => ({ name, values }));
}

function inWords(caller: Caller, { sizes }: Setting): string {
  return caller.way.arguments
    .flatMap((a, i) =>
      a.kind === "array"
        ? [
            `${caller.free.forwardParams[i]?.name || "x"} [${a.axes.map((axis) => (axis < 0 ? 1 : sizes[axis])).join(", ")}]`,
          ]
        : [],
    )
    .join(", ");
}
