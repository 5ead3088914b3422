import { activationOf } from "../kernels/activations.js";
import {
  type BatchNormPlaces,
  batchNormBackward,
  batchNormEvaluate,
  batchNormForward,
  batchNormFrozenBackward,
  batchNormTasks,
} from "../kernels/batch-norm.js";
import { copy } from "../kernels/copy.js";
import { dropout } from "../kernels/dropout.js";
import { activationBackward, activationForward } from "../kernels/elementwise.js";
import { avgPoolBackward, avgPoolForward, maxPoolBackward, maxPoolForward } from "../kernels/pool.js";
import { asChannels, type Buffer, denseLayout, isDense, type Layout } from "../memory.js";
import type { ActivationSpec, BatchNormSpec, DropoutSpec, GlobalAvgPoolSpec, Pool2dSpec } from "../spec.js";
import { onPieces, onTasks, type PlanLayer, type Stage } from "./stage.js";

const plain = { reads: "any", writes: undefined, inPlace: false, params: [], perPiece: false } as const;
const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/**
 * An activation, on its input's own memory where nobody needs that any more. One whose derivative is made of the input
 * never is.
 */
export function activationStage({ name, spec, output }: PlanLayer<ActivationSpec>, isFree: boolean): Stage {
  const readsInput = activationOf(spec).reads === "x";
  const inPlace = isFree && !readsInput;
  return {
    ...plain,
    name,
    shape: output,
    inPlace,
    work: size(output),
    build(b, { x, y, dx, dy }) {
      const activate = onPieces(activationForward(b.program, b.name("forward"), spec, y));
      const derive = (kept: Buffer, grads: Buffer) =>
        onPieces(activationBackward(b.program, b.name("backward"), spec, kept, grads));
      if (inPlace) return { forward: [activate], backward: [derive(y, dy)] };
      const forward = [onPieces(copy(b.program, b.name("input"), ...alike(x, y))), activate];
      if (dx === undefined) return { forward, backward: [] };
      const back = onPieces(copy(b.program, b.name("input grads"), ...alike(dy, dx)));
      return { forward, backward: readsInput ? [back, derive(x, dx)] : [derive(y, dy), back] };
    },
  };
}

export function dropoutStage({ name, index, spec, output }: PlanLayer<DropoutSpec>, inPlace: boolean): Stage {
  return {
    ...plain,
    name,
    shape: output,
    inPlace,
    work: size(output),
    build(b, { x, y, dx, dy }) {
      const { p } = spec;
      const keys = b.keys(index);
      const draw = (what: string, ends: [Buffer, Buffer]) =>
        onPieces(dropout(b.program, b.name(what), { p, from: ends[0], to: ends[1], keys }));
      const evaluate = inPlace ? [] : [onPieces(copy(b.program, b.name("input"), ...alike(x, y)))];
      const target = inPlace ? dy : dx;
      const backward = target === undefined ? [] : [draw("backward", alike(dy, target))];
      return { forward: [draw("forward", alike(x, y))], backward, evaluate };
    },
  };
}

export function poolStage({ name, spec, output }: PlanLayer<Pool2dSpec>): Stage {
  const [KH, KW] = spec.kernel;
  return {
    ...plain,
    name,
    shape: output,
    work: size(output) * KH * KW,
    build(b, { x, y, dx, dy }) {
      if (spec.kind === "avgPool2d") {
        const forward = avgPoolForward(b.program, b.name("forward"), { spec, x, y });
        if (dx === undefined) return { forward: [onPieces(forward)], backward: [] };
        const backward = avgPoolBackward(b.program, b.name("backward"), { spec, dy, dx });
        return { forward: [onPieces(forward)], backward: [onPieces(backward)] };
      }
      const winners = b.arena.buffer(denseLayout(output), b.capacity);
      const forward = maxPoolForward(b.program, b.name("forward"), { spec, x, y }, winners);
      if (dx === undefined) return { forward: [onPieces(forward)], backward: [] };
      const backward = maxPoolBackward(b.program, b.name("backward"), { dy, dx }, winners);
      return { forward: [onPieces(forward)], backward: [onPieces(backward)] };
    },
  };
}

/** One window over the whole image; the means, channels of one pixel each, are features for the next layer. */
export function globalPoolStage({ name, input, output }: PlanLayer<GlobalAvgPoolSpec>): Stage {
  const [, H, W] = input;
  const spec = { kind: "avgPool2d", kernel: [H, W], stride: [1, 1], pad: [0, 0] } as const;
  return {
    ...plain,
    name,
    shape: output,
    work: size(input),
    build(b, { x, y, dx, dy }) {
      const means = { spec, x, y: asChannels(y) };
      const forward = [onPieces(avgPoolForward(b.program, b.name("forward"), means))];
      if (dx === undefined) return { forward, backward: [] };
      const grads = { spec, dy: asChannels(dy), dx };
      return { forward, backward: [onPieces(avgPoolBackward(b.program, b.name("backward"), grads))] };
    },
  };
}

export function batchNormStage({
  name,
  index,
  spec,
  output,
  params,
  frozen,
}: PlanLayer<BatchNormSpec>): Stage {
  const C = spec.features;
  const need = (what: string) => ({ layer: index, name: what, size: C });
  return {
    ...plain,
    name,
    shape: output,
    reads: spec.kind === "batchNorm1d" ? "dense" : "any",
    params,
    running: [need("mean"), need("variance")],
    work: 4 * size(output),
    build(b, { x, y, dx, dy }) {
      const [weight, bias] = [b.place(index, "weight"), b.place(index, "bias")];
      const at: BatchNormPlaces = {
        gamma: weight.weight,
        beta: bias.weight,
        dgamma: weight.gradient,
        dbeta: bias.gradient,
        runningMean: b.running(index, "mean"),
        runningVariance: b.running(index, "variance"),
        mean: b.arena.floats(C),
        inverse: b.arena.floats(C),
      };
      const channels = (buffer: Buffer): Buffer =>
        spec.kind === "batchNorm1d" ? asChannels(buffer) : buffer;
      const values = { spec, x: channels(x), y: channels(y), at };
      const tasks = () => batchNormTasks(spec);
      const grads = { spec, x: channels(x), dy: channels(dy), dx: dx && channels(dx), at };
      const evaluate = [onPieces(batchNormEvaluate(b.program, b.name("evaluate"), values))];
      if (frozen) {
        const backward = batchNormFrozenBackward(b.program, b.name("frozen backward"), grads);
        return { forward: evaluate, backward: dx === undefined ? [] : [onPieces(backward)] };
      }
      return {
        forward: [onTasks(batchNormForward(b.program, b.name("forward"), values), tasks)],
        backward: [onTasks(batchNormBackward(b.program, b.name("backward"), grads), tasks)],
        evaluate,
      };
    },
  };
}

/** A layer written by hand: its loops run on the calling thread, between two phases. */
export function customStage({ name, index, output, params }: PlanLayer<undefined>): Stage {
  return {
    ...plain,
    name,
    shape: output,
    reads: "dense",
    params,
    byHand: true,
    work: size(output),
    build: () => ({
      forward: [{ parallel: "main", work: { what: "layer", layer: index, pass: "forward" } }],
      backward: [{ parallel: "main", work: { what: "layer", layer: index, pass: "backward" } }],
    }),
  };
}

/** Two buffers in one shape: flatten turns [C, H, W] into features without moving anything. */
function alike(a: Buffer, b: Buffer): [Buffer, Buffer] {
  const same = a.layout.C === b.layout.C && a.layout.H === b.layout.H;
  if (same) return [a, b];
  return isDense(a.layout) ? [reshaped(a, b.layout), b] : [a, reshaped(b, a.layout)];
}

function reshaped({ address }: Buffer, { C, H, W }: Layout): Buffer {
  return { address, layout: denseLayout([C, H, W]) };
}
