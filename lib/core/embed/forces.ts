import { Machine } from "../engine/machine.js";
import { Arena, roundUp } from "../engine/memory.js";
import { add, div, load, loadSplat, mul, sub, sumRows, vec } from "../engine/render/expr.js";
import { Program } from "../engine/render/program.js";
import type { MapGradient } from "./descent.js";

/** Neighbours looked at together; with more, the five sums no longer fit into a machine's registers. */
const LANES = 4;
/** Where points that only fill a vector stand: their w is 10⁻³⁶, their w² is 0. */
const FAR = 1e18;
/** Affinities below it count as 0 in float32: products with them would be subnormal, which some machines do slowly. */
const LEAST_AFFINITY = 1e-30;

/** Byte addresses of what the kernel reads and writes; all float32. */
interface Places {
  /** Coordinates of the map, one axis behind the other: [width] each. */
  readonly x: number;
  readonly y: number;
  /** [N, width], rows of `width` floats. */
  readonly P: number;
  /** Four sums for each sample: [N, 4], and Σ w for each: [N]. */
  readonly sums: number;
  readonly weights: number;
}

/**
 * The loop over pairs of `definitionGradient` in float32, four neighbours at a time: for each row i in first … end − 1
 *
 *     Σ_j p_ij w (x_i − x_j), Σ_j p_ij w (y_i − y_j), Σ_j w² (x_i − x_j), Σ_j w² (y_i − y_j), Σ_j w   with w = 1/(1 + d²)
 *
 * Each row sums in one fixed order, so it does not matter which thread does which rows.
 */
function forcesProgram(width: number, at: Places): Program {
  const program = new Program();
  program.define("forces", 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (i) => {
      const xi = k.let(loadSplat(add(mul(i, 4), at.x)));
      const yi = k.let(loadSplat(add(mul(i, 4), at.y)));
      const row = k.let(mul(i, 4 * width));
      const zero = () => k.letVector(LANES, vec(0));
      const [pullX, pullY, pushX, pushY, total] = [zero(), zero(), zero(), zero(), zero()];
      k.loop(0, 4 * width, 4 * LANES, (j) => {
        const dx = k.let(sub(xi, load(LANES, add(j, at.x))));
        const dy = k.let(sub(yi, load(LANES, add(j, at.y))));
        const w = k.let(div(vec(1), add(add(vec(1), mul(dx, dx)), mul(dy, dy))));
        const pull = k.let(mul(load(LANES, add(add(row, j), at.P)), w));
        const push = k.let(mul(w, w));
        k.increase(total, w);
        k.increase(pullX, mul(pull, dx));
        k.increase(pullY, mul(pull, dy));
        k.increase(pushX, mul(push, dx));
        k.increase(pushY, mul(push, dy));
      });
      k.store(add(mul(i, 16), at.sums), sumRows(pullX, pullY, pushX, pushY));
      k.store(add(mul(i, 4), at.weights), sumRows(total, total, total, total), 1);
    });
  });
  return program;
}

/** Pairs that are worth a thread's waking up; fewer are done by the calling thread alone. */
const PAIRS_OF_A_PIECE = 40_000;
const MOST_PIECES = 64;

/**
 * The gradient of `definitionGradient`, its loop over pairs in WebAssembly and float32 on the team of threads; the sum
 * over rows that Z needs, and everything after it, stays in float64.
 */
export class EngineGradient implements MapGradient {
  readonly #N: number;

  readonly #machine: Machine;
  readonly #pieces: number;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #sums: Float32Array;
  readonly #weights: Float32Array;

  /** @param P joint probabilities: [N, N] */
  constructor(P: Float64Array, N: number, threads: number) {
    this.#N = N;

    const width = roundUp(N, LANES);
    const arena = new Arena(0);
    const at: Places = {
      x: arena.floats(width),
      y: arena.floats(width),
      P: arena.floats(N * width),
      sums: arena.floats(4 * N),
      weights: arena.floats(N),
    };
    this.#pieces = Math.max(1, Math.min(MOST_PIECES, Math.floor((N * N) / PAIRS_OF_A_PIECE)));
    this.#machine = new Machine({
      program: forcesProgram(width, at),
      bytes: arena.bytes,
      phases: [{ name: "forces", parallel: "pieces" }],
      threads: this.#pieces > 1 ? threads : 1,
    });
    const floats = (address: number, length: number) =>
      this.#machine.floats.subarray(address / 4, address / 4 + length);
    this.#x = floats(at.x, width).fill(FAR);
    this.#y = floats(at.y, width).fill(FAR);
    this.#sums = floats(at.sums, 4 * N);
    this.#weights = floats(at.weights, N);
    const affinities = floats(at.P, N * width);
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        const p = P[i * N + j];
        affinities[i * width + j] = p < LEAST_AFFINITY ? 0 : p;
      }
    }
  }

  compute(map: Float64Array, exaggeration: number, out: Float64Array): void {
    const N = this.#N;
    const x = this.#x;
    const y = this.#y;
    const sums = this.#sums;
    const weights = this.#weights;
    const pieces = this.#pieces;
    for (let i = 0; i < N; i++) {
      x[i] = map[2 * i];
      y[i] = map[2 * i + 1];
    }
    this.#machine.run(0, pieces, pieces, N);
    // each row has counted itself, with w = 1
    let Z = -N;
    for (let i = 0; i < N; i++) Z += weights[i];
    for (let i = 0; i < N; i++) {
      out[2 * i] = 4 * (exaggeration * sums[4 * i] - sums[4 * i + 2] / Z);
      out[2 * i + 1] = 4 * (exaggeration * sums[4 * i + 1] - sums[4 * i + 3] / Z);
    }
  }

  /** Gives memory back; the gradient is not used again. */
  dispose(): void {
    this.#machine.dispose();
  }
}
