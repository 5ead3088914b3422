import { configError } from "@gradbook/base";
import { activationOf, activations } from "../kernels/activations.js";
import type {
  ActivationSpec,
  BatchNormSpec,
  BranchSpec,
  LayerSpec,
  Pool1dSpec,
  Pool2dSpec,
} from "../spec.js";
import { branchStage, forkStage, joinStage } from "./branches.js";
import { canFusePool, convPoolStage, convStage } from "./convolution.js";
import { linearStage } from "./linear.js";
import {
  activationStage,
  batchNormStage,
  customStage,
  dropoutStage,
  globalPoolStage,
  poolStage,
} from "./others.js";
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
  /** Missing where no kernel computes it. */
  choose?(layer: PlanLayer<Spec>, around: Surroundings): Choice;
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
  conv1d: {
    name: "conv",
    choose: ({ spec, ...layer }) => ({
      stage: convStage(
        onRows(layer, {
          ...{ kind: "conv2d", in: spec.in, out: spec.out, bias: spec.bias },
          ...windowOnRows(spec),
        } as const),
      ),
      use: "nothing",
    }),
  },
  maxPool1d: pool1d("maxPool2d"),
  avgPool1d: pool1d("avgPool2d"),
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
  globalAvgPool2d: {
    name: "pool",
    choose: (layer) => ({ stage: globalPoolStage(layer), use: "nothing" }),
  },
  convTranspose2d: { name: "deconv" },
  groupNorm: { name: "norm" },
  layerNorm: { name: "norm" },
  prelu: { name: "prelu" },
  embedding: { name: "embedding" },
  rnn: { name: "rnn" },
  lstm: { name: "lstm" },
  fork: { name: "fork", choose: (layer) => ({ stage: forkStage(layer), use: "value" }) },
  branch: { name: "branch", choose: (layer) => ({ stage: branchStage(layer), use: "value" }) },
  add: join("add"),
  concat: join("concat"),
  flatten: { name: "flatten", choose: (_layer, { use }) => ({ use }) },
  ...activationKinds(),
};

/** Whether kernels compute a layer; one that none computes is given to the engine without its spec, and runs by hand. */
export function hasKernels(spec: LayerSpec): boolean {
  const isSpecial = ["dilation", "groups", "ceil", "countPad"].some((option) => option in spec);
  return layerKinds[spec.kind].choose !== undefined && !isSpecial;
}

function join(name: "add" | "concat"): LayerKind<BranchSpec> {
  return { name, choose: (layer) => ({ stage: joinStage(layer), use: "nothing" }) };
}

function pool(): LayerKind<Pool2dSpec> {
  return { name: "pool", choose: (layer) => ({ stage: poolStage(layer), use: "nothing" }) };
}

function pool1d(kind: Pool2dSpec["kind"]): LayerKind<Pool1dSpec> {
  return {
    name: "pool",
    choose: ({ spec, ...layer }) => ({
      stage: poolStage(onRows(layer, { kind, ...windowOnRows(spec) })),
      use: "nothing",
    }),
  };
}

/** A window over a row: one over an image of the height 1. */
function windowOnRows({ kernel, stride, pad }: Pick<Pool1dSpec, "kernel" | "stride" | "pad">) {
  return { kernel: [1, kernel], stride: [1, stride], pad: [0, pad] } as const;
}

/** A layer of rows [C, L] as one of images [C, 1, L]. */
function onRows<Spec>(
  { input: [C, L], output: [F, OL], ...layer }: Omit<PlanLayer<unknown>, "spec">,
  spec: Spec,
): PlanLayer<Spec> {
  return { ...layer, input: [C, 1, L], output: [F, 1, OL], spec };
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

/** The stages of a model, and how many of them there are up to each layer and with it. */
export interface Chosen {
  readonly stages: readonly Stage[];
  readonly upTo: readonly number[];
}

/**
 * Layers that are computed together become one stage.
 * @param isObserved each layer is a stage of its own and leaves its output where it is, for somebody to look at
 */
export function chooseStages(layers: readonly ModelLayer[], batch: number, isObserved = false): Chosen {
  const stages: Stage[] = [];
  const upTo: number[] = [];
  // the model's input stays as it is
  let use: OutputUse = "value";
  for (let i = 0; i < layers.length; ) {
    const next = isObserved ? [] : layers.slice(i + 1);
    const choice: Choice = choose(layers[i], { use: isObserved ? "value" : use, next, batch });
    if (choice.stage !== undefined) stages.push(choice.stage);
    use = choice.use;
    for (const end = i + (choice.taken ?? 1); i < end; i++) upTo.push(stages.length);
  }
  return { stages, upTo };
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
  if (kind.choose === undefined)
    throw new RangeError(`engine, ${layer.name}: no kernel computes ${spec.kind}`);
  return kind.choose({ ...layer, spec }, around);
}
