// What the transport needs of the language, taken before any examined code is loaded: whatever that code replaces later,
// answers are written and read as before.
import { types } from "node:util";

type Method<This, Args extends unknown[], Result> = (self: This, ...args: Args) => Result;

const bind = Function.prototype.bind;
const callOf = Function.prototype.call;
function uncurried<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): Method<This, Args, Result> {
  return bind.call(callOf, fn) as Method<This, Args, Result>;
}
function getterOf<Result>(proto: object, key: PropertyKey): Method<unknown, [], Result> {
  const { get } = Object.getOwnPropertyDescriptor(proto, key) ?? {};
  if (get === undefined) throw new Error(`no getter ${String(key)}`);
  return uncurried(get as (this: unknown) => Result);
}

export const {
  apply,
  construct,
  ownKeys,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  setPrototypeOf,
  defineProperty,
  deleteProperty,
  get: getProperty,
  set: setProperty,
} = Reflect;
export const { is: sameValue, hasOwn, create: createObject } = Object;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const {
  isNativeError,
  isPromise,
  isGeneratorObject,
  isMap,
  isSet,
  isTypedArray,
  isAnyArrayBuffer,
  isProxy,
} = types;

export const NewWeakMap = WeakMap;
export const NewMap = Map;
export const NewSet = Set;
export const NewPromise = Promise;
export const NewArrayBuffer = ArrayBuffer;
export const Bytes = Uint8Array;
export const Units = Uint16Array;
export const Words = Uint32Array;
export const Doubles = Float64Array;
export const NewError = Error;
export const toBigInt = BigInt;
export const toText = String;
export const newSymbol = Symbol;

type Weak = WeakMap<object, unknown>;
export const weakGet = uncurried(WeakMap.prototype.get as (this: Weak, key: object) => unknown);
export const weakSet = uncurried(WeakMap.prototype.set as (this: Weak, key: object, value: unknown) => Weak);
type Any = Map<unknown, unknown>;
export const mapGet = uncurried(Map.prototype.get as (this: Any, key: unknown) => unknown);
export const mapSet = uncurried(Map.prototype.set as (this: Any, key: unknown, value: unknown) => Any);
export const mapDelete = uncurried(Map.prototype.delete as (this: Any, key: unknown) => boolean);
export const mapClear = uncurried(Map.prototype.clear as (this: Any) => void);
export const mapForEach = uncurried(
  Map.prototype.forEach as (this: Any, see: (value: unknown, key: unknown) => void) => void,
);
export const setAdd = uncurried(Set.prototype.add as (this: Set<unknown>, v: unknown) => Set<unknown>);
export const setClear = uncurried(Set.prototype.clear as (this: Set<unknown>) => void);
export const setForEach = uncurried(
  Set.prototype.forEach as (this: Set<unknown>, see: (value: unknown) => void) => void,
);
export const charCodeAt = uncurried(String.prototype.charCodeAt);
export const sourceText = uncurried(Function.prototype.toString);
export const { fromCharCode } = String;
export const symbolText = getterOf<string | undefined>(Symbol.prototype, "description");
export const bigintText = uncurried(BigInt.prototype.toString as (this: bigint) => string);

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
export const typedTag = getterOf<string>(typedArray, Symbol.toStringTag);
export const typedLength = getterOf<number>(typedArray, "length");
export const typedOffset = getterOf<number>(typedArray, "byteOffset");
export const typedBuffer = getterOf<ArrayBuffer>(typedArray, "buffer");
export const setBytes = uncurried(
  Uint8Array.prototype.set as (this: Uint8Array, from: Uint8Array, at: number) => void,
);
export const subBytes = uncurried(
  Uint8Array.prototype.subarray as (this: Uint8Array, from: number, to: number) => Uint8Array,
);
export const subUnits = uncurried(
  Uint16Array.prototype.subarray as (this: Uint16Array, from: number, to: number) => Uint16Array,
);
const bufferLength = getterOf<number>(ArrayBuffer.prototype, "byteLength");
const sharedLength = getterOf<number>(SharedArrayBuffer.prototype, "byteLength");
const { isSharedArrayBuffer } = types;
export function byteLengthOf(buffer: ArrayBufferLike): number {
  return isSharedArrayBuffer(buffer) ? sharedLength(buffer) : bufferLength(buffer);
}
