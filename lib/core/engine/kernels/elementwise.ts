import { type Buffer, isDense, roundUp, sampleAt } from "../memory.js";
import { add, type Expr, load } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { type ActivationSpec, activationOf } from "./activations.js";
import { blocks } from "./conv-tile.js";

/** y = f(x), in place: the buffer holds x and then y. */
export function activationForward(p: Program, name: string, spec: ActivationSpec, y: Buffer): Kernel {
  const { forward } = activationOf(spec);
  return eachLane(p, name, y, (k, at, lanes, count) => {
    const values = k.let(load(lanes, at(y)));
    k.store(at(y), forward(k, values, spec), count);
  });
}

/**
 * dx = dy · f′, in place: the buffer holds dy and then dx.
 * @param kept what the derivative is made of, in dy's layout: the activation's output, or its input
 */
export function activationBackward(
  p: Program,
  name: string,
  spec: ActivationSpec,
  kept: Buffer,
  dy: Buffer,
): Kernel {
  const { backward } = activationOf(spec);
  return eachLane(p, name, kept, (k, at, lanes, count) => {
    const values = k.let(load(lanes, at(kept)));
    const grads = k.let(load(lanes, at(dy)));
    k.store(at(dy), backward(k, grads, values, spec), count);
  });
}

/**
 * Visits a sample's values, up to sixteen at a time, and not what lies between its rows. The buffers have one layout.
 */
export function eachLane(
  p: Program,
  name: string,
  like: Buffer,
  visit: (k: Kernel, at: (buffer: Buffer) => Expr, lanes: number, count: number) => void,
): Kernel {
  const { C, H, W, plane, row } = like.layout;
  const [planes, rows, width] = isDense(like.layout) ? [1, 1, C * H * W] : [C, H, W];
  return p.define(name, 3, (k, _piece, first, end) => {
    k.loop(first, end, 1, (n) => {
      const ofPlane = k.let(sampleAt({ address: 0, layout: like.layout }, n));
      k.loop(0, planes, 1, () => {
        const ofRow = k.let(ofPlane);
        k.loop(0, rows, 1, () => {
          for (const { from, to, step } of blocks(width, 16))
            k.loop(4 * from, 4 * to, 4 * step, (i) => {
              const offset = k.let(add(ofRow, i));
              visit(k, ({ address }) => add(offset, address), roundUp(step, 4), step);
            });
          k.increase(ofRow, 4 * row);
        });
        k.increase(ofPlane, 4 * plane);
      });
    });
  });
}
