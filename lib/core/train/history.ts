import { assertList, assertMembers } from "@gradbook/base";

/** What is known after an epoch, measured over both whole sets with the weights at its end. Epoch 0 is untrained. */
export interface Epoch {
  /** From 0; a fraction where a run ended within an epoch. */
  readonly epoch: number;
  /** Mean loss of a training sample. */
  readonly trainLoss: number;
  /** The same on the test set; NaN when there is none. */
  readonly testLoss: number;
  /** Error on the training set: the error rate, 1 − accuracy, in 0 … 1, or what `measure` says. */
  readonly trainError: number;
  /** Error on the test set; NaN when there is none. */
  readonly testError: number;
  /**
   * `"RMSE"` where the set has numbers as targets: the errors are the root of the mean squared difference between outputs and
   * targets, in the targets' unit.
   * @default the error rate
   */
  readonly measure?: "RMSE";
  /** The chain of SHA-256 up to here, 64 hexadecimal digits. */
  readonly digest: string;
}

/** A look at the test set between two epochs. */
export interface StepEvaluation {
  /** Steps done, from the beginning of the run. */
  readonly step: number;
  /** Mean of the steps' losses since the evaluation before. */
  readonly trainLoss: number;
  /** Mean loss of a test sample. */
  readonly testLoss: number;
  /** Error rate on the test set in 0 … 1. */
  readonly testError: number;
}

/** Why a run ended. */
export type Ending = "finished" | "stopped early" | "interrupted";

/** A finished or stopped run. */
export interface Run {
  /** Name of the update rule, e.g. `sgd`. */
  readonly optimizer: string;
  /** Learning rate that the schedule started from. */
  readonly lr: number;
  /** Samples of a step. */
  readonly batch: number;
  /** Seed of shuffles, dropout and augmentation. */
  readonly seed: number | string;
  /** One entry per epoch, from epoch 0, the untrained model. */
  readonly epochs: readonly Epoch[];
  /** The loss of every step, as the loss reduces it; `lossCurve` draws them. */
  readonly stepLosses: readonly number[];
  /** One entry every `evaluateEvery` steps. */
  readonly evaluations: readonly StepEvaluation[];
  /** Why it ended. */
  readonly ending: Ending;
  /** Digest of the last epoch, 64 hexadecimal digits: the same digest means the same bits. */
  readonly digest: string;
}

/**
 * The last epoch of a run.
 * @throws GradbookError when the run has no epochs
 *
 * @example
 * ```ts
 * import { arrayDataset, fit, lastEpoch, linear, sequential, sgd } from "gradbook";
 *
 * const train = arrayDataset(Float32Array.of(1, 0, 0, 1, 2, 1, 1, 3), [0, 1, 0, 1], [2]);
 * const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
 * const run = fit(model, { train, optimizer: sgd({ lr: 0.5 }), epochs: 3 });
 * console.log(lastEpoch(run).epoch); // 3
 * ```
 */
export function lastEpoch(run: Pick<Run, "epochs">): Epoch {
  assertMembers("lastEpoch", "run", run, { expected: "a run", has: ["epochs"], cure: "fit(…) returns one." });
  assertList("lastEpoch", "run.epochs", run.epochs, "a list of epochs");
  return run.epochs[run.epochs.length - 1];
}
