import { existsSync } from "node:fs";
import { configError, GradbookError } from "@gradbook/base";
import type { Dataset } from "../datasets/dataset.js";
import { contentDigest, nameOf, readerOf } from "../datasets/samples.js";
import type { Sequential } from "../layers/sequential.js";
import { sizeOf } from "../tensor/shape.js";
import type { FloatArray } from "../tensor/tensor.js";
import { isStop, warnOnce } from "./callbacks.js";
import { type Checkpoint, readCheckpoint, refusedCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { changedDigest, firstDigest, nextDigest, weightsDigest } from "./digest.js";
import type { ParsedFitConfig } from "./fit-config.js";
import { type Ending, type Epoch, lastEpoch, type Run, type StepEvaluation } from "./history.js";
import { describeRun, differences, identityOf } from "./identity.js";
import { measureOf } from "./measure.js";
import { tellOfMemory } from "./notes.js";
import type { Rates } from "./rates.js";
import type { Trainer } from "./trainer.js";

/** What is needed of a checkpoint beside what the recorder and the model took over. */
export interface Resumed {
  /** The optimizer's memory, as `Trainer.writeState` takes it. */
  readonly state: readonly FloatArray[];
  readonly ending: Checkpoint["ending"];
}

/** What a run remembers while it goes on, and how that is saved and taken up again. */
export class Recorder {
  private readonly model: Sequential;
  private readonly config: ParsedFitConfig;
  private readonly schedule: Rates;

  private stepLosses: number[] = [];
  epochs: readonly Epoch[] = [];
  private evaluations: StepEvaluation[] = [];
  /** Learning rate of each epoch that has begun. */
  private rates: number[] = [];
  private changedBy = "";
  /** What each epoch says of its errors, where they are no error rates. */
  private readonly measure: { readonly measure?: "RMSE" };
  /** The beginning of the digest chain: configuration, data and initial weights. */
  private readonly first: string;
  /** What checkpoints of this run carry; empty where none is wanted. */
  private readonly identity: Readonly<Record<string, string>>;

  constructor(model: Sequential, config: ParsedFitConfig, schedule: Rates) {
    this.model = model;
    this.config = config;
    this.schedule = schedule;

    const { train, test, checkpoint, resume, loss } = config;
    this.measure = measureOf(loss, train) === "RMSE" ? { measure: "RMSE" } : {};
    const data = [train, ...(test === undefined ? [] : [test])].map(contentDigest);
    this.first = firstDigest(describeRun(model, config), data, model);
    this.identity = checkpoint === undefined && resume === false ? {} : identityOf(model, config);
  }

  /** Steps done. */
  get steps(): number {
    return this.stepLosses.length;
  }

  /** Number of the last recorded epoch; a fraction when the limit of steps ended it. */
  get lastEpoch(): number {
    return lastEpoch(this).epoch;
  }

  /**
   * Evaluates both sets and takes the epoch down.
   * @returns whether the callback asks to end the run
   */
  record(epoch: number, trainer: Trainer): boolean {
    const { train, test, trainSample = train, onEpoch } = this.config;
    trainer.sync();
    const onTrain = trainer.evaluate(trainSample);
    const onTest = test === undefined ? { loss: Number.NaN, error: Number.NaN } : trainer.evaluate(test);
    this.warnOfNaN(epoch, "training", onTrain.loss, trainSample);
    if (test !== undefined) this.warnOfNaN(epoch, "test", onTest.loss, test);
    const measured = {
      epoch,
      trainLoss: onTrain.loss,
      testLoss: onTest.loss,
      trainError: onTrain.error,
      testError: onTest.error,
      ...this.measure,
    };
    const previous = epoch === 0 ? this.first : lastEpoch(this).digest;
    const digest = nextDigest(previous, measured, this.model, this.steps, trainer.readState());
    const before = this.epochs;
    this.epochs = [...before, Object.freeze({ ...measured, digest })];
    if (onEpoch === undefined) return false;
    const weights = weightsDigest(this.model);
    const stop = isStop("onEpoch", onEpoch(lastEpoch(this), this.model));
    if (weightsDigest(this.model) !== weights) {
      this.changedBy = String(onEpoch);
      this.epochs = [...before, Object.freeze({ ...measured, digest: changedDigest(digest, this.model) })];
    }
    trainer.load();
    return stop;
  }

  /** The run has ended: the callback may put other weights into the model, and then the digest says so. */
  end(): void {
    const { onEpoch } = this.config;
    if (onEpoch?.end === undefined) return;
    const weights = weightsDigest(this.model);
    onEpoch.end(this.model);
    if (weightsDigest(this.model) === weights) return;
    const last = lastEpoch(this);
    const changed = Object.freeze({ ...last, digest: changedDigest(last.digest, this.model) });
    this.epochs = [...this.epochs.slice(0, -1), changed];
  }

  /** A new epoch begins, from 1, with this learning rate. */
  beginEpoch(epoch: number, lr: number): void {
    this.rates[epoch - 1] = lr;
  }

  /**
   * @param epoch the epoch that the step belongs to, from 1
   * @returns whether the callback asks to end the run
   */
  recordStep(loss: number, epoch: number, stepsOfEpoch: number, trainer: Trainer): boolean {
    const { evaluateEvery, checkpointEvery, onStep, checkpoint } = this.config;
    // a limit of steps ended the run here, and now it goes on
    if (!isWhole(lastEpoch(this))) this.epochs = this.epochs.slice(0, -1);
    this.stepLosses.push(loss);
    if (!Number.isFinite(loss)) throw this.divergence(loss, epoch, trainer);
    if (evaluateEvery !== undefined && this.steps % evaluateEvery === 0)
      this.evaluateTest(trainer, evaluateEvery);
    if (checkpoint !== undefined && this.steps === 2) tellOfMemory(this.model);
    // the last step of an epoch is saved with the epoch's record
    const isLast = this.steps % stepsOfEpoch === 0;
    if (checkpointEvery !== undefined && this.steps % checkpointEvery === 0 && !isLast) {
      this.save(trainer, "finished");
    }
    if (onStep === undefined) return false;
    // the callback sees the weights of this step, and training goes on with those that it leaves
    trainer.sync();
    const stop = isStop("onStep", onStep(this.steps, loss));
    trainer.load();
    return stop;
  }

  /** A loss of a whole set that is no number belongs to no curve and to no comparison: nobody should find out by chance. */
  private warnOfNaN(epoch: number, which: string, loss: number, set: Dataset): void {
    if (Number.isFinite(loss)) return;
    const why = notFinite(set) ?? "some outputs of the model are not finite, or too large for the loss";
    warnOnce(`fit, epoch ${epoch}: the ${which} loss is ${loss}: ${why}.`);
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
    for (const [name, data] of this.config.onEpoch?.save?.() ?? []) arrays.set(`callback ${name}`, data);
    arrays.set("step losses", Float64Array.from(this.stepLosses));
    arrays.set("rates", Float64Array.from(this.rates));
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
      changedBy: this.changedBy,
      arrays,
    });
  }

  /** After an error: the model gets the weights of the last step that was done, and the checkpoint holds them. */
  rescue(trainer: Trainer, error: unknown): void {
    trainer.sync();
    // a diverged run has nothing that is worth more than the checkpoint before
    if (this.epochs.length === 0 || (error instanceof GradbookError && error.code === "diverged")) return;
    try {
      this.save(trainer, "interrupted");
    } catch (second) {
      if (second !== error)
        console.warn(`fit: the checkpoint could not be written either: ${String(second)}`);
    }
  }

  /**
   * Takes up the checkpoint that the configuration asks for: weights and running statistics into the model, the history
   * into this recorder.
   * @throws GradbookError when the file is damaged or another run's
   */
  resume(): Resumed | undefined {
    const { resume, checkpoint, onEpoch } = this.config;
    if (resume === false) return undefined;
    if (resume === true && checkpoint === undefined) {
      throw configError("fit", "resume: true without a checkpoint", 'checkpoint: "FILE"');
    }
    const path = resume === true ? String(checkpoint) : resume;
    if (resume === true && !existsSync(path)) return undefined;
    const saved = readCheckpoint(path);
    const other = differences(saved.run, this.identity);
    if (saved.changedBy !== "" && saved.changedBy !== String(onEpoch))
      other.push("onEpoch, which has changed weights");
    if (other.length > 0)
      throw refusedCheckpoint(path, `it belongs to another run: not the same ${other.join(", ")}`);
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
    this.changedBy = saved.changedBy;
    this.epochs = saved.digests.map((digest, i) => {
      const [epoch, trainLoss, testLoss, trainError, testError] = epochs.subarray(5 * i);
      return { epoch, trainLoss, testLoss, trainError, testError, ...this.measure, digest };
    });
    this.rates = this.replayedRates(path, take("rates"));
    this.evaluations = Array.from({ length: evaluations.length / 4 }, (_, i) => {
      const [step, trainLoss, testLoss, testError] = evaluations.subarray(4 * i);
      return { step, trainLoss, testLoss, testError };
    });
    const kept = [...saved.arrays].flatMap(([name, data]) =>
      name.startsWith("callback ") ? [[name.slice("callback ".length), data] as const] : [],
    );
    onEpoch?.resume?.(this.epochs.filter(isWhole), new Map(kept));
    const state = [...saved.arrays].flatMap(([name, data]) => (name.startsWith("optimizer ") ? [data] : []));
    const wanted = (this.config.optimizer.slots ?? 0) * this.model.parameters.length;
    if (state.length !== wanted)
      throw refusedCheckpoint(path, `${state.length} arrays of the optimizer`, `${wanted}`);
    return { state, ending: saved.ending };
  }

  /** What training changes in the model. */
  private get values() {
    return [...this.model.parameters, ...this.model.buffers];
  }

  /** Says that the checkpoint which this run will write is another run's now. */
  warnOfOther(path: string): void {
    if (!existsSync(path)) return;
    try {
      const other = differences(readCheckpoint(path).run, this.identity);
      if (other.length > 0)
        console.warn(
          `fit: ${path} holds the checkpoint of another run (not the same ${other.join(", ")}); this run replaces it after its first epoch.`,
        );
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      console.warn(`fit: ${error.what}: ${error.got}; this run replaces it after its first epoch.`);
    }
  }

  /** A schedule of somebody's own is asked for the epochs that are done: it may have a memory, and has to say the same. */
  private replayedRates(path: string, rates: FloatArray): number[] {
    for (const [i, rate] of rates.entries()) {
      const now = this.schedule.ofEpoch(i + 1, this.epochs);
      if (now !== rate)
        throw refusedCheckpoint(
          path,
          `it belongs to another run: its rate in epoch ${i + 1} was ${rate}, this schedule gives ${now}`,
        );
    }
    return Array.from(rates);
  }

  run(ending: Ending): Run {
    const { optimizer, batch, seed } = this.config;
    const { kind, lr } = optimizer.spec;
    return {
      optimizer: kind,
      lr,
      batch,
      seed,
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
}

const isWhole = ({ epoch }: Epoch): boolean => Number.isInteger(epoch);

/** The first sample that holds NaN or Infinity, in words. */
function notFinite(set: Dataset): string | undefined {
  const sample = new Float64Array(sizeOf(set.shape));
  const read = readerOf(set);
  for (let n = 0; n < set.size; n++) {
    read(n, sample, 0);
    const value = sample.find((v) => !Number.isFinite(v));
    if (value !== undefined) return `sample ${n} of ${nameOf(set)} holds ${value}`;
  }
  return undefined;
}
