import { configError, GradbookError, inWords, shapeError, valueInWords } from "@gradbook/base";
import { assertShape, formatShape, type Shape, sameShape, sizeOf } from "./shape.js";

/** The two precisions: training runs in float32, the gradient doctor and the reference fixtures in float64. */
export type DType = "float32" | "float64";
/** The memory of a tensor, in one of the two precisions. */
export type FloatArray = Float32Array | Float64Array;

/** Numbers in nested arrays, as a notebook cell writes them: `[[1, 2], [3, 4]]`. */
export type Nested = number | readonly Nested[];

/**
 * A dense array of floats with a shape, row-major (the last axis is contiguous).
 * The data belongs to the caller: a tensor is a view, and copies only where its documentation says so.
 *
 * @throws GradbookError when the data's length is not the product of the shape
 *
 * @example
 * ```ts
 * import { Tensor } from "gradbook";
 *
 * const x = new Tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
 * console.log(x.at(1, 2)); // 6
 * console.log(x.rows(1, 2).reshape([3, 1]).toNested()); // [ [ 4 ], [ 5 ], [ 6 ] ]
 * ```
 */
export class Tensor {
  /** Sizes of the axes, outermost first. */
  readonly shape: Shape;
  /** The values, row by row; [Π shape]. */
  readonly data: FloatArray;

  /**
   * @param shape sizes of the axes, outermost first
   * @param data Π shape values, used as they are, without a copy
   * @throws GradbookError when the data's length is not the product of the shape
   */
  constructor(shape: Shape, data: FloatArray) {
    assertShape("Tensor", shape);
    if (!isFloatArray(data)) {
      throw configError(
        `Tensor ${formatShape(shape)}`,
        valueInWords("data", data),
        "a Float32Array or Float64Array",
        "Float32Array.from(numbers) makes one of a list, Tensor.zeros(shape) a tensor of zeros.",
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw shapeError(
        `Tensor ${formatShape(shape)}`,
        `${data.length} values`,
        `${shape.join(" × ")} = ${sizeOf(shape)}`,
      );
    }
    this.shape = shape;
    this.data = data;
  }

  /**
   * A tensor of zeros.
   * @param dtype default "float32"
   * @throws GradbookError when an axis is not a whole number ≥ 0, or the precision is unknown
   */
  static zeros(shape: Shape, dtype: DType = "float32"): Tensor {
    assertShape("Tensor.zeros", shape);
    parseDType("Tensor.zeros", dtype);
    return new Tensor(
      shape,
      dtype === "float64" ? new Float64Array(sizeOf(shape)) : new Float32Array(sizeOf(shape)),
    );
  }

  /**
   * A tensor from nested arrays, its shape read off them: `Tensor.from([[1, 2], [3, 4]])` is [2, 2].
   * @param dtype default "float64"
   * @throws GradbookError when the rows have different lengths or a leaf is not a number
   */
  static from(values: Nested, dtype: DType = "float64"): Tensor {
    if (values === undefined) throw configError("Tensor.from", "missing argument", "nested lists of numbers");
    const shape: number[] = [];
    for (let level: Nested = values; Array.isArray(level); level = level[0] as Nested) {
      shape.push(level.length);
      if (level.length === 0) break;
    }
    const tensor = Tensor.zeros(shape, dtype);
    let at = 0;
    const fill = (value: Nested, axis: number): void => {
      if (typeof value === "number" && axis === shape.length) tensor.data[at++] = value;
      else if (Array.isArray(value) && value.length === shape[axis]) for (const v of value) fill(v, axis + 1);
      else {
        throw shapeError(
          "Tensor.from",
          `${Array.isArray(value) ? `a row of ${value.length} values` : inWords(value)} on axis ${axis}`,
          axis < shape.length ? `${shape[axis]} values, as in the first row` : "a number",
        );
      }
    };
    fill(values, 0);
    return tensor;
  }

  /** Number of elements: the product of the shape. */
  get size(): number {
    return this.data.length;
  }

  /** Precision of the data. */
  get dtype(): DType {
    return this.data instanceof Float64Array ? "float64" : "float32";
  }

  /**
   * One element, e.g. `x.at(n, c, i, j)`.
   * @throws GradbookError when an index is out of range
   */
  at(...index: number[]): number {
    return this.data[this.offset(index)];
  }

  /**
   * Position in `data` of an element.
   * @throws GradbookError when an index is out of range
   */
  offset(index: readonly number[]): number {
    if (!Array.isArray(index))
      throw configError(
        `Tensor ${formatShape(this.shape)}`,
        valueInWords("index", index),
        "a list of indices",
      );
    if (index.length > this.shape.length) {
      throw new GradbookError({
        code: "index",
        what: `Tensor ${formatShape(this.shape)}`,
        got: `${index.length} indices`,
        expected: `${this.shape.length}, one for each axis`,
      });
    }
    let offset = 0;
    for (let axis = 0; axis < this.shape.length; axis++) {
      const i = index[axis] ?? Number.NaN;
      if (!(Number.isInteger(i) && i >= 0 && i < this.shape[axis])) {
        throw new GradbookError({
          code: "index",
          what: `Tensor ${formatShape(this.shape)}`,
          got: `index ${inWords(i)} on axis ${axis}`,
          expected: `0 … ${this.shape[axis] - 1}`,
        });
      }
      offset = offset * this.shape[axis] + i;
    }
    return offset;
  }

  /**
   * The same data under another shape of the same size.
   * @throws GradbookError when the sizes differ
   */
  reshape(shape: Shape): Tensor {
    return new Tensor(shape, this.data);
  }

  /** The samples `from … to − 1` of the first axis, as a view. */
  rows(from: number, to: number): Tensor {
    const [N] = this.shape;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= N))
      throw new GradbookError({
        code: "index",
        what: `Tensor ${formatShape(this.shape)}`,
        got: `rows from ${inWords(from)} to ${inWords(to)}`,
        expected: `0 ≤ from ≤ to ≤ ${N}`,
      });
    const row = sizeOf(this.shape.slice(1));
    return new Tensor([to - from, ...this.shape.slice(1)], this.data.subarray(from * row, to * row));
  }

  /** A copy with its own data, in the given precision; by default in its own. */
  clone(dtype: DType = this.dtype): Tensor {
    parseDType("Tensor.clone", dtype);
    return new Tensor(
      this.shape,
      dtype === "float64" ? new Float64Array(this.data) : new Float32Array(this.data),
    );
  }

  /** Nested arrays again, for `console.log`, JSON and libraries that want them. */
  toNested(): Nested {
    const nest = (axis: number, from: number): Nested => {
      if (axis === this.shape.length) return this.data[from];
      if (axis === this.shape.length - 1)
        return Array.from(this.data.subarray(from, from + this.shape[axis]));
      const stride = sizeOf(this.shape.slice(axis + 1));
      return Array.from({ length: this.shape[axis] }, (_, i) => nest(axis + 1, from + i * stride));
    };
    return nest(0, 0);
  }

  /** `Tensor [2, 3] float32`, with the first values. */
  toString(): string {
    const head = Array.from(this.data.subarray(0, 6), (v) => Number(v.toPrecision(4))).join(", ");
    return `Tensor ${formatShape(this.shape)} ${this.dtype} (${head}${this.size > 6 ? ", …" : ""})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** By its fields where it is not by its class: a notebook may have loaded the library a second time. */
export function isTensor(value: unknown): value is Tensor {
  if (value instanceof Tensor) return value.data.length === sizeOf(value.shape);
  if (
    typeof value !== "object" ||
    value === null ||
    !("shape" in value && "data" in value && "clone" in value)
  )
    return false;
  const { shape, data } = value;
  return Array.isArray(shape) && isFloatArray(data) && data.length === sizeOf(shape);
}

/** @throws GradbookError when the value is not a tensor; `what` names the function, `role` the argument */
export function assertTensor(what: string, role: string, value: Tensor): void {
  if (isTensor(value)) return;
  throw configError(
    what,
    valueInWords(role, value),
    "a Tensor",
    "Tensor.from([[1, 2], [3, 4]]) makes one of numbers, new Tensor(shape, data) of a typed array.",
  );
}

/** By its tag and not by `instanceof`: a notebook may have classes of its own realm. */
export function isFloatArray(value: unknown): value is FloatArray {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Float32Array]" || tag === "[object Float64Array]";
}

export const hasNaN = ({ data }: Tensor): boolean => mayHoldNaN(data) && data.some(Number.isNaN);

/** False when no value is NaN; true also for infinities of both signs. Four sums, because one would wait for itself. */
export function mayHoldNaN(data: FloatArray): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += data[i];
    b += data[i + 1];
    c += data[i + 2];
    d += data[i + 3];
  }
  for (let i = whole; i < data.length; i++) a += data[i];
  return Number.isNaN(a + b + (c + d));
}

export const isFiniteTensor = ({ data }: Tensor): boolean => data.every(Number.isFinite);

/** @throws GradbookError when it is not the name of a precision */
export function parseDType(what: string, dtype: DType): DType {
  if (dtype === "float32" || dtype === "float64") return dtype;
  throw configError(what, `dtype is ${inWords(dtype)}`, '"float32" or "float64"');
}

/** @throws GradbookError when the shapes differ; `what` names the layer, `role` the tensor */
export function assertSameShape(what: string, role: string, got: Shape, expected: Shape): void {
  if (sameShape(got, expected)) return;
  throw shapeError(what, `${role} has the shape ${formatShape(got)}`, formatShape(expected));
}

/** @throws GradbookError when it is not a tensor, or one of another shape */
export function assertTensorOf(what: string, role: string, value: Tensor, shape: Shape): void {
  assertTensor(what, role, value);
  assertSameShape(what, role, value.shape, shape);
}
