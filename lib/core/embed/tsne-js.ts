import { createRequire } from "node:module";
import { configError, optionalPackage } from "@gradbook/base";
import { exp, log } from "../tensor/portable.js";
import type { Rng } from "../tensor/rng.js";
import type { Tensor } from "../tensor/tensor.js";

export interface TsneJsConfig {
  readonly perplexity: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly exaggeration: number;
  readonly rng: Rng;
  /** Asked before each iteration, with the number already done; true ends the descent. */
  readonly stop: (done: number) => boolean;
}

/** What of tsne-js 1.0.3 is used. */
interface TsneJs {
  init(options: { data: unknown; type: "dense" }): void;
  run(): [error: number, iterations: number];
  getOutput(): number[][];
  on(event: "progressIter", listener: (progress: [iteration: number]) => void): void;
}
type TsneJsConstructor = new (config: Record<string, number>) => TsneJs;

/** With this many iterations or fewer its last phase never runs, and its error is the largest double. */
export const TSNE_JS_LEAST_ITERATIONS = 102;

/**
 * A map by the npm package tsne-js 1.0.3, which is not quite the paper: its affinities come from distances that are
 * not squared, and its gains grow where the paper's shrink. It ends early by itself when its error no longer falls.
 * @returns the map [N][2] and the number of iterations done
 */
export function runTsneJs(x: Tensor, config: TsneJsConfig): { points: number[][]; iterations: number } {
  if (config.iterations < TSNE_JS_LEAST_ITERATIONS) {
    throw configError(
      "tsne with tsne-js",
      `${config.iterations} iterations`,
      `at least ${TSNE_JS_LEAST_ITERATIONS}`,
    );
  }
  const require = createRequire(import.meta.url);
  const TSNE: TsneJsConstructor = optionalPackage("tsne-js", 'tsne({ method: "tsne-js" })', () =>
    require("tsne-js"),
  );
  return withPortableMath(config.rng, () => {
    const model = new TSNE({
      dim: 2,
      perplexity: config.perplexity,
      earlyExaggeration: config.exaggeration,
      learningRate: config.learningRate,
      nIter: config.iterations,
    });
    // rows as plain arrays: typed ones would silently give a map of NaN
    model.init({ data: x.toNested(), type: "dense" });
    let done = 0;
    model.on("progressIter", ([iteration]) => {
      done = iteration;
      // its loop has no other exit; the map so far stays in the model
      if (config.stop(done)) throw stopped;
    });
    try {
      done = model.run()[1];
    } catch (error) {
      if (error !== stopped) throw error;
    }
    return { points: model.getOutput(), iterations: done };
  });
}

const stopped = new Error("tsne-js was asked to stop");

/**
 * Runs foreign code on our random numbers and our exp and log: tsne-js draws from Math.random and offers no seed, and
 * Math.exp is left to each engine. The functions of the engine come back in any case.
 */
function withPortableMath<T>(rng: Rng, run: () => T): T {
  const kept = { random: Math.random, exp: Math.exp, log: Math.log, pow: Math.pow };
  const pow = kept.pow;
  Object.assign(Math, {
    random: () => rng.uniform(),
    exp,
    log,
    // the only power that tsne-js takes of data is 1/x
    pow: (base: number, exponent: number) => (exponent === -1 ? 1 / base : pow(base, exponent)),
  });
  try {
    return run();
  } finally {
    Object.assign(Math, kept);
  }
}
