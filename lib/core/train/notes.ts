import { changedFields } from "../layers/fields.js";
import { builtinSpec, originOf } from "../layers/layer.js";
import { heldBy } from "../layers/nested.js";
import type { Sequential } from "../layers/sequential.js";
import { builtinLossSpec, type Loss, lossName } from "../losses/loss.js";
import { builtinOptimizerSpec, type Optimizer } from "../optimizers/optimizer.js";
import { informOnce, warnOnce } from "./callbacks.js";

/** Says which code runs as it is written, and which parameters nobody will train. */
export function tellOfHandWork(model: Sequential, loss: Loss, optimizer: Optimizer): void {
  const layers = byHand(model).map(
    ({ name, layer }) => `${name} (${originOf(layer)?.kind ?? layer.constructor.name})`,
  );
  const others = [
    ...(builtinLossSpec(loss) === undefined ? [`the loss ${lossName(loss)}`] : []),
    ...(builtinOptimizerSpec(optimizer) === undefined ? [`the update rule ${optimizer.spec.kind}`] : []),
  ];
  const all = [...layers, ...others];
  if (model.dtype === "float32" && all.length > 0) {
    const verb = all.length === 1 ? "runs" : "run";
    informOnce(
      `fit: ${all.join(", ")}, written or changed by hand, ${verb} on the main thread; everything else runs on the engine.`,
    );
  }
  const trained = new Set(model.parameters.map(({ parameter }) => parameter));
  for (const { name, layer } of byHand(model)) {
    const left = heldBy(name, layer).nested.filter(({ parameter }) => !trained.has(parameter));
    if (left.length === 0 || layer.trainable === false) continue;
    const names = left.map((inner) => inner.name);
    warnOnce(
      `fit: ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""} will not be trained: only what stands in the layer's params is. ` +
        `params = { … } of ${name} passes them on; trainable = false says that it is meant.`,
    );
  }
}

/** Says what a checkpoint cannot hold, after the first step has shown it. */
export function tellOfMemory(model: Sequential): void {
  for (const { name, layer } of byHand(model)) {
    const fields = changedFields(layer);
    if (fields.length > 0)
      warnOnce(
        `fit: the checkpoint does not hold ${fields.map((field) => `${name}.${field}`).join(", ")}, which training changes. ` +
          `Keep in buffers what a later step reads: buffers = { ${fields[0]}: Tensor.zeros(shape) }.`,
      );
  }
}

const byHand = ({ layers }: Sequential) => layers.filter(({ layer }) => builtinSpec(layer) === undefined);
