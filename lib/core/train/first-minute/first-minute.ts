import { count, flag, type Given, options, seed, shapeError } from "@gradbook/base";
import type { Dataset } from "../../datasets/dataset.js";
import { assertClasses, assertDataset } from "../../datasets/samples.js";
import { assertModel, type Sequential } from "../../layers/sequential.js";
import { softmaxCrossEntropy } from "../../losses/softmax-cross-entropy.js";
import { sgd } from "../../optimizers/sgd.js";
import { sameShape } from "../../tensor/shape.js";
import { Snapshot } from "../../tensor/snapshot.js";
import { assertLoss, assertOptimizer, lossOption, optimizerOption } from "../fit-config.js";
import { checkInputScale, checkLabelOrder, checkLabels } from "./data-checks.js";
import { checkBatchReduction, checkGradients, checkInitialLoss, checkUnits } from "./model-checks.js";
import { checkOverfit } from "./overfit.js";
import { type FirstMinute, Panel } from "./panel.js";
import { type ModelSnapshot, snapshotOf } from "./snapshot.js";

const firstMinuteOptions = {
  /**
   * The loss that training will minimise.
   * @default softmaxCrossEntropy()
   */
  loss: lossOption().or(softmaxCrossEntropy()),
  /**
   * The rule whose first step is measured.
   * @default sgd({ lr: 0.01 })
   */
  optimizer: optimizerOption().or(sgd({ lr: 0.01 })),
  /**
   * Samples of the batch that is looked at.
   * @default 64
   */
  batch: count().or(64),
  /**
   * Seed of the batch that is drawn.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * Whether training will shuffle, as `fit` does.
   * @default true
   */
  shuffle: flag().or(true),
};
/**
 * Options of `firstMinute`.
 * @interface
 */
export type FirstMinuteConfig = Given<typeof firstMinuteOptions>;

/**
 * What can be seen in the first minute of training, before hours are spent on it: input scale, labels, initial loss, dead
 * and saturated units, gradients and steps of each layer, batch reduction, and whether ten images can be memorised.
 * One line each, with its cure. The model is left as it was.
 * @throws GradbookError when model and data do not fit together
 *
 * @example
 * ```ts
 * import { arrayDataset, firstMinute, linear, relu, Rng, sequential } from "gradbook";
 *
 * const rng = new Rng(1);
 * const x = Float32Array.from({ length: 100 * 4 }, () => 255 * rng.uniform()); // bytes, not scaled
 * const labels = Array.from({ length: 100 }, (_, i) => i % 2);
 * const model = sequential([linear({ in: 4, out: 8 }), relu(), linear({ in: 8, out: 2 })], { input: [4] });
 * const { lines } = firstMinute(model, arrayDataset(x, labels, [4]));
 * console.log(lines[0].check, lines[0].verdict); // input scale bad
 * ```
 */
export function firstMinute(model: Sequential, data: Dataset, config: FirstMinuteConfig = {}): FirstMinute {
  assertModel("firstMinute", model);
  const { loss, optimizer, batch, seed, shuffle } = options("firstMinute", firstMinuteOptions, config);
  assertOptimizer("firstMinute", optimizer);
  assertLoss("firstMinute", loss);
  assertDataset("firstMinute", data);
  assertClasses("firstMinute", data, "Its checks of labels and of the first loss are about classes.");
  if (!sameShape(data.shape, model.input)) {
    throw shapeError(
      `firstMinute on ${data.name}`,
      `samples of the shape [${data.shape.join(", ")}]`,
      `[${model.input.join(", ")}], the model's input`,
    );
  }
  const kept = keep(model);
  try {
    const snapshot: ModelSnapshot = snapshotOf(
      model,
      data,
      loss,
      optimizer,
      Math.min(batch, data.size),
      seed,
    );
    return new Panel([
      checkInputScale(snapshot),
      checkLabelOrder(snapshot, shuffle),
      checkLabels(snapshot),
      checkInitialLoss(snapshot),
      ...checkUnits(snapshot),
      ...checkGradients(snapshot),
      checkBatchReduction(snapshot),
      checkOverfit(snapshot, () => kept.restore()),
    ]);
  } finally {
    kept.restore();
  }
}

/** The model's parameters, gradients and running statistics, to be put back. */
function keep(model: Sequential): Snapshot {
  const kept = new Snapshot([
    ...[...model.parameters, ...model.buffers].map(
      ({ parameter }) =>
        () =>
          parameter.value.data,
    ),
    ...model.parameters.map(
      ({ parameter }) =>
        () =>
          parameter.grad.data,
    ),
  ]);
  kept.take();
  return kept;
}
