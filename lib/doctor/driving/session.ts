import type { Tensor } from "@gradbook/core";
import { type Decoded, decode } from "../reading/decode.js";
import { type Callable, Fault, type Values } from "../types.js";
import { restored } from "./arrange.js";
import type { CallArguments } from "./bench.js";

/** Gradients of one backward call, by the name of the input; and what was wrong with those that could not be read. */
export interface Gradients {
  readonly values: Values;
  readonly faults: readonly Fault[];
  /** Those that were found in fields instead of returned. */
  readonly kept: readonly string[];
  /** The names of the parts of an array without names, where their sizes leave no doubt. */
  readonly order?: readonly string[];
}

/** Forward and backward of the examined code in one case, as the definition's tensors. */
export interface Session {
  /** @throws Fault */
  forward(inputs: Values, training?: boolean): Tensor;
  /** Gradients by the inputs of the last forward. @throws Fault */
  backward(dy: Tensor): Gradients;
  /** Arguments that were changed by the calls, e.g. `"forward changes x"`. */
  readonly mutations: ReadonlySet<string>;
  /** The examined layer itself, where it is an object. */
  readonly object?: object;
}

/** Calls the examined code: what it throws becomes a fault. */
export function call(
  fn: Callable,
  self: unknown,
  args: readonly unknown[],
  phase: string,
  tensor: string,
): unknown {
  try {
    return Reflect.apply(fn, self, args);
  } catch (thrown) {
    throw new Fault(phase, "throws", tensor, `${phase} throws ${wordsOf(thrown)}`, thrown);
  }
}

export function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const line = /(?:\(|at )[^\s()]*?([^/\\()\s]+):(\d+):\d+\)?/.exec(thrown.stack ?? "");
  const at = line === null ? "" : ` (${line[1]}, line ${line[2]})`;
  return `${thrown.name}: ${thrown.message}${at}`;
}

/** The definition's tensor from what the code gave. @throws Fault when its size is another, or it is not a number */
export function restore(
  found: Decoded,
  tensor: string,
  name: string,
  bench: Pick<CallArguments, "operation" | "c" | "plan">,
  phase: string,
): Tensor {
  const { operation, c, plan } = bench;
  const axes = operation.axes[name];
  const letters = plan.arrangements[name] ?? axes;
  const expected = letters.map((l) => c.sizes[l]);
  const size = axes.reduce((product, l) => product * c.sizes[l], 1);
  if (found.data.length !== size || turned(found.shape, expected)) {
    throw new Fault(
      phase,
      "shape",
      tensor,
      `${tensor} has the shape [${found.shape.join(", ")}], expected [${expected.join(", ")}]`,
    );
  }
  if (found.data.some(Number.isNaN)) {
    const count = found.data.filter(Number.isNaN).length;
    throw new Fault(phase, "nan", tensor, `${count} of ${size} values of ${tensor} are NaN`);
  }
  if (found.data.some((v) => !Number.isFinite(v))) {
    throw new Fault(phase, "nan", tensor, `${tensor} holds infinite values`);
  }
  return restored(found.data, letters, axes, c.sizes);
}

/** The same number of elements in another shape of as many axes: rows and columns are exchanged. */
function turned(got: readonly number[], expected: readonly number[]): boolean {
  const full = (shape: readonly number[]) => shape.filter((n) => n !== 1);
  const [a, b] = [full(got), full(expected)];
  return got.length > 1 && a.length === b.length && a.length > 1 && a.some((n, axis) => n !== b[axis]);
}

/** Remembers what was handed over, and afterwards names what has changed. */
export function watch(bench: CallArguments): (phase: string) => string[] {
  const before = Array.from(
    bench.handedOver(),
    ([name, value]) => [name, value, decode(value)?.data.slice()] as const,
  );
  return (phase) =>
    before.flatMap(([name, value, data]) => {
      const now = decode(value)?.data;
      if (
        data === undefined ||
        now === undefined ||
        name === "y" ||
        name === "cache" ||
        name.startsWith("running")
      )
        return [];
      const same = now.length === data.length && now.every((v, i) => Object.is(v, data[i]) || v === data[i]);
      return same ? [] : [`${phase} changes ${name}`];
    });
}
