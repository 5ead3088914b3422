import { modelBrand } from "../layers/nested.js";
import type { Sequential } from "../layers/sequential.js";
import { definitionTrainer } from "./definition.js";
import { engineTrainer } from "./engine.js";
import type { Trainer, TrainerConfig } from "./trainer.js";

/**
 * Chooses what computes a model: the engine in float32, the readable loops in float64, and for a model whose own passes
 * somebody has changed, because the engine would not run them.
 */
export function makeTrainer(model: Sequential, config: TrainerConfig): Trainer {
  const isOurs = modelBrand.specOf(model) !== undefined;
  return isOurs && model.dtype === "float32"
    ? engineTrainer(model, config)
    : definitionTrainer(model, config);
}
