import { Tensor } from "@gradbook/core";
import type { Callable } from "../types.js";
import { type Decoded, decode, writeBack } from "./decode.js";
import { plainName } from "./roles.js";

/** A value with numbers, found in the fields of an object. */
export interface Field {
  /** Keys from the object to the value: `["params", "W", "grad"]`. */
  readonly path: readonly string[];
  /** The object that holds it. */
  readonly holder: object;
  readonly key: string;
  readonly value: unknown;
  readonly decoded: Decoded;
}

const deepest = 4;

/** All numeric arrays and tensors in an object's fields, the nearest first. */
export function fieldsOf(root: object): Field[] {
  const found: Field[] = [];
  const seen = new Set<object>();
  let level: { holder: object; path: readonly string[] }[] = [{ holder: root, path: [] }];
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { holder, path } of level) {
      if (seen.has(holder)) continue;
      seen.add(holder);
      for (const [key, value] of entriesOf(holder)) {
        if (typeof value !== "object" || value === null) continue;
        const decoded = decode(value);
        const here = [...path, key];
        if (decoded !== undefined && decoded.data.length > 0) {
          found.push({ path: here, holder, key, value, decoded });
          if (decoded.form === "record" || decoded.form === "tensor")
            next.push({ holder: value, path: here });
        } else next.push({ holder: value, path: here });
      }
    }
    level = next;
  }
  return found;
}

/** Own fields, entries of a Map, and elements of a short array. */
function entriesOf(holder: object): [string, unknown][] {
  if (holder instanceof Map) return Array.from(holder, ([key, value]) => [String(key), value]);
  if (ArrayBuffer.isView(holder)) return [];
  if (Array.isArray(holder)) return holder.length > 12 ? [] : holder.map((value, i) => [String(i), value]);
  if (holder instanceof Tensor) return [];
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(holder)) {
    if (key === "data" && "shape" in holder) continue;
    entries.push([key, Reflect.get(holder, key)]);
  }
  for (const key of getters(holder)) entries.push([key, Reflect.get(holder, key)]);
  return entries;
}

/** Names of getters on an object's class: `get W()` over a private field. */
function getters(holder: object): string[] {
  const names: string[] = [];
  for (
    let proto: object | null = Object.getPrototypeOf(holder);
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const [key, d] of Object.entries(Object.getOwnPropertyDescriptors(proto)))
      if (d.get !== undefined && !key.startsWith("__")) names.push(key);
  }
  return names;
}

const gradientWord = /^(d|grad|gradient|grads|gradients|diff|delta|deltas|g)$/;
const bufferWord =
  /(cache|saved|last|prev|velocity|momentum|running|moving|mask|history|input|output|col|^x$|^y$|^v[wb]?$|^m[wb]?$|^s[wb]?$|^out$|xhat|xnorm|std|inv)/;

/** Spellings of the parameters, in lower case without underscores. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  W: [
    "w",
    "weight",
    "weights",
    "kernel",
    "kernels",
    "filter",
    "filters",
    "k",
    "wt",
    "theta",
    "wgt",
    "weightmatrix",
  ],
  b: ["b", "bias", "biases", "bs", "biasvector"],
  gamma: ["gamma", "g", "scale", "weight", "weights", "w"],
  beta: ["beta", "shift", "bias", "b", "biases", "offset"],
};

/** The field that holds a parameter, found by its name and size. */
export function parameterField(fields: readonly Field[], name: string, size: number): Field | undefined {
  const fits = fields.filter(
    ({ path, decoded }) => decoded.data.length === size && !isGradientPath(path) && !isBufferPath(path),
  );
  for (const spelling of spellings[name] ?? [plainName(name)]) {
    const found = fits.find(({ path }) => path.some((key) => bare(key) === spelling));
    if (found !== undefined) return found;
  }
  const left = fits.filter(
    (f) =>
      !Object.entries(spellings).some(
        ([other, list]) => other !== name && list.some((s) => bare(f.key) === s),
      ),
  );
  return left.length === 1 && size > 1 ? left[0] : undefined;
}

/** The field that holds a parameter's gradient. */
export function gradientField(fields: readonly Field[], name: string): Field | undefined {
  const list = spellings[name] ?? [plainName(name)];
  for (const spelling of list) {
    const written = gradientSpellings(spelling);
    const found = fields.find(({ path }) => path.some((key) => written.includes(plainName(key))));
    if (found !== undefined) return found;
  }
  for (const spelling of list) {
    const found = fields.find(
      ({ path }) =>
        path.some((key) => gradientWord.test(plainName(key))) && path.some((key) => bare(key) === spelling),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `W` → dw, gradw, wgrad, dldw, … */
export function gradientSpellings(plain: string): string[] {
  return [
    `d${plain}`,
    `grad${plain}`,
    `${plain}grad`,
    `${plain}gradient`,
    `gradient${plain}`,
    `d${plain}s`,
    `dl${plain}`,
    `dld${plain}`,
    `dlossd${plain}`,
    `grads${plain}`,
    `${plain}grads`,
    `delta${plain}`,
    `${plain}delta`,
    `g${plain}`,
    `nabla${plain}`,
    `${plain}diff`,
    `${plain}gradients`,
  ];
}

/** `_W` and `this.W_` are W. */
function bare(key: string): string {
  return plainName(key);
}

function isGradientPath(path: readonly string[]): boolean {
  return path.some((key) => {
    const plain = plainName(key);
    return (
      /grad|delta|diff|nabla/.test(plain) ||
      (gradientWord.test(plain) && plain !== "g") ||
      Object.values(spellings)
        .flat()
        .some((s) => s.length > 0 && (plain === `d${s}` || plain === `dl${s}` || plain === `dld${s}`))
    );
  });
}

function isBufferPath(path: readonly string[]): boolean {
  return path.some((key) => bufferWord.test(plainName(key)));
}

/** Puts numbers into a field, in place where that is possible. */
export function writeField(field: Field, data: ArrayLike<number>): boolean {
  const { decoded, holder, key, value } = field;
  if (decoded.store instanceof Float32Array) {
    // a wider array in its place, so that differences are not rounded away
    const wide = Float64Array.from(data);
    if (value === decoded.store) return Reflect.set(holder, key, wide) || writeBack(value, data);
  }
  return writeBack(value, data);
}

export function method(object: object, names: readonly string[]): { name: string; fn: Callable } | undefined {
  for (const name of names) {
    const fn: unknown = Reflect.get(object, name);
    if (typeof fn === "function") return { name, fn: fn as Callable };
  }
  return undefined;
}
