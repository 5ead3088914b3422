import { bodyKinds, deepestRows, flags, isObject, layouts, tags } from "./bodies-out.js";
import type { Entry, HeapOptions } from "./heap.js";
import {
  Bytes,
  byteLengthOf,
  construct,
  createObject,
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  hasOwn,
  isArray,
  mapClear,
  mapGet,
  mapSet,
  NewArrayBuffer,
  NewError,
  NewMap,
  NewPromise,
  NewSet,
  newSymbol,
  ownKeys,
  sameValue,
  setAdd,
  setBytes,
  setClear,
  setProperty,
  setPrototypeOf,
  toBigInt,
} from "./primordials.js";
import { stubOf } from "./stubs.js";
import { errorClasses, far, typedBytes, typedClasses, wellKnown } from "./well-known.js";
import { malformed, type Reader } from "./wire.js";

/** Makes and changes objects as the other side tells them; whatever is out of form throws. */
export class BodyReader {
  readonly #options: HeapOptions;
  readonly #objectOf: (id: number) => object | undefined;

  constructor(options: HeapOptions, objectOf: (id: number) => object | undefined) {
    this.#options = options;
    this.#objectOf = objectOf;
  }

  value(r: Reader): unknown {
    switch (r.byte()) {
      case tags.undefined:
        return undefined;
      case tags.null:
        return null;
      case tags.false:
        return false;
      case tags.true:
        return true;
      case tags.number:
        return r.double();
      case tags.string:
        return r.text();
      case tags.bigint:
        return toBigInt(r.text());
      case tags.symbol:
        return newSymbol(r.text());
      case tags.object:
        return present(this.#objectOf(r.word()));
      case tags.known:
        return present(wellKnown[r.word()]);
      default:
        throw new NewError(malformed);
    }
  }

  /** An object of its kind with nothing in it yet. */
  shell(r: Reader, kind: number): object {
    switch (kind) {
      case bodyKinds.array:
        return [];
      case bodyKinds.object:
        return createObject(null) as object;
      case bodyKinds.buffer: {
        const size = r.word();
        if (size > r.size) throw new NewError(malformed);
        return new NewArrayBuffer(size);
      }
      case bodyKinds.typed:
        return this.#typed(r);
      case bodyKinds.map:
        return new NewMap<unknown, unknown>();
      case bodyKinds.set:
        return new NewSet<unknown>();
      case bodyKinds.error:
        return errorFrom(r);
      case bodyKinds.promise:
        return new NewPromise(() => {});
      case bodyKinds.generator:
        return (function* () {})();
      case bodyKinds.random:
        return this.#options.randomOf(r.text());
      case bodyKinds.function:
        return stubOf(this.#options.remote);
      default:
        throw new NewError(malformed);
    }
  }

  fill(r: Reader, entry: Entry): void {
    const { object, kind } = entry;
    switch (kind) {
      case bodyKinds.array:
        this.#array(r, object as unknown[], entry);
        return;
      case bodyKinds.object:
        this.#object(r, object, entry);
        return;
      case bodyKinds.buffer: {
        const bytes = r.raw();
        const target = new Bytes(object as ArrayBuffer);
        setBytes(target, bytes, 0);
        return;
      }
      case bodyKinds.map: {
        const map = object as Map<unknown, unknown>;
        mapClear(map);
        while (r.byte() === 1) mapSet(map, this.value(r), this.value(r));
        return;
      }
      case bodyKinds.set: {
        const set = object as Set<unknown>;
        setClear(set);
        while (r.byte() === 1) setAdd(set, this.value(r));
        return;
      }
      case bodyKinds.function:
        this.#function(r, object, entry);
        return;
      default:
    }
  }

  #typed(r: Reader): object {
    const at = r.byte();
    const offset = r.word();
    const length = r.word();
    const make = typedClasses[at] as unknown;
    const buffer = this.value(r);
    const known = typeof make === "function" && isObject(buffer);
    if (!known || offset + length * typedBytes[at] > byteLengthOf(buffer as ArrayBuffer))
      throw new NewError(malformed);
    return construct(make, [buffer, offset, length]) as object;
  }

  #array(r: Reader, array: unknown[], entry: Entry): void {
    const proto = this.value(r);
    if (entry.shadow === undefined) adopt(array, proto);
    this.#elements(r, array, 0);
  }

  #elements(r: Reader, array: unknown[], depth: number): void {
    const layout = r.byte();
    const length = r.word();
    if (length > r.size || depth > deepestRows) throw new NewError(malformed);
    if (array.length !== length) array.length = length;
    if (layout === layouts.numbers) {
      r.doubles(array, length);
      return;
    }
    for (let i = 0; i < length; i++) {
      if (layout === layouts.rows) this.#elements(r, rowIn(array, i), depth + 1);
      else {
        const value = this.value(r);
        if (value !== far && !sameValue(array[i], value)) setProperty(array, i, value);
      }
    }
  }

  #object(r: Reader, object: object, entry: Entry): void {
    const proto = this.value(r);
    if (entry.shadow === undefined) adopt(object, proto);
    this.#properties(r, object, entry);
  }

  #function(r: Reader, stub: object, entry: Entry): void {
    const name = r.text();
    const length = r.double();
    const source = r.text();
    this.#options.onSource?.(stub, source);
    const hidden = { __proto__: null, writable: false, enumerable: false, configurable: true };
    defineProperty(stub, "name", { ...hidden, value: name });
    defineProperty(stub, "length", { ...hidden, value: length });
    adopt(stub, this.value(r));
    setProperty(stub, "prototype", this.value(r));
    this.#properties(r, stub, entry);
  }

  #properties(r: Reader, object: object, entry: Entry): void {
    const told = new NewMap<unknown, unknown>();
    for (let head = r.byte(); head !== 0; head = r.byte()) {
      const key = r.text();
      mapSet(told, key, true);
      if ((head & flags.accessor) !== 0) this.#accessor(object, key, head, entry);
      else assign(object, key, this.value(r), (head & flags.enumerable) !== 0);
    }
    if (entry.shadow === undefined) return;
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++)
      if (typeof keys[i] === "string" && mapGet(told, keys[i]) === undefined) deleteProperty(object, keys[i]);
  }

  #accessor(object: object, key: string, head: number, entry: Entry): void {
    if (entry.own || getOwnPropertyDescriptor(object, key) !== undefined) return;
    const { remote } = this.#options;
    defineProperty(object, key, {
      __proto__: null,
      get(this: unknown) {
        return remote.get(this, key);
      },
      set(this: unknown, value: unknown) {
        remote.set(this, key, value);
      },
      enumerable: (head & flags.enumerable) !== 0,
      configurable: true,
    } as PropertyDescriptor);
  }
}

function rowIn(array: unknown[], at: number): unknown[] {
  const held = array[at];
  if (isArray(held)) return held;
  const row: unknown[] = [];
  setProperty(array, at, row);
  return row;
}

function assign(object: object, key: string, value: unknown, enumerable: boolean): void {
  if (value === far && getOwnPropertyDescriptor(object, key) !== undefined) return;
  const d = getOwnPropertyDescriptor(object, key);
  if (d !== undefined && hasOwn(d, "value")) {
    if (!sameValue(d.value, value)) setProperty(object, key, value);
    return;
  }
  defineProperty(object, key, {
    __proto__: null,
    value,
    writable: true,
    enumerable,
    configurable: true,
  } as PropertyDescriptor);
}

function adopt(object: object, proto: unknown): void {
  if (proto !== null && !isObject(proto)) throw new NewError(malformed);
  if (proto !== far && !setPrototypeOf(object, proto)) throw new NewError(malformed);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new NewError(malformed);
  return value;
}

function errorFrom(r: Reader): object {
  const make = errorClasses[r.byte()] as ErrorConstructor | undefined;
  if (make === undefined) throw new NewError(malformed);
  const name = r.text();
  const message = r.text();
  const stack = r.text();
  const error = new make(message);
  const hidden = { __proto__: null, writable: true, enumerable: false, configurable: true };
  defineProperty(error, "stack", { ...hidden, value: stack });
  if (error.name !== name) defineProperty(error, "name", { ...hidden, value: name });
  return error;
}
