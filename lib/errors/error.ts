/** What went wrong, as data; the sentence is made from it in one place. */
export interface ErrorRecord {
  /** Stable identifier for programs, e.g. `"shape"`, `"config"`, `"data"`. */
  readonly code: string;
  /** The thing that is wrong: a layer's name, a file, a cell. */
  readonly what: string;
  /** What was found. */
  readonly got: string;
  /** What should have been there, where that can be said. */
  readonly expected?: string;
  /** What the reader can do about it, where that is known. */
  readonly cure?: string;
}

/**
 * The one error of gradbook, in the one grammar: what, got, expected, cure.
 *
 * `conv1: the input has 3 channels, expected 1 (weight [8, 1, 5, 5]). Is the data NHWC? toNCHW(x) turns it.`
 *
 * @example
 * ```ts
 * import { GradbookError, linear } from "gradbook";
 *
 * try {
 *   linear({ in: 3, out: 0 });
 * } catch (error) {
 *   if (!(error instanceof GradbookError)) throw error;
 *   console.log(error.what, "|", error.got, "|", error.expected);
 * }
 * ```
 */
export class GradbookError extends Error implements ErrorRecord {
  /** Always `"GradbookError"`: tells it from others across realms. */
  override readonly name = "GradbookError";
  /** Stable identifier for programs, e.g. `"shape"`, `"config"`, `"data"`. */
  readonly code: string;
  /** The thing that is wrong: a layer's name, a file, a cell. */
  readonly what: string;
  /** What was found. */
  readonly got: string;
  /** What should have been there, where that can be said. */
  readonly expected?: string;
  /** What the reader can do about it, where that is known. */
  readonly cure?: string;

  constructor(record: ErrorRecord, options?: { cause?: unknown }) {
    super(errorSentence(record), options);
    this.code = record.code;
    this.what = record.what;
    this.got = record.got;
    if (record.expected !== undefined) this.expected = record.expected;
    if (record.cure !== undefined) this.cure = record.cure;
  }
}

function errorSentence({ what, got, expected, cure }: ErrorRecord): string {
  const finding = expected === undefined ? `${what}: ${got}.` : `${what}: ${got}, expected ${expected}.`;
  return cure === undefined ? finding : `${finding} ${cure}`;
}

/**
 * Rejects unknown option keys (suggesting the closest one) and anything that is not an object.
 * @param what the function that takes the record, e.g. `"conv2d"`
 */
export function refuseUnknownKeys(what: string, config: object, known: readonly string[]): void {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new GradbookError({
      code: "config",
      what,
      got: inWords(config),
      expected: `a record { ${known.join(", ")} }`,
    });
  }
  for (const key of Object.keys(config)) {
    if (known.includes(key)) continue;
    const nearest = nearestOf(key, known);
    throw new GradbookError({
      code: "config",
      what,
      got: `unknown key "${key}"`,
      expected: `one of ${known.join(", ")}`,
      ...(nearest === undefined ? {} : { cure: `Did you mean "${nearest}"?` }),
    });
  }
}

/** The known word that somebody probably meant; undefined when none is near. */
export function nearestOf<Word extends string>(word: string, known: readonly Word[]): Word | undefined {
  let nearest: Word | undefined;
  let least = 3;
  for (const candidate of known) {
    const distance = editDistance(candidate.toLowerCase(), word.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** What stands where something else should: `0.5`, `"same"`, `[1, 2]`, `a list of 7`, `the function relu`, `nothing`. */
export function inWords(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return listInWords(value);
  if (typeof value === "function") {
    const kind = /^class\b/.test(String(value)) ? "class" : "function";
    return value.name === "" ? `a ${kind}` : `the ${kind} ${value.name}`;
  }
  if (isPromise(value)) return "a Promise";
  if (typeof value === "object" && value !== null) {
    const kind = value.constructor?.name ?? "Object";
    if (kind === "") return "an object";
    return kind === "Object" ? "an object" : `an object of the class ${kind}`;
  }
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** A few numbers as they stand, any other list by its length. */
function listInWords(list: readonly unknown[]): string {
  const few = list.length <= 4 && list.every((value) => typeof value === "number");
  return few ? `[${list.join(", ")}]` : `a list of ${list.length}`;
}

/** What an async function returns: nobody in the library waits for it. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * For the `default` of a switch over kinds: the compiler refuses it while a kind is missing, and at run time an unknown
 * one (of a cast, or of another version of the library) ends here instead of being passed over.
 */
export function unknownKind(what: string, kind: never): never {
  throw new GradbookError({ code: "kind", what, got: `unknown kind ${inWords(kind)}` });
}
