import { type Buffer, sampleAt } from "../memory.js";
import {
  aboveEqualInts,
  add,
  addInts,
  and,
  type Expr,
  i32,
  load,
  loadScalar,
  mul,
  mulInts,
  shiftRightInts,
  splat,
  vec,
  vecBits,
  vecOf,
  xor,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks } from "./conv-tile.js";

export interface Dropout {
  readonly p: number;
  readonly from: Buffer;
  readonly to: Buffer;
  /** Where the step's two key words stand. */
  readonly keys: number;
}

/**
 * y = m·x/(1 − p). The mask is no memory but a function of the step's key and the element's number in the batch, so
 * forward and backward, and any thread, draw the same one: dropoutScale.
 */
export function dropout(p: Program, name: string, o: Dropout): Kernel {
  const { C, H, W } = o.from.layout;
  const threshold = Math.floor(o.p * 4294967296);
  return p.define(name, 3, (k, _piece, first, end) => {
    const key0 = k.let(splat(loadScalar("i32", i32(o.keys))));
    const key1 = k.let(splat(loadScalar("i32", i32(o.keys + 4))));
    k.loop(first, end, 1, (n) => {
      const number = k.let(mul(n, C * H * W));
      const [a, b] = [k.let(sampleAt(o.from, n)), k.let(sampleAt(o.to, n))];
      k.loop(0, C, 1, () => {
        const [ra, rb] = [k.let(a), k.let(b)];
        k.loop(0, H, 1, () => {
          for (const { from, to, step } of blocks(W, 4))
            k.loop(from, to, step, (i) => {
              const index = addInts(splat(add(number, i)), vecOf([0, 1, 2, 3]));
              const bits = mix(k, addInts(mix(k, xor(index, key0)), key1));
              const kept = and(aboveEqualInts(bits, vecBits(threshold | 0)), vec(1 / (1 - o.p)));
              const at = k.let(mul(i, 4));
              k.store(add(rb, at), mul(load(4, add(ra, at)), kept), step);
            });
          k.increase(number, W);
          k.increase(ra, 4 * o.from.layout.row);
          k.increase(rb, 4 * o.to.layout.row);
        });
        k.increase(a, 4 * o.from.layout.plane);
        k.increase(b, 4 * o.to.layout.plane);
      });
    });
  });
}

/** Every bit of the result depends on every bit of h: `mixBits` of lib/tensor/rng, in every lane. */
function mix(k: Kernel, h: Expr): Expr {
  const spread = (v: Expr, by: number): Expr => {
    const value = k.let(v);
    return xor(value, shiftRightInts(value, by));
  };
  const a = mulInts(spread(h, 16), vecBits(0x85ebca6b | 0));
  const b = mulInts(spread(a, 13), vecBits(0xc2b2ae35 | 0));
  return k.let(spread(b, 16));
}
