import { sizeOf } from "../tensor/shape.js";
import { convDirect } from "./kernels/conv-direct.js";
import { convPoolBackwardWeight, convPoolForward, unpool } from "./kernels/conv-pool.js";
import { type Activation, activationBackward, activationForward } from "./kernels/elementwise.js";
import {
  linearSmallBackwardInput,
  linearSmallBackwardWeight,
  linearSmallForward,
} from "./kernels/linear-small.js";
import { paddedLayout } from "./memory.js";
import type { Conv2dSpec, LinearSpec, Pool2dSpec } from "./spec.js";
import { onPieces, type ParameterNeed, type Stage } from "./stage.js";

/** A layer as the plan sees it. */
export interface PlanLayer<Spec> {
  readonly name: string;
  readonly index: number;
  readonly spec: Spec;
  /** Shapes of one sample. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

function parametersOf(index: number, weight: number, bias: number): ParameterNeed[] {
  const list = [{ layer: index, name: "weight", size: weight }];
  return bias === 0 ? list : [...list, { layer: index, name: "bias", size: bias }];
}

export function canPool(conv: Conv2dSpec, pool: Pool2dSpec, [, OH, OW]: readonly number[]): boolean {
  const { kernel, stride, pad } = pool;
  const twoByTwo = [...kernel, ...stride].every((n) => n === 2) && pad[0] === 0 && pad[1] === 0;
  return pool.kind === "maxPool2d" && twoByTwo && OH % 2 === 0 && OW % 2 === 0 && isDirect(conv);
}

/** Stride 1, and a pad for which the gradient is again such a convolution. */
export function isDirect({ stride, kernel, pad }: Conv2dSpec): boolean {
  return stride[0] === 1 && stride[1] === 1 && pad[0] < kernel[0] && pad[1] < kernel[1];
}

/** conv2d → ReLU → 2×2 max-pool as one. */
export function convPoolStage(
  conv: PlanLayer<Conv2dSpec>,
  pool: PlanLayer<Pool2dSpec>,
  relu: Activation | undefined,
): Stage {
  const { spec } = conv;
  const { in: C, out: F } = spec;
  const [KH, KW] = spec.kernel;
  const [, OH, OW] = conv.output;
  return {
    name: conv.name,
    shape: pool.output,
    reads: paddedLayout(conv.input, spec.pad),
    writes: undefined,
    inPlace: false,
    params: parametersOf(conv.index, F * C * KH * KW, spec.bias ? F : 0),
    shared: true,
    work: F * OH * OW * C * KH * KW,
    build(b, { x, y, dx, dy }) {
      const weight = b.place(conv.index, "weight");
      const bias = spec.bias ? b.place(conv.index, "bias") : undefined;
      const winnerRow = 4 * x.layout.row;
      const winners = b.arena.buffer(paddedLayout(pool.output, [0, 0]), b.capacity);
      const shape = { C, F, KH, KW };
      const forward = convPoolForward(b.program, b.name("forward"), {
        ...shape,
        x,
        y,
        winners,
        winnerRow,
        weight: weight.weight,
        bias: bias?.weight,
        relu: relu !== undefined,
      });
      const backward = [];
      if (relu !== undefined)
        backward.push(activationBackward(b.program, b.name("relu backward"), relu, y, dy, dy));
      backward.push(
        convPoolBackwardWeight(b.program, b.name("backward weight"), {
          ...shape,
          x,
          dy,
          winners,
          dw: weight.gradient,
          db: bias?.gradient,
          pieceBytes: b.pieceBytes,
        }),
      );
      if (dx !== undefined) {
        const full = b.arena.buffer(paddedLayout(conv.output, backwardPad(spec)), b.batch);
        backward.push(unpool(b.program, b.name("unpool"), { dy, winners, winnerRow, dx: full }));
        backward.push(
          convDirect(b.program, b.name("backward input"), {
            x: full,
            y: dx,
            weight: weight.weight,
            bias: undefined,
            KH,
            KW,
            place: flipped(spec),
          }),
        );
      }
      return { forward: [onPieces(forward)], backward: backward.map(onPieces) };
    },
  };
}

/** The pad under which the gradient's convolution with the turned kernel gives the input's size. */
function backwardPad({ kernel, pad }: Conv2dSpec): [number, number] {
  return [kernel[0] - 1 - pad[0], kernel[1] - 1 - pad[1]];
}

/** Place of the weight w[c,f,KH−1−u,KW−1−v]: the kernel turned by 180°, input and output channels exchanged. */
function flipped({ in: C, kernel: [KH, KW] }: Conv2dSpec) {
  return (f: number, c: number, u: number, v: number): number =>
    4 * (((c * C + f) * KH + (KH - 1 - u)) * KW + (KW - 1 - v));
}

export function linearStage({ name, index, spec, output }: PlanLayer<LinearSpec>): Stage {
  return {
    name,
    shape: output,
    reads: "dense",
    writes: undefined,
    inPlace: false,
    params: parametersOf(index, spec.in * spec.out, spec.bias ? spec.out : 0),
    shared: true,
    work: spec.in * spec.out,
    build(b, { x, y, dx, dy }) {
      const weight = b.place(index, "weight");
      const bias = spec.bias ? b.place(index, "bias") : undefined;
      const { pieceBytes } = b;
      const forward = linearSmallForward(b.program, b.name("forward"), {
        x,
        y,
        weight: weight.weight,
        bias: bias?.weight,
      });
      const backward = [
        linearSmallBackwardWeight(b.program, b.name("backward weight"), {
          x,
          dy,
          dw: weight.gradient,
          db: bias?.gradient,
          pieceBytes,
        }),
      ];
      if (dx !== undefined) {
        const o = { dy, dx, weight: weight.weight };
        backward.push(linearSmallBackwardInput(b.program, b.name("backward input"), o));
      }
      return { forward: [onPieces(forward)], backward: backward.map(onPieces) };
    },
  };
}

/** An activation, on its input's own memory where that is still free. */
export function activationStage({ name, spec, output }: PlanLayer<Activation>, inPlace: boolean): Stage {
  return {
    name,
    shape: output,
    reads: "any",
    writes: undefined,
    inPlace,
    params: [],
    shared: false,
    work: sizeOf(output),
    build(b, { x, y, dx, dy }) {
      const forward = activationForward(b.program, b.name("forward"), spec, x, y);
      const backward = activationBackward(b.program, b.name("backward"), spec, y, dy, dx ?? dy);
      return { forward: [onPieces(forward)], backward: [onPieces(backward)] };
    },
  };
}
