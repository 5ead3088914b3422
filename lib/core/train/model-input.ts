import { configError, inWords, shapeError } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { Inputs } from "../datasets/inputs.js";
import { isOwnSet, nameOf, readerOf } from "../datasets/samples.js";
import { assertModel, type Sequential } from "../layers/sequential.js";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.js";
import { isTensor, type Tensor } from "../tensor/tensor.js";

/** What a model may be asked about: a set, a batch [N, …input], one sample […input], or one sample's numbers in a row. */
export type ModelInput = Dataset | Tensor | ArrayLike<number>;

/**
 * The samples that a model is asked about, as a set. Tensors and lists are taken as they are: whoever trained on normalised
 * images has to normalise these too.
 * @throws GradbookError when the numbers are not whole samples of the model's input
 */
export function asSet(what: string, model: Sequential, input: ModelInput): Dataset {
  assertModel(what, model);
  const size = sizeOf(model.input);
  if (isTensor(input)) {
    const { shape, data } = input;
    const isOne = sameShape(shape, model.input) || (shape.length === 1 && shape[0] === size);
    if (isOne || (sameShape(shape.slice(1), model.input) && shape[0] > 0))
      return new Inputs("tensor", model.input, data);
    throw shapeError(
      what,
      `a tensor of the shape ${formatShape(shape)}`,
      `[N, ${model.input.join(", ")}] or ${formatShape(model.input)}, the model's input`,
      data.length > 0 && data.length % size === 0
        ? `reshape([${data.length / size}, ${model.input.join(", ")}]) would fit.`
        : undefined,
    );
  }
  const list = ArrayBuffer.isView(input) || Array.isArray(input) ? (input as ArrayLike<unknown>) : undefined;
  if (list === undefined) return input as Dataset;
  const data = Float64Array.from(list, (v) => (typeof v === "number" ? v : Number.NaN));
  const bad = Array.prototype.findIndex.call(list, (v) => typeof v !== "number");
  if (bad >= 0)
    throw configError(
      what,
      `element ${bad} of the list is ${inWords(list[bad])}`,
      `${size} numbers, one sample of ${formatShape(model.input)}`,
      Array.isArray(list[bad]) ? "Tensor.from(lists) makes a tensor of nested lists." : undefined,
    );
  if (data.length === size) return new Inputs("list of numbers", model.input, data);
  throw shapeError(
    what,
    `a list of ${data.length} numbers`,
    `${size}, one sample of ${formatShape(model.input)}`,
    data.length > 0 && data.length % size === 0
      ? `${data.length / size} samples are a batch: new Tensor([${data.length / size}, ${model.input.join(", ")}], data).`
      : undefined,
  );
}

/** The samples `indices` of a set, in that order. */
export function chosenOf(set: Dataset, indices: ArrayLike<number>): Dataset {
  if (isOwnSet(set)) return set.subset(indices);
  const read = readerOf(set);
  const chosen: Dataset = {
    name: nameOf(set),
    size: indices.length,
    shape: set.shape,
    classes: 1,
    labels: new Uint8Array(indices.length),
    classNames: [],
    source: set.source,
    digest: "",
    read: (i, out, offset) => read(indices[i], out, offset),
    subset: () => chosen,
  };
  return chosen;
}
