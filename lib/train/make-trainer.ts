import type { Sequential } from "../layers/sequential.js";
import { definitionTrainer } from "./definition.js";
import { engineTrainer } from "./engine.js";
import type { Trainer, TrainerConfig } from "./trainer.js";

/** Chooses what computes a model: the engine in float32, the readable loops in float64. */
export function makeTrainer(model: Sequential, config: TrainerConfig): Trainer {
  if (model.dtype === "float32") return engineTrainer(model, config);
  const { loss, optimizer, train, seed } = config;
  return definitionTrainer(model, loss, optimizer, train, seed);
}
