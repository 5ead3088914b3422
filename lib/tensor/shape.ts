import { GradbookError, inWords } from "../errors/error.js";

/** Sizes of the axes, outermost first: `[N, C, H, W]` for images, `[N, F]` for features. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for the empty shape of a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** `[2, 1, 28, 28]`, as it stands in summaries and errors. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** @throws GradbookError when an axis is not a whole number ≥ 0 */
export function assertShape(what: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new GradbookError({
      code: "shape",
      what,
      got: `shape is ${shape === undefined ? "missing" : inWords(shape)}`,
      expected: "a list of sizes, e.g. [32, 1, 28, 28]",
    });
  }
  for (const [axis, n] of shape.entries()) {
    if (Number.isInteger(n) && n >= 0) continue;
    throw new GradbookError({
      code: "shape",
      what,
      got: `axis ${axis} of ${formatShape(shape)} is ${n}`,
      expected: "a whole number of at least 0",
    });
  }
}

/**
 * Positions of a window of `kernel` pixels that slides over `size` pixels: ⌊(size + 2·pad − kernel)/stride⌋ + 1.
 * @throws GradbookError when the window does not fit, with the arithmetic
 */
export function windowCount(what: string, size: number, kernel: number, stride: number, pad: number): number {
  const span = size + 2 * pad - kernel;
  if (span >= 0) return Math.floor(span / stride) + 1;
  throw new GradbookError({
    code: "shape",
    what,
    got: `a window of ${kernel} pixels does not fit into ${size} + 2·${pad} = ${size + 2 * pad} pixels`,
    expected: "an input of at least the kernel's size",
    cure: `pad: ${Math.ceil((kernel - size) / 2)} would make it fit.`,
  });
}
