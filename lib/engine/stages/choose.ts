import { unknownKind } from "../../errors/error.js";
import type { LayerSpec } from "../spec.js";
import { canFusePool, convPoolStage, convStage } from "./convolution.js";
import { linearStage } from "./linear.js";
import { activationStage, batchNormStage, customStage, dropoutStage, poolStage } from "./others.js";
import type { PlanLayer, Stage } from "./stage.js";

/** A layer of the model; one written by hand has no spec. */
export type ModelLayer = PlanLayer<LayerSpec | undefined>;

/**
 * How much of a stage's output its own backward pass still needs: all of it, only which values are above 0 (ReLU), or
 * nothing. What is free, the next stage may overwrite.
 */
type Held = "value" | "sign" | "nothing";

/** Layers that are computed together become one stage. */
export function chooseStages(layers: readonly ModelLayer[], batch: number): Stage[] {
  const stages: Stage[] = [];
  // the model's input stays as it is
  let held: Held = "value";
  for (let i = 0; i < layers.length; i++) {
    const { spec, ...layer } = layers[i];
    if (spec === undefined) {
      stages.push(customStage({ ...layer, spec }));
      held = "nothing";
      continue;
    }
    switch (spec.kind) {
      case "flatten":
        continue;
      case "conv2d": {
        const relu = layers[i + 1]?.spec?.kind === "relu" ? 1 : 0;
        const { spec: pool, ...poolLayer } = layers[i + 1 + relu] ?? { spec: undefined };
        if (pool?.kind === "maxPool2d" && canFusePool(spec, pool, layer.output)) {
          const activation = relu === 1 ? ({ kind: "relu" } as const) : undefined;
          stages.push(convPoolStage({ ...layer, spec }, { ...layer, ...poolLayer, spec: pool }, activation));
          // the fused ReLU reads the signs of the pooled values
          held = relu === 1 ? "sign" : "nothing";
          i += 1 + relu;
          continue;
        }
        stages.push(convStage({ ...layer, spec }));
        held = "nothing";
        break;
      }
      case "linear":
        stages.push(linearStage({ ...layer, spec }, batch));
        held = "nothing";
        break;
      case "maxPool2d":
      case "avgPool2d":
        stages.push(poolStage({ ...layer, spec }));
        held = "nothing";
        break;
      case "batchNorm1d":
      case "batchNorm2d":
        stages.push(batchNormStage({ ...layer, spec }));
        held = "nothing";
        break;
      case "dropout":
        // zeros and positive factors keep every sign that still has a gradient
        stages.push(dropoutStage({ ...layer, spec }, held !== "value"));
        if (held === "value") held = "nothing";
        break;
      case "relu":
      case "leakyRelu":
      case "sigmoid":
      case "tanh":
        stages.push(activationStage({ ...layer, spec }, held === "nothing"));
        held = spec.kind === "relu" || spec.kind === "leakyRelu" ? "sign" : "value";
        break;
      default:
        unknownKind(`engine, ${layer.name}`, spec);
    }
  }
  return stages;
}
