import type { Pair } from "@gradbook/base";
import type { ActivationSpec } from "./kernels/activations.js";

export type { ActivationSpec } from "./kernels/activations.js";

/**
 * What the engine needs to know of a model: plain data, no classes. The layers, losses and optimizers above describe
 * themselves in these records; the engine never imports them.
 */

export interface Conv2dSpec {
  readonly kind: "conv2d";
  readonly in: number;
  readonly out: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pad: Pair;
  readonly bias: boolean;
  /** No kernel knows these two: a convolution that has them runs as its definition. */
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** On rows of pixels [C, L]: a convolution of images of the height 1. */
export interface Conv1dSpec {
  readonly kind: "conv1d";
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly bias: boolean;
  /** No kernel knows these two. */
  readonly dilation?: number;
  readonly groups?: number;
}

/** On rows of pixels [C, L]. */
export interface Pool1dSpec {
  readonly kind: "maxPool1d" | "avgPool1d";
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly ceil?: true;
  readonly countPad?: false;
}

export interface Pool2dSpec {
  readonly kind: "maxPool2d" | "avgPool2d";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pad: Pair;
  /** No kernel knows these two: a layer that has them runs as its definition. */
  readonly ceil?: true;
  readonly countPad?: false;
}

/** Each channel's mean: [C, H, W] to [C]. */
export interface GlobalAvgPoolSpec {
  readonly kind: "globalAvgPool2d";
}

export interface LinearSpec {
  readonly kind: "linear";
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
}

/** Images to features, or anything to one axis. */
export interface FlattenSpec {
  readonly kind: "flatten";
}

/** Over axis 1 of [N, F] (1d) or [N, C, H, W] (2d). */
export interface BatchNormSpec {
  readonly kind: "batchNorm1d" | "batchNorm2d";
  readonly features: number;
  readonly eps: number;
  readonly momentum: number;
}

export interface DropoutSpec {
  readonly kind: "dropout";
  readonly p: number;
}

/** Where branches of the model begin, where the next of them does, and where they are added or put one behind the other. */
export interface BranchSpec {
  readonly kind: "fork" | "branch" | "add" | "concat";
}

/** Layers that no kernel computes: they run as their definitions, in the same step as everything else. */
export type DefinitionSpec =
  | {
      readonly kind: "convTranspose2d";
      readonly in: number;
      readonly out: number;
      readonly kernel: Pair;
      readonly stride: Pair;
      readonly pad: Pair;
      readonly outputPad: Pair;
      readonly bias: boolean;
    }
  | { readonly kind: "groupNorm"; readonly features: number; readonly groups: number; readonly eps: number }
  | { readonly kind: "layerNorm"; readonly shape: readonly number[]; readonly eps: number }
  | { readonly kind: "prelu"; readonly features: number }
  | { readonly kind: "embedding"; readonly count: number; readonly features: number }
  | {
      readonly kind: "rnn" | "lstm";
      readonly in: number;
      readonly hidden: number;
      readonly returns: "last" | "all";
    };

export type LayerSpec =
  | Conv1dSpec
  | Pool1dSpec
  | Conv2dSpec
  | Pool2dSpec
  | GlobalAvgPoolSpec
  | DefinitionSpec
  | LinearSpec
  | FlattenSpec
  | ActivationSpec
  | BatchNormSpec
  | DropoutSpec
  | BranchSpec;

/**
 * Whether the loss of a batch is the mean of its samples' losses, or their sum.
 * @inline
 */
export type Reduction = "mean" | "sum";

export type LossSpec =
  | {
      readonly kind: "euclidean" | "mse" | "mae" | "binaryCrossEntropy";
      readonly reduction: Reduction;
    }
  | {
      readonly kind: "softmaxCrossEntropy";
      readonly reduction: Reduction;
      /** No kernel knows these: a loss that has them runs as its definition. */
      readonly labelSmoothing?: number;
      readonly classWeights?: readonly number[];
    }
  | { readonly kind: "huber"; readonly reduction: Reduction; readonly delta: number };

/** Parts of every rule. */
interface PenaltySpec {
  readonly weightDecay: number;
  /** λ·sign(w), added to the gradient; missing where it is 0. */
  readonly l1?: number;
}

export type OptimizerSpec = PenaltySpec &
  (
    | {
        readonly kind: "sgd";
        readonly lr: number;
        readonly momentum: number;
        readonly nesterov: boolean;
        readonly dampening?: number;
      }
    | {
        readonly kind: "rmsprop";
        readonly lr: number;
        readonly rho: number;
        readonly eps: number;
        readonly epsInside: boolean;
        readonly momentum?: number;
        readonly centered?: true;
      }
    | {
        readonly kind: "adam" | "adamw";
        readonly lr: number;
        readonly beta1: number;
        readonly beta2: number;
        readonly eps: number;
        readonly amsgrad?: true;
      }
    | {
        readonly kind: "adagrad";
        readonly lr: number;
        readonly eps: number;
        readonly lrDecay?: number;
      }
    | {
        readonly kind: "adadelta";
        readonly lr: number;
        readonly rho: number;
        readonly eps: number;
      }
  );

/** What becomes of the gradients before the update; missing: nothing. */
export type ClipSpec =
  /** Each number is brought into ±value. */
  | { readonly value: number }
  /** All of them together are scaled down to this Euclidean norm. */
  | { readonly norm: number };
