import { GradbookError } from "../errors/error.js";
import { assertList } from "../errors/members.js";

/** Numbers in one sample of `shape`; refuses an empty or fractional shape. */
export function sampleCount(what: string, shape: readonly number[]): number {
  assertList(what, "shape", shape, "the sizes of one sample, as [C, H, W]");
  if (shape.length > 0 && shape.every((n) => Number.isInteger(n) && n > 0)) {
    return shape.reduce((a, b) => a * b, 1);
  }
  throw new GradbookError({
    code: "shape",
    what,
    got: `sample shape [${shape.join(", ")}]`,
    expected: "whole numbers above 0, as [C, H, W]",
  });
}

/** Checked copy of the indices of a subset. */
export function pickIndices(what: string, size: number, indices: ArrayLike<number>): Uint32Array {
  const picked = new Uint32Array(indices.length);
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k];
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new GradbookError({
        code: "data",
        what: `${what}: subset`,
        got: `index ${index} at position ${k}`,
        expected: `a whole number in 0 … ${size - 1}`,
      });
    }
    picked[k] = index;
  }
  if (picked.length === 0) {
    throw new GradbookError({
      code: "data",
      what: `${what}: subset`,
      got: "no indices",
      expected: "at least one",
    });
  }
  return picked;
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
