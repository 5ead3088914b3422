import { inWords, shapeError, valueInWords } from "@gradbook/base";

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
  return `[${shape.map(inWords).join(", ")}]`;
}

/** @throws GradbookError when an axis is not a whole number ≥ 0 */
export function assertShape(what: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw shapeError(what, valueInWords("shape", shape), "a list of sizes, e.g. [32, 1, 28, 28]");
  }
  for (const [axis, n] of shape.entries()) {
    if (Number.isInteger(n) && n >= 0) continue;
    throw shapeError(
      what,
      `axis ${axis} of ${formatShape(shape)} is ${inWords(n)}`,
      "a whole number of at least 0",
    );
  }
}

/**
 * Positions of a window of `kernel` pixels that slides over `size` pixels: ⌊(size + 2·pad − kernel)/stride⌋ + 1.
 * @throws GradbookError when the window does not fit, with the arithmetic
 */
export function windowCount(what: string, size: number, kernel: number, stride: number, pad: number): number {
  const span = size + 2 * pad - kernel;
  if (span >= 0) return Math.floor(span / stride) + 1;
  throw shapeError(
    what,
    `a window of ${kernel} pixels does not fit into ${size} + 2·${pad} = ${size + 2 * pad} pixels`,
    "an input of at least the kernel's size",
    `pad: ${Math.ceil((kernel - size) / 2)} would make it fit.`,
  );
}
