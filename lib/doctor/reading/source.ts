import type { Callable } from "../types.js";
import { sourceOf } from "./source-of.js";

/** One parameter of a function as it is written. */
export interface Param {
  /** `""` for a destructured record. */
  readonly name: string;
  /** Keys of a destructured record: `{ kernel, stride = 1 }` → kernel, stride. */
  readonly keys?: readonly string[];
  readonly optional: boolean;
  readonly rest: boolean;
  /** `[kh, kw]`: both sizes are wanted, never a single number. */
  readonly pair?: true;
}

/** Parameters of a function or method, read from its own source. */
export function parametersOf(fn: Callable): Param[] {
  return parseParameters(sourceOf(fn));
}

/** Parameters of a class's constructor, its base's when it has none of its own. */
export function constructorParameters(cls: Callable): Param[] {
  const source = sourceOf(cls);
  if (!isClassSource(source)) return parseParameters(source);
  const blank = blankOut(source);
  const at = /\bconstructor\s*\(/.exec(blank);
  if (at !== null) return splitParameters(blank, blank.indexOf("(", at.index));
  const base: unknown = Object.getPrototypeOf(cls);
  return typeof base === "function" && base !== Function.prototype
    ? constructorParameters(base as Callable)
    : [];
}

/** The source of a class with that of its bases, or of a function: where names are looked for. */
export function fullSource(fn: Callable): string {
  const base: unknown = Object.getPrototypeOf(fn);
  const above = typeof base === "function" && base !== Function.prototype ? fullSource(base as Callable) : "";
  return sourceOf(fn) + above;
}

/** Whether a constructor, or a function itself, has one of the names among its parameters. */
export function takesNumber(source: string, words: string): boolean {
  const head = /^\s*class\b/.test(source) ? "\\bconstructor\\s*" : "^[^(]*";
  return new RegExp(`${head}\\([^)]*\\b(?:${words})\\b`).test(blankOut(source));
}

export function isClass(fn: Callable): boolean {
  return isClassSource(sourceOf(fn));
}

function isClassSource(source: string): boolean {
  return /^\s*class\b/.test(source);
}

function parseParameters(source: string): Param[] {
  const blank = blankOut(source);
  const lone = /^\s*(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(blank);
  if (lone !== null) return [{ name: lone[1], optional: false, rest: false }];
  const open = blank.indexOf("(");
  return open < 0 || source.includes("[native code]") ? [] : splitParameters(blank, open);
}

function splitParameters(blank: string, open: number): Param[] {
  const params: Param[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < blank.length; at++) {
    const c = blank[at];
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth--;
    if ((c === "," && depth === 1) || depth === 0) {
      const text = blank.slice(from, at).trim();
      if (text !== "") params.push(parseParameter(text));
      from = at + 1;
    }
    if (depth === 0) break;
  }
  return params;
}

function parseParameter(text: string): Param {
  const rest = text.startsWith("...");
  const bare = rest ? text.slice(3).trim() : text;
  const optional = /^[A-Za-z_$][\w$]*\s*=/.test(bare) || /[}\]]\s*=/.test(bare);
  if (bare.startsWith("[")) return arrayParameter(bare, optional);
  if (!bare.startsWith("{")) return { name: /^[A-Za-z_$][\w$]*/.exec(bare)?.[0] ?? "", optional, rest };
  return { name: "", keys: destructuredKeys(bare), optional, rest };
}

/** `[N, C, H, W]` is a shape; `[kh, kw]`, `[sh, sw]`, `[ph, pw]` are pairs. */
function arrayParameter(text: string, optional: boolean): Param {
  const elements = text.match(/[A-Za-z_$][\w$]*/g) ?? [];
  const [first = ""] = elements;
  if (elements.length === 2) {
    const name = /^s/i.test(first)
      ? "stride"
      : /^p/i.test(first)
        ? "pad"
        : /^(h|n|in)/i.test(first)
          ? "shape"
          : "kernel";
    return { name, optional, rest: false, pair: true };
  }
  return {
    name: /^(f|o|cout|k)/i.test(first) ? "wShape" : /oh|hout/i.test(text) ? "yShape" : "xShape",
    optional,
    rest: false,
  };
}

/** `{ a, b: c, d = 1, e: { f } }` → a, b, d, e */
function destructuredKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth--;
    if ((c === "," && depth === 1) || depth === 0) {
      const key = /^\s*([A-Za-z_$][\w$]*)/.exec(text.slice(from, at))?.[1];
      if (key !== undefined) keys.push(key);
      from = at + 1;
    }
    if (depth === 0) break;
  }
  return keys;
}

/** Comments and the insides of strings become spaces, so that brackets in them do not count. */
export function blankOut(source: string): string {
  return source.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g,
    (text) => text.replace(/[^\n]/g, " "),
  );
}
