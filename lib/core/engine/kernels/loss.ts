import { configError } from "@gradbook/base";
import { log } from "../../tensor/portable.js";
import { type Buffer, features, sampleAt } from "../memory.js";
import {
  abs,
  add,
  and,
  div,
  type Expr,
  equalInts,
  lane,
  less,
  lessEqual,
  load,
  loadScalar,
  loadSplat,
  max,
  min,
  mul,
  neg,
  select,
  shuffle,
  splat,
  sub,
  sumRows,
  vec,
  vecOf,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { LossSpec } from "../spec.js";
import { blocks } from "./conv-tile.js";
import { lanesOr } from "./lanes.js";
import { exp, logOnePlus, sigmoid } from "./math.js";

export interface LossKernel {
  readonly spec: LossSpec;
  /** The model's output, dense [K]. */
  readonly z: Buffer;
  readonly dz: Buffer;
  /** Class numbers as integers, one a sample. */
  readonly labels: number;
  /** What outputs are compared with where that is numbers, dense [K]; undefined: the class. */
  readonly targets: Buffer | undefined;
  /** Two floats per sample from which the loss is made: see `lossKernel`. */
  readonly parts: number;
  /** Where the float stands that gradients are divided by: the size of the batch, or 1. */
  readonly divisor: number;
}

/** One sample's row in a loss's kernel. */
interface Row {
  readonly spec: LossSpec;
  /** Outputs of a sample. */
  readonly K: number;
  readonly z: Expr;
  readonly dz: Expr;
  readonly label: Expr;
  /** Where the sample's numbers stand; undefined: one-hot of the label. */
  readonly target: Expr | undefined;
  readonly parts: Expr;
  readonly divisor: Expr;
}

/** A kind of loss: what a kernel does with a row, and what is left to do with the two floats that it leaves. */
interface LossKind {
  row(k: Kernel, row: Row): void;
  /** The loss of a sample, from its two floats. */
  ofParts(first: number, second: number): number;
  /** What becomes of the sum over the samples. */
  finish(sum: number, spec: LossSpec, K: number): number;
}

/** Every loss that the engine knows. */
const losses: { readonly [K in LossSpec["kind"]]: LossKind } = {
  /** Keeps the sum of e^{z − max}, and max − z[label]. */
  softmaxCrossEntropy: {
    row: softmaxCrossEntropy,
    ofParts: (sum, rest) => log(sum) + rest,
    finish: (sum) => sum,
  },
  /** Keeps Σ (y − t)². */
  euclidean: { row: squared, ofParts: (sum) => sum, finish: (sum) => sum / 2 },
  mse: { row: squared, ofParts: (sum) => sum, finish: meanOfOutputs },
  mae: {
    row: (k, row) =>
      elementwise(k, row, (z, t) => {
        const d = k.let(sub(z, t));
        const sign = select(less(vec(0), d), vec(1), and(less(d, vec(0)), vec(-1)));
        return { value: abs(d), slope: sign };
      }),
    ofParts: (sum) => sum,
    finish: meanOfOutputs,
  },
  /** ½d² up to δ, then δ(|d| − ½δ) */
  huber: {
    row: (k, row) =>
      elementwise(k, row, (z, t) => {
        const delta = row.spec.kind === "huber" ? row.spec.delta : 1;
        const d = k.let(sub(z, t));
        const size = k.let(abs(d));
        const straight = mul(vec(delta), sub(size, vec(delta / 2)));
        const value = select(lessEqual(size, vec(delta)), mul(mul(size, size), vec(0.5)), straight);
        return { value, slope: max(min(d, vec(delta)), vec(-delta)) };
      }),
    ofParts: (sum) => sum,
    finish: meanOfOutputs,
  },
  /** max(z, 0) − z·t + log(1 + e^{−|z|}) */
  binaryCrossEntropy: {
    row: (k, row) =>
      elementwise(k, row, (z, t) => {
        const rest = logOnePlus(k, exp(k, neg(abs(z))));
        return { value: add(sub(max(z, vec(0)), mul(z, t)), rest), slope: sub(sigmoid(k, z), t) };
      }),
    ofParts: (sum) => sum,
    finish: meanOfOutputs,
  },
};

function meanOfOutputs(sum: number, { reduction }: LossSpec, K: number): number {
  return reduction === "mean" ? sum / K : sum;
}

/** Loss and its gradient for each sample; `sumOfLosses` makes an end of it. */
export function lossKernel(p: Program, name: string, o: LossKernel): Kernel {
  const { row } = kindOf(o.spec);
  return p.define(name, 3, (k, _piece, first, end) => {
    const divisor = k.let(loadSplat(k.let(o.divisor)));
    k.loop(first, end, 1, (n) => {
      const z = k.let(sampleAt(o.z, n));
      const dz = k.let(sampleAt(o.dz, n));
      const label = k.let(loadScalar("i32", add(mul(n, 4), o.labels)));
      const parts = k.let(add(mul(n, 8), o.parts));
      const target = o.targets && k.let(sampleAt(o.targets, n));
      row(k, { spec: o.spec, K: features(o.z), z, dz, label, target, parts, divisor });
    });
  });
}

/**
 * Σ of the losses of n samples, in their order, from the two floats of each that the kernel has left.
 * @param first of these floats
 * @param K outputs of a sample
 */
export function sumOfLosses(
  spec: LossSpec,
  floats: Float32Array,
  first: number,
  n: number,
  K: number,
): number {
  const kind = kindOf(spec);
  let sum = 0;
  for (let i = first; i < first + 2 * n; i += 2) sum += kind.ofParts(floats[i], floats[i + 1]);
  return kind.finish(sum, spec, K);
}

function kindOf({ kind }: LossSpec): LossKind {
  if (Object.hasOwn(losses, kind)) return losses[kind];
  throw configError("engine, loss", `unknown kind ${JSON.stringify(kind)}`);
}

/** As softmaxCrossEntropyGradient: p = e^{z − max}/Σ e^{z − max}, dz = (p − one-hot)/divisor. */
function softmaxCrossEntropy(k: Kernel, { K, z, dz, label, parts, divisor }: Row): void {
  const largest = k.letVector(4, vec(Number.NEGATIVE_INFINITY));
  eachClass(k, K, (at, count) => {
    k.set(largest, max(largest, lanesOr(load(4, add(z, at)), count, Number.NEGATIVE_INFINITY)));
  });
  const pairs = k.let(max(largest, shuffle(largest, largest, [2, 3, 0, 1])));
  const top = k.let(max(pairs, shuffle(pairs, pairs, [1, 0, 3, 2])));
  const sums = k.letVector(4, vec(0));
  eachClass(k, K, (at, count) => {
    const e = k.let(lanesOr(exp(k, sub(load(4, add(z, at)), top)), count, 0));
    k.store(add(dz, at), e, count);
    k.increase(sums, e);
  });
  const sum = k.let(sumRows(sums, sums, sums, sums));
  k.store(parts, lane(sum, 0));
  k.store(add(parts, 4), sub(lane(top, 0), loadScalar("f32", add(z, mul(label, 4)))));
  eachClass(k, K, (at, count, isLabel) => {
    const share = div(load(4, add(dz, at)), sum);
    k.store(add(dz, at), div(sub(share, and(isLabel(label), vec(1))), divisor), count);
  });
}

/** Four classes at a time: their byte offset, how many they are, and which of them is the label. */
function eachClass(
  k: Kernel,
  K: number,
  visit: (at: Expr, count: number, isLabel: (label: Expr) => Expr) => void,
): void {
  for (const { from, to, step } of blocks(K, 4))
    k.loop(from, to, step, (i) => {
      visit(k.let(mul(i, 4)), step, (label) => equalInts(splat(sub(label, i)), vecOf([0, 1, 2, 3])));
    });
}

/** As squaredGradient: dz = scale · (y − t). */
function squared(k: Kernel, row: Row): void {
  const { spec, K, z, dz, parts, divisor } = row;
  const factor = spec.kind === "euclidean" ? 1 : spec.reduction === "mean" ? 2 / K : 2;
  const scale = k.let(div(vec(factor), divisor));
  const sums = k.letVector(4, vec(0));
  eachClass(k, K, (at, count, isLabel) => {
    const target = targetAt(row, at, isLabel);
    const difference = k.let(lanesOr(sub(load(4, add(z, at)), target), count, 0));
    k.increase(sums, mul(difference, difference));
    k.store(add(dz, at), mul(scale, difference), count);
  });
  keepSum(k, parts, sums);
}

/** A loss of each output by itself: dz = scale · its slope. */
function elementwise(
  k: Kernel,
  row: Row,
  of: (z: Expr, target: Expr) => { readonly value: Expr; readonly slope: Expr },
): void {
  const { spec, K, z, dz, parts, divisor } = row;
  const scale = k.let(div(vec(spec.reduction === "mean" ? 1 / K : 1), divisor));
  const sums = k.letVector(4, vec(0));
  eachClass(k, K, (at, count, isLabel) => {
    const { value, slope } = of(k.let(load(4, add(z, at))), k.let(targetAt(row, at, isLabel)));
    k.increase(sums, lanesOr(value, count, 0));
    k.store(add(dz, at), mul(scale, slope), count);
  });
  keepSum(k, parts, sums);
}

/** What four outputs are compared with. */
function targetAt({ target, label }: Row, at: Expr, isLabel: (label: Expr) => Expr): Expr {
  return target === undefined ? and(isLabel(label), vec(1)) : load(4, add(target, at));
}

function keepSum(k: Kernel, parts: Expr, sums: Expr): void {
  k.store(parts, lane(sumRows(sums, sums, sums, sums), 0));
  k.store(add(parts, 4), lane(vec(0), 0));
}
