import { type Shape, Tensor } from "@gradbook/core";
import { sizeOf } from "@gradbook/core/internal";

/** How code holds numbers. */
export type Form = "nested" | "tensor" | "record" | "flat" | "typed" | "own";

/** Numbers found in a value of the examined code. */
export interface Decoded {
  /** As the value itself tells it; a flat array has one axis. */
  readonly shape: Shape;
  readonly data: Float64Array;
  readonly form: Form;
  /** The very array with the numbers, when there is one that can be written to. */
  readonly store?: { [index: number]: number; readonly length: number };
}

/** Reads the numbers of a value in any of the usual forms; undefined when it holds none, or ragged rows. */
export function decode(value: unknown): Decoded | undefined {
  if (isTyped(value))
    return { shape: [value.length], data: Float64Array.from(value), form: "typed", store: value };
  if (Array.isArray(value)) return decodeArray(value);
  if (typeof value !== "object" || value === null) return undefined;
  const data: unknown = firstOf(value, numberKeys(value));
  const inner = data === undefined || data === value ? undefined : decode(data);
  if (inner === undefined) return undefined;
  const shape = shapeField(value) ?? inner.shape;
  if (sizeOf(shape) !== inner.data.length) return undefined;
  return {
    shape,
    data: inner.data,
    form: value instanceof Tensor ? "tensor" : "record",
    ...(inner.store === undefined ? {} : { store: inner.store }),
  };
}

/** Writes numbers into a decoded value where they stand. */
export function writeBack(value: unknown, data: ArrayLike<number>): boolean {
  const found = decode(value);
  if (found === undefined || found.data.length !== data.length) return false;
  if (found.store !== undefined) {
    for (let i = 0; i < data.length; i++) found.store[i] = data[i];
    return true;
  }
  let at = 0;
  const fill = (rows: unknown): void => {
    if (isTyped(rows)) for (let i = 0; i < rows.length; i++) rows[i] = data[at++];
    else if (Array.isArray(rows))
      for (let i = 0; i < rows.length; i++)
        if (typeof rows[i] === "number" || rows[i] === undefined) rows[i] = data[at++];
        else fill(rows[i]);
  };
  fill(Array.isArray(value) ? value : firstOf(value as object, numberKeys(value as object)));
  return true;
}

/** A tensor in the form that the examined code wants. */
export function encode(tensor: Tensor, form: Form, own?: (t: Tensor) => unknown): unknown {
  const { shape, data } = tensor;
  switch (form) {
    case "nested":
      return tensor.toNested();
    case "flat":
      return Array.from(data);
    case "typed":
      return Float64Array.from(data);
    case "own":
      return own?.(tensor);
    case "tensor":
      // a shape of its own: code may write into it
      return new Tensor([...shape], Float64Array.from(data));
    case "record":
      return {
        shape: [...shape],
        dims: [...shape],
        data: Array.from(data),
        size: data.length,
        ...(shape.length === 2 ? { rows: shape[0], cols: shape[1] } : {}),
      };
  }
}

function decodeArray(value: readonly unknown[]): Decoded | undefined {
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level) || isTyped(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0 || shape.length > 8) break;
  }
  const data = new Float64Array(sizeOf(shape));
  let at = 0;
  const fill = (rows: unknown, axis: number): boolean => {
    if (axis === shape.length) {
      if (typeof rows !== "number" && rows !== undefined) return false;
      data[at++] = rows ?? Number.NaN;
      return true;
    }
    if (!(Array.isArray(rows) || isTyped(rows)) || rows.length !== shape[axis]) return false;
    for (let i = 0; i < rows.length; i++) if (!fill(rows[i], axis + 1)) return false;
    return true;
  };
  if (!fill(value, 0)) return undefined;
  const flat = shape.length === 1 ? { store: value as number[] } : {};
  return { shape, data, form: shape.length === 1 ? "flat" : "nested", ...flat };
}

/** Where an object has its numbers; a volume of ConvNetJS has them in `w`. */
function numberKeys(value: object): readonly string[] {
  return "sx" in value && "depth" in value ? ["w"] : ["data", "values", "buffer", "_data"];
}

function shapeField(value: object): Shape | undefined {
  const shape: unknown = firstOf(value, ["shape", "dims", "_shape"]);
  if (Array.isArray(shape) && shape.every((n) => Number.isInteger(n))) return shape as number[];
  if (isTyped(shape)) return Array.from(shape);
  const volume: unknown[] = ["sy", "sx", "depth"].map((key) => Reflect.get(value, key));
  if (volume.every((n) => typeof n === "number")) return volume as number[];
  const [rows, cols]: unknown[] = [firstOf(value, ["rows"]), firstOf(value, ["cols", "columns"])];
  return typeof rows === "number" && typeof cols === "number" ? [rows, cols] : undefined;
}

function firstOf(value: object, keys: readonly string[]): unknown {
  for (const key of keys) {
    const found: unknown = Reflect.get(value, key);
    if (found !== undefined && typeof found !== "function") return found;
  }
  return undefined;
}

function isTyped(value: unknown): value is Float64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof BigInt64Array);
}
