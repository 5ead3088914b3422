import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { isNativeError } from "node:util/types";
import { codeFrame, dim, red } from "../code-frame.js";
import type { ErrorContent } from "../jupyter/messages.js";
import { cureForName } from "../other-languages.js";
import { originalPlace } from "../positions.js";
import type { Positions } from "../threads.js";

/** Frames of the kernel itself are of no interest. */
const kernelCode = fileURLToPath(new URL("../", import.meta.url));
/** The folder of this package and those beside it. */
const packages = fileURLToPath(new URL("../../../", import.meta.url));
/** More frames than this in a row in one library are counted and not listed. */
const libraryFrames = 2;

interface Frame {
  readonly call: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Set when the frame is in code that the kernel translated. */
  readonly positions: Positions | undefined;
}

/** Where errors happened, in the words of what the user wrote. */
export class Tracebacks {
  readonly #positions = new Map<string, Positions | undefined>();
  readonly #lookUp: (file: string) => Positions | undefined;
  /** Frames of the errors whose stack was asked for; most are kept only as long as their error. */
  readonly #frames = new WeakMap<object, readonly Frame[]>();

  /** @param lookUp asks for what was not added */
  constructor(lookUp: (file: string) => Positions | undefined = () => undefined) {
    this.#lookUp = lookUp;
  }

  /** @param file as V8 names it: the file name of a script or the URL of a module */
  add(file: string, positions: Positions): void {
    this.#positions.set(file, positions);
  }

  /** From now on `error.stack` shows the lines of cells and of TypeScript files. */
  install(): void {
    Error.prepareStackTrace = (error, sites) => {
      const frames = sites.map((site) => this.#frame(site)).filter((frame) => frame !== undefined);
      this.#frames.set(error, frames);
      return [headline(error), ...frames.map((frame) => `    at ${describe(frame)}`)].join("\n");
    };
  }

  /** An error as Jupyter shows it: what, where with the lines of the cell, through which calls, and caused by what. */
  content(thrown: unknown): ErrorContent {
    const [ename, message] = isError(thrown)
      ? [nameOf(thrown), messageOf(thrown)]
      : ["Thrown", textOf(thrown)];
    const [, missing] = /^(\S+) is not defined$/.exec(message) ?? [];
    const habit = ename === "ReferenceError" && missing !== undefined ? cureForName(missing) : undefined;
    const evalue = habit === undefined ? message : `${message}. ${habit}`;
    try {
      const lines = this.#lines(thrown, new Set());
      return { ename, evalue, traceback: habit === undefined ? lines : [...lines, "", habit] };
    } catch {
      // Whoever asks for the stack may meet a getter, or an Error.prepareStackTrace, that throws.
      return { ename, evalue, traceback: [`${red(ename)}: ${evalue}`] };
    }
  }

  #lines(thrown: unknown, seen: Set<unknown>): string[] {
    if (!isError(thrown)) return [`${red("Thrown")}: ${textOf(thrown)}`];
    seen.add(thrown);
    const [first, ...rest] = headline(thrown).split("\n");
    const lines = [first.replace(/^[^:]+/, (name) => red(name)), ...rest, ...this.#where(thrown)];
    const causes = [
      thrown.cause,
      ...(thrown instanceof AggregateError ? thrown.errors : []),
      ...suppressed(thrown),
    ];
    for (const cause of causes) {
      if (cause === undefined || cause === null || seen.has(cause)) continue;
      lines.push("", dim("caused by"), ...this.#lines(cause, seen));
    }
    return lines;
  }

  #where(error: Error): string[] {
    const { stack } = error;
    const frames = this.#frames.get(error);
    // Errors from elsewhere (another realm, a stack of their own making) bring only their text.
    if (frames === undefined)
      return String(stack)
        .split("\n")
        .filter((line) => /^\s+at /.test(line))
        .map(dim);
    const lines: string[] = [];
    const place = frames.find(({ positions }) => positions !== undefined);
    if (place?.positions !== undefined) {
      lines.push(...codeFrame(place.positions.source, place.line, place.column), "");
    }
    let inLibrary = 0;
    for (const frame of frames) {
      inLibrary = frame.positions === undefined ? inLibrary + 1 : 0;
      if (inLibrary <= libraryFrames) lines.push(dim(`    at ${describe(frame)}`));
      else if (inLibrary === libraryFrames + 1) lines.push(dim("    …"));
    }
    return lines;
  }

  #frame(site: NodeJS.CallSite): Frame | undefined {
    const file = site.getFileName() ?? "";
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (line === null || column === null) return undefined;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (file.startsWith("node:") || path.startsWith(kernelCode) || file === "") return undefined;
    if (!this.#positions.has(file)) this.#positions.set(file, this.#lookUp(file));
    const positions = this.#positions.get(file);
    if (positions === undefined) return { call: callOf(site), file: shorten(path), line, column, positions };
    const place = originalPlace(positions, line - 1, column - 1);
    if (place === undefined) return undefined;
    const name = positions.file.startsWith("Cell [") ? positions.file : shorten(positions.file);
    return { call: callOf(site), file: name, line: place.line + 1, column: place.column + 1, positions };
  }
}

/** The two errors of a `using` whose disposal failed while another error was on its way. */
function suppressed(error: Error): unknown[] {
  if (nameOf(error) !== "SuppressedError") return [];
  return [Reflect.get(error, "error"), Reflect.get(error, "suppressed")];
}

function describe({ call, file, line, column }: Frame): string {
  const place = `${file}:${line}:${column}`;
  return call === "" ? place : `${call} (${place})`;
}

/** The function's name; the code of a cell outside of any function has none. */
function callOf(site: NodeJS.CallSite): string {
  const text = String(site);
  const end = text.lastIndexOf(" (");
  const call = end === -1 ? "" : text.slice(0, end);
  return /\$cell\$?$/.test(call) ? "" : call.replace(/\b(?:Object|\$scope\$)\./, "");
}

function shorten(path: string): string {
  const inPackage = path.lastIndexOf(`${sep}node_modules${sep}`);
  if (inPackage !== -1) return path.slice(inPackage + 14);
  if (path.startsWith(packages)) return `@gradbook${sep}${path.slice(packages.length)}`;
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

function headline(error: Error): string {
  const [name, message] = [nameOf(error), messageOf(error)];
  return message === "" ? name : `${name}: ${message}`;
}

/** Also one of another realm (`vm.runInNewContext`). */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || isNativeError(thrown);
}

/** What is thrown may describe itself, and fail in it. */
function textOf(thrown: unknown): string {
  try {
    return inspect(thrown);
  } catch {
    return typeof thrown;
  }
}

/** V8 quotes the code that it runs, in which variables of cells are properties. */
function inCellWords(message: string): string {
  return message
    .replace(/\(0 , \$scope\$\.([\p{ID_Continue}$]+)\)/gu, "$1")
    .replace(/\$scope\$\.(?=[\p{ID_Start}$_])/gu, "");
}

/** Names and messages may be getters that throw. */
function nameOf(error: Error): string {
  try {
    return String(error.name || "Error");
  } catch {
    return "Error";
  }
}

function messageOf(error: Error): string {
  try {
    return inCellWords(String(error.message));
  } catch {
    return "";
  }
}
