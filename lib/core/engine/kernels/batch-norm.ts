import { type Buffer, sampleAt } from "../memory.js";
import {
  add,
  div,
  type Expr,
  f32,
  i32,
  lane,
  load,
  loadScalar,
  min,
  mul,
  splat,
  sqrt,
  sub,
  sumParts,
  sumRows,
  toF32,
  vec,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { BatchNormSpec } from "../spec.js";
import { blocks } from "./conv-tile.js";
import { firstLanes } from "./lanes.js";

/** Byte addresses of a float for each channel. */
export interface BatchNormPlaces {
  readonly gamma: number;
  readonly beta: number;
  readonly dgamma: number;
  readonly dbeta: number;
  readonly runningMean: number;
  readonly runningVariance: number;
  /** The batch's statistics, kept from forward to backward. */
  readonly mean: number;
  readonly inverse: number;
}

export interface BatchNorm {
  readonly spec: BatchNormSpec;
  /** Axis 1 as channels: features are images of one pixel. */
  readonly x: Buffer;
  readonly y: Buffer;
  readonly at: BatchNormPlaces;
}

/** Channels that one task normalises over the whole batch. */
const CHANNELS_PER_TASK = 4;

export const batchNormTasks = ({ features }: BatchNormSpec): number =>
  Math.ceil(features / CHANNELS_PER_TASK);

/** batchMean, batchVariance, batchNormForward and the running statistics, a channel at a time over the whole batch. */
export function batchNormForward(p: Program, name: string, o: BatchNorm): Kernel {
  const { x, spec, at } = o;
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const M = k.let(toF32(mul(samples, x.layout.H * x.layout.W)));
    eachChannel(k, task, spec.features, (c) => {
      const of = (address: number): Expr => add(mul(c, 4), address);
      const mean = k.let(
        div(
          sumOver(k, x, x, c, samples, (v) => v),
          M,
        ),
      );
      const centre = k.let(splat(mean));
      const squares = sumOver(k, x, x, c, samples, (v, _w, keep) => {
        const centred = k.let(keep(sub(v, centre)));
        return mul(centred, centred);
      });
      const variance = k.let(div(squares, M));
      const inverse = k.let(div(f32(1), sqrt(add(variance, f32(spec.eps)))));
      k.store(of(at.mean), mean);
      k.store(of(at.inverse), inverse);
      // the running variance is the unbiased one
      const unbiased = div(mul(mul(f32(spec.momentum), variance), M), sub(M, f32(1)));
      const fade = (address: number): Expr => mul(f32(1 - spec.momentum), loadScalar("f32", of(address)));
      k.store(of(at.runningMean), add(fade(at.runningMean), mul(f32(spec.momentum), mean)));
      k.store(of(at.runningVariance), add(fade(at.runningVariance), unbiased));
      normalise(k, o, c, i32(0), samples, mean, inverse);
    });
  });
}

/** batchNormForward with the running statistics, on the samples of a piece. */
export function batchNormEvaluate(p: Program, name: string, o: BatchNorm): Kernel {
  const { spec, at } = o;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(0, spec.features, 1, (c) => {
      const of = (address: number): Expr => loadScalar("f32", add(mul(c, 4), address));
      const mean = k.let(of(at.runningMean));
      const inverse = k.let(div(f32(1), sqrt(add(of(at.runningVariance), f32(spec.eps)))));
      normalise(k, o, c, first, end, mean, inverse);
    });
  });
}

/** y = γ·((x − μ)·inverse) + β */
function normalise(
  k: Kernel,
  { x, y, at }: BatchNorm,
  c: Expr,
  first: Expr,
  end: Expr,
  mean: Expr,
  inverse: Expr,
): void {
  const of = (address: number): Expr => loadScalar("f32", add(mul(c, 4), address));
  const [centre, scale] = [k.let(splat(mean)), k.let(splat(inverse))];
  const [gamma, beta] = [k.let(splat(of(at.gamma))), k.let(splat(of(at.beta)))];
  eachVector(k, [x, y], c, first, end, ([from, to], count) => {
    const xHat = mul(sub(load(4, from), centre), scale);
    k.store(to, add(mul(gamma, xHat), beta), count);
  });
}

/** batchNormBackwardInput, …Weight and …Bias, a channel at a time over the whole batch; x̂ is made again from x. */
export function batchNormBackward(
  p: Program,
  name: string,
  o: {
    readonly spec: BatchNormSpec;
    readonly x: Buffer;
    readonly dy: Buffer;
    readonly dx: Buffer | undefined;
    readonly at: BatchNormPlaces;
  },
): Kernel {
  const { spec, x, dy, dx, at } = o;
  return p.define(name, 3, (k, task, _pieces, samples) => {
    const M = k.let(toF32(mul(samples, x.layout.H * x.layout.W)));
    eachChannel(k, task, spec.features, (c) => {
      const of = (address: number): Expr => add(mul(c, 4), address);
      const centre = k.let(splat(loadScalar("f32", of(at.mean))));
      const scale = k.let(splat(loadScalar("f32", of(at.inverse))));
      const hat = (v: Expr): Expr => mul(sub(v, centre), scale);
      const sum = k.let(sumOver(k, dy, dy, c, samples, (v) => v));
      const sumHat = k.let(sumOver(k, dy, x, c, samples, (v, w) => mul(v, hat(w))));
      k.store(of(at.dbeta), sum);
      k.store(of(at.dgamma), sumHat);
      if (dx === undefined) return;
      const [mean, meanHat] = [k.let(splat(div(sum, M))), k.let(splat(div(sumHat, M)))];
      const factor = k.let(mul(splat(loadScalar("f32", of(at.gamma))), scale));
      eachVector(k, [dy, x, dx], c, i32(0), samples, ([grad, value, to], count) => {
        const own = sub(load(4, grad), mean);
        k.store(to, mul(factor, sub(own, mul(hat(load(4, value)), meanHat))), count);
      });
    });
  });
}

/** batchNormBackwardInput with the running statistics, which are constants: dx = γ·inverse·dy. */
export function batchNormFrozenBackward(
  p: Program,
  name: string,
  o: {
    readonly spec: BatchNormSpec;
    readonly dy: Buffer;
    readonly dx: Buffer | undefined;
    readonly at: BatchNormPlaces;
  },
): Kernel {
  const { spec, dy, dx = dy, at } = o;
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(0, spec.features, 1, (c) => {
      const of = (address: number): Expr => loadScalar("f32", add(mul(c, 4), address));
      const inverse = k.let(div(f32(1), sqrt(add(of(at.runningVariance), f32(spec.eps)))));
      const factor = k.let(mul(splat(of(at.gamma)), splat(inverse)));
      eachVector(k, [dy, dx], c, first, end, ([grad, to], count) => {
        k.store(to, mul(factor, load(4, grad)), count);
      });
    });
  });
}

function eachChannel(k: Kernel, task: Expr, channels: number, visit: (c: Expr) => void): void {
  const first = k.let(mul(task, CHANNELS_PER_TASK));
  k.loop(first, k.let(min(add(first, CHANNELS_PER_TASK), i32(channels))), 1, visit);
}

/**
 * Σ over batch and positions of a term made of two buffers' values: sums of each row's vectors are added up sample by
 * sample, so that no long sum loses the small terms.
 */
function sumOver(
  k: Kernel,
  a: Buffer,
  b: Buffer,
  c: Expr,
  samples: Expr,
  term: (a: Expr, b: Expr, keep: (v: Expr) => Expr) => Expr,
): Expr {
  const total = k.letVector(4, vec(0));
  const inner = k.letVector(4, vec(0));
  const { W } = a.layout;
  k.loop(0, samples, 1, (n) => {
    const [ra, rb] = [a, b].map((buffer) => k.let(add(sampleAt(buffer, n), mul(c, 4 * buffer.layout.plane))));
    k.set(inner, vec(0));
    k.loop(0, a.layout.H, 1, () => {
      for (const { from, to, step } of blocks(W, 4))
        k.loop(4 * from, 4 * to, 4 * step, (j) => {
          const keep = (v: Expr): Expr => firstLanes(v, step);
          const value = term(k.let(load(4, add(ra, j))), k.let(load(4, add(rb, j))), keep);
          k.increase(inner, keep(value));
        });
      k.increase(ra, 4 * a.layout.row);
      k.increase(rb, 4 * b.layout.row);
    });
    k.increase(total, inner);
  });
  return lane(sumRows(sumParts(total), vec(0), vec(0), vec(0)), 0);
}

/** Four neighbouring values of a channel at a time, at the same position in each buffer. */
function eachVector(
  k: Kernel,
  buffers: readonly Buffer[],
  c: Expr,
  first: Expr,
  end: Expr,
  visit: (at: Expr[], count: number) => void,
): void {
  const { H, W } = buffers[0].layout;
  k.loop(first, end, 1, (n) => {
    const rows = buffers.map((buffer) => k.let(add(sampleAt(buffer, n), mul(c, 4 * buffer.layout.plane))));
    k.loop(0, H, 1, () => {
      for (const { from, to, step } of blocks(W, 4))
        k.loop(4 * from, 4 * to, 4 * step, (j) => {
          visit(
            rows.map((row) => k.let(add(row, j))),
            step,
          );
        });
      for (const [i, row] of rows.entries()) k.increase(row, 4 * buffers[i].layout.row);
    });
  });
}
