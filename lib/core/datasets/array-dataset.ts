import { createHash, type Hash } from "node:crypto";
import {
  assertList,
  dataError,
  type Given,
  inWords,
  list,
  options,
  shapeError,
  text,
  valueInWords,
} from "@gradbook/base";
import { isFloatArray } from "../tensor/tensor.js";
import type { Dataset, Labels } from "./dataset.js";
import {
  assertRoom,
  labelBytes,
  littleEndianFloats,
  MOST_CLASSES,
  packLabels,
  pickIndices,
  sampleCount,
} from "./dataset-parts.js";
import { markOwnSet } from "./samples.js";

const arrayDatasetOptions = {
  /**
   * What a caption calls the set.
   * @default "own data"
   */
  name: text().or("own data"),
  /**
   * Where the numbers come from.
   * @default "an array"
   */
  source: text().or("an array"),
  /**
   * One word per class.
   * @default "0", "1" … up to the greatest label
   */
  classNames: list(text(), "a list of names").optional(),
};
/**
 * Options of `arrayDataset`, besides the numbers.
 * @interface
 */
export type ArrayDatasetOptions = Given<typeof arrayDatasetOptions>;

/**
 * A data set of your own numbers, which `fit` takes as they are.
 *
 * @param x all samples one behind the other: [size · Π shape]; copied, so that the set stays what it is
 * @param labels class of each sample, 0 … 65,535: [size]
 * @param shape of one sample, e.g. [1, 28, 28]
 * @throws GradbookError when x is neither a Float32Array nor a Float64Array, the lengths don't fit together, or a
 *   label has no class
 *
 * @example
 * ```ts
 * import { arrayDataset } from "gradbook";
 *
 * const set = arrayDataset(Float32Array.of(0.1, 0.2, 0.3, 0.4), [0, 1], [2], { name: "two points" });
 * console.log(set.name, set.size, set.classes); // two points 2 2
 * ```
 */
export function arrayDataset(
  x: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  shape: readonly number[],
  config: ArrayDatasetOptions = {},
): Dataset {
  const { name, source, ...given } = options("arrayDataset", arrayDatasetOptions, config);
  refuseOtherArrays(name, x);
  assertList(name, "labels", labels, "a class for each sample");
  const count = sampleCount(name, shape);
  if (labels.length === 0 || x.length !== labels.length * count) {
    throw shapeError(
      name,
      `${x.length} numbers and ${labels.length} labels`,
      `${count} numbers (${shape.join("·")}) for each of at least one label`,
    );
  }
  const classes = Math.min(given.classNames?.length ?? MOST_CLASSES, MOST_CLASSES);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    const isShifted = label === classes && !Array.from(labels).includes(0);
    throw dataError(
      name,
      `label ${inWords(label)} of sample ${i}`,
      `a whole number in 0 … ${classes - 1}`,
      isShifted ? "Labels begin at 0, and no sample has class 0: subtract 1 from each." : undefined,
    );
  }
  const most = Array.from(labels).reduce((a, b) => Math.max(a, b), 0);
  const classNames = given.classNames ?? Array.from({ length: most + 1 }, (_, c) => String(c));
  return new ArraySamples(
    name,
    source,
    [...shape],
    classNames,
    x.slice(),
    packLabels(labels, classNames.length),
  );
}

export function refuseOtherArrays(name: string, x: unknown): void {
  if (isFloatArray(x)) return;
  throw dataError(
    name,
    valueInWords("x", x),
    "a Float32Array or Float64Array",
    isNested(x)
      ? `Float32Array.from(x.flat(Infinity)) makes x of nested lists, with their numbers one behind the other.`
      : "Call arrayDataset(x, labels, shape); Float32Array.from(numbers) makes x of a list.",
  );
}

/** Lists or typed arrays in a list: each sample by itself. */
function isNested(x: unknown): boolean {
  return Array.isArray(x) && x.length > 0 && (Array.isArray(x[0]) || ArrayBuffer.isView(x[0]));
}

class ArraySamples implements Dataset {
  readonly name: string;
  readonly source: string;
  readonly shape: readonly number[];
  readonly classNames: readonly string[];
  private readonly x: Float32Array | Float64Array;
  readonly labels: Labels;
  private readonly rows?: Uint32Array;

  readonly size: number;
  readonly classes: number;
  private readonly count: number;
  private hashed: Hash | undefined;

  constructor(
    name: string,
    source: string,
    shape: readonly number[],
    classNames: readonly string[],
    x: Float32Array | Float64Array,
    labels: Labels,
    rows?: Uint32Array,
  ) {
    this.name = name;
    this.source = source;
    this.shape = shape;
    this.classNames = classNames;
    this.x = x;
    this.labels = labels;
    this.rows = rows;

    this.size = labels.length;
    this.classes = classNames.length;
    this.count = sampleCount(name, shape);
    markOwnSet(this, ArraySamples.prototype, ["size", "classes", "count", "shape", "x", "rows"]);
  }

  get digest(): string {
    this.hashed ??= this.hashNumbers();
    // labels may be changed from outside
    return this.hashed.copy().update(labelBytes(this.labels)).digest("hex");
  }

  read(index: number, out: Float32Array | Float64Array, offset: number): void {
    if (!(typeof index === "number" && index >= 0 && index < this.size)) {
      const expected = `0 … ${this.size - 1}`;
      throw dataError(this.name, `sample ${inWords(index)}`, expected);
    }
    assertRoom(this.name, out, offset, this.shape, this.count);
    const start = this.rowOf(index) * this.count;
    for (let k = 0; k < this.count; k++) out[offset + k] = this.x[start + k];
  }

  subset(indices: ArrayLike<number>, name?: string): Dataset {
    const picked = pickIndices(this.name, this.size, indices);
    const labels = packLabels(
      Array.from(picked, (i) => this.labels[i]),
      this.classes,
    );
    const rows = picked.map((i) => this.rowOf(i));
    const called = name ?? `${this.name}, ${picked.length} samples`;
    return new ArraySamples(called, this.source, this.shape, this.classNames, this.x, labels, rows);
  }

  /** `own data: 20 samples 1×2×2, 2 classes` */
  toString(): string {
    return `${this.name}: ${this.size} samples ${this.shape.join("×")}, ${this.classes} classes`;
  }

  private rowOf(index: number): number {
    return this.rows === undefined ? index : this.rows[index];
  }

  private hashNumbers(): Hash {
    const type = this.x.BYTES_PER_ELEMENT === 4 ? "float32" : "float64";
    const hash = createHash("sha256");
    hash.update(`numbers ${type} ${this.size} × ${this.shape.join(" × ")}\n`);
    for (let i = 0; i < this.size; i++) {
      const start = this.rowOf(i) * this.count;
      hash.update(littleEndianFloats(this.x.subarray(start, start + this.count)));
    }
    return hash;
  }
}
