import { types } from "node:util";
import { inWords, type Json } from "@gradbook/base";
import { typeOfArray } from "./plotly-values.js";

/** One thing that is wrong in a figure of somebody's own, at its place. */
export interface Problem {
  /** `data[1].marker.size`, or `layout.width`. */
  readonly where: string;
  readonly got: string;
  readonly expected?: string;
  readonly cure?: string;
}

/** Longer typed arrays travel as base64, because Jupyter writes every number of a list on a line of its own. */
const longestList = 1000;

/** Deeper than any figure; a cycle that hides behind getters ends here too. */
const deepest = 64;

/** A copy as plain JSON, and how many numbers had no finite value. */
export interface PlainCopy {
  readonly json: Json;
  readonly notFinite: number;
}

/**
 * Copies data and layout of a figure to plain JSON, so that what is drawn later, elsewhere and from a file is what was
 * handed over: typed arrays of every kind become lists (long ones the base64 that Plotly reads), NaN and infinities
 * become null, which Plotly draws as a gap, dates become their text. What JSON would leave out or turn into something
 * else without a word (functions, Map, Set, DataView, cycles) is a problem.
 * @param where name of the root in problems, e.g. `"data"`
 */
export function plainCopy(value: unknown, where: string, problems: Problem[]): PlainCopy {
  const copier = new Copier(problems);
  return { json: copier.copy(value, where, "root") ?? null, notFinite: copier.notFinite };
}

class Copier {
  readonly #problems: Problem[];

  notFinite = 0;
  readonly #open = new Set<object>();
  constructor(problems: Problem[]) {
    this.#problems = problems;
  }

  /** @returns undefined for what JSON leaves out */
  copy(value: unknown, where: string, parent: "root" | "record" | "list"): Json | undefined {
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "bigint":
        return exact(value);
      case "string":
        return printable(value);
      case "boolean":
      case "undefined":
        return value;
      case "object":
        return value === null ? null : this.#object(value, where, parent);
      default:
        return this.#refuse(where, inWords(value), "data: numbers, strings, arrays and objects");
    }
  }

  #object(value: object, where: string, parent: "root" | "record" | "list"): Json | undefined {
    if (types.isDate(value)) return dateText(value);
    if (ArrayBuffer.isView(value)) return this.#view(value, where, parent);
    const list = "the numbers as a list or a typed array";
    if (types.isMap(value) || types.isSet(value)) {
      return this.#refuse(where, inWords(value), "a list", "Write [...values].");
    }
    if (types.isAnyArrayBuffer(value)) {
      return this.#refuse(
        where,
        "an ArrayBuffer",
        list,
        "Say what its bytes are, e.g. new Float32Array(buffer).",
      );
    }
    if (types.isPromise(value))
      return this.#refuse(where, "a promise", "its value", "Write await before it.");
    if (this.#open.has(value)) return this.#refuse(where, "an object that contains itself", "plain data");
    if (this.#open.size >= deepest) return this.#refuse(where, `more than ${deepest} nested objects`);
    this.#open.add(value);
    const copied = this.#container(value, where, parent);
    this.#open.delete(value);
    return copied;
  }

  #container(value: object, where: string, parent: "root" | "record" | "list"): Json | undefined {
    if (Array.isArray(value)) {
      // Not map: it skips holes, which JSON has as null.
      return Array.from(value, (item, i) =>
        typeof item === "number" ? this.#number(item) : (this.copy(item, `${where}[${i}]`, "list") ?? null),
      );
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.copy(value.toJSON(), where, parent);
    }
    if ("bdata" in value && types.isAnyArrayBuffer(value.bdata)) {
      return this.#container({ ...value, bdata: Buffer.from(value.bdata).toString("base64") }, where, parent);
    }
    const entries = Object.entries(value).flatMap(([key, inner]): [string, Json][] => {
      // Plotly merges records key by key; this one would be merged into every record of the page.
      if (key === "__proto__") return [];
      const copied = this.copy(inner, `${where}.${key}`, "record");
      return copied === undefined ? [] : [[key, copied]];
    });
    return Object.fromEntries(entries);
  }

  #view(value: ArrayBufferView, where: string, parent: "root" | "record" | "list"): Json | undefined {
    if (types.isDataView(value)) {
      const cure = "Say what its bytes are, e.g. new Float32Array(view.buffer, view.byteOffset, length).";
      return this.#refuse(where, "a DataView", "the numbers as a list or a typed array", cure);
    }
    const numbers = value as ArrayBufferView & ArrayLike<number | bigint>;
    const type = typeOfArray(Object.prototype.toString.call(value).slice(8, -1));
    if (type === undefined || parent !== "record" || numbers.length <= longestList) {
      return Array.from(numbers, (n) => (typeof n === "bigint" ? exact(n) : this.#number(n)));
    }
    for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) this.notFinite++;
    return { bdata: littleEndian(value, type.bytes).toString("base64"), dtype: type.dtype };
  }

  #number(value: number): number | null {
    if (Number.isFinite(value)) return value;
    this.notFinite++;
    return null;
  }

  #refuse(where: string, got: string, expected?: string, cure?: string): undefined {
    this.#problems.push({
      where: where.length > 100 ? `${where.slice(0, 60)}…${where.slice(-30)}` : where,
      got,
      expected,
      cure,
    });
    return undefined;
  }
}

/** A number where JSON has it exactly, else its digits, which Plotly reads as a number too. */
function exact(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** As Plotly takes dates: without the `T` and the zone, which it would ignore. */
function dateText(date: Date): string | null {
  if (Number.isNaN(date.getTime())) return null;
  return date
    .toISOString()
    .replace("T", " ")
    .replace(/(?: 00:00:00)?(?:\.000)?Z$/, "");
}

/** Without the characters that an SVG cannot hold. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const bare = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  return bare.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** The bytes in the order that Plotly reads, whatever the machine's. */
function littleEndian(value: ArrayBufferView, bytes: number): Buffer {
  const copy = Buffer.from(Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)));
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (isLittle || bytes === 1) return copy;
  return bytes === 2 ? copy.swap16() : bytes === 4 ? copy.swap32() : copy.swap64();
}
