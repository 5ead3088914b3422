/**
 * What kind of thing went wrong: stable, for programs that decide by it. The sentence is for people and may change.
 */
export type ErrorCode =
  /** An argument or an option is missing or wrong. */
  | "config"
  /** Sizes that do not fit together. */
  | "shape"
  /** Samples, labels or measured values, or a file of them, that cannot be right. */
  | "data"
  /** A command line that cannot be followed. */
  | "usage"
  /** Nothing has that name or stands at that position. */
  | "index"
  /** A method was called before the one that it needs. */
  | "order"
  /** Code of the user's own (a layer, a loss, an update rule, a callback) that does not keep its contract. */
  | "own-code"
  /** The numbers of a computation are no longer finite. */
  | "diverged"
  /** More memory than the engine can address. */
  | "memory"
  /** A worker thread of the engine ended before its work did. */
  | "worker"
  /** A file or folder that is missing, cannot be read, or cannot be written. */
  | "file"
  /** A file or folder that is not gradbook's own, and was not touched. */
  | "foreign"
  /** The operating system refuses something else. */
  | "system"
  /** A program or a package that is missing or failed. */
  | "program"
  /** No mirror gave a file of a data set. */
  | "download"
  /** A checkpoint that cannot be read, or belongs to another run. */
  | "checkpoint"
  /** Plotly JSON that Plotly would not draw. */
  | "plotly"
  /** Runs of a sweep that failed. */
  | "sweep-failed"
  /** The result of a sweep's run that cannot be kept as JSON. */
  | "sweep-result"
  /** A file that is not a notebook. */
  | "notebook-format"
  /** A worse report would replace a better one. */
  | "report-better"
  /** A notebook that cannot be handed in as it is. */
  | "submission"
  /** No kernel has that name. */
  | "kernel-unknown"
  /** A kernelspec that cannot be used. */
  | "kernel-spec"
  /** A kernel that did not start. */
  | "kernel-start"
  /** A kernel's port was taken by another program. */
  | "kernel-port"
  /** A kernel that ended while it ran a cell. */
  | "kernel-died"
  /** A cell that threw an error. */
  | "cell-failed"
  /** A cell that took longer than allowed. */
  | "kernel-timeout"
  /** Output of a cell that did not arrive. */
  | "output-lost"
  /** A run that was stopped from outside. */
  | "stopped"
  /** A connection file that a kernel cannot use. */
  | "connection"
  /** A module that a cell cannot import. */
  | "import"
  /** A tsconfig.json that cannot be followed. */
  | "tsconfig";

/** What went wrong, as data; the sentence is made from it in one place. */
export interface ErrorRecord {
  /** Stable identifier for programs, e.g. `"shape"`, `"config"`, `"data"`. */
  readonly code: ErrorCode;
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
  readonly code: ErrorCode;
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
    this.expected = record.expected;
    this.cure = record.cure;
  }
}

function errorSentence(record: ErrorRecord): string {
  for (const key of ["code", "what", "got", "expected", "cure"] as const) {
    const text: unknown = record?.[key];
    const mayBeMissing = key === "expected" || key === "cure";
    if (typeof text === "string" || (mayBeMissing && text === undefined)) continue;
    throw configError("GradbookError", valueInWords(key, text), "a string");
  }
  const { what, got, expected, cure } = record;
  const finding = expected === undefined ? `${what}: ${got}.` : `${what}: ${got}, expected ${expected}.`;
  return cure === undefined ? finding : `${finding} ${cure}`;
}

type ErrorMaker = (what: string, got: string, expected?: string, cure?: string) => GradbookError;

const maker =
  (code: ErrorCode): ErrorMaker =>
  (what, got, expected, cure) =>
    new GradbookError({ code, what, got, expected, cure });

/** An argument or an option is missing or wrong. */
export const configError: ErrorMaker = maker("config");
/** Sizes do not fit together. */
export const shapeError: ErrorMaker = maker("shape");
/** Samples, labels or values cannot be right. */
export const dataError: ErrorMaker = maker("data");
/** Code of the user's own does not keep its contract. */
export const ownCodeError: ErrorMaker = maker("own-code");
/** A command line cannot be followed. */
export const usageError: ErrorMaker = maker("usage");

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
    return kind === "" || kind === "Object" ? "an object" : `an object of the class ${kind}`;
  }
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What stands for an argument or an option: `lr is 0.5`, `lr is missing`. */
export function valueInWords(name: string, value: unknown): string {
  return `${name} is ${value === undefined ? "missing" : inWords(value)}`;
}

/** What stands for the one argument of a function: `3`, `missing argument`. */
export function argumentInWords(value: unknown): string {
  return value === undefined ? "missing argument" : inWords(value);
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
  throw new GradbookError({ code: "config", what, got: `unknown kind ${inWords(kind)}` });
}
