import type { Dataset } from "../datasets/dataset.js";
import type { Sequential } from "../layers/sequential.js";
import type { Loss } from "../losses/loss.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { definitionTrainer } from "./definition.js";
import type { Trainer } from "./trainer.js";

/** What a trainer is made for. */
export interface TrainerConfig {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly train: Dataset;
  /** Samples of a step. */
  readonly batch: number;
  readonly seed: number | string;
}

/** Chooses what computes a model. */
export function makeTrainer(model: Sequential, { loss, optimizer, train, seed }: TrainerConfig): Trainer {
  return definitionTrainer(model, loss, optimizer, train, seed);
}
