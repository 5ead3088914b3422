import { Rng, type Tensor } from "@gradbook/core";
import type { Param } from "../reading/source.js";
import { type Argument, candidates, keysIn, recordOf, type Sizes, type Writing } from "./arguments.js";
import { Caller, type Place, type Setting } from "./call.js";
import type { Free } from "./subject.js";

/** Every size of a first call. */
const FIRST_SIZE = 3;
const MOST_TRIES = 260;
const MOST_WAYS = 6;

/** A way under which forward gives finite numbers that every array moves. */
export interface Driven {
  readonly caller: Caller;
  readonly setting: Setting;
}

/** Ways to call the code, the most plausible first. */
export function waysToCall(free: Free, own: ((t: Tensor) => unknown) | undefined): Driven[] {
  const counter = { count: 0 };
  const sizes: Sizes = { next: () => counter.count++ };
  const keys = keysIn(free.source);
  const optional = (list: readonly Param[]) => list.filter(({ rest }) => !rest);
  const make = optional(free.makeParams).map((p) => constructorCandidates(p, free.source, sizes, keys));
  const forward = optional(free.forwardParams).map((p) => {
    const all = candidates(p, free.source, sizes, keys);
    return p.optional ? [...all.slice(0, 2), { kind: "constant", value: undefined } as const] : all;
  });
  const found: Driven[] = [];
  const setting: Setting = {
    sizes: Array.from({ length: counter.count }, () => FIRST_SIZE),
    knobs: {},
    seed: 1,
  };
  for (const writing of writings(free, own !== undefined)) {
    const seen = new Set<string>();
    let tries = 0;
    for (const chosen of combinations([...make, ...forward])) {
      if (++tries > MOST_TRIES || found.length >= MOST_WAYS) break;
      const way = {
        makeArguments: chosen.slice(0, make.length),
        arguments: withTiedLabels(chosen.slice(make.length)),
        writing,
      };
      // which value an option has is no matter of taste: the first that can be called counts
      const arrays = JSON.stringify(
        chosen.map((a) => (a.kind === "array" ? [a.axes.length, a.content] : "")),
      );
      if (seen.has(arrays)) continue;
      const caller = new Caller(free, way, own);
      if (!isMoved(caller, setting)) continue;
      seen.add(arrays);
      found.push({ caller, setting });
    }
    if (found.length > 0) break;
  }
  return found;
}

function constructorCandidates(
  param: Param,
  source: string,
  sizes: Sizes,
  keys: readonly string[],
): readonly Argument[] {
  if (param.keys !== undefined) return [recordOf(param.keys, sizes)];
  const all = candidates(param, source, sizes, keys);
  const plain = all.filter(({ kind }) => kind !== "array");
  const arrays = all.filter(({ kind }) => kind === "array");
  const sized: Argument[] = plain.some(({ kind }) => kind === "size")
    ? []
    : [{ kind: "size", size: sizes.next() }];
  // a constructor's parameters are sizes and options before they are arrays
  const ordered = [...plain, ...sized, recordOf(keys, sizes), ...arrays.slice(0, 3)];
  return param.optional ? [...plain.slice(0, 1), { kind: "constant", value: undefined }, ...sized] : ordered;
}

function writings({ source, forwardParams }: Free, hasOwn: boolean): Writing[] {
  const apart = forwardParams.some(({ keys }) => keys?.includes("data"));
  const record = apart || /\.data\b/.test(source) || /\bdata\s*[,}]/.test(source);
  const records: Writing[] = record
    ? [
        { form: "record", flatVectors: false },
        { form: "record", flatVectors: true },
        { form: "tensor", flatVectors: false },
      ]
    : [];
  return [
    ...(hasOwn
      ? [{ form: "own", flatVectors: false } as const, { form: "own", flatVectors: true } as const]
      : []),
    ...records,
    { form: "nested", flatVectors: false },
    { form: "typed", flatVectors: false },
  ];
}

/** Labels belong to the samples before them: one for each, or a row of the same width. */
function withTiedLabels(chosen: readonly Argument[]): Argument[] {
  return chosen.map((argument, i) => {
    if (argument.kind !== "array" || argument.content === "real" || argument.content === "positive")
      return argument;
    const scores = chosen
      .slice(0, i)
      .find((a) => a.kind === "array" && a.content === "real" && a.axes.length >= argument.axes.length);
    return scores?.kind === "array"
      ? { ...argument, axes: scores.axes.slice(0, argument.axes.length) }
      : argument;
  });
}

/** Every combination of one of each list, by the sum of their ranks. */
function* combinations(lists: readonly (readonly Argument[])[]): Generator<Argument[]> {
  const most = lists.reduce((sum, list) => sum + list.length - 1, 0);
  for (let total = 0; total <= most; total++) yield* withRanks(lists, total);
}

function* withRanks(lists: readonly (readonly Argument[])[], total: number): Generator<Argument[]> {
  if (lists.length === 0) {
    if (total === 0) yield [];
    return;
  }
  const [first, ...others] = lists;
  for (let rank = 0; rank < first.length && rank <= total; rank++)
    for (const rest of withRanks(others, total - rank)) yield [first[rank], ...rest];
}

/** Every array with real numbers moves the output, to its last row along each axis. */
export function isMoved(caller: Caller, setting: Setting): boolean {
  try {
    const places = caller.places(setting);
    const before = caller.run(setting, places).y;
    const again = caller.run(setting, places).y;
    if (before.data.some((v, i) => v !== again.data[i])) return false;
    const given = places.filter(({ at, real }) => typeof at === "number" && real);
    if (given.length === 0) return false;
    return places.every((place) =>
      place.shape.every((_, axis) => movesLast(caller, setting, places, place, axis, before.data)),
    );
  } catch {
    return false;
  }
}

/** Another class, another sign: what is no real number cannot be moved a little. */
function otherClass(label: number): number {
  return label < 0 || label > 1 ? 1 : 1 - label;
}

function movesLast(
  caller: Caller,
  setting: Setting,
  places: readonly Place[],
  place: Place,
  axis: number,
  before: Float64Array,
): boolean {
  const inner = place.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = place.shape[axis];
  for (let attempt = 0; attempt < 8; attempt++) {
    const kept = place.values.slice();
    const rng = new Rng(attempt).fork("noise");
    for (let i = 0; i < kept.length; i++)
      if (Math.floor(i / inner) % length === length - 1)
        place.values[i] = place.real ? kept[i] + 2 ** attempt * (rng.uniform() - 0.5) : otherClass(kept[i]);
    const { data } = caller.run(setting, places).y;
    place.values.set(kept);
    if (data.length !== before.length) return false;
    if (data.some((v, i) => v !== before[i])) return true;
  }
  return false;
}
