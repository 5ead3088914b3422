import { assertList, dataError, inWords, shapeError, valueInWords } from "@gradbook/base";
import type { FloatArray } from "../tensor/tensor.js";
import type { Labels } from "./dataset.js";

/** Numbers in one sample of `shape`; refuses an empty or fractional shape. */
export function sampleCount(what: string, shape: readonly number[]): number {
  assertList(what, "shape", shape, "the sizes of one sample, as [C, H, W]");
  if (shape.length > 0 && Array.from(shape).every((n) => Number.isInteger(n) && n > 0)) {
    return Array.from(shape).reduce((a, b) => a * b, 1);
  }
  throw shapeError(
    what,
    `sample shape [${Array.from(shape, inWords).join(", ")}]`,
    "whole numbers above 0, as [C, H, W]",
  );
}

/**
 * For `read`, which is called for each sample: looks at what it may write to without a cost that counts.
 * @throws GradbookError when `out` cannot take a sample from `offset` on
 */
export function assertRoom(
  what: string,
  out: FloatArray,
  offset: number,
  shape: readonly number[],
  count: number,
): void {
  if (typeof offset === "number" && offset >= 0 && offset + count <= out?.length && typeof out === "object")
    return;
  const isRoom = typeof out === "object" && out !== null && typeof offset === "number";
  const wrong = typeof offset === "number" ? valueInWords("out", out) : valueInWords("offset", offset);
  const room = isRoom ? `room for ${out.length - offset} numbers at offset ${offset}` : wrong;
  throw shapeError(`${what}: read`, room, `${count} (${shape.join("·")})`);
}

/** Checked copy of the indices of a subset. */
export function pickIndices(what: string, size: number, indices: ArrayLike<number>): Uint32Array {
  assertList(`${what}: subset`, "indices", indices, "a list of samples, from 0");
  const picked = new Uint32Array(indices.length);
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k];
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw dataError(
        `${what}: subset`,
        `index ${inWords(index)} at position ${k}`,
        `a whole number in 0 … ${size - 1}`,
      );
    }
    picked[k] = index;
  }
  if (picked.length === 0) {
    throw dataError(`${what}: subset`, "no indices", "at least one");
  }
  return picked;
}

/** What sixteen bits can number. */
export const MOST_CLASSES = 65536;

/** The bytes of class numbers in one order on every machine, for digests: two for each where one does not hold them. */
export function labelBytes(labels: ArrayLike<number>): Uint8Array {
  const numbers = Array.from(labels);
  if (numbers.every((label) => label < 256)) return Uint8Array.from(numbers);
  const view = new DataView(new ArrayBuffer(2 * numbers.length));
  for (const [i, label] of numbers.entries()) view.setUint16(2 * i, label, true);
  return new Uint8Array(view.buffer);
}

/** Class numbers in as few bytes as they need. */
export function packLabels(labels: ArrayLike<number>, classes: number): Labels {
  return classes > 256 ? Uint16Array.from(labels) : Uint8Array.from(labels);
}

/** IEEE bytes in one order on every machine, for digests. */
export function littleEndianFloats(numbers: Float32Array | Float64Array): Uint8Array {
  const width = numbers.BYTES_PER_ELEMENT;
  const view = new DataView(new ArrayBuffer(numbers.length * width));
  for (let i = 0; i < numbers.length; i++) {
    if (width === 4) view.setFloat32(i * 4, numbers[i], true);
    else view.setFloat64(i * 8, numbers[i], true);
  }
  return new Uint8Array(view.buffer);
}
