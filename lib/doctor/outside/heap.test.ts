import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng, Tensor } from "@gradbook/core";
import { Heap, type Remote } from "./heap.js";
import { Reader, Writer } from "./wire.js";

const nobody: Remote = {
  apply: () => assert.fail("asked"),
  construct: () => assert.fail("asked"),
  get: () => assert.fail("asked"),
  set: () => assert.fail("asked"),
};

function heap(first: 1 | 2, sources?: Map<object, string>): Heap {
  return new Heap({
    first,
    remote: nobody,
    seedOf: () => undefined,
    randomOf: () => assert.fail("random"),
    onSource: (stub, source) => sources?.set(stub, source),
  });
}

function message(from: Heap, roots: readonly unknown[]): { buffer: ArrayBuffer; size: number } {
  const w = new Writer();
  from.pack(w, roots, roots.length);
  const buffer = new ArrayBuffer(w.at + 8 - (w.at % 8));
  new Uint8Array(buffer).set(w.view(0, w.at));
  return { buffer, size: w.at };
}

function sent(from: Heap, to: Heap, ...roots: unknown[]): unknown[] {
  const { buffer, size } = message(from, roots);
  return to.unpack(new Reader(buffer, size));
}

test("values of every kind arrive as they are", () => {
  const values = [undefined, null, true, false, 0, -0, Number.NaN, -Infinity, 5e-324, 7n, "ü𝄞\ud800", ""];
  assert.deepEqual(sent(heap(1), heap(2), ...values), values);
  const data = {
    nested: [
      [1, -0],
      [Number.NaN, 4],
    ],
    mixed: [1, "a", [2]],
    map: new Map<unknown, unknown>([["k", new Set([1])]]),
    single: Float32Array.of(1.5, 2),
    tensor: new Tensor([1, 2], Float64Array.of(3, 4)),
    underscored: 1,
  };
  const [got] = sent(heap(1), heap(2), data);
  assert.deepEqual(got, data);
  assert.ok((got as typeof data).tensor instanceof Tensor);
});

test("an object that goes back is the same one, and what was changed in it is seen", () => {
  const [code, doctor] = [heap(1), heap(2)];
  const cache = { rows: [[1, 2]], shared: new Float64Array(4) };
  const view = cache.shared.subarray(1, 3);
  const [got, gotView] = sent(code, doctor, cache, view) as [typeof cache, Float64Array];
  assert.equal(gotView.buffer, got.shared.buffer);
  gotView[0] = 9;
  got.rows[0][1] = 7;
  const row = cache.rows[0];
  const [back] = sent(doctor, code, got);
  assert.equal(back, cache);
  assert.equal(cache.shared[1], 9);
  assert.equal(cache.rows[0], row);
  assert.deepEqual(row, [1, 7]);
});

test("what is not reached from a call is looked after all the same", () => {
  const [code, doctor] = [heap(1), heap(2)];
  const weights = Float64Array.of(1, 2);
  const [kept] = sent(code, doctor, weights) as [Float64Array];
  weights[0] = 5;
  sent(code, doctor, "nothing of it");
  assert.equal(kept[0], 5);
});

test("a class arrives with its source, its methods, its base and its getters", () => {
  class Base {
    forward(x: number): number {
      return x;
    }
  }
  class Layer extends Base {
    static count = 2;
    W = [1];
    get size(): number {
      return this.W.length;
    }
  }
  const sources = new Map<object, string>();
  const [made, cls] = sent(heap(1), heap(2, sources), new Layer(), Layer) as [Layer, typeof Layer];
  assert.equal(Object.getPrototypeOf(made), cls.prototype);
  assert.equal(made.constructor.name, "Layer");
  assert.equal(typeof made.forward, "function");
  assert.equal(cls.count, 2);
  assert.match(sources.get(cls) ?? "", /^class Layer extends/);
  assert.equal(typeof Object.getOwnPropertyDescriptor(cls.prototype, "size")?.get, "function");
});

test("errors keep their kind, name, message and stack; promises and generators are what they are", () => {
  const error = new RangeError("no");
  const values = [error, Promise.resolve(1), (function* () {})()];
  const [e, promise, generator] = sent(heap(1), heap(2), ...values) as [RangeError, unknown, object];
  assert.ok(e instanceof RangeError && e.message === "no" && e.stack === error.stack);
  assert.ok(promise instanceof Promise);
  assert.equal(Object.prototype.toString.call(generator), "[object Generator]");
});

test("bytes that are no message are refused, whatever they are", () => {
  const rng = new Rng("bytes");
  const roots = [
    { a: [[1, 2]], m: new Map([[1, "x"]]), f: () => 1, t: Float64Array.of(1, 2), e: new Error("e") },
  ];
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const { buffer, size } = message(heap(1), roots);
    const bytes = new Uint8Array(buffer);
    for (let k = 0; k < 3; k++) bytes[rng.int(size)] = rng.int(256);
    try {
      heap(2).unpack(new Reader(buffer, size));
    } catch (error) {
      assert.ok(error instanceof Error);
      refused++;
    }
  }
  assert.ok(refused > 500, `${refused} of 3000 refused`);
});

test("an object of this side cannot be made, nor one be turned into another kind, by the other side", () => {
  const doctor = heap(2);
  const impostor = message(heap(2), [{ a: 1 }]);
  assert.throws(() => doctor.unpack(new Reader(impostor.buffer, impostor.size)), /out of form/);
  sent(heap(1), doctor, [1]);
  const other = message(heap(1), [{ a: 1 }]);
  assert.throws(() => doctor.unpack(new Reader(other.buffer, other.size)), /out of form/);
});
