import assert from "node:assert/strict";
import { test } from "node:test";
import { power } from "../tensor/portable.js";
import { adagrad } from "./adagrad.js";
import { adam, adamw } from "./adam.js";
import type { Optimizer } from "./optimizer.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

/** One weight after the given gradients, one step each, from 1. */
function after(optimizer: Optimizer, gradients: readonly number[], start = 1): number {
  const w = Float64Array.of(start);
  const slots = Array.from({ length: optimizer.slots ?? 0 }, () => new Float64Array(1));
  for (const [i, g] of gradients.entries())
    optimizer.update(w, Float64Array.of(g), slots, optimizer.spec.lr, i + 1);
  return w[0];
}

test("sgd: w − ηg; momentum: v ← αv + g, w − ηv; nesterov: w − η(g + αv)", () => {
  assert.equal(after(sgd({ lr: 0.5 }), [1, 1]), 0);
  // v = 1, then ½ + 1 = 1.5
  assert.equal(after(sgd({ lr: 0.5, momentum: 0.5 }), [1, 1]), 1 - 0.5 - 0.75);
  // g + αv = 1.5, then 1 + ¾ = 1.75
  assert.equal(after(sgd({ lr: 0.5, momentum: 0.5, nesterov: true }), [1, 1]), 1 - 0.75 - 0.875);
});

test("weight decay adds λw to the gradient", () => {
  assert.equal(after(sgd({ lr: 0.5, weightDecay: 0.5 }), [0]), 0.75);
});

test("rmsprop: ε outside the root by default, inside when asked", () => {
  // s = ¼·16 = 4: √4 + 2 = 4; √(4 + 5) = 3
  assert.equal(after(rmsprop({ lr: 1, rho: 0.75, eps: 2 }), [4]), 1 - 4 / 4);
  assert.equal(after(rmsprop({ lr: 1, rho: 0.75, eps: 5, epsInside: true }), [4]), 1 - 4 / 3);
});

test("adam's first step is η, whatever the gradient's size; adamw shrinks the weight beside it", () => {
  for (const g of [1e-3, 1, 1e6]) assert.ok(Math.abs(after(adam({ lr: 0.1, eps: 0 }), [g]) - 0.9) < 1e-12);
  assert.ok(Math.abs(after(adamw({ lr: 0.1, eps: 0, weightDecay: 0.5 }), [1]) - (0.95 - 0.1)) < 1e-12);
});

test("adagrad: the second equal step is 1/√2 of the first", () => {
  assert.ok(Math.abs(after(adagrad({ lr: 0.5, eps: 0 }), [3, 3]) - (1 - 0.5 - 0.5 / Math.sqrt(2))) < 1e-12);
});

test("power is the product: 2^10 = 1024, x^0 = 1", () => {
  assert.equal(power(2, 10), 1024);
  assert.equal(power(0.3, 0), 1);
});

test("no optimizer changes the gradient", () => {
  for (const rule of [sgd({ lr: 1, momentum: 0.9, weightDecay: 1 }), rmsprop(), adam(), adamw(), adagrad()]) {
    const g = Float64Array.of(3);
    rule.update(Float64Array.of(1), g, [new Float64Array(1), new Float64Array(1)], 0.1, 1);
    assert.equal(g[0], 3);
  }
});

test("optimizers refuse a negative rate, a momentum of 1, nesterov alone, no record, and unknown options", () => {
  assert.throws(() => sgd({ lr: -1 }), { message: "sgd: lr is -1, expected a number of at least 0." });
  assert.throws(() => sgd({ lr: 1, momentum: 1 }), /momentum is 1, expected a number in \[0, 1\)/);
  assert.throws(() => sgd({ lr: 1, nesterov: true }), /nesterov without momentum/);
  assert.throws(
    () => Reflect.apply(sgd, undefined, []),
    /sgd: missing argument, expected an object \{ lr, momentum\?/,
  );
  const config = { lr: 1, alpha: 0.9 };
  assert.throws(() => rmsprop(config), /rmsprop: unknown option "alpha", expected one of lr, rho/);
});
