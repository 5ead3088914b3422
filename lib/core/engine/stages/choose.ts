import { configError } from "@gradbook/base";
import { activationOf, activations } from "../kernels/activations.js";
import type { ActivationSpec, BatchNormSpec, BranchSpec, LayerSpec, Pool2dSpec } from "../spec.js";
import { branchStage, forkStage, joinStage } from "./branches.js";
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
type OutputUse = "value" | "sign" | "nothing";

interface Choice {
  /** Missing where nothing has to be computed. */
  readonly stage?: Stage;
  readonly use: OutputUse;
  /** Layers that the stage computes; default 1. */
  readonly taken?: number;
}

interface Surroundings {
  /** What the layer before still needs of this one's input. */
  readonly use: OutputUse;
  /** The layers behind. */
  readonly next: readonly ModelLayer[];
  /** Samples of the largest training batch. */
  readonly batch: number;
}

/** A kind of layer: what a model calls it, and the stage that computes it. */
interface LayerKind<Spec> {
  readonly name: string;
  choose(layer: PlanLayer<Spec>, around: Surroundings): Choice;
}

/** Every kind of layer that the engine knows. */
export const layerKinds: {
  readonly [K in LayerSpec["kind"]]: LayerKind<Extract<LayerSpec, { readonly kind: K }>>;
} = {
  conv2d: {
    name: "conv",
    choose(conv, { next }) {
      const relu = next[0]?.spec?.kind === "relu" ? 1 : 0;
      const { spec: pool, ...poolLayer } = next[relu] ?? { spec: undefined };
      if (pool?.kind !== "maxPool2d" || !canFusePool(conv.spec, pool, conv.output))
        return { stage: convStage(conv), use: "nothing" };
      const activation = relu === 1 ? ({ kind: "relu" } as const) : undefined;
      return {
        stage: convPoolStage(conv, { ...conv, ...poolLayer, spec: pool }, activation),
        // the fused ReLU reads the signs of the pooled values
        use: relu === 1 ? "sign" : "nothing",
        taken: 2 + relu,
      };
    },
  },
  linear: {
    name: "linear",
    choose: (layer, { batch }) => ({ stage: linearStage(layer, batch), use: "nothing" }),
  },
  maxPool2d: pool(),
  avgPool2d: pool(),
  batchNorm1d: norm(),
  batchNorm2d: norm(),
  dropout: {
    name: "dropout",
    // zeros and positive factors keep every sign that still has a gradient
    choose: (layer, { use }) => ({
      stage: dropoutStage(layer, use !== "value"),
      use: use === "value" ? "nothing" : use,
    }),
  },
  fork: { name: "fork", choose: (layer) => ({ stage: forkStage(layer), use: "value" }) },
  branch: { name: "branch", choose: (layer) => ({ stage: branchStage(layer), use: "value" }) },
  add: join("add"),
  concat: join("concat"),
  flatten: { name: "flatten", choose: (_layer, { use }) => ({ use }) },
  ...activationKinds(),
};

function join(name: "add" | "concat"): LayerKind<BranchSpec> {
  return { name, choose: (layer) => ({ stage: joinStage(layer), use: "nothing" }) };
}

function pool(): LayerKind<Pool2dSpec> {
  return { name: "pool", choose: (layer) => ({ stage: poolStage(layer), use: "nothing" }) };
}

function norm(): LayerKind<BatchNormSpec> {
  return { name: "norm", choose: (layer) => ({ stage: batchNormStage(layer), use: "nothing" }) };
}

function activationKinds(): { readonly [K in ActivationSpec["kind"]]: LayerKind<ActivationSpec> } {
  const kind = (name: string): LayerKind<ActivationSpec> => ({
    name,
    choose(layer, { use }) {
      const { reads } = activationOf(layer.spec);
      const left = { "sign of y": "sign", y: "value", x: "nothing" } as const;
      return { stage: activationStage(layer, use === "nothing"), use: left[reads] };
    },
  });
  const names = Object.keys(activations) as ActivationSpec["kind"][];
  return Object.fromEntries(names.map((name) => [name, kind(name)])) as Record<
    ActivationSpec["kind"],
    LayerKind<ActivationSpec>
  >;
}

/** Layers that are computed together become one stage. */
export function chooseStages(layers: readonly ModelLayer[], batch: number): Stage[] {
  const stages: Stage[] = [];
  // the model's input stays as it is
  let use: OutputUse = "value";
  for (let i = 0; i < layers.length; ) {
    const choice: Choice = choose(layers[i], { use, next: layers.slice(i + 1), batch });
    if (choice.stage !== undefined) stages.push(choice.stage);
    use = choice.use;
    i += choice.taken ?? 1;
  }
  return stages;
}

function choose({ spec, ...layer }: ModelLayer, around: Surroundings): Choice {
  if (spec === undefined) return { stage: customStage({ ...layer, spec }), use: "nothing" };
  if (!Object.hasOwn(layerKinds, spec.kind)) {
    throw configError(
      `engine, ${layer.name}`,
      `unknown kind ${JSON.stringify(spec.kind)}`,
      `one of ${Object.keys(layerKinds).join(", ")}`,
    );
  }
  const kind: LayerKind<LayerSpec> = layerKinds[spec.kind];
  return kind.choose({ ...layer, spec }, around);
}
