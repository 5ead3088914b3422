import type { Arena, Buffer, Layout } from "../memory.js";
import type { Kernel, Program } from "../render/program.js";

/** What no kernel computes, but code written by hand on the calling thread. */
export type HandWork =
  | { readonly what: "layer"; readonly layer: number; readonly pass: "forward" | "backward" }
  | { readonly what: "loss" }
  | { readonly what: "update" };

/** Everything that the calling thread does alone: also finding by how much all gradients are scaled down. */
export type MainWork = HandWork | { readonly what: "scale" };

/**
 * A kernel's place in a step. `main`: no kernel, but work by hand. `pieces`: called with (piece, first sample, end sample)
 * for each piece of the batch; what one piece computes, no other piece reads before the next barrier. `tasks`: called with
 * (task, pieces, samples of the batch) for each of its tasks; it reads what other pieces wrote, so a barrier stands before
 * and after it.
 */
export type Step =
  | { readonly parallel: "pieces"; readonly kernel: Kernel }
  | { readonly parallel: "tasks"; readonly kernel: Kernel; readonly tasks: (samples: number) => number }
  | { readonly parallel: "main"; readonly work: MainWork };

/** Where a parameter and its gradient stand. */
export interface ParamAddress {
  readonly weight: number;
  /** Gradient of piece 0. */
  readonly gradient: number;
}

/** A layer as the plan sees it. */
export interface PlanLayer<Spec> {
  readonly name: string;
  /** Its position in the model. */
  readonly index: number;
  readonly spec: Spec;
  /** Shapes of one sample. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** The layer's parameters. */
  readonly params: readonly ParameterNeed[];
  /** The layer as a whole does not learn: batch norm uses its running statistics. */
  readonly frozen: boolean;
}

/** Weights up to this number have a gradient for each piece; more would cost too much memory and adding up. */
export const SMALL = 16384;

export interface ParameterNeed {
  /** Position of the layer in the model and the parameter's name in it. */
  readonly layer: number;
  readonly name: string;
  readonly size: number;
  /** No optimizer moves it. */
  readonly frozen: boolean;
}

/** What training keeps of a layer beside its parameters. */
export type RunningNeed = Omit<ParameterNeed, "frozen">;

/** What a stage builds its kernels with. */
export interface Build {
  readonly program: Program;
  readonly arena: Arena;
  /** Samples of the largest training batch, and of the largest forward pass. */
  readonly batch: number;
  readonly capacity: number;
  /** Most pieces of a training batch, and most samples of one piece. */
  readonly pieces: number;
  readonly pieceSamples: number;
  /** Bytes between the gradients of two pieces. */
  readonly pieceBytes: number;
  /** Memory that only the phases of one product need: the next stage may overwrite it. */
  scratch(floats: number): number;
  /** Values that training keeps beside the parameters: running statistics. */
  running(layer: number, name: string): number;
  /** Two words that are drawn anew before each step. */
  keys(layer: number): number;
  place(layer: number, name: string): ParamAddress;
  /** A name for a kernel: the layer's, with what it does. */
  name(what: string): string;
}

/** Values going in and out of a stage; the gradients have the layouts of the values. */
export interface StageBuffers {
  readonly x: Buffer;
  readonly y: Buffer;
  /** Missing where nobody needs the gradient by the model's input. */
  readonly dx: Buffer | undefined;
  readonly dy: Buffer;
  /** At a fork: gradients by the beginnings of the other branches. */
  readonly starts?: readonly (Buffer | undefined)[];
  /** Where branches end: the value of each, and the gradient by it. */
  readonly ends?: readonly BranchEnd[];
}

export interface BranchEnd {
  readonly value: Buffer;
  readonly grads: Buffer | undefined;
}

/** One layer, or several that are computed together. */
export interface Stage {
  readonly name: string;
  /** Shape of one sample of the output. */
  readonly shape: readonly number[];
  /** How the input must stand in memory: so, without gaps, or any way. */
  readonly reads: Layout | "dense" | "any";
  /** How the output would best stand where the next stage takes anything; undefined: without gaps. */
  readonly writes: Layout | undefined;
  /** A layer written by hand, whose backward pass runs in any case. */
  readonly byHand?: boolean;
  /** It begins branches, begins the next of them, or ends them. */
  readonly branching?: "fork" | "branch" | "join";
  /** The stage works on its input's own memory. */
  readonly inPlace: boolean;
  readonly params: readonly ParameterNeed[];
  /** Parameters have a gradient for each piece (small ones), or one for the batch. */
  readonly perPiece: boolean;
  /** Running statistics, by name. */
  readonly running?: readonly RunningNeed[];
  /** Multiplications of one sample, forward. */
  readonly work: number;
  build(b: Build, buffers: StageBuffers): StageSteps;
}

export interface StageSteps {
  readonly forward: readonly Step[];
  readonly backward: readonly Step[];
  /** The forward pass outside of training, where it is another one. */
  readonly evaluate?: readonly Step[];
}

export const onPieces = (kernel: Kernel): Step => ({ kernel, parallel: "pieces" });
export const onTasks = (kernel: Kernel, tasks: (samples: number) => number): Step => ({
  kernel,
  parallel: "tasks",
  tasks,
});
