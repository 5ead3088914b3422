import {
  assertMembers,
  configError,
  count,
  flag,
  type Given,
  GradbookError,
  numberFrom,
  options,
  type Parsed,
  readOption,
  seed,
  shapeError,
} from "@gradbook/base";
import { datasetOption } from "../datasets/samples.js";
import { singleValue } from "../layers/batch-norm.js";
import { assertModel, type Sequential } from "../layers/sequential.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import { assertTensorOf, type Tensor } from "../tensor/tensor.js";
import { assertFits } from "./assert-fits.js";
import type { Batch } from "./batch.js";
import { loneBatchNorm } from "./batches.js";
import { assertLoss, assertOptimizer, clipOption, lossOption, optimizerOption } from "./fit-config.js";
import { makeTrainer } from "./make-trainer.js";
import type { Trainer } from "./trainer.js";

const trainerOptions = {
  /** What is trained on: it says what the outputs are compared with. */
  train: datasetOption(),
  /** The update rule with its learning rate. */
  optimizer: optimizerOption(),
  /**
   * What is minimised.
   * @default softmaxCrossEntropy()
   */
  loss: lossOption().or(softmaxCrossEntropy()),
  /**
   * Most samples of a batch.
   * @default 32
   */
  batch: count().or(32),
  /**
   * Clips the gradients before each update, as in `fit`.
   * @default none
   */
  clip: clipOption(),
  /**
   * Seed of dropout: with `fit`'s seed its masks are `fit`'s.
   * @default 0
   */
  seed: seed().or(0),
  /**
   * true: `layer(name)` gives each layer's output; it costs some time.
   * @default false
   */
  observe: flag().or(false),
  /**
   * Threads that compute; the result is the same for any number.
   * @default the variable GRADBOOK_THREADS, else one per core
   */
  threads: count().optional(),
};
/**
 * Options of `trainer`.
 * @interface
 */
export type TrainerOptions = Given<typeof trainerOptions>;

/** The parts of a step, for a training loop of your own. */
export interface ModelTrainer {
  /** Steps done: calls of `update`. */
  readonly steps: number;
  /**
   * Forward as in training, with the weights that stand in the model now.
   * @returns the outputs, [n, …output]
   */
  forward(batch: Batch): Tensor;
  /** The loss of the last forward, reduced as the loss says. */
  loss(): number;
  /**
   * Backward: afterwards `parameter.grad` of each of the model's parameters holds its gradient, to be looked at and changed.
   * @param dy gradient by the outputs, for a loss of your own; default: that of `loss`
   */
  backward(dy?: Tensor): void;
  /**
   * One step of the update rule with the gradients that stand in the model; afterwards the weights stand there too.
   * @param lr learning rate; default: the optimizer's
   */
  update(lr?: number): void;
  /**
   * The output of a layer in the last forward, with `observe: true`.
   * @throws GradbookError when there is no such layer, or the trainer does not observe
   */
  layer(name: string): Tensor;
  /** Gives memory and threads back. */
  end(): void;
}

/**
 * What a training loop of your own is made of: the parts of a step, each at the engine's speed. Between them values, gradients
 * and activations can be looked at and changed; they are the model's own. With the same seed and order the bits are those of
 * `fit`.
 * @throws GradbookError when data and model do not fit; a part, when it is called before the one that it needs
 *
 * @example
 * ```ts
 * import { arrayDataset, batches, linear, sequential, sgd, trainer } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const step = trainer(model, { train, optimizer: sgd({ lr: 0.5 }), batch: 2 });
 * for (let epoch = 1; epoch <= 20; epoch++)
 *   for (const batch of batches(train, { size: 2, epoch })) {
 *     step.forward(batch);
 *     step.backward(); // the gradients stand in model.parameters now
 *     step.update();
 *   }
 * console.log(step.steps, step.loss() < 0.2); // 40 true
 * step.end();
 * ```
 */
export function trainer(model: Sequential, config: TrainerOptions): ModelTrainer {
  assertModel("trainer", model);
  const parsed = options("trainer", trainerOptions, config);
  const { train, optimizer, loss, batch, clip, seed, observe, threads } = parsed;
  assertOptimizer("trainer", optimizer);
  assertLoss("trainer", loss);
  assertFits("trainer", model, train);
  const parts = makeTrainer(model, {
    ...{ train, optimizer, loss, batch, clip, seed, threads },
    ...{ stepwise: true, observed: observe },
  });
  return new OwnLoop(model, parsed, parts);
}

class OwnLoop implements ModelTrainer {
  steps = 0;
  private readonly model: Sequential;
  private readonly config: Parsed<typeof trainerOptions>;
  private readonly parts: Trainer;
  private done: "nothing" | "forward" | "backward" = "nothing";
  private samples = 0;

  constructor(model: Sequential, config: Parsed<typeof trainerOptions>, parts: Trainer) {
    this.model = model;
    this.config = config;
    this.parts = parts;
  }

  forward(batch: Batch): Tensor {
    assertMembers("forward", "the batch", batch, {
      expected: "a batch",
      has: ["x", "labels"],
      cure: "batches(train, { size }) gives them.",
    });
    const { x, labels, targets } = batch;
    const [n, ...sample] = x.shape;
    const { dtype } = this.model;
    if (x.dtype !== dtype)
      throw configError(
        "forward",
        `x in ${x.dtype}`,
        `${dtype}, as the model`,
        `batches(train, { size, dtype: "${dtype}" }) gives it.`,
      );
    if (!sameShape(sample, this.model.input))
      throw shapeError(
        "forward",
        `x of the shape ${formatShape(x.shape)}`,
        `[n, ${this.model.input.join(", ")}]`,
      );
    if (n > Math.min(this.config.batch, this.config.train.size))
      throw shapeError(
        "forward",
        `a batch of ${n} samples`,
        `at most ${this.config.batch}`,
        `trainer(model, { batch: ${n}, … }) makes room for them.`,
      );
    const lone = loneBatchNorm(this.model);
    if (n === 1 && lone !== undefined) throw singleValue(lone);
    const target = this.config.train.targets === undefined ? labels : targets?.data;
    if (target === undefined)
      throw shapeError("forward", "a batch without targets", "the numbers that belong to it");
    this.samples = n;
    this.done = "nothing";
    const output = this.parts.forwardPart(x, target, this.steps + 1);
    this.done = "forward";
    return output;
  }

  loss(): number {
    if (this.samples === 0) throw wrongOrder("loss", "forward");
    return this.parts.lossPart();
  }

  backward(dy?: Tensor): void {
    if (this.done !== "forward") throw wrongOrder("backward", "forward");
    if (dy !== undefined) assertTensorOf("backward", "dy", dy, [this.samples, ...this.model.output]);
    this.parts.backwardPart(dy);
    this.done = "backward";
  }

  update(lr?: number): void {
    if (this.done !== "backward") throw wrongOrder("update", "backward");
    const rate =
      lr === undefined ? this.config.optimizer.spec.lr : readOption("update", "lr", numberFrom(0), lr);
    this.parts.updatePart(rate, this.steps + 1);
    this.steps++;
    this.done = "nothing";
  }

  layer(name: string): Tensor {
    this.model.layer(name);
    if (!this.config.observe)
      throw new GradbookError({
        code: "order",
        what: `layer(${JSON.stringify(name)})`,
        got: "a trainer that does not observe",
        expected: "trainer(model, { observe: true, … })",
      });
    if (this.samples === 0) throw wrongOrder("layer", "forward");
    return this.parts.layerPart(this.model.layers.findIndex((placed) => placed.name === name));
  }

  end(): void {
    this.parts.dispose();
  }
}

function wrongOrder(called: string, before: string): GradbookError {
  return new GradbookError({
    code: "order",
    what: "trainer",
    got: `${called} without ${before} before it`,
    expected: "forward(batch), backward(), update(), in this order",
  });
}
