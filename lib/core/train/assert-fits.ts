import { shapeError } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { assertDataset, nameOf } from "../datasets/samples.js";
import { assertModel, type Sequential } from "../layers/sequential.js";
import { formatShape, sameShape } from "../tensor/shape.js";

/**
 * @param what the function that is given both, e.g. "fit"
 * @throws GradbookError when the set is empty, its samples are not the model's input, a class has no output, or targets are not the model's output
 */
export function assertFits(what: string, model: Sequential, set: Dataset): void {
  assertSamples(what, model, set);
  if (set.targets !== undefined) {
    if (sameShape(set.targets.shape, model.output)) return;
    throw shapeError(
      `${what} on ${nameOf(set)}`,
      `targets of the shape ${formatShape(set.targets.shape)} for a model with the output ${formatShape(model.output)}`,
      "the same shape",
      "The last layer gives one number for each number of a target.",
    );
  }
  if (model.output.length === 1 && model.output[0] >= set.classes) return;
  const [outputs] = model.output;
  const lowest = Array.from(set.labels).reduce((least, label) => Math.min(least, label), set.classes);
  if (model.output.length === 1 && lowest > 0 && set.classes - lowest <= outputs) {
    throw shapeError(
      `${what} on ${nameOf(set)}`,
      `labels ${lowest} … ${set.classes - 1} for a model with ${outputs} outputs`,
      `labels 0 … ${outputs - 1}`,
      `Labels begin at 0, and no sample has class 0: subtract ${lowest} from each.`,
    );
  }
  throw shapeError(
    `${what} on ${nameOf(set)}`,
    `${set.classes} classes for a model with the output ${formatShape(model.output)}`,
    `[${set.classes}]`,
    `linear({ in: …, out: ${set.classes} }) as the last layer gives one score per class.`,
  );
}

/** Whatever the model's output is. */
export function assertSamples(what: string, model: Sequential, set: Dataset): void {
  assertModel(what, model);
  assertDataset(what, set);
  if (sameShape(set.shape, model.input)) return;
  throw shapeError(
    `${what} on ${nameOf(set)}`,
    `samples of the shape ${formatShape(set.shape)}`,
    `${formatShape(model.input)}, the model's input`,
  );
}

/** @throws GradbookError when one set has classes and another numbers: one loss cannot compare with both */
export function assertAlike(train: Dataset, ...others: readonly (Dataset | undefined)[]): void {
  const kind = (set: Dataset) => (set.targets === undefined ? "classes" : "numbers as targets");
  const other = others.find((set) => set !== undefined && kind(set) !== kind(train));
  if (other === undefined) return;
  throw shapeError(`fit on ${nameOf(other)}`, kind(other), `${kind(train)}, as ${nameOf(train)} has`);
}
