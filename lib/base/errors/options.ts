import { argumentInWords, configError, nearestOf, valueInWords } from "./error.js";

/**
 * What an option may be: how it is read, and what an error says that was expected. `or` gives it a default, `optional`
 * lets it be left out.
 */
export interface Option<In, Out = In> {
  readonly expected: string;
  /**
   * The value to go on with; undefined where the given one is refused.
   * @param what the function that takes the option, and `name` the option's own, for errors about what is inside of it
   */
  readonly parse: (value: unknown, what: string, name: string) => Out | undefined;
  /** What to do about a value that is refused, where its cause can be told. */
  readonly cure?: (value: unknown) => string | undefined;
  /** What stands for a missing option. */
  readonly preset?: { readonly value: unknown };
  /** For the compiler only. */
  readonly types?: { readonly in: In; readonly out: Out };
}

/** An option that may be left out. */
export interface OptionalOption<In, Out = In> extends Option<In, Out> {
  readonly preset: { readonly value: unknown };
}

/** An option that has to be given, until `or` or `optional` says otherwise. */
export interface RequiredOption<In, Out = In> extends Option<In, Out> {
  /** @param preset what stands for it where it is left out */
  or(preset: In): OptionalOption<In, Out>;
  optional(): OptionalOption<In, Out | undefined>;
}

export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;
type InOf<O> = O extends Option<infer In, unknown> ? In : never;
type OutOf<O> = O extends Option<unknown, infer Out> ? Out : never;

/** The record that a caller writes, by the table of its options. (With `as`, so that the table's comments show on hover.) */
export type Given<T extends OptionTable> = {
  readonly [K in keyof T as T[K] extends OptionalOption<unknown, unknown> ? never : K]: InOf<T[K]>;
} & {
  readonly [K in keyof T as T[K] extends OptionalOption<unknown, unknown> ? K : never]?:
    | InOf<T[K]>
    | undefined;
};

/** What a function goes on with. */
export type Parsed<T extends OptionTable> = { readonly [K in keyof T]: OutOf<T[K]> };

/**
 * Reads the options of a function: unknown ones are refused with the nearest known one, missing and wrong ones with what
 * was expected, defaults are filled in.
 *
 *     const linearOptions = {
 *       // Features of one input sample.
 *       in: count(),
 *       // Whether each output has a bias; default true.
 *       bias: flag().or(true),
 *     };
 *     export type LinearConfig = Given<typeof linearOptions>;
 *     const { in: I, bias } = options("linear", linearOptions, config);
 *
 * @param what the function that takes the options
 */
export function options<const T extends OptionTable>(what: string, table: T, given: Given<T>): Parsed<T> {
  const record = assertRecord(what, table, given);
  const entries = Object.entries(table).map(([key, option]) => [
    key,
    readOption(what, key, option, record[key]),
  ]);
  return Object.fromEntries(entries) as Parsed<T>;
}

/** The argument as a record, when it is one and holds only known options. */
function assertRecord(what: string, table: OptionTable, given: unknown): Readonly<Record<string, unknown>> {
  const keys = Object.keys(table);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw configError(what, argumentInWords(given), objectOf(table));
  }
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const nearest = nearestOf(key, keys);
    throw configError(
      what,
      `unknown option "${key}"`,
      `one of ${keys.join(", ")}`,
      nearest && `Did you mean "${nearest}"?`,
    );
  }
  return given as Readonly<Record<string, unknown>>;
}

/** `an object { in, out, bias? }` */
function objectOf(table: OptionTable): string {
  const shown = Object.entries(table).map(([key, { preset }]) => (preset === undefined ? key : `${key}?`));
  return `an object { ${shown.join(", ")} }`;
}

/** An option of a kind of one's own. */
export function option<In, Out = In>(
  expected: string,
  parse: Option<In, Out>["parse"],
  cure?: (value: unknown) => string | undefined,
): RequiredOption<In, Out> {
  const plain: Option<In, Out> = { expected, parse, cure };
  return {
    ...plain,
    or: (preset) => ({ ...plain, preset: { value: preset } }),
    optional: () => ({ ...plain, preset: { value: undefined } }),
  };
}

/** A whole number of at least `least` (default 1). */
export const count = (least = 1): RequiredOption<number> =>
  option(`a whole number of at least ${least}`, (v) =>
    typeof v === "number" && Number.isInteger(v) && v >= least ? v : undefined,
  );

/** A finite number in [low, high), or of at least `low`. */
export const numberFrom = (low: number, high = Number.POSITIVE_INFINITY): RequiredOption<number> =>
  option(
    high === Number.POSITIVE_INFINITY ? `a number of at least ${low}` : `a number in [${low}, ${high})`,
    (v) => (typeof v === "number" && Number.isFinite(v) && v >= low && v < high ? v : undefined),
  );

/** A finite number in (low, high]. */
export const numberUpTo = (low: number, high: number): RequiredOption<number> =>
  option(`a number in (${low}, ${high}]`, (v) =>
    typeof v === "number" && v > low && v <= high ? v : undefined,
  );

/** A finite number above 0. */
export const positive = (): RequiredOption<number> =>
  option("a finite number above 0", (v) =>
    typeof v === "number" && v > 0 && Number.isFinite(v) ? v : undefined,
  );

/** Any number, NaN and the infinities too: what was measured, and may have gone wrong. */
export const number = (): RequiredOption<number> =>
  option("a number", (v) => (typeof v === "number" ? v : undefined));

/** true or false: `"no"` would count as yes. */
export const flag = (): RequiredOption<boolean> =>
  option("true or false", (v) => (typeof v === "boolean" ? v : undefined));

/** One of a few words. */
export const oneOf = <const W extends string>(...words: readonly W[]): RequiredOption<W> => {
  const quoted = words.map((word) => JSON.stringify(word));
  const list = words.length > 2 ? `one of ${quoted.join(", ")}` : quoted.join(" or ");
  return option(list, (v) => words.find((word) => word === v));
};

export const text = (): RequiredOption<string> =>
  option("a string", (v) => (typeof v === "string" ? v : undefined));

/** A seed of random numbers: a whole number or a string. */
export const seed = (): RequiredOption<number | string> =>
  option("a whole number or a string", (v) =>
    typeof v === "string" || Number.isSafeInteger(v) ? (v as number | string) : undefined,
  );

/** A function; one that can only return a promise or an iterator is refused by `assertPlainFunction`, where that matters. */
export const callback = <F extends (...args: never[]) => unknown>(): RequiredOption<F> =>
  option("a function", (v) => (typeof v === "function" ? (v as F) : undefined));

/** What ends a long call when it is aborted. */
export const abortSignal = (): RequiredOption<AbortSignal> =>
  option("an AbortSignal", (v) => (typeof Object(v).aborted === "boolean" ? (v as AbortSignal) : undefined));

/** An object whose keys are chosen by the caller. */
export const byName = <V>(expected: string): RequiredOption<Readonly<Record<string, V>>> =>
  option(expected, (v) =>
    typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Readonly<Record<string, V>>) : undefined,
  );

/** `[height, width]` in pixels, or one number for both. */
export const pair = (least: number): RequiredOption<number | Pair, Pair> =>
  option(`a whole number of at least ${least}, or [height, width]`, (v) => {
    const both: unknown = typeof v === "number" ? [v, v] : v;
    if (!Array.isArray(both) || both.length !== 2) return undefined;
    const [height, width]: unknown[] = both;
    return isCount(height, least) && isCount(width, least) ? [height, width] : undefined;
  });

/**
 * `[height, width]` in pixels.
 * @inline
 */
export type Pair = readonly [height: number, width: number];

const isCount = (v: unknown, least: number): v is number => Number.isInteger(v) && Number(v) >= least;

/** Numbers one after another, in a list or in a typed array; null stands for one that could not be measured. */
export const numbers = (expected = "a list of numbers"): RequiredOption<ArrayLike<number>> =>
  option(expected, (v, what, name) => {
    if (!isArrayLike(v)) return undefined;
    if (ArrayBuffer.isView(v)) return typeof v[0] === "bigint" ? undefined : (v as ArrayLike<number>);
    for (let i = 0; i < v.length; i++)
      if (typeof v[i] !== "number" && v[i] !== null)
        throw configError(what, valueInWords(`${name}[${i}]`, v[i]), "a number");
    return v as ArrayLike<number>;
  });

/** A typed array, known by its tag: a notebook may have classes of its own realm. */
export const typedArray = <A>(name: "Uint8Array" | "Uint32Array" | "Float64Array"): RequiredOption<A> =>
  option(
    `a ${name}`,
    (v) => (Object.prototype.toString.call(v) === `[object ${name}]` ? (v as A) : undefined),
    (v) => (Array.isArray(v) ? `${name}.from(numbers) makes one of a list.` : undefined),
  );

/** Whether it has a length and elements, as lists and typed arrays do. */
export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "length" in value &&
    Number.isInteger(value.length) &&
    Number(value.length) >= 0
  );
}

/** A list whose items are all of one kind: each is looked at, and stays as it is. */
export const list = <In>(item: Option<In, unknown>, expected = "a list"): RequiredOption<readonly In[]> =>
  option(expected, (v, what, name) => {
    if (!Array.isArray(v)) return undefined;
    for (const [i, value] of v.entries()) readOption(what, `${name}[${i}]`, item, value);
    return v;
  });

/**
 * An object with these members, which are looked at and stay as they are; it may have others beside them.
 * @param cure how one is made, for what is no object at all
 */
export const object = <const T extends OptionTable>(
  table: T,
  expected: string = objectOf(table),
  cure?: string,
): RequiredOption<Given<T>> =>
  option(
    expected,
    (v, what, name) => {
      if (typeof v !== "object" || v === null || Array.isArray(v)) return undefined;
      for (const [key, member] of Object.entries(table))
        readOption(what, `${name}.${key}`, member, Reflect.get(v, key));
      return v as Given<T>;
    },
    () => cure,
  );

/** @throws GradbookError for a value that is missing or refused */
export function readOption<Out>(
  what: string,
  key: string,
  option: Option<unknown, Out>,
  value: unknown,
): Out {
  // an optional one may be undefined: its `Out` says so
  if (value === undefined && option.preset !== undefined && option.preset.value === undefined)
    return undefined as Out;
  const parsed = option.parse(value === undefined ? option.preset?.value : value, what, key);
  if (parsed !== undefined) return parsed;
  throw configError(what, valueInWords(key, value), option.expected, option.cure?.(value));
}
