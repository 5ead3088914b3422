import assert from "node:assert/strict";
import { Rng } from "../tensor/rng.js";
import type { Shape } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import type { Layer } from "./layer.js";

/** Values 1, 2, 3, … in a shape: small whole numbers, so that gradients can be written down literally. */
export function arange(shape: Shape, start = 1): Tensor {
  const x = Tensor.zeros(shape, "float64");
  for (let i = 0; i < x.size; i++) x.data[i] = start + i;
  return x;
}

export function noise(shape: Shape, seed: number | string): Tensor {
  const rng = new Rng(seed);
  const x = Tensor.zeros(shape, "float64");
  for (let i = 0; i < x.size; i++) x.data[i] = rng.normal();
  return x;
}

/** A float64 layer with random parameters. */
export function randomised<L extends Layer>(layer: L, seed = 7): L {
  for (const [name, parameter] of Object.entries(layer.params ?? {})) {
    parameter.cast("float64");
    parameter.value.data.set(noise(parameter.value.shape, `${seed}/${name}`).data);
  }
  return layer;
}

/** While training; each call has the same random numbers, so that dropout repeats its mask. */
export const context = (training = true) => ({ training, rng: new Rng("test") });

/**
 * Compares backward with central differences of the layer's own forward, in float64, for the scalar Σ r·y with random r:
 * dx and every parameter's gradient. Error measured against the largest gradient of each tensor.
 */
export function checkGradients(layer: Layer, x: Tensor, training = true, tolerance = 1e-7): void {
  const y = layer.forward(x, context(training));
  const r = noise(y.shape, "r");
  for (const parameter of Object.values(layer.params ?? {})) parameter.grad.data.fill(0);
  const dx = layer.backward(r);
  const scalar = () => {
    const out = layer.forward(x, context(training));
    let sum = 0;
    for (let i = 0; i < out.size; i++) sum += r.data[i] * out.data[i];
    return sum;
  };
  compare("dx", x, dx, scalar, tolerance);
  for (const [name, { value, grad }] of Object.entries(layer.params ?? {})) {
    compare(`d${name}`, value, grad, scalar, tolerance);
  }
}

function compare(what: string, at: Tensor, got: Tensor, scalar: () => number, tolerance: number): void {
  const h = 1e-5;
  const numerical = Tensor.zeros(at.shape, "float64");
  for (let i = 0; i < at.size; i++) {
    const kept = at.data[i];
    at.data[i] = kept + h;
    const above = scalar();
    at.data[i] = kept - h;
    const below = scalar();
    at.data[i] = kept;
    numerical.data[i] = (above - below) / (2 * h);
  }
  let largest = 1e-3;
  for (const v of numerical.data) largest = Math.max(largest, Math.abs(v));
  for (let i = 0; i < at.size; i++) {
    const error = Math.abs(got.data[i] - numerical.data[i]) / largest;
    assert.ok(error < tolerance, `${what}[${i}]: backward ${got.data[i]}, numerical ${numerical.data[i]}`);
  }
}

/** The three promises: forward keeps x, backward keeps dy and doubles parameter gradients when called twice. */
export function checkPromises(layer: Layer, x: Tensor): void {
  const kept = x.clone();
  const y = layer.forward(x, context());
  assert.deepEqual(x.data, kept.data, "forward changed its input");
  const dy = noise(y.shape, "dy");
  const keptDy = dy.clone();
  for (const { grad } of Object.values(layer.params ?? {})) grad.data.fill(0);
  const dx = layer.backward(dy).clone();
  const once = Object.values(layer.params ?? {}).map(({ grad }) => grad.clone());
  const again = layer.backward(dy);
  assert.deepEqual(dy.data, keptDy.data, "backward changed dy");
  assert.deepEqual(again.data, dx.data, "a second backward gives another dx");
  for (const [i, { grad }] of Object.values(layer.params ?? {}).entries()) {
    // not to the last bit: a layer may add sample by sample to what stands there
    for (const [k, v] of grad.data.entries()) {
      const expected = 2 * once[i].data[k];
      assert.ok(
        Math.abs(v - expected) <= 1e-12 * (1 + Math.abs(expected)),
        "parameter gradients must add up",
      );
    }
  }
}
