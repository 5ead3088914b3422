import { assertList, dataError, shapeError } from "@gradbook/base";
import { formatShape } from "../tensor/shape.js";
import { isTensor, type Nested, Tensor } from "../tensor/tensor.js";

/** N samples of F features each: a tensor [N, F], rows of numbers, or rows of typed numbers. */
export type Features = Tensor | readonly ArrayLike<number>[];

/** Squared distances of larger values could overflow. */
const LARGEST = 1e150;

/**
 * Features as one block of doubles: [N, F].
 * @throws GradbookError when the rows differ in length, or hold a value that is not finite or whose square is not
 */
export function parseFeatures(what: string, features: Features): Tensor {
  if (!isTensor(features)) assertList(what, "features", features, "a tensor [N, F], or N rows of numbers");
  const x = isTensor(features)
    ? features.clone("float64")
    : Tensor.from(Array.from(features, (row): Nested => Array.from(Object(row))));
  if (x.shape.length !== 2 || x.shape[1] === 0) {
    throw shapeError(
      what,
      `features of the shape ${formatShape(x.shape)}`,
      "[N, F]: N samples of F features each",
      x.shape.length > 2 ? "x.reshape([N, F]) lays each sample out in one row." : undefined,
    );
  }
  const [, F] = x.shape;
  const broken = x.data.findIndex((v) => !(Math.abs(v) <= LARGEST));
  if (broken >= 0) {
    throw dataError(
      what,
      `${x.data[broken]} in sample ${Math.floor(broken / F)}, feature ${broken % F}`,
      "finite numbers within ±1e150",
    );
  }
  return x;
}

/** All pairs are kept: at this many samples their distances take 3.2 GB, the affinities as much again. */
const MOST_SAMPLES = 20_000;

/**
 * Squared Euclidean distances, ‖x_i − x_j‖²: [N, N], symmetric, 0 on the diagonal.
 * Differences are taken before squaring: duplicates come out as exactly 0, and a feature that is constant adds 0.
 * @throws GradbookError for more than 20,000 samples
 */
export function squaredDistances(x: Tensor): Float64Array {
  const [N, F] = x.shape;
  if (N > MOST_SAMPLES) {
    throw dataError(
      "distances of all pairs",
      `${N} samples`,
      `at most ${MOST_SAMPLES}`,
      "Take a subset: a map of some thousand points is as many as an eye can tell apart.",
    );
  }
  const D = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let f = 0; f < F; f++) {
        const difference = x.data[i * F + f] - x.data[j * F + f];
        sum += difference * difference;
      }
      D[i * N + j] = sum;
      D[j * N + i] = sum;
    }
  }
  return D;
}
