import type { Entry } from "./heap.js";
import {
  apply,
  Bytes,
  bigintText,
  byteLengthOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  isAnyArrayBuffer,
  isArray,
  isGeneratorObject,
  isMap,
  isNativeError,
  isPromise,
  isProxy,
  isSet,
  isTypedArray,
  mapForEach,
  ownKeys,
  setForEach,
  sourceText,
  symbolText,
  typedBuffer,
  typedLength,
  typedOffset,
  typedTag,
} from "./primordials.js";
import { errorClasses, typedNames } from "./well-known.js";
import type { Writer } from "./wire.js";

export const bodyKinds = {
  array: 1,
  object: 2,
  buffer: 3,
  typed: 4,
  map: 5,
  set: 6,
  function: 7,
  error: 8,
  promise: 9,
  generator: 10,
  random: 11,
  /** Told once: nothing looks at changes of it. */
  isFixed: (kind: number): boolean => kind >= 7,
  isData: (kind: number): boolean => kind <= 6,
} as const;

export const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  bigint: 6,
  symbol: 7,
  object: 8,
  known: 9,
} as const;

export const flags = { enumerable: 1, accessor: 2 } as const;

export function kindOf(object: object, seedOf: (o: object) => string | undefined): number {
  if (typeof object === "function")
    return seedOf(object) === undefined ? bodyKinds.function : bodyKinds.random;
  if (isProxy(object)) return isArray(object) ? bodyKinds.array : bodyKinds.object;
  if (isArray(object)) return bodyKinds.array;
  if (isTypedArray(object) && indexIn(typedNames, typedTag(object)) >= 0) return bodyKinds.typed;
  if (isAnyArrayBuffer(object)) return bodyKinds.buffer;
  if (isMap(object)) return bodyKinds.map;
  if (isSet(object)) return bodyKinds.set;
  if (isNativeError(object)) return bodyKinds.error;
  if (isPromise(object)) return bodyKinds.promise;
  return isGeneratorObject(object) ? bodyKinds.generator : bodyKinds.object;
}

function indexIn(list: readonly unknown[], value: unknown): number {
  for (let i = 0; i < list.length; i++) if (list[i] === value) return i;
  return -1;
}

interface Numbering {
  known(object: object): number | undefined;
  /** 0 when the object lies too deep. */
  idOf(object: object, from: Entry | undefined, proto: boolean): number;
  seedOf(object: object): string | undefined;
}

/** Numbers and rows of numbers are told by their values, whichever rows they are; anything else by its elements. */
export const layouts = { mixed: 0, numbers: 1, rows: 2 } as const;
export const deepestRows = 8;

/** @returns false, with something half written, when there is anything but numbers in it */
function rows(w: Writer, array: readonly unknown[], depth: number): boolean {
  const { length } = array;
  const nested = length > 0 && isArray(array[0]);
  w.byte(nested ? layouts.rows : layouts.numbers);
  w.word(length);
  if (!nested) return w.doubles(array, length);
  for (let i = 0; i < length; i++) {
    const row = array[i];
    if (!isArray(row) || depth >= deepestRows || !rows(w, row, depth + 1)) return false;
  }
  return true;
}

/** Writes objects as they are, calling nothing of the examined code (a Proxy's traps apart). */
export class BodyWriter {
  readonly #numbering: Numbering;
  /** Only written anew, to compare with later: no object is met for the first time. */
  isAgain = false;

  constructor(numbering: Numbering) {
    this.#numbering = numbering;
  }

  again(w: Writer, entry: Entry): void {
    this.isAgain = true;
    try {
      this.body(w, entry);
    } finally {
      this.isAgain = false;
    }
  }

  visit(value: unknown): void {
    if (isObject(value) && this.#numbering.known(value) === undefined)
      this.#numbering.idOf(value, undefined, false);
  }

  value(w: Writer, value: unknown, from: Entry | undefined, proto = false): void {
    if (isObject(value)) {
      const known = this.#numbering.known(value);
      const id = known === undefined ? this.#numbering.idOf(value, from, proto) : 0;
      w.byte(id === 0 ? tags.known : tags.object);
      w.word(id === 0 ? (known ?? 0) : id);
      return;
    }
    switch (typeof value) {
      case "number":
        w.byte(tags.number);
        w.double(value);
        return;
      case "boolean":
        w.byte(value ? tags.true : tags.false);
        return;
      case "string":
        w.byte(tags.string);
        w.text(value);
        return;
      case "bigint":
        w.byte(tags.bigint);
        w.text(bigintText(value));
        return;
      case "symbol":
        w.byte(tags.symbol);
        w.text(symbolText(value) ?? "");
        return;
      default:
        w.byte(value === null ? tags.null : tags.undefined);
    }
  }

  body(w: Writer, entry: Entry): void {
    const { object, kind } = entry;
    switch (kind) {
      case bodyKinds.array:
        this.#array(w, object as unknown[], entry);
        return;
      case bodyKinds.buffer: {
        const size = byteLengthOf(object as ArrayBuffer);
        w.raw(new Bytes(object as ArrayBuffer), size);
        return;
      }
      case bodyKinds.typed: {
        const buffer = typedBuffer(object);
        w.byte(indexIn(typedNames, typedTag(object)));
        w.word(typedOffset(object));
        w.word(typedLength(object));
        this.value(w, buffer, entry);
        this.value(w, getPrototypeOf(object), entry, true);
        return;
      }
      case bodyKinds.map:
        mapForEach(object as Map<unknown, unknown>, (value, key) => {
          w.byte(1);
          this.value(w, key, entry);
          this.value(w, value, entry);
        });
        w.byte(0);
        return;
      case bodyKinds.set:
        setForEach(object as Set<unknown>, (value) => {
          w.byte(1);
          this.value(w, value, entry);
        });
        w.byte(0);
        return;
      case bodyKinds.error:
        this.#error(w, object);
        return;
      case bodyKinds.random:
        w.text(this.#numbering.seedOf(object) ?? "");
        return;
      case bodyKinds.function:
        this.#function(w, object, entry);
        return;
      case bodyKinds.object:
        this.value(w, protoOf(object), entry, true);
        this.#properties(w, object, entry);
        return;
      default:
    }
  }

  #array(w: Writer, array: readonly unknown[], entry: Entry): void {
    this.value(w, protoOf(array), entry, true);
    const start = w.at;
    if (rows(w, array, 0)) return;
    w.at = start;
    w.byte(layouts.mixed);
    const { length } = array;
    w.word(length);
    for (let i = 0; i < length; i++) this.value(w, array[i], entry);
  }

  #error(w: Writer, error: object): void {
    let at = errorClasses.length - 1;
    for (let proto: unknown = error; isObject(proto); proto = protoOf(proto)) {
      const found = indexIn(errorPrototypes, proto);
      if (found < 0) continue;
      at = found;
      break;
    }
    w.byte(at);
    w.text(textIn(error, "name"));
    w.text(textIn(error, "message"));
    w.text(textIn(error, "stack"));
  }

  #function(w: Writer, fn: object, entry: Entry): void {
    let source = "";
    try {
      source = sourceText(fn as () => void);
    } catch {
      source = "function () { [native code] }";
    }
    w.text(textIn(fn, "name"));
    const length = valueIn(fn, "length");
    w.double(typeof length === "number" ? length : 0);
    w.text(source);
    this.value(w, protoOf(fn), entry, true);
    this.value(w, valueIn(fn, "prototype"), entry, true);
    this.#properties(w, fn, entry);
  }

  #properties(w: Writer, object: object, entry: Entry): void {
    const keys = keysOf(object);
    const isFunction = typeof object === "function";
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (typeof key !== "string" || (isFunction && indexIn(functionKeys, key) >= 0)) continue;
      const d = descriptorOf(object, key);
      if (d === undefined) continue;
      const accessor = !hasOwn(d, "value");
      w.byte(4 | (d.enumerable === true ? flags.enumerable : 0) | (accessor ? flags.accessor : 0));
      w.text(key);
      if (!accessor) this.value(w, d.value, entry);
    }
    w.byte(0);
  }
}

const functionKeys = ["length", "name", "prototype", "arguments", "caller"];
const errorPrototypes: object[] = errorClasses.map((c) => c.prototype);

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

// the traps of a Proxy may throw

function protoOf(object: object): object | null {
  try {
    return getPrototypeOf(object);
  } catch {
    return null;
  }
}

function keysOf(object: object): PropertyKey[] {
  try {
    return ownKeys(object);
  } catch {
    return [];
  }
}

function descriptorOf(object: object, key: string): PropertyDescriptor | undefined {
  try {
    return getOwnPropertyDescriptor(object, key);
  } catch {
    return undefined;
  }
}

function valueIn(object: object, key: string): unknown {
  for (let holder: object | null = object; holder !== null; holder = protoOf(holder)) {
    const d = descriptorOf(holder, key);
    if (d === undefined) continue;
    if (hasOwn(d, "value")) return d.value;
    if (!hasOwn(d, "get") || typeof d.get !== "function") return undefined;
    try {
      return apply(d.get, object, []);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

const longest = 1 << 14;

function textIn(object: object, key: string): string {
  const value = valueIn(object, key);
  return typeof value === "string" && value.length < longest ? value : "";
}
