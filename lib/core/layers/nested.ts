import { Brand } from "@gradbook/base";
import type { Tensor } from "../tensor/tensor.js";
import { builtinSpec, type Layer, type LayerBuffer, type NamedLayer, Parameter } from "./layer.js";

/** Marks the models that `sequential` made; see `Brand`. */
export const modelBrand = new Brand<object>();

/** Numbers that a layer remembers, by their full name, e.g. `residual1.inner.norm1.mean`. */
export interface NamedBuffer {
  /** Layer and buffer, e.g. `norm1.mean`. */
  readonly name: string;
  /** What holds the tensor as it is now. */
  readonly parameter: {
    /** The numbers. */
    value: Tensor;
  };
}

/** What a layer holds beside the parameters that it names itself. */
export interface Held {
  /** Its buffers, and those of the models and layers in its fields. */
  readonly buffers: readonly NamedBuffer[];
  /** Parameters of models and layers in its fields; some of them may stand in its `params` too. */
  readonly nested: readonly { readonly name: string; readonly parameter: Parameter }[];
}

/** How deep lists and records in a layer's fields are looked through. */
const DEPTH = 4;

/** @param name of the layer, with which all names begin */
export function heldBy(name: string, layer: Layer): Held {
  const buffers: NamedBuffer[] = [];
  const nested: { name: string; parameter: Parameter }[] = [];
  // params and buffers may forward what also stands in a field: each is counted once, under its first name
  const seen = new Set<object>([layer]);
  const visitLayer = (path: string, inner: Layer): void => {
    for (const [key, buffer] of Object.entries(inner.buffers ?? {})) {
      if (seen.has(buffer)) continue;
      seen.add(buffer);
      buffers.push({ name: `${path}.${key}`, parameter: isHolder(buffer) ? buffer : entryOf(inner, key) });
    }
    for (const [key, parameter] of Object.entries(inner.params ?? {}))
      if (inner !== layer && parameter instanceof Parameter)
        nested.push({ name: `${path}.${key}`, parameter });
    if (builtinSpec(inner) !== undefined) return;
    for (const [key, value] of Object.entries(inner))
      if (key !== "params" && key !== "buffers") visit(`${path}.${key}`, value, 0);
  };
  const visit = (path: string, value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (isModel(value)) for (const inner of value.layers) visit(`${path}.${inner.name}`, inner.layer, 0);
    else if (isLayer(value)) visitLayer(path, value);
    else if (isContainer(value) && depth < DEPTH)
      for (const [key, inner] of Object.entries(value)) visit(`${path}.${key}`, inner, depth + 1);
  };
  visitLayer(name, layer);
  return { buffers, nested };
}

/** A tensor in `buffers`, also when the layer puts another one into its place. */
function entryOf({ buffers }: Layer, key: string): { value: Tensor } {
  return {
    get value(): Tensor {
      const entry = Object(buffers)[key];
      return isHolder(entry) ? entry.value : entry;
    },
    set value(tensor: Tensor) {
      Reflect.set(buffers ?? {}, key, tensor);
    },
  };
}

const isHolder = (buffer: LayerBuffer): buffer is { value: Tensor } => "value" in buffer;

const isModel = (value: object): value is { readonly layers: readonly NamedLayer[] } =>
  modelBrand.originOf(value) !== undefined;

const isLayer = (value: object): value is Layer =>
  "forward" in value &&
  typeof value.forward === "function" &&
  "backward" in value &&
  typeof value.backward === "function";

function isContainer(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || prototype === Object.prototype;
}
