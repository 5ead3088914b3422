import assert from "node:assert/strict";
import { test } from "node:test";
import * as portable from "../../tensor/portable.js";
import { type Expr, load } from "../render/expr.js";
import { type Kernel, Program } from "../render/program.js";
import { renderWasm } from "../render/wasm.js";
import { wasm } from "../webassembly.js";
import { exp, sigmoid, tanh } from "./math.js";

/** The kernel's function at each x, four at a time. */
function apply(f: (k: Kernel, x: Expr) => Expr, xs: Float32Array): Float32Array {
  const program = new Program();
  program.define("f", 1, (k, end) => k.loop(65536, end, 16, (at) => k.store(at, f(k, load(4, at)))));
  const memory = new wasm.Memory({ initial: 8, maximum: 8, shared: true });
  const floats = new Float32Array(memory.buffer);
  floats.set(xs, 16384);
  const { exports } = new wasm.Instance(new wasm.Module(renderWasm(program, 8)), { env: { memory } });
  exports.f(65536 + 4 * xs.length);
  return floats.slice(16384, 16384 + xs.length);
}

/** Largest distance from the truth in units of the last place of a float32. */
function ulps(got: Float32Array, truth: (x: number) => number, xs: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < xs.length; i++) {
    const exact = truth(xs[i]);
    const bits = new Float32Array([exact]);
    const size = Math.max(Math.abs(bits[0]), 1.1754943508222875e-38);
    // 2⁻²³ of the power of two below
    const unit = 2 ** (Math.floor(Math.log2(size)) - 23);
    worst = Math.max(worst, Math.abs(got[i] - exact) / unit);
  }
  return worst;
}

const range = (from: number, to: number): Float32Array =>
  Float32Array.from({ length: 40000 }, (_, i) => from + ((to - from) * i) / 39999);

for (const [name, kernel, truth, xs, most] of [
  ["exp", exp, portable.exp, range(-87, 88.37), 2],
  ["exp near 0", exp, portable.exp, range(-1e-3, 1e-3), 1],
  ["sigmoid", sigmoid, portable.sigmoid, range(-80, 80), 3],
  ["tanh", tanh, portable.tanh, range(-12, 12), 3],
  ["tanh near 0", tanh, portable.tanh, range(-0.7, 0.7), 3],
] as const) {
  test(`${name}: within ${most} units of the last place`, () => {
    const worst = ulps(apply(kernel, xs), truth, xs);
    assert.ok(worst <= most, `${worst} units`);
  });
}

test("exp, sigmoid and tanh of a NaN are NaN; far away they are flat", () => {
  const xs = Float32Array.of(Number.NaN, 1000, -1000, 0);
  assert.ok(Number.isNaN(apply(exp, xs)[0]) && Number.isNaN(apply(tanh, xs)[0]));
  assert.deepEqual(Array.from(apply(tanh, xs)).slice(1), [1, -1, 0]);
  const [, high, low, half] = apply(sigmoid, xs);
  assert.deepEqual([high, half], [1, 0.5]);
  assert.ok(low >= 0 && low < 1e-38);
});
