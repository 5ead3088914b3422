import {
  callback,
  configError,
  count,
  type Given,
  GradbookError,
  numberFrom,
  oneOf,
  options,
  positive,
  seed,
  shapeError,
  stopRequested,
} from "@gradbook/base";
import { parseThreads } from "../engine/team.js";
import { Rng } from "../tensor/rng.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Ending } from "../train/history.js";
import { jointProbabilities, parsePerplexity } from "./affinities.js";
import { divergence } from "./definition.js";
import { descend } from "./descent.js";
import { type Features, parseFeatures, squaredDistances } from "./features.js";
import { EngineGradient } from "./forces.js";
import { initialMap } from "./init.js";
import { runTsneJs } from "./tsne-js.js";

const tsneOptions = {
  /**
   * Effective number of neighbours of a sample: at least 1, below N/3.
   * @default 30, or as many as N/3 allows
   */
  perplexity: numberFrom(1).optional(),
  /**
   * Steps of the descent.
   * @default 1000
   */
  iterations: count().or(1000),
  /**
   * Seed of a random start.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * `"gradbook"`: t-SNE as in the paper. `"tsne-js"`: the npm package, which differs from it.
   * @default "gradbook"
   */
  method: oneOf("gradbook", "tsne-js").or("gradbook"),
  /**
   * Step size; tsne-js's own, 1000, diverges.
   * @default N / 10, at least 20; for tsne-js N / 2 within 20 … 100
   */
  learningRate: positive().optional(),
  /**
   * Factor of the affinities in the first 250 iterations (of tsne-js: 100), as in the paper.
   * @default 4
   */
  exaggeration: positive().or(4),
  /**
   * The map at the start: principal components, or a seeded cloud, which is all that tsne-js has.
   * @default "pca", for tsne-js "random"
   */
  init: oneOf("pca", "random").optional(),
  /**
   * Called every 10 iterations, and at the end.
   * @default none
   */
  onProgress: callback<(done: number, iterations: number) => void>().optional(),
};
/**
 * Options of `tsne`.
 * @interface
 */
export type TsneConfig = Given<typeof tsneOptions>;

/** What `tsne` returns: a two-dimensional map of the features. */
export interface Embedding {
  /** `[N][2]`; the axes have no unit and no meaning, only who is near whom. */
  readonly points: number[][];
  /** KL divergence in nats between the *paper's* affinities of the features and the map, whatever the method. */
  readonly kl: number;
  /** Iterations done. */
  readonly iterations: number;
  /** `"stopped early"`: tsne-js made no more progress; `"interrupted"`: by the stop button, with the map so far. */
  readonly ending: Ending;
}

/**
 * t-SNE (van der Maaten & Hinton 2008) with exact gradients: features [N, F] → N points of the plane. A synchronous
 * call; the same features, options and seed give the same bits on every machine.
 *
 * @throws GradbookError for fewer than 4 samples, a perplexity of N/3 or more, a feature that is not finite
 *
 * @example
 * ```ts
 * import { Rng, tsne } from "gradbook";
 *
 * // two clusters of 10 samples with 3 features each
 * const rng = new Rng(1);
 * const x = Array.from({ length: 20 }, (_, i) => [10 * (i % 2) + rng.uniform(), rng.uniform(), rng.uniform()]);
 * const { points, iterations } = tsne(x, { perplexity: 5, iterations: 300, seed: 1 });
 * console.log(points.length, points[0].length, iterations); // 20 2 300
 * ```
 */
export function tsne(features: Features, config: TsneConfig = {}): Embedding {
  const { iterations, method, exaggeration, onProgress, ...given } = options("tsne", tsneOptions, config);
  const x = parseFeatures("tsne", features);
  const N = x.shape[0];
  const perplexity = parsePerplexity("tsne", given.perplexity, N);
  const usualRate = method === "gradbook" ? Math.max(N / 10, 20) : Math.min(Math.max(N / 2, 20), 100);
  const { learningRate = usualRate, init = method === "gradbook" ? "pca" : "random" } = given;

  const P = jointProbabilities(squaredDistances(x), N, perplexity);
  const rng = new Rng(given.seed).fork("tsne");
  let interrupted = false;
  const stop = (done: number): boolean => {
    if (done % 10 === 0 && done > 0 && done < iterations) onProgress?.(done, iterations);
    interrupted = stopRequested();
    return interrupted;
  };
  const settings = { perplexity, iterations, learningRate, exaggeration, stop };

  let y: Float64Array;
  let done: number;
  if (method === "gradbook") {
    y = initialMap(init, x, rng);
    const gradient = new EngineGradient(P, N, parseThreads(undefined));
    try {
      done = descend(gradient, y, settings);
    } finally {
      gradient.dispose();
    }
  } else {
    refusePcaStart(init);
    const result = runTsneJs(x, { ...settings, rng });
    y = Float64Array.from(result.points.flat());
    done = result.iterations;
  }
  assertConverged(y, learningRate);
  onProgress?.(done, iterations);
  return {
    points: Array.from({ length: N }, (_, i) => [y[2 * i], y[2 * i + 1]]),
    kl: divergence(P, y, N),
    iterations: done,
    ending: interrupted ? "interrupted" : done < iterations ? "stopped early" : "finished",
  };
}

const klOptions = {
  /**
   * Effective number of neighbours, as `tsne`'s.
   * @default 30, or as many as N/3 allows
   */
  perplexity: numberFrom(1).optional(),
};
/**
 * Options of `klDivergence`.
 * @interface
 */
export type KlDivergenceConfig = Given<typeof klOptions>;

/**
 * KL divergence in nats of any map from the paper's affinities of the features: what t-SNE minimises; 0 is a map that
 * keeps every neighbourhood. Comparable only for the same features and perplexity.
 *
 * @param features what was mapped: [N, F]
 * @param points the map: [N][2]
 * @throws GradbookError when the map is not [N][2], or as `tsne` does
 *
 * @example
 * ```ts
 * import { klDivergence, Rng } from "gradbook";
 *
 * const rng = new Rng(1);
 * const x = Array.from({ length: 20 }, (_, i) => [10 * (i % 2) + rng.uniform(), rng.uniform(), rng.uniform()]);
 * const flat = x.map(([a, b]) => [a, b]); // drops the third feature
 * console.log(klDivergence(x, flat, { perplexity: 5 }) > 0); // true
 * ```
 */
export function klDivergence(features: Features, points: Features, config: KlDivergenceConfig = {}): number {
  const given = options("klDivergence", klOptions, config);
  const x = parseFeatures("klDivergence", features);
  const y = parseMap("klDivergence", points, x.shape[0]);
  const N = x.shape[0];
  const perplexity = parsePerplexity("klDivergence", given.perplexity, N);
  return divergence(jointProbabilities(squaredDistances(x), N, perplexity), Float64Array.from(y.data), N);
}

/** @throws GradbookError when a map is not [N, 2] */
function parseMap(what: string, points: Features, N: number): Tensor {
  const y = parseFeatures(what, points);
  if (y.shape[0] === N && y.shape[1] === 2) return y;
  throw shapeError(
    what,
    `a map of ${y.shape[0]} points in ${y.shape[1]} dimensions`,
    `${N} points, one for each sample, in 2`,
  );
}

function refusePcaStart(init: "pca" | "random"): void {
  if (init === "random") return;
  throw configError(
    "tsne with tsne-js",
    'init "pca"',
    '"random"',
    'tsne-js draws its own start; method: "gradbook" has both.',
  );
}

function assertConverged(y: Float64Array, learningRate: number): void {
  if (y.every(Number.isFinite)) return;
  throw new GradbookError({
    code: "diverged",
    what: "tsne",
    got: `a map with values that are not finite, at the learning rate ${learningRate}`,
    expected: "finite points",
    cure: "Try a smaller learningRate.",
  });
}
