import type { Tensor } from "@gradbook/core";

const kindsOfLayers = [
  "conv2d",
  "linear",
  "maxPool2d",
  "avgPool2d",
  "relu",
  "leakyRelu",
  "sigmoid",
  "tanh",
  "flatten",
  "batchNorm1d",
  "batchNorm2d",
  "dropout",
  "softmax",
  "softmaxCrossEntropy",
  "euclidean",
  "im2col",
] as const;
/**
 * Layers, losses and helpers that the doctor knows.
 * @inline
 */
export type LayerKind = (typeof kindsOfLayers)[number];

export const kinds = [...kindsOfLayers, "sgd", "momentum", "rmsprop", "adam", "trainStep"] as const;
/**
 * The operations that the doctor knows.
 * @inline
 */
export type Kind = (typeof kinds)[number];

/** Any function of the examined code. */
export type Callable = (...args: unknown[]) => unknown;

/** Sizes by their letter: N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW, or N, I, O. */
export type Sizes = Readonly<Record<string, number>>;

/** Tensors by their name in the formulas: x, W, b, gamma, beta; gradients by the name of what they belong to. */
export type Values = Readonly<Record<string, Tensor>>;

/** One situation that code is tried in. */
export interface Case {
  /** `"N=2, C=3, F=4, 6×7, kernel 2×2, stride 1, pad 1"` */
  readonly label: string;
  readonly sizes: Sizes;
  /** The inputs are multiplied by it; default 1. */
  readonly scale?: number;
  /** Added to the inputs after that; default 0. */
  readonly shift?: number;
}

/** What the code can be asked for. */
export interface Capabilities {
  /** Batches of more than one sample. */
  readonly batch: boolean;
  /** More than one channel. */
  readonly channels: boolean;
  /** KH ≠ KW. */
  readonly rect: boolean;
  readonly stride: boolean;
  readonly pad: boolean;
  /** Square images only: a flat array without sizes, its side the root of its length. */
  readonly square?: boolean;
}

/** Which mistake in which tensor, and how to repair it. */
export interface Finding {
  /** Name of the mistake in the catalogue; `"unknown"` when only its place is known. */
  readonly id: string;
  /** The tensor that comes out wrong: y, dx, dW, db, dgamma, dbeta, loss, dlogits, dpred, w, cols, … */
  readonly tensor: string;
  /** In words. */
  readonly mistake: string;
  /** The smallest case that fails, and which of its elements are wrong. */
  readonly where: string;
  /** How to repair it. */
  readonly cure: string;
  /** What the code computes, the wrong term in ⟦ ⟧. */
  readonly formula?: string;
  /** Axes along which the error lies: "sample", "channel", "height", "width", "feature", "class". */
  readonly axes: readonly string[];
  /** Expected, got and difference on the smallest failing case. */
  readonly picture?: Picture;
}

/** Plain data of a picture: one plane of the tensor, `height × width` numbers row by row. */
export interface Picture {
  /** Name of the tensor, e.g. `dW`. */
  readonly tensor: string;
  /** Which plane, e.g. `"dW[0, 1, :, :]"`. */
  readonly slice: string;
  /** Rows of the plane. */
  readonly height: number;
  /** Columns of the plane. */
  readonly width: number;
  /** What it should hold, [height · width]. */
  readonly expected: readonly number[];
  /** What the code computed, [height · width]. */
  readonly got: readonly number[];
  /** got − expected, [height · width]. */
  readonly difference: readonly number[];
}

/** `"unsure"`: something could not be tried, and nothing was found wrong. */
export type Verdict = "correct" | "wrong" | "unsure";

/** What was found about one operation. */
export interface Examination {
  /** The name under which the code exports it. */
  readonly subject: string;
  /** Which operation it was taken for. */
  readonly kind: Kind | "unknown";
  /** What the doctor makes of it. */
  readonly verdict: Verdict;
  /** Its mistakes, the plainest first. */
  readonly findings: readonly Finding[];
  /** What was tried and held. */
  readonly checked: readonly string[];
  /** Habits of the code in which people differ, as they were inferred. */
  readonly conventions: readonly string[];
  /** What was not tried. */
  readonly notTried?: readonly string[];
}

/** The code could not be driven: what was tried, and how to write it so that it can be. */
export class CannotDrive extends Error {
  readonly reason: string;
  readonly cure: string;

  constructor(reason: string, cure: string) {
    super(`${reason} ${cure}`);
    this.reason = reason;
    this.cure = cure;
  }
}

/** A call of the examined code that did not give a usable result: itself a finding. */
export class Fault extends Error {
  /** Where it happened: `"forward"`, `"backward"`, `"constructor"`. */
  readonly phase: string;
  /** What kind: it threw, gave no numbers, a wrong shape, or NaN. */
  readonly sort: "throws" | "nothing" | "shape" | "nan" | "promise";
  /** The tensor that was asked for. */
  readonly tensor: string;
  readonly detail: string;
  readonly thrown?: unknown;

  constructor(
    phase: string,
    sort: "throws" | "nothing" | "shape" | "nan" | "promise",
    tensor: string,
    detail: string,
    thrown?: unknown,
  ) {
    super(detail);
    this.phase = phase;
    this.sort = sort;
    this.tensor = tensor;
    this.detail = detail;
    this.thrown = thrown;
  }
}

/** Called before every call of the examined code, so that a watcher knows what is running when a call never ends. */
export type OnCall = (phase: string, where: string) => void;
