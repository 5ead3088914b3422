import { Tensor } from "@gradbook/core";
import type { Operation } from "../operations/operation.js";
import type { Sizes } from "../types.js";

/** The order of a tensor's axes in the examined code, by letter; axes that it does not have are of size 1. */
export type Arrangement = readonly string[];
export type Arrangements = Readonly<Record<string, Arrangement>>;

/** A tensor of the definition as the examined code wants it. */
export function arranged(t: Tensor, axes: readonly string[], to: Arrangement): Tensor {
  if (sameLetters(axes, to)) return t;
  const sizeOfAxis = (letter: string) => t.shape[axes.indexOf(letter)] ?? 1;
  const shape = to.map(sizeOfAxis);
  const result = Tensor.zeros(shape, "float64");
  forEachIndex(shape, (index, at) => {
    result.data[at] = t.data[offsetOf(axes, t.shape, to, index)];
  });
  return result;
}

/** Numbers of the examined code, back in the definition's order. */
export function restored(
  data: ArrayLike<number>,
  from: Arrangement,
  axes: readonly string[],
  sizes: Sizes,
): Tensor {
  const shape = axes.map((letter) => sizes[letter]);
  const result = Tensor.zeros(shape, "float64");
  if (sameLetters(axes, from)) {
    result.data.set(data);
    return result;
  }
  const given = from.map((letter) => sizes[letter]);
  forEachIndex(given, (index, at) => {
    result.data[offsetOf(axes, shape, from, index)] = data[at];
  });
  return result;
}

function sameLetters(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((letter, i) => letter === b[i]);
}

function offsetOf(
  axes: readonly string[],
  shape: readonly number[],
  letters: Arrangement,
  index: readonly number[],
): number {
  let offset = 0;
  for (let axis = 0; axis < axes.length; axis++) {
    const at = letters.indexOf(axes[axis]);
    offset = offset * shape[axis] + (at < 0 ? 0 : index[at]);
  }
  return offset;
}

export function forEachIndex(
  shape: readonly number[],
  see: (index: readonly number[], at: number) => void,
): void {
  const index = shape.map(() => 0);
  const size = shape.reduce((a, b) => a * b, 1);
  for (let at = 0; at < size; at++) {
    see(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/**
 * Orders of the data's axes that people use, the usual one first.
 * @param axesInSource number of axes that the source speaks of: orders with as many come first
 */
export function dataArrangements(
  operation: Operation,
  axesInSource?: number,
): { readonly x: Arrangement; readonly y: Arrangement }[] {
  const found = arrangementsOf(operation);
  const fits = found.filter(({ x }) => x.length === axesInSource);
  return [...fits, ...found.filter((a) => !fits.includes(a))];
}

function arrangementsOf(operation: Operation): { readonly x: Arrangement; readonly y: Arrangement }[] {
  const { x, y } = operation.axes;
  const orders = [{ x, y }];
  const without = (letters: Arrangement, ...gone: string[]) => letters.filter((l) => !gone.includes(l));
  if (x.length === 4) {
    const [n, c, h, w] = x;
    const [yn, yc, yh, yw] = y.length === 4 ? y : [];
    orders.push({ x: without(x, n), y: without(y, n) });
    if (y.length === 4) {
      orders.push(
        { x: [n, h, w, c], y: [yn, yh, yw, yc] },
        { x: [h, w, c], y: [yh, yw, yc] },
        { x: [h, w], y: [yh, yw] },
      );
    }
  } else if (x.length === 2) {
    // without weights there is nothing to tell samples from features: a softmax over columns is the wrong axis
    if (operation.axes.W !== undefined || operation.axes.gamma !== undefined)
      orders.push({ x: [x[1], x[0]], y: [y[1], y[0]] });
    orders.push({ x: [x[1]], y: [y[1]] });
  }
  return orders;
}

/** Orders of the weights' axes. */
export function weightArrangements(operation: Operation): Arrangement[] {
  const axes = operation.axes.W;
  if (axes === undefined) return [[]];
  if (axes.length === 2) return [axes, [axes[1], axes[0]]];
  const [f, c, u, v] = axes;
  return [axes, [c, f, u, v], [u, v, c, f], [u, v, f, c], [f, u, v, c], [f, u, v], [c, u, v], [u, v]];
}

/** The arrangement that a visible shape tells; undefined when it fits none. */
export function arrangementOf(
  shape: readonly number[],
  options: readonly Arrangement[],
  sizes: Sizes,
): Arrangement | undefined {
  return options.find(
    (letters) =>
      letters.length === shape.length && letters.every((letter, axis) => sizes[letter] === shape[axis]),
  );
}
