import type { Dataset } from "../../datasets/dataset.js";
import { assertDataset } from "../../datasets/samples.js";
import { GradbookError, refuseUnknownKeys } from "../../errors/error.js";
import type { Sequential } from "../../layers/sequential.js";
import type { Loss } from "../../losses/loss.js";
import { softmaxCrossEntropy } from "../../losses/softmax-cross-entropy.js";
import type { Optimizer } from "../../optimizers/optimizer.js";
import { sgd } from "../../optimizers/sgd.js";
import { sameShape } from "../../tensor/shape.js";
import { Snapshot } from "../../tensor/snapshot.js";
import { checkInputScale, checkLabelOrder, checkLabels } from "./data-checks.js";
import { checkBatchReduction, checkGradients, checkInitialLoss, checkUnits } from "./model-checks.js";
import { type Moment, momentOf } from "./moment.js";
import { checkOverfit } from "./overfit.js";
import { type FirstMinute, Panel } from "./panel.js";

export interface FirstMinuteConfig {
  /** Default: softmaxCrossEntropy(). */
  readonly loss?: Loss;
  /** The rule whose first step is measured. Default: sgd({ lr: 0.01 }). */
  readonly optimizer?: Optimizer;
  /** Samples of the batch that is looked at; default 64. */
  readonly batch?: number;
  /** Default 0. */
  readonly seed?: number | string;
  /** Whether training will shuffle; default true, as `fit` does. */
  readonly shuffle?: boolean;
}

/**
 * What can be seen in the first minute of training, before hours are spent on it: input scale, labels, initial loss, dead
 * and saturated units, gradients and steps of each layer, batch reduction, and whether ten images can be learnt by heart.
 * One line each, with its cure. The model is left as it was.
 *
 *     firstMinute(model, train, { optimizer: sgd({ lr: 0.001, momentum: 0.9 }) })
 *
 * @throws GradbookError when model and data do not fit together
 */
export function firstMinute(model: Sequential, data: Dataset, config: FirstMinuteConfig = {}): FirstMinute {
  refuseUnknownKeys("firstMinute", config, ["loss", "optimizer", "batch", "seed", "shuffle"]);
  const {
    loss = softmaxCrossEntropy(),
    optimizer = sgd({ lr: 0.01 }),
    batch = 64,
    seed = 0,
    shuffle = true,
  } = config;
  assertDataset("firstMinute", data);
  if (!sameShape(data.shape, model.input)) {
    throw new GradbookError({
      code: "shape",
      what: `firstMinute on ${data.name}`,
      got: `samples of the shape [${data.shape.join(", ")}]`,
      expected: `[${model.input.join(", ")}], the model's input`,
    });
  }
  const kept = keep(model);
  try {
    const moment: Moment = momentOf(model, data, loss, optimizer, Math.min(batch, data.size), seed);
    return new Panel([
      checkInputScale(moment),
      checkLabelOrder(moment, shuffle),
      checkLabels(moment),
      checkInitialLoss(moment),
      ...checkUnits(moment),
      ...checkGradients(moment),
      checkBatchReduction(moment),
      checkOverfit(moment, () => kept.restore()),
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
