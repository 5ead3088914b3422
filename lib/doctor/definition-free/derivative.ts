import type { Caller, Place, Setting } from "./call.js";

/** Derivatives of Σ weight·y by some elements of a place. */
export interface Derivative {
  /** Which elements were looked at. */
  readonly elements: readonly number[];
  readonly values: readonly number[];
  /** false where two steps disagree: at a kink there is no derivative to judge by. */
  readonly smooth: readonly boolean[];
}

/** Elements of a tensor that are differentiated by at most. */
const MOST = 14;

/**
 * Central differences of the code's own forward with a step h and with h/2; where both agree, the value is extrapolated from
 * them, with an error of the order h⁴.
 * @param single the code computes in float32
 */
export function derivative(
  caller: Caller,
  setting: Setting,
  places: readonly Place[],
  place: Place,
  weights: Float64Array,
  single: boolean,
): Derivative {
  const elements = spread(place.values.length);
  const objective = () => dot(caller.run(setting, places).y.data, weights);
  const h = single ? 1 / 32 : 1 / 1024;
  const slope = (i: number, step: number) => {
    const kept = place.values[i];
    place.values[i] = kept + step;
    const above = objective();
    place.values[i] = kept - step;
    const below = objective();
    place.values[i] = kept;
    return (above - below) / (2 * step);
  };
  const pairs = elements.map((i) => [slope(i, h), slope(i, h / 2)] as const);
  // a staircase looks like a slope from afar, and has none
  const isStair =
    !single &&
    elements.slice(0, 3).some((i, k) => {
      const tiny = slope(i, 1e-6);
      return Math.abs(tiny - pairs[k][1]) > 0.05 * (Math.abs(pairs[k][1]) + 1e-3);
    });
  const scale = Math.max(1e-6, ...pairs.map(([, near]) => Math.abs(near)));
  return {
    elements,
    values: pairs.map(([wide, near]) => (4 * near - wide) / 3),
    smooth: pairs.map(([wide, near]) => !isStair && Math.abs(near - wide) <= (single ? 2e-2 : 1e-4) * scale),
  };
}

/** All elements of a small tensor; of a large one some, without a common stride. */
function spread(size: number): number[] {
  if (size <= MOST) return Array.from({ length: size }, (_, i) => i);
  const chosen = new Set<number>([0, size - 1]);
  for (let k = 1; chosen.size < MOST; k++) chosen.add(Math.floor((k * 0.6180339887498949 * size) % size));
  return [...chosen].sort((a, b) => a - b);
}

function dot(y: Float64Array, weights: Float64Array): number {
  if (y.length !== weights.length) throw new RangeError("the output changes its size");
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += y[i] * weights[i];
  return sum;
}
