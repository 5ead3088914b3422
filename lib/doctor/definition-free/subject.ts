import { attempt } from "../attempt.js";
import { method } from "../reading/fields.js";
import { backwardNames, forwardNames, type Subject } from "../reading/recognise.js";
import { constructorParameters, fullSource, isClass, type Param, parametersOf } from "../reading/source.js";
import type { Callable } from "../types.js";

/** A layer or a loss of which nothing is known but how it is written. */
export interface Free {
  /** A new one, from its constructor's arguments; undefined for functions. */
  readonly make: ((args: readonly unknown[]) => object) | undefined;
  readonly makeParams: readonly Param[];
  readonly forwardParams: readonly Param[];
  readonly backwardParams: readonly Param[] | undefined;
  readonly source: string;
  forward(self: object | undefined, args: readonly unknown[]): unknown;
  backward: ((self: object | undefined, args: readonly unknown[]) => unknown) | undefined;
}

/** undefined where there are no passes to call. */
export function freeOf({ shape }: Subject): Free | undefined {
  switch (shape.form) {
    case "pair": {
      const { forward, backward, self } = shape;
      if (forward === undefined) return undefined;
      return functions(forward, backward, self);
    }
    case "function":
      return functions(shape.fn, undefined, undefined);
    case "class":
      return ofClass(shape.make);
    case "instance":
      return undefined;
  }
}

function functions(forward: Callable, backward: Callable | undefined, self: unknown): Free {
  return {
    make: undefined,
    makeParams: [],
    forwardParams: parametersOf(forward),
    backwardParams: backward === undefined ? undefined : parametersOf(backward),
    source: fullSource(forward) + (backward === undefined ? "" : fullSource(backward)),
    forward: (_none, args) => Reflect.apply(forward, self, args),
    backward: backward === undefined ? undefined : (_none, args) => Reflect.apply(backward, self, args),
  };
}

/** A class, or a function that returns an object with both passes. */
function ofClass(maker: Callable): Free | undefined {
  const isNewed = isClass(maker);
  const make = (args: readonly unknown[]): object => {
    const made: unknown = isNewed ? Reflect.construct(maker, args) : Reflect.apply(maker, undefined, args);
    if (typeof made !== "object" || made === null) throw new TypeError("it makes no object");
    return made;
  };
  const trial = isNewed ? (maker.prototype as object) : firstMade(make);
  if (trial === undefined) return undefined;
  const forward = method(trial, forwardNames);
  const backward = method(trial, backwardNames);
  if (forward === undefined) return undefined;
  const call = (name: string) => (self: object | undefined, args: readonly unknown[]) =>
    Reflect.apply(Reflect.get(Object(self), name) as Callable, self, args);
  return {
    make,
    makeParams: constructorParameters(maker),
    forwardParams: parametersOf(forward.fn),
    backwardParams: backward === undefined ? undefined : parametersOf(backward.fn),
    source: fullSource(maker),
    forward: call(forward.name),
    backward: backward === undefined ? undefined : call(backward.name),
  };
}

/** What a function makes, to see which methods it has. */
function firstMade(make: (args: readonly unknown[]) => object): object | undefined {
  for (const args of [[], [{}], [2, 2, 2, 2], [{ in: 2, out: 2, dim: 2, size: 2, kernel: 2 }]]) {
    const made = attempt(() => make(args));
    if (made !== undefined) return made;
  }
  return undefined;
}
