import { inWords, isPromise, ownCodeError, shapeError, withoutAsync } from "@gradbook/base";
import { formatShape, type Shape, sameShape } from "../tensor/shape.js";
import { hasNaN, isFiniteTensor, isTensor, type Tensor } from "../tensor/tensor.js";
import { builtinSpec, type ForwardContext, type Layer, type NamedLayer } from "./layer.js";

/**
 * A layer's forward pass in its model. A layer that is not the library's own gets a copy of x, so that it may change or
 * keep it, and what it returns is checked before anybody computes with it.
 * @throws GradbookError that names the layer, when that is no tensor, has another shape, or is NaN for a finite x
 */
export function runForward({ name, layer, output }: NamedLayer, x: Tensor, context: ForwardContext): Tensor {
  if (builtinSpec(layer) !== undefined) return layer.forward(x, context);
  const returned = layer.forward(x.clone(), context);
  const y = assertReturned(name, "forward", returned, [x.shape[0], ...output]);
  assertNumbers(name, "forward", layer, x, y);
  return y.dtype === x.dtype ? y : y.clone(x.dtype);
}

/** A layer's backward pass, likewise: also the gradients that it left in its parameters are checked. */
export function runBackward({ name, layer, input }: NamedLayer, dy: Tensor): Tensor {
  if (builtinSpec(layer) !== undefined) return layer.backward(dy);
  const returned = layer.backward(dy.clone());
  const dx = assertReturned(name, "backward", returned, [dy.shape[0], ...input]);
  assertGradients(name, layer);
  assertNumbers(name, "backward", layer, dy, dx);
  return dx.dtype === dy.dtype ? dx : dx.clone(dy.dtype);
}

type Pass = "forward" | "backward";

/** @throws GradbookError when a pass returned anything but a tensor of that shape */
export function assertReturned(name: string, pass: Pass, y: unknown, shape?: Shape): Tensor {
  if (!isTensor(y)) {
    throw ownCodeError(name, `${pass} returned ${inWords(y)}`, "a Tensor", cureOf(pass, y));
  }
  if (shape !== undefined && !sameShape(y.shape, shape)) {
    throw shapeError(
      name,
      `${pass} returned a tensor of the shape ${formatShape(y.shape)}`,
      formatShape(shape),
      pass === "backward" ? "The gradient with respect to x has the shape of x." : undefined,
    );
  }
  return y;
}

function cureOf(pass: Pass, y: unknown): string {
  if (y === undefined) return "Is its return missing?";
  if (isPromise(y)) return withoutAsync(pass);
  return "new Tensor(shape, data) makes one.";
}

function assertGradients(name: string, layer: Layer): void {
  for (const [key, { value, grad }] of Object.entries(layer.params ?? {})) {
    if (isTensor(grad) && grad.data.length === value.data.length) continue;
    throw shapeError(
      name,
      `after backward params.${key}.grad is ${isTensor(grad) ? `a tensor of the shape ${formatShape(grad.shape)}` : inWords(grad)}`,
      `a tensor of the shape ${formatShape(value.shape)}, as its value has`,
    );
  }
}

/** NaN that comes out where only finite numbers went in is the layer's own. */
function assertNumbers(name: string, pass: Pass, layer: Layer, given: Tensor, made: Tensor): void {
  const values = [made, ...(pass === "backward" ? gradients(layer) : [])];
  if (!values.some(hasNaN) || !isFiniteTensor(given)) return;
  if (!Object.values(layer.params ?? {}).every(({ value }) => isFiniteTensor(value))) return;
  const first = made.data.findIndex(Number.isNaN);
  throw ownCodeError(
    name,
    first >= 0
      ? `${pass} returned NaN (value ${first} of ${formatShape(made.shape)})`
      : `backward left NaN in the gradient of a parameter`,
    `numbers: what went in is finite`,
    "Look for 0/0, the root or logarithm of a negative number, and values that were never set.",
  );
}

const gradients = (layer: Layer): Tensor[] => Object.values(layer.params ?? {}).map(({ grad }) => grad);
