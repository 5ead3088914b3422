import assert from "node:assert/strict";
import { test } from "node:test";
import { wasm } from "../webassembly.js";
import { Bytes } from "./bytes.js";
import {
  add,
  and,
  concat,
  div,
  type Expr,
  evens,
  f32,
  f64,
  greater,
  i32,
  lane,
  less,
  load,
  loadScalar,
  loadSplat,
  max,
  min,
  mul,
  neg,
  odds,
  part,
  rem,
  select,
  splat,
  sqrt,
  sub,
  sumParts,
  sumRows,
  toF32,
  toF64,
  twice,
  vec,
} from "./expr.js";
import { type Kernel, Program } from "./program.js";
import { renderWasm } from "./wasm.js";

const IN = 1024;
const OUT = 2048;

/** Runs one kernel over a memory whose floats at IN are `input`; the floats at OUT afterwards. */
function run(write: (k: Kernel) => void, input: readonly number[] = [], count = 16): number[] {
  const program = new Program();
  program.define("kernel", 0, write);
  const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
  const floats = new Float32Array(memory.buffer);
  floats.set(input, IN / 4);
  floats.fill(-1, OUT / 4, OUT / 4 + 64);
  const module = new wasm.Module(renderWasm(program, 1));
  new wasm.Instance(module, { env: { memory } }).exports.kernel();
  return Array.from(floats.subarray(OUT / 4, OUT / 4 + count));
}

const ramp = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const input = (lanes: number): Expr => load(lanes, i32(IN));

test("sixteen lanes: loads, arithmetic with a splat, a store", () => {
  const got = run((k) => k.store(i32(OUT), add(mul(input(16), vec(2)), vec(1))), ramp(16));
  assert.deepEqual(
    got,
    ramp(16).map((v) => 2 * v + 1),
  );
});

for (const count of [1, 2, 3, 4, 5, 7, 11, 14, 15]) {
  test(`a store of ${count} lanes leaves the others alone`, () => {
    const got = run((k) => k.store(i32(OUT), input(16), count), ramp(16));
    assert.deepEqual(got, [...ramp(count), ...Array(16 - count).fill(-1)]);
  });
}

test("a loop with a step, an empty range known only at run time, and a single round", () => {
  const got = run((k) => {
    const total = k.let(f32(0));
    k.loop(0, 10, 3, (i) => k.increase(total, toF32(i)));
    k.loop(k.let(5), k.let(5), 1, () => k.increase(total, f32(1000)));
    k.loop(7, 8, 1, (i) => k.increase(total, toF32(i)));
    k.store(i32(OUT), total);
  });
  assert.equal(got[0], 0 + 3 + 6 + 9 + 7);
});

test("a unit runs once", () => {
  const got = run((k) => {
    const total = k.let(f32(0));
    k.unit(() => k.increase(total, f32(1)));
    k.store(i32(OUT), total);
  });
  assert.equal(got[0], 1);
});

test("evens, odds and twice", () => {
  const got = run((k) => {
    k.store(i32(OUT), evens(input(8)));
    k.store(i32(OUT + 16), odds(input(8)));
    k.store(i32(OUT + 32), twice(part(input(8), 1)));
  }, ramp(8));
  assert.deepEqual(got, [1, 3, 5, 7, 2, 4, 6, 8, 5, 5, 6, 6, 7, 7, 8, 8]);
});

test("sums over lanes have one order: (x0 + x2) + (x1 + x3)", () => {
  // 2²⁴ + 1 is no float32, so another order gives another sum
  const values = [16777216, 1, -16777216, 1];
  const got = run((k) => {
    k.store(i32(OUT), sumRows(input(4), input(4), vec(0), vec(1)));
    k.store(i32(OUT + 16), lane(sumParts(concat([input(4), input(4), input(4)])), 1));
  }, values);
  assert.deepEqual(got.slice(0, 5), [2, 2, 0, 4, 3]);
});

test("a value that reads other parts of its own target is computed before any part is set", () => {
  const got = run((k) => {
    const v = k.let(input(8));
    k.set(v, concat([part(v, 1), part(v, 0)]));
    k.store(i32(OUT), v);
  }, ramp(8));
  assert.deepEqual(got.slice(0, 8), [5, 6, 7, 8, 1, 2, 3, 4]);
});

test("max keeps a NaN on its left, min and select by lane", () => {
  const got = run(
    (k) => {
      k.store(i32(OUT), max(input(4), vec(0)));
      k.store(i32(OUT + 16), min(input(4), vec(2)));
      k.store(i32(OUT + 32), select(greater(input(4), vec(1)), vec(10), neg(input(4))));
    },
    [Number.NaN, -1, 3, 1],
  );
  assert.deepEqual(got.slice(0, 12), [Number.NaN, 0, 3, 1, Number.NaN, -1, 2, 1, Number.NaN, 1, 10, -1]);
});

test("scalars: integers, float64, comparisons, conversions", () => {
  const got = run(
    (k) => {
      const seven = k.let(7);
      k.store(i32(OUT), toF32(add(mul(seven, 3), div(seven, i32(2)))));
      k.store(i32(OUT + 4), toF32(rem(seven, i32(4))));
      k.store(i32(OUT + 8), toF32(sqrt(add(toF64(loadScalar("f32", i32(IN))), f64(2 ** -30)))));
      k.store(i32(OUT + 12), toF32(and(less(seven, i32(8)), less(i32(6), seven))));
      k.store(i32(OUT + 16), splat(toF32(sub(seven, 9))));
      k.store(i32(OUT + 32), toF32(max(seven, 9)));
      k.store(i32(OUT + 36), mul(loadSplat(add(i32(IN), 4)), vec(2)), 1);
    },
    [2, 5],
  );
  assert.deepEqual(got.slice(0, 10), [24, 3, Math.fround(Math.SQRT2), 1, -2, -2, -2, -2, 9, 10]);
});

test("kernels call kernels with integers", () => {
  const program = new Program();
  const write = program.define("write", 2, (k, at, value) => k.store(at, toF32(value)));
  program.define("both", 1, (k, value) => {
    k.call(write, OUT, value);
    k.call(write, OUT + 4, add(value, 1));
  });
  const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = new wasm.Instance(new wasm.Module(renderWasm(program, 1)), { env: { memory } });
  exports.both(41);
  assert.deepEqual(Array.from(new Float32Array(memory.buffer, OUT, 2)), [41, 42]);
});

test("the renderer refuses an operation that a type has not", () => {
  const program = new Program();
  program.define("wrong", 0, (k) => k.store(i32(OUT), rem(f32(1), f32(2))));
  assert.throws(() => renderWasm(program, 1), /no instruction for rem of f32/);
});

test("LEB128: the borders of one, two and five bytes", () => {
  const bytes = (write: (b: Bytes) => void): number[] => {
    const b = new Bytes();
    write(b);
    return Array.from(b.view());
  };
  assert.deepEqual(
    bytes((b) => b.unsigned(127)),
    [0x7f],
  );
  assert.deepEqual(
    bytes((b) => b.unsigned(128)),
    [0x80, 0x01],
  );
  assert.deepEqual(
    bytes((b) => b.unsigned(4294967295)),
    [0xff, 0xff, 0xff, 0xff, 0x0f],
  );
  assert.deepEqual(
    bytes((b) => b.signed(63)),
    [0x3f],
  );
  assert.deepEqual(
    bytes((b) => b.signed(64)),
    [0xc0, 0x00],
  );
  assert.deepEqual(
    bytes((b) => b.signed(-65)),
    [0xbf, 0x7f],
  );
});
