import { Tensor } from "@gradbook/core";

/** Stands for what lies too deep in an object to be told. */
export const far = Object.freeze({});

const classes = [
  Object,
  Function,
  Array,
  Map,
  Set,
  Promise,
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Date,
  RegExp,
  Error,
  TypeError,
  RangeError,
  ReferenceError,
  SyntaxError,
  EvalError,
  URIError,
];

/** Typed arrays, by the name that each of them tells. */
export const typedClasses = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
export const typedNames: readonly string[] = typedClasses.map(({ name }) => name);
export const typedBytes: readonly number[] = typedClasses.map((c) => c.BYTES_PER_ELEMENT);

/** Errors, the narrow ones first. */
export const errorClasses = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError, Error];

/**
 * Objects that both processes have: never a function that makes code of text, so that no value can be one.
 * Of this library's classes only the tensor: its methods read fields and nothing else.
 */
export const wellKnown: readonly object[] = [
  far,
  Tensor,
  Tensor.prototype,
  ...classes.map((c) => c.prototype as object),
  ...typedClasses.map((c) => c.prototype),
];
