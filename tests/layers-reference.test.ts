import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as gradbook from "gradbook";
import { type BuiltinLayer, embedding, Rng, Tensor } from "gradbook";
import { filled } from "./support/trained-reference.js";

// Layers against the same in PyTorch, in float64: tests/reference/make_layers.py.

interface Case {
  readonly layer: string;
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly x: readonly number[];
  readonly scale: number;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly dx: readonly number[];
  readonly grads: Readonly<Record<string, readonly number[]>>;
}

const reference: {
  readonly cases: readonly Case[];
  readonly embedding: { readonly y: readonly number[]; readonly grad: readonly number[] };
} = JSON.parse(readFileSync(new URL("../reference/layers.json", import.meta.url), "utf8"));

function near(what: string, got: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(got.length, expected.length, `${what}: as many numbers`);
  const largest = Math.max(...expected.map(Math.abs), 1);
  for (const [i, v] of expected.entries())
    assert.ok(Math.abs(got[i] - v) <= 1e-10 * largest, `${what}[${i}] is ${got[i]}, expected ${v}`);
}

const tensor = (shape: readonly number[], seed: number, scale = 3) =>
  new Tensor(
    shape,
    filled(
      shape.reduce((a, b) => a * b, 1),
      seed,
      scale,
    ),
  );

const context = { training: true, rng: new Rng(1) };

for (const { layer: name, options, x: shape, scale, parameters, y, dx, grads } of reference.cases) {
  test(`PyTorch: ${name} ${JSON.stringify(options ?? {})} on [${shape}]`, () => {
    const make: (options?: unknown) => BuiltinLayer = Reflect.get(gradbook, name);
    const layer = options === null ? make() : make(options);
    assert.deepEqual(Object.keys(layer.params).sort(), Object.keys(parameters).sort());
    for (const [i, key] of Object.keys(parameters).entries()) {
      const parameter = layer.params[key];
      parameter.cast("float64");
      assert.deepEqual(parameter.value.shape, parameters[key]);
      parameter.value.data.set(tensor(parameters[key], 23 + i).data);
    }
    const x = tensor(shape, 11, scale);
    assert.deepEqual(layer.outputShape(shape.slice(1)), y.shape.slice(1));
    const got = layer.forward(x, context);
    assert.deepEqual(got.shape, y.shape);
    near("y", got.data, y.data);
    near("dx", layer.backward(tensor(y.shape, 97)).data, dx);
    for (const [key, grad] of Object.entries(grads)) near(`d${key}`, layer.params[key].grad.data, grad);
  });
}

test("PyTorch: embedding, a number twice in one sample", () => {
  const layer = embedding({ count: 5, features: 3 });
  const { weight } = layer.params;
  weight.cast("float64");
  weight.value.data.set(tensor([5, 3], 23).data);
  const x = Tensor.from([
    [0, 4, 4],
    [2, 0, 1],
  ]);
  near("y", layer.forward(x).data, reference.embedding.y);
  layer.backward(tensor([2, 3, 3], 97));
  near("dweight", weight.grad.data, reference.embedding.grad);
});
