import { GradbookError, inWords } from "../errors/error.js";
import type { DType, Tensor } from "../tensor/tensor.js";
import type { Layer } from "./layer.js";

/**
 * What a layer written by hand may lack: nothing but a run finds it in a notebook cell.
 * @param place position in the model, from 0
 * @throws GradbookError when it has no forward, or parameters that no optimizer can update
 */
export function assertLayer(layer: Layer, place: number, dtype: DType): void {
  if (typeof layer !== "object" || layer === null || Array.isArray(layer)) {
    throw new GradbookError({
      code: "config",
      what: "sequential",
      got: `layer ${place + 1} is ${inWords(layer)}`,
      expected: "a layer",
      ...(typeof layer === "function" ? { cure: calling(layer) } : {}),
    });
  }
  const what = `sequential, layer ${place + 1}`;
  const name = layer.name ?? (layer.constructor?.name || "layer");
  assertMethod(`${what} (${name})`, layer, "forward");
  for (const [key, parameter] of Object.entries(layer.params ?? {})) {
    const castable = typeof parameter?.cast === "function" || parameter?.value?.dtype === dtype;
    if (isTensor(parameter?.value) && isTensor(parameter.grad) && castable) continue;
    throw new GradbookError({
      code: "config",
      what: `${what} (${name})`,
      got: `params.${key} is no Parameter`,
      expected: "an array to train with its gradient",
      cure: `params = { ${key}: new Parameter(shape, fanIn, fanOut) }`,
    });
  }
}

/** How a function or a class becomes a layer. */
function calling(layer: object): string {
  const name = String(Reflect.get(layer, "name") || "f");
  return /^class\b/.test(String(layer))
    ? `Make one of the class: new ${name}().`
    : `A layer is made by calling it: ${name}().`;
}

/**
 * What only evaluates, needs no `backward`.
 * @throws GradbookError when the layer has no such method
 */
export function assertMethod(what: string, layer: Layer, method: "forward" | "backward"): void {
  if (typeof layer[method] === "function") return;
  throw new GradbookError({
    code: "config",
    what,
    got: `no method ${method}`,
    expected: "forward(x) and backward(dy)",
  });
}

/**
 * @param y what a layer's `pass` returned
 * @throws GradbookError when it is no tensor
 */
export function returned(name: string, pass: "forward" | "backward", y: Tensor): Tensor {
  if (isTensor(y)) return y;
  throw new GradbookError({
    code: "type",
    what: name,
    got: `${pass} returned ${y === undefined ? "undefined" : `a value that is no Tensor`}`,
    expected: "a Tensor",
    cure: y === undefined ? "Is its return missing?" : "new Tensor(shape, data) makes one.",
  });
}

/** By its fields, not its class: a notebook may have loaded the library a second time. */
function isTensor(value: Tensor | undefined): boolean {
  return Array.isArray(value?.shape) && ArrayBuffer.isView(value?.data);
}
