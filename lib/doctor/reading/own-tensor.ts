import { Tensor } from "@gradbook/core";
import { sameShape } from "@gradbook/core/internal";
import type { Callable } from "../types.js";
import { decode } from "./decode.js";
import { isClass } from "./source.js";

/** Makes a tensor of the class that the examined code has written for itself. */
export type OwnTensor = (t: Tensor) => unknown;

/** The names under which a file's own tensor class is handed out besides its exports. */
export const hiddenExport = "__ownTensor_";

const likelyName = /^(__ownTensor_)?(tensor|matrix|ndarray|mat|array[2-4]d|vol|volume|arr|nd)\w*$/i;

/** A class Tensor (Matrix, NDArray, …) among the exports that can be made of shape and data. */
export function findOwnTensor(exported: Readonly<Record<string, unknown>>): OwnTensor | undefined {
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== "function" || !isClass(value as Callable) || !likelyName.test(name)) continue;
    if (value === Tensor) continue;
    const make = value as Callable;
    for (const way of ways(make)) if (works(way)) return way;
  }
  return undefined;
}

function ways(make: Callable): OwnTensor[] {
  const build = (args: unknown[]): unknown => Reflect.construct(make, args);
  return [
    ({ shape, data }) => build([[...shape], Float64Array.from(data)]),
    ({ shape, data }) => build([[...shape], Array.from(data)]),
    ({ shape, data }) => build([Float64Array.from(data), [...shape]]),
    ({ shape, data }) => build([Array.from(data), [...shape]]),
    ({ shape, data }) => build([...pad2(shape), Float64Array.from(data)]),
    ({ shape, data }) => build([...pad2(shape), Array.from(data)]),
    ({ shape, data }) => build([{ shape: [...shape], data: Float64Array.from(data) }]),
    (t) => build([t.toNested()]),
    ({ shape, data }) => filled(build([[...shape]]), data),
    ({ shape, data }) => filled(build(pad2(shape)), data),
    // a volume: width, height, depth, and what it is filled with
    ({ shape: [height, width = 1, depth = 1], data }) => filled(build([width, height, depth, 0]), data),
  ];
}

/** Matrices have rows and columns; a vector is one row. */
function pad2(shape: readonly number[]): number[] {
  return shape.length === 1 ? [1, shape[0]] : [...shape];
}

function filled(made: unknown, data: ArrayLike<number>): unknown {
  const store = decode(made)?.store;
  if (store === undefined || store.length !== data.length) return undefined;
  for (let i = 0; i < data.length; i++) store[i] = data[i];
  return made;
}

/** Shape and numbers come back as they were given. */
function works(way: OwnTensor): boolean {
  const numbers = Float64Array.of(1, 2, 3, 4, 5, 6);
  return [new Tensor([2, 3], numbers), new Tensor([1, 2, 3], numbers)].some((t) => {
    try {
      const back = decode(way(t));
      return (
        back !== undefined && sameShape(back.shape, t.shape) && back.data.every((v, i) => v === t.data[i])
      );
    } catch {
      return false;
    }
  });
}
