import type { Dataset } from "../datasets/dataset.js";
import type { ClipSpec } from "../engine/spec.js";
import type { Loss, Target } from "../losses/loss.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import type { FloatArray, Tensor } from "../tensor/tensor.js";
import type { Augment } from "./augment.js";

/** What a trainer is made for. */
export interface TrainerConfig {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** What becomes of the gradients before the update; default: nothing. */
  readonly clip?: ClipSpec | undefined;
  readonly train: Dataset;
  /** Changes training samples as they are read; default: none. */
  readonly augment?: Augment | undefined;
  /** Samples of a step. */
  readonly batch: number;
  readonly seed: number | string;
  /** Somebody looks at the layers' outputs; default: no. */
  readonly observed?: boolean | undefined;
  /** Steps are taken in parts; default: no. */
  readonly stepwise?: boolean | undefined;
  /** Threads of the engine; default: GRADBOOK_THREADS, else one for each core. */
  readonly threads?: number | undefined;
}

/** Result of a pass over a whole set with fixed weights. */
export interface Evaluation {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** Error rate in 0 … 1, or the RMSE: see `measureOf`. */
  readonly error: number;
}

/**
 * What computes: the readable definition, or the engine. `fit` knows only this seam; nothing above it can tell which
 * of the two it was. A trainer owns the optimizer's state from the first step to the last.
 */
export interface Trainer {
  /**
   * A new epoch begins.
   * @param epoch from 1; augmentation draws from a stream of that number
   * @param order the training samples' indices, as the epoch's steps take them
   */
  begin(epoch: number, order: Uint32Array): void;
  /**
   * One optimizer step on the training samples `order[from] … order[to − 1]`. A step that throws leaves weights, buffers
   * and the optimizer's memory as they were before it.
   * @param lr learning rate of this step
   * @param step number of the step over the whole run, from 1: random layers draw from a stream of that number
   * @returns the batch's loss, reduced as the loss says
   */
  step(from: number, to: number, lr: number, step: number): number;
  /**
   * The first part of a step, for a trainer that was made `stepwise`: forward in training, from the model's own values. It gives
   * the outputs [n, …].
   * @param step number of the step, from 1
   */
  forwardPart(x: Tensor, target: Target, step: number): Tensor;
  /** The loss of the forward part, reduced as the loss says. */
  lossPart(): number;
  /**
   * Backward: the gradients stand in the model's parameters afterwards.
   * @param dy gradient by the outputs; default: the loss's
   */
  backwardPart(dy: Tensor | undefined): void;
  /** Moves the model's parameters by the gradients that stand in them. */
  updatePart(lr: number, step: number): void;
  /** The output of a layer in the forward part; only for a trainer that was made `observed`. */
  layerPart(layer: number): Tensor;
  /** Loss and error of a set with the present weights; changes nothing. */
  evaluate(set: Dataset): Evaluation;
  /**
   * Runs a set through the model in its own order; `visit` gets the outputs [n, K] of the samples from … from + n − 1.
   * The tensor is only valid within that call.
   */
  outputs(set: Dataset, visit: (output: Tensor, from: number) => void): void;
  /**
   * The same for the outputs of the layers at some positions of the model; only for a trainer that was made `observed`.
   */
  layerOutputs(
    set: Dataset,
    layers: readonly number[],
    visit: (outputs: readonly Tensor[], from: number) => void,
  ): void;
  /** Brings the present weights and running statistics into the model's own parameters. */
  sync(): void;
  /**
   * Goes on from the model's own parameters, running statistics and `trainable` flags: a callback may have changed them.
   * @throws GradbookError when a parameter has another size than it had
   */
  load(): void;
  /** The optimizer's memory, for checkpoints: one array for each slot of each parameter, in the model's order. */
  readState(): readonly FloatArray[];
  writeState(state: readonly FloatArray[]): void;
  /** Gives memory and workers back; the trainer is not used again. */
  dispose(): void;
}
