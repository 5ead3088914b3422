import { unknownKind } from "../../errors/error.js";
import { type Buffer, isDense, roundUp, sampleAt } from "../memory.js";
import { add, and, type Expr, greater, load, max, mul, select, sub, vec } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { ActivationSpec, LeakyReluSpec } from "../spec.js";
import { blocks } from "./conv-tile.js";
import { sigmoid, tanh } from "./math.js";

export type Activation = ActivationSpec | LeakyReluSpec;

/** y = f(x), in place: the buffer holds x and then y. */
export function activationForward(p: Program, name: string, spec: Activation, y: Buffer): Kernel {
  return eachLane(p, name, y, (k, at, lanes, count) => {
    const values = k.let(load(lanes, at(y)));
    k.store(at(y), activate(k, spec, values), count);
  });
}

function activate(k: Kernel, spec: Activation, x: Expr): Expr {
  switch (spec.kind) {
    case "relu":
      return max(x, vec(0));
    case "leakyRelu":
      return select(greater(x, vec(0)), x, mul(vec(spec.slope), x));
    case "sigmoid":
      return sigmoid(k, x);
    case "tanh":
      return tanh(k, x);
    case "flatten":
      return x;
    default:
      return unknownKind("engine, activation", spec);
  }
}

/** dx = dy · f′, with f′ from the output y alone; in place: the buffer holds dy and then dx. */
export function activationBackward(
  p: Program,
  name: string,
  spec: Activation,
  y: Buffer,
  dy: Buffer,
): Kernel {
  return eachLane(p, name, y, (k, at, lanes, count) => {
    const out = k.let(load(lanes, at(y)));
    const slope = k.let(load(lanes, at(dy)));
    k.store(at(dy), derive(spec, out, slope), count);
  });
}

function derive(spec: Activation, y: Expr, dy: Expr): Expr {
  switch (spec.kind) {
    case "relu":
      return and(dy, greater(y, vec(0)));
    case "leakyRelu":
      return select(greater(y, vec(0)), dy, mul(vec(spec.slope), dy));
    case "sigmoid":
      return mul(mul(dy, y), sub(vec(1), y));
    case "tanh":
      return mul(dy, sub(vec(1), mul(y, y)));
    case "flatten":
      return dy;
    default:
      return unknownKind("engine, activation", spec);
  }
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
