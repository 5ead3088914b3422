import type { Dataset } from "../datasets/dataset.js";
import { GradbookError, refuseUnknownKeys } from "../errors/error.js";
import { parseCount } from "../layers/config.js";
import { isBuiltin } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { constant, type Schedule } from "../schedules/schedule.js";
import { Rng } from "../tensor/rng.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import { firstDigest, nextDigest } from "./digest.js";
import { type Ending, type Epoch, lastEpoch, type Run, type StepEvaluation } from "./history.js";
import { stopRequested } from "./interrupt.js";
import { makeTrainer } from "./make-trainer.js";
import type { Trainer } from "./trainer.js";

export interface FitConfig {
  readonly train: Dataset;
  /** Measured after each epoch, never trained on. */
  readonly test?: Dataset;
  readonly optimizer: Optimizer;
  /** Default: softmaxCrossEntropy(), mean over the batch. */
  readonly loss?: Loss;
  /** Samples of a step; the last batch of an epoch may be shorter and divides by its own size. Default 32. */
  readonly batch?: number;
  /** Passes over the training set. Default 15. */
  readonly epochs?: number;
  /** Ends the run after so many steps, if the epochs would take more; the last epoch's number is then a fraction. */
  readonly steps?: number;
  /** Where training loss and error are measured, when the whole training set would take too long. Default: `train`. */
  readonly trainSample?: Dataset;
  /** Measures the test set after every so many steps too (`run.evaluations`). Default: never. */
  readonly evaluateEvery?: number;
  /** Seed of the shuffles and of dropout. Default 0. */
  readonly seed?: number | string;
  /** A new order for each epoch (default), or always the set's own. */
  readonly shuffle?: boolean;
  /** Default: the optimizer's rate, unchanged. */
  readonly schedule?: Schedule;
  /** Called after each epoch, epoch 0 included, with the weights of that moment in the model. Return "stop" to end. */
  readonly onEpoch?: (epoch: Epoch, model: Sequential) => unknown;
  /** Called after each step with its loss; for live plots. `step` counts from 1 over the whole run. */
  readonly onStep?: (step: number, loss: number) => void;
  /** Threads that compute; the result is the same for any number. Default: GRADBOOK_THREADS, else one a core. */
  readonly threads?: number;
}

const keys = [
  "train",
  "test",
  "optimizer",
  "loss",
  "batch",
  "epochs",
  "steps",
  "trainSample",
  "evaluateEvery",
  "seed",
  "shuffle",
  "schedule",
  "onEpoch",
  "onStep",
  "threads",
];

/**
 * Trains a model and returns its history. A synchronous call: no await, and the stop button ends it between two
 * batches with the history kept.
 *
 *     const run = fit(model, { train, test, optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batch: 10, epochs: 15 });
 *
 * The same model, data and seed give the same bits, and the same `run.digest`, on every machine.
 * @throws GradbookError when data and model do not fit, or the loss is no longer a number
 */
export function fit(model: Sequential, config: FitConfig): Run {
  refuseUnknownKeys("fit", config, keys);
  const { train, test, optimizer, schedule = constant, shuffle = true, seed = 0 } = config;
  const loss = config.loss ?? softmaxCrossEntropy();
  const batch = parseCount("fit", "batch", config.batch ?? 32);
  const epochs = parseCount("fit", "epochs", config.epochs ?? 15, 0);
  const limit = parseCount("fit", "steps", config.steps ?? Number.MAX_SAFE_INTEGER);
  if (config.evaluateEvery !== undefined) parseCount("fit", "evaluateEvery", config.evaluateEvery);
  for (const set of [train, config.trainSample ?? train, test ?? train]) assertFits(model, set);

  const trainer = makeTrainer(model, {
    loss,
    optimizer,
    train,
    batch,
    seed,
    ...(config.threads === undefined ? {} : { threads: config.threads }),
  });
  try {
    const history = new History(model, trainer, config, loss, batch, seed);
    const order = Uint32Array.from({ length: train.size }, (_, i) => i);
    const randomness = new Rng(seed).fork("shuffle");
    let ending: Ending = history.record(0) === "stop" ? "stopped early" : "finished";
    for (let epoch = 1; epoch <= epochs && ending === "finished"; epoch++) {
      if (shuffle) shuffled(order, randomness.fork(epoch));
      const lr = schedule(epoch, optimizer.spec.lr);
      let passed = 0;
      while (passed < train.size && history.steps < limit) {
        if (stopRequested()) {
          ending = "interrupted";
          break;
        }
        const to = Math.min(passed + batch, train.size);
        history.recordStep(trainer.step(order, passed, to, lr, history.steps + 1), epoch);
        passed = to;
      }
      if (ending !== "finished" || passed === 0) break;
      if (history.record(epoch - 1 + passed / train.size) === "stop") ending = "stopped early";
    }
    trainer.sync();
    return history.run(ending);
  } finally {
    trainer.dispose();
  }
}

/** What a run remembers while it goes on. */
class History {
  readonly stepLosses: number[] = [];
  readonly epochs: Epoch[] = [];
  private readonly evaluations: StepEvaluation[] = [];

  constructor(
    private readonly model: Sequential,
    private readonly trainer: Trainer,
    private readonly config: FitConfig,
    private readonly loss: Loss,
    private readonly batch: number,
    private readonly seed: number | string,
  ) {}

  /** Steps done. */
  get steps(): number {
    return this.stepLosses.length;
  }

  /** Evaluates both sets and takes the epoch down. */
  record(epoch: number): unknown {
    const { train, test, trainSample = train, onEpoch } = this.config;
    this.trainer.sync();
    const onTrain = this.trainer.evaluate(trainSample);
    const onTest = test === undefined ? { loss: Number.NaN, error: Number.NaN } : this.trainer.evaluate(test);
    const measured = {
      epoch,
      trainLoss: onTrain.loss,
      testLoss: onTest.loss,
      trainError: onTrain.error,
      testError: onTest.error,
    };
    const digest =
      epoch === 0
        ? nextDigest(firstDigest(this.describe(), this.dataDigests, this.model), measured, this.model)
        : nextDigest(lastEpoch(this).digest, measured, this.model);
    const record: Epoch = { ...measured, digest };
    this.epochs.push(record);
    return onEpoch?.(record, this.model);
  }

  recordStep(loss: number, epoch: number): void {
    this.stepLosses.push(loss);
    if (!Number.isFinite(loss)) throw this.divergence(loss, epoch);
    if (this.steps % (this.config.evaluateEvery ?? Number.POSITIVE_INFINITY) === 0) this.evaluateTest();
    this.config.onStep?.(this.steps, loss);
  }

  private evaluateTest(): void {
    const { test, evaluateEvery } = this.config;
    if (test === undefined) return;
    const { loss, error } = this.trainer.evaluate(test);
    const recent = this.stepLosses.slice(-(evaluateEvery ?? 1));
    const trainLoss = recent.reduce((sum, v) => sum + v, 0) / recent.length;
    this.evaluations.push({ step: this.steps, trainLoss, testLoss: loss, testError: error });
  }

  run(ending: Ending): Run {
    const { kind, lr } = this.config.optimizer.spec;
    return {
      optimizer: kind,
      lr,
      batch: this.batch,
      seed: this.seed,
      epochs: this.epochs,
      stepLosses: this.stepLosses,
      evaluations: this.evaluations,
      ending,
      digest: lastEpoch(this).digest,
    };
  }

  /** The first non-finite weight tells more than the loss does. */
  private divergence(loss: number, epoch: number): GradbookError {
    this.trainer.sync();
    const broken = this.model.parameters.find(
      ({ parameter }) => !parameter.value.data.every(Number.isFinite),
    );
    const before = this.stepLosses.slice(-4, -1).map((v) => v.toPrecision(3));
    return new GradbookError({
      code: "diverged",
      what: `fit, epoch ${epoch}, step ${this.steps}`,
      got: `the loss is ${loss}${before.length > 0 ? ` after ${before.join(", ")}` : ""}${
        broken === undefined ? "" : `; ${broken.name} holds a value that is not finite`
      }`,
      expected: "a finite number",
      cure: `Try a smaller learning rate (now ${this.config.optimizer.spec.lr}), inputs scaled to 0 … 1, or init: "he".`,
    });
  }

  /** Everything that decides the bits of a run, as plain data. */
  private describe(): object {
    const { model, config, loss, batch, seed } = this;
    return {
      layers: model.layers.map(({ name, layer }) =>
        isBuiltin(layer) ? { name, ...layer.spec } : { name, kind: "custom" },
      ),
      input: model.input,
      dtype: model.dtype,
      loss: loss.spec,
      optimizer: config.optimizer.spec,
      batch,
      seed,
      shuffle: config.shuffle ?? true,
    };
  }

  private get dataDigests(): string[] {
    const { train, test } = this.config;
    return test === undefined ? [train.digest] : [train.digest, test.digest];
  }
}

/** Fisher–Yates over the identity: an epoch's order depends on its own stream alone, not on the epochs before. */
function shuffled(order: Uint32Array, rng: Rng): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  rng.shuffle(order);
}

function assertFits(model: Sequential, set: Dataset): void {
  if (!sameShape(set.shape, model.input)) {
    throw new GradbookError({
      code: "shape",
      what: `fit on ${set.name}`,
      got: `samples of the shape ${formatShape(set.shape)}`,
      expected: `${formatShape(model.input)}, the model's input`,
    });
  }
  if (model.output.length !== 1 || model.output[0] < set.classes) {
    throw new GradbookError({
      code: "shape",
      what: `fit on ${set.name}`,
      got: `${set.classes} classes for a model with the output ${formatShape(model.output)}`,
      expected: `[${set.classes}]`,
      cure: `linear({ in: …, out: ${set.classes} }) as the last layer gives one score a class.`,
    });
  }
  if (set.size === 0) {
    throw new GradbookError({
      code: "data",
      what: `fit on ${set.name}`,
      got: "no samples",
      expected: "at least one",
    });
  }
}
