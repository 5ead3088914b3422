import { assertList, assertMembers } from "../errors/members.js";

/** What is known after an epoch, measured over both whole sets with the weights at its end. Epoch 0 is untrained. */
export interface Epoch {
  readonly epoch: number;
  /** Mean loss of a training sample (cross-entropy in nats, or the squared loss). */
  readonly trainLoss: number;
  /** NaN when there is no test set. */
  readonly testLoss: number;
  /** Error rate on the training set, 1 − accuracy, in 0 … 1. */
  readonly trainError: number;
  /** NaN when there is no test set. */
  readonly testError: number;
  /** The digest chain up to here. */
  readonly digest: string;
}

/** A look at the test set between two epochs. */
export interface StepEvaluation {
  /** Steps done, from the beginning of the run. */
  readonly step: number;
  /** Mean of the steps' losses since the evaluation before. */
  readonly trainLoss: number;
  readonly testLoss: number;
  /** Error rate in 0 … 1. */
  readonly testError: number;
}

/** Why a run ended. */
export type Ending = "finished" | "stopped early" | "interrupted";

/** A finished or stopped run. */
export interface Run {
  readonly optimizer: string;
  readonly lr: number;
  readonly batch: number;
  readonly seed: number | string;
  readonly epochs: readonly Epoch[];
  /** The loss of every step, as the loss reduces it; what white-noise curves are drawn from. */
  readonly stepLosses: readonly number[];
  /** One every `evaluateEvery` steps. */
  readonly evaluations: readonly StepEvaluation[];
  readonly ending: Ending;
  /** Digest of the last epoch: the same digest means the same bits. */
  readonly digest: string;
}

/** The last epoch of a run. */
export function lastEpoch(run: Pick<Run, "epochs">): Epoch {
  assertMembers("lastEpoch", "run", run, { expected: "a run", has: ["epochs"], cure: "fit(…) returns one." });
  assertList("lastEpoch", "run.epochs", run.epochs, "a list of epochs");
  return run.epochs[run.epochs.length - 1];
}
