import { configError, inWords } from "@gradbook/base";
import { formatShape } from "../tensor/shape.js";
import { type DType, isTensor } from "../tensor/tensor.js";
import type { Layer, Parameter } from "./layer.js";

/**
 * What a layer written by hand may lack: nothing but a run finds it in a notebook cell.
 * @param place position in the model, from 0
 * @throws GradbookError when it has no forward, or parameters that no optimizer can update
 */
export function assertLayer(layer: Layer, place: number, dtype: DType): void {
  if (typeof layer !== "object" || layer === null || Array.isArray(layer)) {
    throw configError(
      "sequential",
      `layer ${place + 1} is ${inWords(layer)}`,
      "a layer",
      typeof layer === "function" ? calling(layer) : undefined,
    );
  }
  const name = layer.name ?? (layer.constructor?.name || "layer");
  const what = `sequential, layer ${place + 1} (${name})`;
  assertMethod(what, layer, "forward");
  for (const [key, parameter] of Object.entries(layer.params ?? {})) {
    assertParameter(what, key, parameter, dtype);
    if (Reflect.get(layer.params ?? {}, key) === parameter) continue;
    throw configError(
      what,
      `params.${key} is another object each time it is read`,
      "the same Parameter from the first step to the last",
      "Make it once, in the constructor.",
    );
  }
  for (const [key, buffer] of Object.entries(layer.buffers ?? {})) {
    if (isTensor(buffer) || isTensor(buffer?.value)) continue;
    throw configError(
      what,
      `buffers.${key} is ${inWords(buffer)}`,
      "a Tensor, or an object with a Tensor as its value",
      `buffers = { ${key}: Tensor.zeros(shape) }; a single number is a tensor of the shape [1].`,
    );
  }
}

function assertParameter(what: string, key: string, parameter: Parameter | undefined, dtype: DType): void {
  const castable = typeof parameter?.cast === "function" || parameter?.value?.dtype === dtype;
  if (!isTensor(parameter?.value) || !isTensor(parameter.grad) || !castable) {
    throw configError(
      what,
      `params.${key} is not a Parameter`,
      "an array to train with its gradient",
      `params = { ${key}: new Parameter(shape, fanIn, fanOut) }`,
    );
  }
  const { value, grad } = parameter;
  if (value.data.length === grad.data.length) return;
  throw configError(
    what,
    `params.${key} has a gradient of the shape ${formatShape(grad.shape)}`,
    `${formatShape(value.shape)}, the shape of its value`,
  );
}

/** How a function or a class becomes a layer. */
function calling(layer: object): string {
  if (!Reflect.has(layer, "prototype")) return "A layer is an object with forward(x) and backward(dy).";
  const name = String(Reflect.get(layer, "name") || "f");
  if (name === "softmax")
    return "Leave it out: softmaxCrossEntropy() takes the scores before softmax. predict(model, …) gives probabilities, and so does softmax(model.forward(x)).";
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
  throw configError(what, `no method ${method}`, "forward(x) and backward(dy)");
}
