import { configError, dataError, type Given, inWords, option, options } from "@gradbook/base";
import { builtinSpec, isTrainable } from "../layers/layer.js";
import { type LayerRecord, rebuildLayers } from "../layers/rebuild.js";
import { assertModel, type Sequential, sequential } from "../layers/sequential.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { weightsDigest } from "../train/digest.js";
import { assertPath, readSafetensors, writeSafetensors } from "./safetensors.js";

/** What the file says of the model, as JSON in its metadata. */
interface ModelRecord {
  readonly input: readonly number[];
  readonly dtype: "float32" | "float64";
  /** A layer written by hand says only its kind, `"custom"`, and its class. */
  readonly layers: readonly { readonly name: string; readonly spec: LayerRecord; readonly frozen?: true }[];
  /** Single parameters that are frozen, in layers that are not. */
  readonly frozen?: readonly string[];
}

/**
 * Saves a model as a safetensors file: weights and running statistics by their names (`conv1.weight`, `norm1.mean`), and in
 * its metadata the layers, the digest of the weights and gradbook's name. PyTorch and others can read the weights.
 * @param path of the file; it replaces one that gradbook wrote, and no other
 * @throws GradbookError when it is no model, or the file cannot be written
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { linear, loadModel, relu, saveModel, sequential, weightsDigest } from "gradbook";
 *
 * const model = sequential([linear({ in: 4, out: 8 }), relu(), linear({ in: 8, out: 2 })], { input: [4], seed: 1 });
 * const path = `${mkdtempSync("/tmp/model-")}/net.safetensors`;
 * saveModel(model, path);
 * console.log(weightsDigest(loadModel(path)) === weightsDigest(model)); // true
 * ```
 */
export function saveModel(model: Sequential, path: string): void {
  assertModel("saveModel", model);
  assertPath("saveModel", path);
  const tensors = Object.fromEntries(valuesOf(model).map(({ name, parameter }) => [name, parameter.value]));
  const layers = model.layers.map(({ name, layer }) => {
    const spec = { ...(builtinSpec(layer) ?? { kind: "custom", class: layer.constructor.name }) };
    return { name, spec, ...(layer.trainable === false && { frozen: true as const }) };
  });
  const frozen = model.layers.flatMap(({ name, layer }) =>
    Object.entries(layer.params ?? {}).flatMap(([key, parameter]) =>
      layer.trainable !== false && !isTrainable(layer, parameter) ? `${name}.${key}` : [],
    ),
  );
  const record: ModelRecord = {
    ...{ input: model.input, dtype: model.dtype, layers },
    ...(frozen.length > 0 && { frozen }),
  };
  writeSafetensors(path, tensors, { model: JSON.stringify(record), digest: weightsDigest(model) });
}

/**
 * A model as `saveModel` saved it: its layers, names, weights, running statistics and what was frozen.
 * @throws GradbookError when the file is damaged, was written by somebody else, or holds layers that were written by hand:
 *   make those yourself, and use `loadWeights`
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { linear, loadModel, saveModel, sequential } from "gradbook";
 *
 * const path = `${mkdtempSync("/tmp/model-")}/net.safetensors`;
 * saveModel(sequential([linear({ in: 4, out: 2 })], { input: [4] }), path);
 * console.log(`${loadModel(path).layer("linear1")}`); // Linear(4→2, 10 params)
 * ```
 */
export function loadModel(path: string): Sequential {
  assertPath("loadModel", path);
  const { tensors, metadata } = readSafetensors(path);
  const { input, dtype, layers, frozen = [] } = parseRecord(path, metadata.model);
  const byHand = layers.find(({ spec }) => spec.kind === "custom");
  if (byHand !== undefined)
    throw dataError(
      path,
      `the layer ${byHand.name} (${inWords(byHand.spec.class)}) was written by hand`,
      "built-in layers",
      "Make the model with its class as you did, and give it the weights: loadWeights(model, path).",
    );
  const model = sequential(
    rebuildLayers(
      path,
      layers.map(({ spec }) => spec),
    ),
    { input, dtype },
  );
  const renamed = renameLayers(model, layers, dtype);
  fillModel(path, renamed, new Map(Object.entries(tensors)));
  for (const [i, { layer }] of renamed.layers.entries())
    if (layers[i].frozen === true) layer.trainable = false;
  for (const { name, parameter } of renamed.parameters)
    if (frozen.includes(name)) parameter.trainable = false;
  if (weightsDigest(renamed) !== metadata.digest)
    throw dataError(path, "weights of another digest than the file says", "the weights as they were saved");
  return renamed;
}

const loadWeightsOptions = {
  /**
   * The model's name for each name in the file; undefined leaves a tensor out. By default they are the same.
   * @default none
   */
  rename: option<(name: string) => string | undefined>(
    "a function from the file's names to the model's",
    (v) => (typeof v === "function" ? (v as (name: string) => string | undefined) : undefined),
  ).optional(),
};
/**
 * Options of `loadWeights`.
 * @interface
 */
export type LoadWeightsConfig = Given<typeof loadWeightsOptions>;

/**
 * Gives a model the weights and running statistics of a safetensors file: one of `saveModel`, or a state dict of PyTorch, whose
 * layers have other names. All of them or none: where anything is missing, left over or of another shape, the model stays as it
 * is.
 * @throws GradbookError that names what does not fit
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { linear, loadWeights, sequential, Tensor, writeSafetensors } from "gradbook";
 *
 * // as PyTorch names them in nn.Sequential(nn.Linear(2, 1))
 * const path = `${mkdtempSync("/tmp/weights-")}/torch.safetensors`;
 * writeSafetensors(path, { "0.weight": Tensor.from([[3, 4]], "float32"), "0.bias": Tensor.from([5], "float32") });
 * const model = sequential([linear({ in: 2, out: 1 })], { input: [2] });
 * loadWeights(model, path, { rename: (name) => name.replace("0.", "linear1.") });
 * console.log(model.forward(Tensor.from([[1, 1]], "float32")).toNested()); // [ [ 12 ] ]
 * ```
 */
export function loadWeights(model: Sequential, path: string, config: LoadWeightsConfig = {}): void {
  assertModel("loadWeights", model);
  assertPath("loadWeights", path);
  const { rename = (name: string) => name } = options("loadWeights", loadWeightsOptions, config);
  const byName = new Map<string, Tensor>();
  for (const [name, tensor] of Object.entries(readSafetensors(path).tensors)) {
    const renamed: unknown = rename(name);
    if (renamed === undefined) continue;
    if (typeof renamed !== "string")
      throw configError(
        "loadWeights",
        `rename(${inWords(name)}) is ${inWords(renamed)}`,
        "a name or undefined",
      );
    if (byName.has(renamed))
      throw configError(
        "loadWeights",
        `two tensors are called ${renamed}`,
        "a name for each",
        "Look at rename.",
      );
    byName.set(renamed, tensor);
  }
  fillModel(path, model, byName);
}

/** @throws GradbookError, before anything is changed, when a name is missing or left over, or a shape is another one */
function fillModel(path: string, model: Sequential, tensors: ReadonlyMap<string, Tensor>): void {
  const values = valuesOf(model);
  const names = values.map(({ name }) => name);
  const missing = names.filter((name) => !tensors.has(name));
  const left = [...tensors.keys()].filter((name) => !names.includes(name));
  if (missing.length > 0 || left.length > 0) {
    const got = [
      ...(missing.length > 0 ? [`no ${some(missing)}`] : []),
      ...(left.length > 0 ? [`${some(left)}, which the model has not`] : []),
    ];
    throw dataError(
      path,
      got.join(", but "),
      `${some(names)}`,
      left.length > 0
        ? "rename: (name) => … gives the model's name for each name in the file, or nothing to leave one out."
        : "The file holds another model.",
    );
  }
  for (const { name, parameter } of values) {
    const tensor = tensors.get(name);
    if (tensor === undefined || sameShape(tensor.shape, parameter.value.shape)) continue;
    const [got, wanted] = [tensor.shape, parameter.value.shape].map(formatShape);
    const isTurned = tensor.shape.length === 2 && formatShape([...tensor.shape].reverse()) === wanted;
    throw dataError(
      path,
      `${name} has the shape ${got}`,
      wanted,
      isTurned ? "It is [in, out], as Keras stores it: transpose it." : undefined,
    );
  }
  for (const { name, parameter } of values) parameter.value.data.set(tensors.get(name)?.data ?? []);
}

const valuesOf = (model: Sequential) => [...model.parameters, ...model.buffers];

function some(names: readonly string[]): string {
  return `${names.slice(0, 4).join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}`;
}

/** A model whose layers have names of their own gets them back. */
function renameLayers(
  model: Sequential,
  layers: ModelRecord["layers"],
  dtype: ModelRecord["dtype"],
): Sequential {
  if (model.layers.every(({ name }, i) => name === layers[i].name)) return model;
  for (const [i, { layer }] of model.layers.entries())
    if (model.layers[i].name !== layers[i].name)
      Object.defineProperty(layer, "name", { value: layers[i].name, enumerable: true });
  return sequential(
    model.layers.map(({ layer }) => layer),
    { input: model.input, dtype },
  );
}

function parseRecord(path: string, text: string | undefined): ModelRecord {
  if (text === undefined)
    throw dataError(
      path,
      "weights without a model",
      "a file of saveModel",
      "Make the model, and give it these weights: loadWeights(model, path, { rename }).",
    );
  const record = parseJson(text);
  const { input, dtype, layers, frozen = [] }: Partial<Record<string, unknown>> = Object(record);
  const isWhole =
    Array.isArray(input) &&
    (dtype === "float32" || dtype === "float64") &&
    Array.isArray(layers) &&
    layers.every((l) => typeof l?.name === "string" && typeof l.spec === "object" && l.spec !== null) &&
    Array.isArray(frozen);
  if (!isWhole) throw dataError(path, "metadata that describe no model", "those of saveModel");
  return { input, dtype, layers, frozen };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
