import type { Operation } from "../operations/operation.js";
import { type Decoded, decode } from "../reading/decode.js";
import { gradientSpellings } from "../reading/fields.js";
import { plainName } from "../reading/roles.js";
import type { Sizes } from "../types.js";
import { Fault } from "../types.js";

/** What a forward call gave: the output, and whatever else is kept for the backward call. */
export interface Output {
  readonly y: Decoded;
  /** The value that holds y itself, in the code's own form. */
  readonly rawY: unknown;
  /** The whole result. */
  readonly raw: unknown;
  /** What came beside y, in order. */
  readonly rest: readonly unknown[];
}

const outputKeys = [
  "y",
  "out",
  "output",
  "Y",
  "z",
  "Z",
  "a",
  "A",
  "result",
  "value",
  "h",
  "o",
  "res",
  "activations",
  "x",
];

/** @throws Fault when there is no output in it */
export function readOutput(raw: unknown, size: number, tensor = "y"): Output {
  if (raw instanceof Promise) throw new Fault("forward", "promise", tensor, "forward returns a promise");
  const whole = decode(raw);
  if (whole !== undefined && whole.data.length === size) return { y: whole, rawY: raw, raw, rest: [] };
  if (Array.isArray(raw)) {
    for (const [at, part] of raw.entries()) {
      const found = decode(part);
      if (found !== undefined && found.data.length === size)
        return { y: found, rawY: part, raw, rest: raw.filter((_, i) => i !== at) };
    }
  } else if (typeof raw === "object" && raw !== null) {
    for (const key of [...outputKeys, ...Object.keys(raw)]) {
      const part: unknown = Reflect.get(raw, key);
      const found = decode(part);
      if (found !== undefined && (found.data.length === size || outputKeys.slice(0, 3).includes(key)))
        return {
          y: found,
          rawY: part,
          raw,
          rest: Object.entries(raw)
            .filter(([k]) => k !== key)
            .map(([, v]) => v),
        };
    }
  }
  if (typeof raw === "number" && size === 1)
    return { y: { shape: [], data: Float64Array.of(raw), form: "flat" }, rawY: raw, raw, rest: [] };
  if (whole !== undefined) return { y: whole, rawY: raw, raw, rest: [] };
  throw new Fault("forward", "nothing", tensor, `forward returns ${describe(raw)}, no numbers`);
}

/** Gradients in what a backward call returned, by the name of what they belong to; the data's own is "x". */
export function readGradients(raw: unknown, operation: Operation, sizes: Sizes): Map<string, Decoded> {
  const found = new Map<string, Decoded>();
  if (raw === undefined || raw === null) return found;
  if (raw instanceof Promise) throw new Fault("backward", "promise", "dx", "backward returns a promise");
  const wanted = operation.inputs;
  const sizeOf = (name: string) =>
    operation.axes[name].reduce((product, letter) => product * sizes[letter], 1);
  const whole = decode(raw);
  if (whole !== undefined && whole.data.length === sizeOf("x")) return found.set("x", whole);
  if (
    Array.isArray(raw) &&
    raw.every(
      (part) =>
        decode(part) !== undefined ||
        part === undefined ||
        part === null ||
        typeof part === "object" ||
        typeof part === "number",
    )
  ) {
    const parts = raw.map((part) => (typeof part === "number" ? single(part) : decode(part)));
    if (!isOneTensor(raw, whole)) {
      const left = new Set(wanted);
      // by size first: some people return the weights' gradients before the input's
      const unsized: Decoded[] = [];
      for (const part of parts) {
        if (part === undefined) continue;
        const name = [...left].filter((n) => sizeOf(n) === part.data.length);
        const rank = parts.indexOf(part);
        const chosen = name.includes(wanted[rank]) ? wanted[rank] : name[0];
        if (chosen === undefined) unsized.push(part);
        else {
          left.delete(chosen);
          found.set(chosen, part);
        }
      }
      for (const part of unsized) {
        const name = left.has(wanted[parts.indexOf(part)]) ? wanted[parts.indexOf(part)] : [...left][0];
        if (name === undefined) break;
        left.delete(name);
        found.set(name, part);
      }
      return found;
    }
  }
  if (typeof raw === "object" && !Array.isArray(raw) && whole === undefined) {
    for (const name of wanted) {
      const part = gradientIn(raw, name);
      if (part !== undefined) found.set(name, part);
    }
    return found;
  }
  return whole === undefined ? found : found.set("x", whole);
}

/** The order of the gradients in an array without names; undefined where two of them are of one size. */
export function orderOf(raw: unknown, operation: Operation, sizes: Sizes): string[] | undefined {
  if (!Array.isArray(raw) || raw.length !== operation.inputs.length) return undefined;
  const sizeOf = (name: string) =>
    operation.axes[name].reduce((product, letter) => product * sizes[letter], 1);
  const fitting = raw.map((part) => {
    const size = (typeof part === "number" ? single(part) : decode(part))?.data.length;
    return operation.inputs.filter((name) => sizeOf(name) === size);
  });
  return fitting.every((names) => names.length === 1) ? fitting.map(([name]) => name) : undefined;
}

const spelled: Readonly<Record<string, readonly string[]>> = {
  x: ["x", "input", "inputs", "inp", "in", "aprev", "prev", "a", "image", "data", "xs", "z"],
  W: ["w", "weight", "weights", "kernel", "kernels", "filter", "filters", "wt", "k", "theta"],
  b: ["b", "bias", "biases"],
  gamma: ["gamma", "g", "scale", "weight", "w"],
  beta: ["beta", "shift", "bias", "b"],
};

/** `{ dx }`, `{ gradInput }`, `{ x }`, `{ grads: { W } }` … */
function gradientIn(record: object, name: string): Decoded | undefined {
  const entries =
    record instanceof Map ? Array.from(record, ([k, v]) => [String(k), v]) : Object.entries(record);
  for (const spelling of spelled[name] ?? [name])
    for (const written of [...gradientSpellings(spelling), spelling])
      for (const [key, value] of entries) {
        if (plainName(String(key)) !== written) continue;
        const part = typeof value === "number" ? single(value) : decode(value);
        if (part !== undefined) return part;
      }
  for (const [key, value] of entries) {
    if (!/^(grad|grads|gradients|params?)$/i.test(String(key)) || typeof value !== "object" || value === null)
      continue;
    const part = gradientIn(value, name);
    if (part !== undefined) return part;
  }
  return undefined;
}

/** The gradient of a bias that is one number. */
function single(value: number): Decoded {
  return { shape: [], data: Float64Array.of(value), form: "flat" };
}

/** `[dx, dW, db]` has parts of different shapes; nested rows of one tensor don't. */
function isOneTensor(raw: readonly unknown[], whole: Decoded | undefined): boolean {
  return whole !== undefined && (raw.length > 5 || typeof raw[0] === "number");
}

export function describe(value: unknown): string {
  if (value === undefined) return "nothing (undefined)";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length} values that are not regular rows of numbers`;
  if (typeof value === "object") {
    const keys = Object.keys(value).slice(0, 6);
    return keys.length === 0 ? "an object without fields" : `an object with the fields ${keys.join(", ")}`;
  }
  return `a ${typeof value}`;
}
