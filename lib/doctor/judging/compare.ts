/** How far two arrays are apart, measured by the largest number in either. */
export interface Distance {
  /** Largest difference ÷ largest value; 0 for two arrays of zeros. */
  readonly error: number;
  /** The largest value of the expected array. */
  readonly scale: number;
}

export function compare(got: ArrayLike<number>, expected: ArrayLike<number>): Distance {
  let difference = 0;
  let scale = 0;
  let both = 0;
  for (let i = 0; i < expected.length; i++) {
    // equal infinities are equal
    const d = got[i] === expected[i] ? 0 : Math.abs(got[i] - expected[i]);
    if (!(d <= difference)) difference = d;
    const e = Math.abs(expected[i]);
    if (e > scale) scale = e;
    both = Math.max(both, e, Math.abs(got[i]));
  }
  if (Number.isNaN(difference)) return { error: Number.POSITIVE_INFINITY, scale };
  return { error: difference === 0 ? 0 : difference / both, scale };
}

/** The number that brings `from` nearest to `to`, and what is left over, relative to the largest value of `to`. */
export function bestScale(from: ArrayLike<number>, to: ArrayLike<number>): { factor: number; rest: number } {
  let [ab, aa] = [0, 0];
  for (let i = 0; i < to.length; i++) {
    ab += from[i] * to[i];
    aa += from[i] * from[i];
  }
  if (aa === 0) return { factor: 0, rest: 1 };
  const factor = ab / aa;
  const scaled = Float64Array.from(from, (v) => v * factor);
  return { factor, rest: compare(scaled, to).error };
}
