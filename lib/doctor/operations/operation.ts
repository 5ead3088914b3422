import { type Rng, type Shape, Tensor } from "@gradbook/core";
import type { Capabilities, Case, LayerKind, Sizes, Values } from "../types.js";
import type { Twist } from "./contraction.js";

/** A habit in which correct code differs; found out from the forward pass. */
export interface Convention {
  readonly id: string;
  /** Said with the result; `""` for the usual one. */
  readonly words: string;
  /** Numbers that the formulas use: eps, slope. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** One forward pass of the examined code. */
export interface Sample {
  readonly case: Case;
  readonly inputs: Values;
  readonly y: Tensor;
}

/** Everything that a gradient may depend on. */
export interface BackwardInput {
  readonly sizes: Sizes;
  readonly inputs: Values;
  readonly y: Tensor;
  readonly dy: Tensor;
  readonly convention: Convention;
}

/** One named mistake, and what it would make of a tensor. */
export interface Mistake {
  readonly id: string;
  /** Which tensor it spoils: y, dx, dW, … */
  readonly tensor: string;
  readonly mistake: string;
  /** What is computed, the wrong term in ⟦ ⟧. */
  readonly formula: string;
  readonly cure: string;
  readonly axes: readonly string[];
  /** For sums of products: how the sum is changed; several when it can be made in several ways. */
  readonly twists?: readonly Twist[];
  /** For everything else: the wrong tensor itself; undefined where the mistake cannot happen. */
  readonly produce?: (moment: BackwardInput) => ArrayLike<number> | undefined;
}

/** One operation: its definition, the situations to try it in, and the mistakes that people make with it. */
export interface Operation {
  readonly kind: LayerKind;
  readonly title: string;
  /** Names of the inputs; the first is the data, the others parameters. */
  readonly inputs: readonly string[];
  /** Inputs without a gradient: labels, targets. */
  readonly given?: readonly string[];
  /** Losses: y is one number, and backward starts from 1. */
  readonly scalar?: true;
  /** Axes of each tensor by their letter. */
  readonly axes: Readonly<Record<string, readonly string[]>>;
  /** Whether forward is curved in its inputs, so that a finer difference formula is needed. */
  readonly curved: boolean;
  /** From the smallest to those with every size different. The one at `probe` is used to find out how to call the code. */
  cases(can: Capabilities): { readonly cases: readonly Case[]; readonly probe: Case };
  draw(c: Case, rng: Rng): Values;
  /** Habits that the samples may follow, the usual one first. */
  conventions(samples: readonly Sample[]): readonly Convention[];
  forward(sizes: Sizes, inputs: Values, convention: Convention): Tensor;
  /** The definition's gradient by an input. */
  gradient(name: string, moment: Omit<BackwardInput, "y">): Tensor;
  /** What one or two mistakes together make of a tensor; undefined when they cannot be combined. */
  mutant(
    tensor: string,
    moment: BackwardInput,
    mistakes: readonly Mistake[],
    variant: number,
  ): ArrayLike<number> | undefined;
  readonly mistakes: readonly Mistake[];
  /** Changes too small to have a name, described by a sentence each; tried after the named ones. */
  readonly unnamed: (tensor: string) => readonly Mistake[];
  /** Reads a mistake off the wrong gradients themselves, where nothing in the catalogue fits. */
  explain?(
    tensor: string,
    wrong: readonly { readonly moment: BackwardInput; readonly got: Tensor }[],
  ): Mistake | undefined;
}

/** Shape of a tensor in a case. */
export function shapeOf(operation: Operation, tensor: string, sizes: Sizes): Shape {
  return operation.axes[tensor].map((letter) => sizes[letter]);
}

/**
 * Random multiples of 1/16 between −2 and 2, never 0: exact in float32 too, so that sums of their products carry no
 * rounding and an error is an error.
 */
export function dyadic(shape: Shape, rng: Rng, scale = 1, shift = 0): Tensor {
  const t = Tensor.zeros(shape, "float64");
  for (let i = 0; i < t.size; i++) {
    const magnitude = (1 + rng.int(32)) / 16;
    t.data[i] = (rng.int(2) === 0 ? -magnitude : magnitude) * scale + shift;
  }
  return t;
}

export const usual: Convention = { id: "usual", words: "", numbers: {} };

/** `"N=2, C=3, 6×7, kernel 2×2, stride 1, pad 1"` */
export function label(s: Sizes): string {
  const parts = [`N=${s.N}`];
  if (s.I !== undefined) parts.push(`in=${s.I}`, `out=${s.O}`);
  if (s.C !== undefined) parts.push(`C=${s.C}`);
  if (s.F !== undefined && !Number.isNaN(s.F)) parts.push(`F=${s.F}`);
  if (s.H !== undefined) parts.push(`${s.H}×${s.W}`);
  if (s.KH !== undefined) parts.push(`kernel ${s.KH}×${s.KW}`, `stride ${s.SH}`, `pad ${s.PH}`);
  return parts.join(", ");
}

/** Random values for the tensors of a case, each from a stream of its own; only the data takes the case's scale and shift. */
export function drawAll(axes: Operation["axes"], names: readonly string[], c: Case, rng: Rng): Values {
  return Object.fromEntries(
    names.map((name) => {
      const shape = axes[name].map((letter) => c.sizes[letter]);
      const data = name === "x";
      return [name, dyadic(shape, rng.fork(name), data ? c.scale : 1, data ? c.shift : 0)];
    }),
  );
}

/** The mistakes of one tensor. */
export function mistakesOf(operation: Operation, tensor: string): readonly Mistake[] {
  return operation.mistakes.filter((m) => m.tensor === tensor);
}
