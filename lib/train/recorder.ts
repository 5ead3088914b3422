import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { Dataset } from "../datasets/dataset.js";
import { GradbookError } from "../errors/error.js";
import { isBuiltin } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import { sizeOf } from "../tensor/shape.js";
import type { FloatArray } from "../tensor/tensor.js";
import { type Checkpoint, readCheckpoint, refusedCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { firstDigest, nextDigest } from "./digest.js";
import type { FitConfig } from "./fit-config.js";
import { type Ending, type Epoch, lastEpoch, type Run, type StepEvaluation } from "./history.js";
import type { Trainer } from "./trainer.js";

/** What is needed of a checkpoint beside what the recorder and the model took over. */
export interface Resumed {
  /** The optimizer's memory, as `Trainer.writeState` takes it. */
  readonly state: readonly FloatArray[];
  readonly ending: Checkpoint["ending"];
}

/** What a run remembers while it goes on, and how that is saved and taken up again. */
export class Recorder {
  private stepLosses: number[] = [];
  epochs: readonly Epoch[] = [];
  private evaluations: StepEvaluation[] = [];
  /** The beginning of the digest chain: configuration, data and initial weights. */
  private readonly first: string;

  constructor(
    private readonly model: Sequential,
    private readonly config: FitConfig,
    private readonly loss: Loss,
    private readonly batch: number,
    private readonly seed: number | string,
  ) {
    const { train, test } = config;
    const data = test === undefined ? [train.digest] : [train.digest, test.digest];
    this.first = firstDigest(this.describe(), data, model);
  }

  /** Steps done. */
  get steps(): number {
    return this.stepLosses.length;
  }

  /** Number of the last recorded epoch; a fraction when the limit of steps ended it. */
  get lastEpoch(): number {
    return lastEpoch(this).epoch;
  }

  /** Evaluates both sets and takes the epoch down. */
  record(epoch: number, trainer: Trainer): unknown {
    const { train, test, trainSample = train, onEpoch } = this.config;
    trainer.sync();
    const onTrain = trainer.evaluate(trainSample);
    const onTest = test === undefined ? { loss: Number.NaN, error: Number.NaN } : trainer.evaluate(test);
    const measured = {
      epoch,
      trainLoss: onTrain.loss,
      testLoss: onTest.loss,
      trainError: onTrain.error,
      testError: onTest.error,
    };
    const previous = epoch === 0 ? this.first : lastEpoch(this).digest;
    const record: Epoch = { ...measured, digest: nextDigest(previous, measured, this.model) };
    this.epochs = [...this.epochs, record];
    const answer = onEpoch?.(record, this.model);
    trainer.load();
    return answer;
  }

  /** @param epoch the epoch that the step belongs to, from 1 */
  recordStep(loss: number, epoch: number, trainer: Trainer): void {
    const { train, evaluateEvery, checkpointEvery, onStep } = this.config;
    // a limit of steps ended the run here, and now it goes on
    if (!isWhole(lastEpoch(this))) this.epochs = this.epochs.slice(0, -1);
    this.stepLosses.push(loss);
    if (!Number.isFinite(loss)) throw this.divergence(loss, epoch, trainer);
    if (evaluateEvery !== undefined && this.steps % evaluateEvery === 0)
      this.evaluateTest(trainer, evaluateEvery);
    // the last step of an epoch is saved with the epoch's record
    const isLast = this.steps % Math.ceil(train.size / this.batch) === 0;
    if (checkpointEvery !== undefined && this.steps % checkpointEvery === 0 && !isLast) {
      this.save(trainer, "finished");
    }
    onStep?.(this.steps, loss);
  }

  private evaluateTest(trainer: Trainer, every: number): void {
    const { test } = this.config;
    if (test === undefined) return;
    const { loss, error } = trainer.evaluate(test);
    const recent = this.stepLosses.slice(-every);
    const trainLoss = recent.reduce((sum, v) => sum + v, 0) / recent.length;
    this.evaluations.push({ step: this.steps, trainLoss, testLoss: loss, testError: error });
  }

  /** Writes the checkpoint, where one is wanted. */
  save(trainer: Trainer, ending: Ending): void {
    const { checkpoint } = this.config;
    if (checkpoint === undefined) return;
    trainer.sync();
    const arrays = new Map<string, FloatArray>();
    for (const { name, parameter } of this.values) arrays.set(`model ${name}`, parameter.value.data);
    for (const [i, data] of trainer.readState().entries()) arrays.set(`optimizer ${i}`, data);
    arrays.set("step losses", Float64Array.from(this.stepLosses));
    arrays.set(
      "epochs",
      Float64Array.from(
        this.epochs.flatMap((e) => [e.epoch, e.trainLoss, e.testLoss, e.trainError, e.testError]),
      ),
    );
    arrays.set(
      "evaluations",
      Float64Array.from(this.evaluations.flatMap((e) => [e.step, e.trainLoss, e.testLoss, e.testError])),
    );
    writeCheckpoint(checkpoint, {
      run: this.identity,
      step: this.steps,
      ending: ending === "stopped early" ? "stopped early" : "unfinished",
      digests: this.epochs.map(({ digest }) => digest),
      arrays,
    });
  }

  /**
   * Takes up the checkpoint that the configuration asks for: weights and running statistics into the model, the history
   * into this recorder.
   * @throws GradbookError when the file is damaged or another run's
   */
  resume(): Resumed | undefined {
    const { resume = false, checkpoint, onEpoch } = this.config;
    if (resume === false) return undefined;
    if (resume === true && checkpoint === undefined) {
      throw new GradbookError({
        code: "config",
        what: "fit",
        got: "resume: true without a checkpoint",
        expected: 'checkpoint: "FILE"',
      });
    }
    const path = resume === true ? String(checkpoint) : resume;
    if (resume === true && !existsSync(path)) return undefined;
    const saved = readCheckpoint(path);
    if (saved.run !== this.identity) {
      throw refusedCheckpoint(
        path,
        "it belongs to another run (other layers, loss, optimizer, batch, seed, data or initial weights)",
      );
    }
    const take = (name: string, length?: number): FloatArray => {
      const data = saved.arrays.get(name);
      if (data === undefined || (length !== undefined && data.length !== length)) {
        throw refusedCheckpoint(path, `${data === undefined ? "no" : data.length} values of ${name}`);
      }
      return data;
    };
    for (const { name, parameter } of this.values) {
      parameter.value.data.set(take(`model ${name}`, parameter.value.size));
    }
    const losses = take("step losses", saved.step);
    const epochs = take("epochs", 5 * saved.digests.length);
    const evaluations = take("evaluations");
    this.stepLosses = Array.from(losses);
    this.epochs = saved.digests.map((digest, i) => {
      const [epoch, trainLoss, testLoss, trainError, testError] = epochs.subarray(5 * i);
      return { epoch, trainLoss, testLoss, trainError, testError, digest };
    });
    this.evaluations = Array.from({ length: evaluations.length / 4 }, (_, i) => {
      const [step, trainLoss, testLoss, testError] = evaluations.subarray(4 * i);
      return { step, trainLoss, testLoss, testError };
    });
    onEpoch?.resume?.(this.epochs.filter(isWhole));
    const state = [...saved.arrays].flatMap(([name, data]) => (name.startsWith("optimizer ") ? [data] : []));
    const wanted = this.config.optimizer.slots * this.model.parameters.length;
    if (state.length !== wanted)
      throw refusedCheckpoint(path, `${state.length} arrays of the optimizer`, `${wanted}`);
    return { state, ending: saved.ending };
  }

  /** What training changes in the model. */
  private get values() {
    return [...this.model.parameters, ...this.model.buffers];
  }

  /** Which checkpoints belong to this run: those of the same beginning, measured in the same way. */
  private get identity(): string {
    const { evaluateEvery, trainSample } = this.config;
    const measured = JSON.stringify([evaluateEvery ?? null, trainSample?.digest ?? null]);
    return createHash("sha256").update(this.first).update(measured).digest("hex");
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
  private divergence(loss: number, epoch: number, trainer: Trainer): GradbookError {
    trainer.sync();
    const broken = this.model.parameters.find(
      ({ parameter }) => !parameter.value.data.every(Number.isFinite),
    );
    const data = notFinite(this.config.train);
    const before = this.stepLosses.slice(-4, -1).map((v) => v.toPrecision(3));
    return new GradbookError({
      code: "diverged",
      what: `fit, epoch ${epoch}, step ${this.steps}`,
      got: `the loss is ${loss}${before.length > 0 ? ` after ${before.join(", ")}` : ""}${
        broken === undefined ? "" : `; ${broken.name} holds a value that is not finite`
      }${data === undefined ? "" : `; ${data}`}`,
      expected: "a finite number",
      cure:
        data !== undefined
          ? "Look for what went wrong where the data was made: no network learns from NaN or Infinity."
          : `Try a smaller learning rate (now ${this.config.optimizer.spec.lr}), inputs scaled to 0 … 1, or init: "he".`,
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
}

const isWhole = ({ epoch }: Epoch): boolean => Number.isInteger(epoch);

/** The first sample that holds NaN or Infinity, in words. */
function notFinite(set: Dataset): string | undefined {
  const sample = new Float64Array(sizeOf(set.shape));
  for (let n = 0; n < set.size; n++) {
    set.read(n, sample, 0);
    const value = sample.find((v) => !Number.isFinite(v));
    if (value !== undefined) return `sample ${n} of ${set.name} holds ${value}`;
  }
  return undefined;
}
