import { factorText } from "../numbers.js";
import type { Caller } from "./call.js";
import { derivative } from "./derivative.js";
import { errorOf, type Judged, type Measured } from "./judge.js";

/** What the numbers of a wrong gradient tell. */
export interface Slip {
  readonly id: string;
  readonly words: string;
  readonly cure: string;
}

/** A name for what is wrong that every failing situation bears out; undefined where the numbers tell nothing. */
export function slipOf(
  caller: Caller,
  name: string,
  failing: readonly { readonly measured: Measured; readonly judged: Judged }[],
): Slip | undefined {
  const factors = failing.map(({ judged }) => factorOf(judged));
  if (factors.every((f) => f === 0))
    return {
      id: "zero",
      words: `${name} is all zeros`,
      cure: `Fill ${name}: it is returned as it was allocated.`,
    };
  if (factors.every((f) => f !== undefined && Math.abs(f + 1) < 1e-5))
    return { id: "sign", words: `${name} has the wrong sign`, cure: `Negate ${name}.` };
  const [first] = factors;
  if (
    first !== undefined &&
    factors.every((f) => f !== undefined && Math.abs(f - first) < 1e-5 * Math.abs(first))
  )
    return {
      id: "factor",
      words: `${name} is ${factorText(first)} times the derivative of this code's own forward`,
      cure: `Look at the factors of ${name}: one of them is missing or too many.`,
    };
  if (factors.every((f) => f !== undefined))
    return {
      id: "factor",
      words: `${name} is the derivative of this code's own forward but for a factor that changes with the sizes (${factors.map((f) => factorText(f ?? 0)).join(", ")})`,
      cure: `Look at what ${name} is divided by, or summed where it should be averaged.`,
    };
  for (const which of ["last", "first"] as const)
    if (failing.every(({ measured, judged }) => isOfOneSample(caller, measured, judged, which)))
      return {
        id: "one-sample",
        words: `${name} is that of the ${which} sample alone`,
        cure:
          which === "last"
            ? `Add up over the batch: += in place of =.`
            : `Sum ${name} over all samples of the batch.`,
      };
  if (failing.every(({ judged }) => isTransposed(judged)))
    return { id: "transposed", words: `${name} is transposed`, cure: `Swap the two axes of ${name}.` };
  return undefined;
}

/** got = factor · expected at every element; undefined where there is none. */
function factorOf({ got, derivative: d }: Judged): number | undefined {
  if (got === undefined) return undefined;
  const at = d.elements
    .map((i, k) => ({ got: got[i], expected: d.values[k], smooth: d.smooth[k] }))
    .filter((e) => e.smooth);
  const largest = at.reduce((a, b) => (Math.abs(b.expected) > Math.abs(a.expected) ? b : a));
  if (largest.expected === 0) return undefined;
  const factor = largest.got / largest.expected;
  const fits = at.every(
    ({ got: g, expected }) =>
      Math.abs(g - factor * expected) <=
      1e-5 * Math.max(1e-3, Math.abs(largest.got), Math.abs(largest.expected)),
  );
  return fits ? factor : undefined;
}

/** The gradient as if dy were 0 but in one sample. */
function isOfOneSample(
  caller: Caller,
  measured: Measured,
  { place, got }: Judged,
  which: "first" | "last",
): boolean {
  const { call, dy, situation, places, single } = measured;
  const [N] = call.y.shape;
  if (got === undefined || N === undefined || N < 2 || call.y.shape.length < 2) return false;
  const each = dy.length / N;
  const n = which === "last" ? N - 1 : 0;
  const only = dy.map((v, i) => (Math.floor(i / each) === n ? v : 0));
  try {
    return errorOf(got, derivative(caller, situation.setting, places, place, only, single)) < 1e-5;
  } catch {
    return false;
  }
}

function isTransposed({ place, got, derivative: d }: Judged): boolean {
  const [R, C] = place.shape;
  if (got === undefined || place.shape.length !== 2 || R < 2 || C < 2) return false;
  const turned = got.map((_, i) => got[(i % C) * R + Math.floor(i / C)]);
  return errorOf(turned, d) < 1e-5;
}
