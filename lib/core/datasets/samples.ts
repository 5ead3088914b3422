import { createHash } from "node:crypto";
import {
  assertMembers,
  assertPlainFunction,
  Brand,
  dataError,
  type GradbookError,
  inWords,
  isPromise,
  objectOption,
  type RequiredOption,
  withoutAsync,
} from "@gradbook/base";
import { formatShape, sizeOf } from "../tensor/shape.js";
import { type FloatArray, mayHoldNaN } from "../tensor/tensor.js";
import type { Dataset, Targets } from "./dataset.js";
import { labelBytes, littleEndianFloats, MOST_CLASSES } from "./dataset-parts.js";

const brand = new Brand<object>();

/** Last line of the constructor of a set of the library's own: its `read` is trusted, and its digest believed. */
export function markOwnSet(set: Dataset, prototype: object, fields: readonly string[]): void {
  brand.mark(set, {}, prototype, fields);
}

/** Whether the samples of a set may be kept once they are read. */
export function isCacheable(set: Dataset): boolean {
  return isOwnSet(set) || set.cacheable === true;
}

/** Whether a set is the library's own, and unchanged. */
export function isOwnSet(set: Dataset): boolean {
  return brand.specOf(set) !== undefined;
}

/**
 * How a set's samples are read: into memory of ours, from offset on. A set that is not the library's own gets a piece of
 * memory that holds just one sample, and what it does there is checked.
 */
export type SampleReader = (index: number, out: FloatArray, offset: number) => void;

/** @throws GradbookError, when called, that names the sample which was not read, or not wholly */
export function readerOf(set: Dataset): SampleReader {
  if (isOwnSet(set)) return (index, out, offset) => set.read(index, out, offset);
  return checkedReader({
    set: nameOf(set),
    called: "read",
    shape: set.shape,
    read: (...to) => set.read(...to),
  });
}

/** The same for the targets of a set that has them. */
export function targetReaderOf(set: Dataset, { shape, read }: Targets): SampleReader {
  if (isOwnSet(set)) return (index, out, offset) => read.call(set.targets, index, out, offset);
  const count = sizeOf(shape);
  const checked = checkedReader({
    set: nameOf(set),
    called: "targets.read",
    shape,
    read: (...to) => read.apply(set.targets, to),
  });
  return (index, out, offset) => {
    checked(index, out, offset);
    const bad = out.subarray(offset, offset + count).find((v) => !Number.isFinite(v));
    if (bad !== undefined)
      throw dataError(nameOf(set), `target ${bad} of sample ${index}`, "a finite number");
  };
}

/** Something of a set of one's own that is read sample by sample. */
interface Source {
  readonly set: string;
  /** How the set calls it. */
  readonly called: string;
  readonly shape: readonly number[];
  read(index: number, out: FloatArray, offset: number): unknown;
}

function checkedReader(source: Source): SampleReader {
  const count = sizeOf(source.shape);
  let read = watchedOnce(source);
  return (index, out, offset) => {
    const sample = out instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
    // what is still NaN afterwards was not written
    sample.fill(Number.NaN);
    const answer = read(index, sample);
    read = (i, to) => source.read(i, to, 0);
    if (isPromise(answer)) throw refused(source, index, "returned a Promise", withoutAsync(source.called));
    if (mayHoldNaN(sample)) assertWritten(source, index, sample, answer);
    out.set(sample, offset);
  };
}

/**
 * The first read of a set, watched: a write beside the sample's own places is lost in a typed array, without a word.
 * Code that cannot do with a Proxy runs without one.
 */
function watchedOnce(set: Source): (index: number, sample: FloatArray) => unknown {
  return (index, sample) => {
    const beside: string[] = [];
    const watched = new Proxy(sample, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
      set(target, key, value) {
        const at = typeof key === "string" ? Number(key) : Number.NaN;
        if (Number.isInteger(at) && (at < 0 || at >= target.length)) beside.push(String(key));
        return Reflect.set(target, key, value, target);
      },
    });
    let answer: unknown;
    try {
      answer = set.read(index, watched, 0);
    } catch {
      beside.length = 0;
      answer = set.read(index, sample, 0);
    }
    if (beside.length > 0)
      throw refused(
        set,
        index,
        `wrote to out[${beside[0]}], outside of its sample`,
        `A sample has ${sample.length} numbers (shape [${set.shape.join(", ")}]): out[offset] … out[offset + ${sample.length - 1}].`,
      );
    return answer === watched ? sample : answer;
  };
}

/** @throws GradbookError when the set has no such sample */
export function assertIndex(set: Dataset, index: number): void {
  if (Number.isInteger(index) && index >= 0 && index < set.size) return;
  throw dataError(nameOf(set), `sample ${inWords(index)}`, `0 … ${set.size - 1}`);
}

/** The digest of a set's samples and labels, as they are: what its own `digest` says counts for the library's own sets only. */
export function contentDigest(set: Dataset): string {
  if (isOwnSet(set)) return set.digest;
  const hash = createHash("sha256").update(
    `samples ${set.size} × ${set.shape.join(" × ")}, ${set.classes} classes\n`,
  );
  const all = (shape: readonly number[], read: SampleReader) => {
    const sample = new Float64Array(sizeOf(shape));
    for (let i = 0; i < set.size; i++) {
      read(i, sample, 0);
      hash.update(littleEndianFloats(sample));
    }
  };
  all(set.shape, readerOf(set));
  if (set.targets === undefined) return hash.update(labelBytes(set.labels)).digest("hex");
  hash.update(`targets ${set.targets.shape.join(" × ")}\n`);
  all(set.targets.shape, targetReaderOf(set, set.targets));
  return hash.digest("hex");
}

/** Tells a NaN that `read` wrote (a matter of the data) from one that nobody wrote: another mark stays only there. */
function assertWritten(set: Source, index: number, sample: FloatArray, answer: unknown): void {
  const again = sample.slice().fill(0.123456789);
  const [mark] = again;
  set.read(index, again, 0);
  const missing = [...sample.keys()].filter((k) => Number.isNaN(sample[k]) && again[k] === mark);
  if (missing.length === 0) return;
  const some = `left ${missing.length} of ${sample.length} values unwritten, the first of them out[offset + ${missing[0]}],`;
  const what = missing.length === sample.length ? "wrote nothing" : some;
  const returned = answer === undefined || answer === sample ? "" : ` and returned ${inWords(answer)}`;
  const cure =
    returned === "" && missing.length < sample.length
      ? `Zeros have to be written too: out.fill(0, offset, offset + ${sample.length}) before the others.`
      : "read(index, out, offset) writes the numbers to out[offset], out[offset + 1] … and returns nothing.";
  throw refused(set, index, what + returned, cure);
}

function refused({ set, called, shape }: Source, index: number, got: string, cure: string): GradbookError {
  return dataError(set, `${called}(${index}) ${got}`, `${shape.join("·")} numbers in out`, cure);
}

/** What an error calls a set. */
export function nameOf(set: Dataset): string {
  return typeof set.name === "string" && set.name !== "" ? set.name : "data set";
}

const datasetShape = {
  expected: "a data set",
  has: ["read", "labels", "shape"],
  cure: "loadMnist() and arrayDataset() give one.",
};

/** A data set as an option of a function. */
export function datasetOption(): RequiredOption<Dataset> {
  return objectOption(datasetShape);
}

/**
 * Looks at what a set says of itself: once, before anything is computed with it.
 * @param what the function that is given the set, e.g. "fit"
 * @throws GradbookError when size, shape, classes or labels are missing or do not fit together
 */
export function assertDataset(what: string, set: Dataset): void {
  assertMembers(what, "the data set", set, { ...datasetShape, has: ["read"] });
  const place = `${what} on ${nameOf(set)}`;
  const refuse = (got: string, expected: string, cure?: string): never => {
    throw dataError(place, got, expected, cure);
  };
  const { size, shape, classes, labels, read } = set;
  if (typeof read !== "function") refuse(`read is ${inWords(read)}`, "a function (index, out, offset)");
  assertPlainFunction(place, "read", read);
  if (!Number.isInteger(size) || size < 0) refuse(`size is ${inWords(size)}`, "the number of samples");
  if (size === 0) refuse("no samples", "at least one");
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n > 0))
    refuse(
      `shape is ${Array.isArray(shape) ? formatShape(shape) : inWords(shape)}`,
      "the sizes of one sample, e.g. [1, 28, 28]",
    );
  if (set.targets !== undefined) {
    assertTargets(set.targets, refuse);
    // one of the two would be passed over
    if (classes !== 0 || labels?.length !== 0)
      refuse(
        `${inWords(classes)} classes and ${inWords(labels?.length)} labels beside targets`,
        "either classes or targets",
        "classes: 0, labels: new Uint8Array(0) says that the targets count.",
      );
    return;
  }
  if (!Number.isInteger(classes) || classes < 1 || classes > MOST_CLASSES)
    refuse(
      `classes is ${inWords(classes)}`,
      `the number of classes, at most ${MOST_CLASSES}`,
      "Each label is a whole number below it.",
    );
  if (typeof labels !== "object" || labels === null || typeof labels.length !== "number")
    refuse(`labels is ${inWords(labels)}`, "a class for each sample");
  if (labels.length !== size) refuse(`${labels.length} labels for ${size} samples`, `${size}`);
  for (let i = 0; i < size; i++) {
    const label: unknown = labels[i];
    if (typeof label === "number" && Number.isInteger(label) && label >= 0 && label < classes) continue;
    refuse(
      `label ${inWords(label)} of sample ${i}`,
      `a whole number from 0 to ${classes - 1} (the set has ${classes} classes)`,
      label === classes ? "Labels begin at 0." : undefined,
    );
  }
}

/**
 * @param cure what serves a set of numbers
 * @throws GradbookError when the set has numbers as targets, where classes are needed
 */
export function assertClasses(what: string, set: Dataset, cure: string): void {
  if (set.targets === undefined) return;
  throw dataError(`${what} on ${nameOf(set)}`, "a set with numbers as targets", "a set of classes", cure);
}

function assertTargets(
  targets: Targets,
  refuse: (got: string, expected: string, cure?: string) => never,
): void {
  const cure = "targets: { shape: [1], read(index, out, offset) { … } }";
  if (typeof targets !== "object" || targets === null)
    refuse(`targets is ${inWords(targets)}`, "{ shape, read }", cure);
  const { shape, read } = targets;
  if (typeof read !== "function")
    refuse(`targets.read is ${inWords(read)}`, "a function (index, out, offset)", cure);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n > 0))
    refuse(`targets.shape is ${inWords(shape)}`, "the sizes of one target, e.g. [1]", cure);
}
