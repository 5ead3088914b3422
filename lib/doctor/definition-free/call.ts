import { Rng, type Tensor } from "@gradbook/core";
import { attempt } from "../attempt.js";
import { type Decoded, decode, writeBack } from "../reading/decode.js";
import { fieldsOf } from "../reading/fields.js";
import { type Argument, valueFor, type Writing } from "./arguments.js";
import type { Free } from "./subject.js";

/** A way to call the code: what its constructor and its forward pass are given. */
export interface Way {
  readonly makeArguments: readonly Argument[];
  readonly arguments: readonly Argument[];
  readonly writing: Writing;
}

/** Sizes and numbers of one call. */
export interface Setting {
  readonly sizes: readonly number[];
  readonly knobs: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** Numbers that may move the output: an argument, or a field of the object. */
export interface Place {
  /** As the code calls it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Index of the argument, or the path to the field. */
  readonly at: number | readonly string[];
  /** Of real numbers: a small change makes sense. */
  readonly real: boolean;
}

/** What one forward call has left. */
export interface Call {
  readonly self: object | undefined;
  readonly args: readonly unknown[];
  readonly raw: unknown;
  /** The part of it that is the output, in the code's own form. */
  readonly rawY: unknown;
  readonly y: Decoded;
  /** What came beside the output, by name or position. */
  readonly rest: readonly (readonly [key: string, value: unknown])[];
}

/** Everything that one kind of call needs, made anew for each call: the code may change what it is given. */
export class Caller {
  readonly free: Free;
  readonly way: Way;
  private readonly own: ((t: Tensor) => unknown) | undefined;

  constructor(free: Free, way: Way, own: ((t: Tensor) => unknown) | undefined) {
    this.free = free;
    this.way = way;
    this.own = own;
  }

  /** The arguments and fields of a call as they are before it. */
  places(setting: Setting): Place[] {
    const { self, args } = this.made(setting);
    const given = this.way.arguments.flatMap((argument, at): Place[] => {
      if (argument.kind !== "array") return [];
      const found = numbers(args[at]);
      if (found === undefined) return [];
      const { name } = this.free.forwardParams[at];
      const real = argument.content === "real" || argument.content === "positive";
      return [{ name: name === "" ? "x" : name, shape: found.shape, values: found.data, at, real }];
    });
    if (self === undefined) return given;
    const rng = new Rng(setting.seed).fork("fields");
    const all = fieldsOf(self);
    // the numbers within a tensor are the tensor's
    const isWithin = (path: readonly string[]) =>
      all.some((f) => f.path.length === path.length - 1 && f.path.every((k, i) => k === path[i]));
    const fields = all.flatMap(({ path, decoded }): Place[] => {
      if (isWithin(path)) return [];
      if (!decoded.data.every(Number.isFinite)) return [];
      const values = decoded.data.map((v) => v + 0.8 * rng.uniform() - 0.35);
      return [{ name: path[path.length - 1], shape: decoded.shape, values, at: path, real: true }];
    });
    return [...given, ...this.parameters(setting, given, fields)];
  }

  /** Fields that move the output. What does not is a buffer, and stays as the code has made it. */
  private parameters(setting: Setting, given: readonly Place[], fields: readonly Place[]): Place[] {
    // all of them are given, so that weights drawn at random are the same in every call
    const output = (all: readonly Place[]) => this.run(setting, [...given, ...all]).y.data;
    const before = attempt(() => output(fields));
    if (before === undefined) return [];
    const moves = (place: Place) => {
      const values = place.values.map((v, i) => v + 0.37 + 0.11 * (i % 3));
      const after = output(fields.map((other) => (other === place ? { ...place, values } : other)));
      return after.length === before.length && after.some((v, i) => v !== before[i]);
    };
    return fields.filter((place) => attempt(() => moves(place)) === true);
  }

  /**
   * Forward with these numbers in their places.
   * @throws whatever the code throws, and a TypeError when there is no finite output
   */
  run(setting: Setting, places: readonly Place[]): Call {
    const { self, args } = this.made(setting);
    for (const { at, values } of places) {
      if (typeof at === "number") {
        if (typeof args[at] === "number") args[at] = values[0];
        else writeBack(args[at], values);
      } else if (self !== undefined) writeField(self, at, values);
    }
    const raw = this.free.forward(self, args);
    return { self, args, raw, ...outputOf(raw) };
  }

  private made({ sizes, knobs, seed }: Setting): { self: object | undefined; args: unknown[] } {
    const rng = new Rng(seed).fork("arguments");
    const filling = { sizes, knobs, writing: this.way.writing, own: this.own, rng };
    const self = this.free.make?.(this.way.makeArguments.map((a) => valueFor(a, filling)));
    return { self, args: this.way.arguments.map((a) => valueFor(a, filling)) };
  }
}

function writeField(self: object, path: readonly string[], values: Float64Array): void {
  const [key] = path.slice(-1);
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((o, k) => (o instanceof Map ? o.get(k) : Reflect.get(Object(o), k)), self);
  const value: unknown = holder instanceof Map ? holder.get(key) : Reflect.get(Object(holder), key);
  // a wider array in its place, so that differences are not rounded away
  if (value instanceof Float32Array && !(holder instanceof Map)) {
    Reflect.set(Object(holder), key, Float64Array.from(values));
    return;
  }
  writeBack(value, values);
}

const outputNames = /^(y|out|output|z|a|h|loss|cost|value|result|res|l|j|e|total)$/i;
const otherNames = /cache|grad|^d[A-Z_]|^d[a-z]?$|back|pull|mask|ctx|state|prime/i;

/** The output in what forward returned: itself, the first of a tuple, or what a record calls so. */
export function outputOf(raw: unknown): Pick<Call, "rawY" | "y" | "rest"> {
  const whole = numbers(raw);
  if (whole !== undefined && !isTuple(raw)) return { rawY: raw, y: whole, rest: [] };
  const entries: [string, unknown][] = Array.isArray(raw)
    ? raw.map((value, i) => [String(i), value])
    : typeof raw === "object" && raw !== null
      ? Object.entries(raw)
      : [];
  const withNumbers = entries.filter(([, value]) => numbers(value) !== undefined);
  const chosen =
    withNumbers.find(([key]) => outputNames.test(key)) ??
    withNumbers.find(([key]) => !otherNames.test(key)) ??
    (whole === undefined ? undefined : (["", raw] as const));
  const y = chosen === undefined ? undefined : numbers(chosen[1]);
  if (chosen === undefined || y === undefined) throw new TypeError("no finite numbers come out");
  return { rawY: chosen[1], y, rest: entries.filter(([key]) => key !== chosen[0]) };
}

/** `[y, cache]`, `[loss, dx]`: parts of different shapes, not the rows of one array. */
function isTuple(raw: unknown): boolean {
  if (!Array.isArray(raw) || raw.length < 2 || raw.length > 4) return false;
  const depths = raw.map(depthOf);
  return (
    depths.some((depth) => depth !== depths[0]) ||
    (depths[0] > 0 && raw.some((part) => part.length !== raw[0].length))
  );
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let v = value; Array.isArray(v) || ArrayBuffer.isView(v); v = (v as unknown as unknown[])[0]) depth++;
  return typeof value === "number" ? 0 : depth === 0 ? -1 : depth;
}

/** Finite numbers in a value; a single one has no axes. */
export function numbers(value: unknown): Decoded | undefined {
  if (typeof value === "number")
    return Number.isFinite(value) ? { shape: [], data: Float64Array.of(value), form: "flat" } : undefined;
  const found = decode(value);
  return found !== undefined && found.data.length > 0 && found.data.every(Number.isFinite)
    ? found
    : undefined;
}
