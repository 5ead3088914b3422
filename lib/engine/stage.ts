import type { Arena, Buffer, Layout } from "./memory.js";
import type { Kernel, Program } from "./render/program.js";

/**
 * A kernel's place in a step. `pieces`: called with (piece, first sample, end sample) for each piece of the batch;
 * what one piece computes, no other piece reads before the next barrier. `tasks`: called with (task, pieces, samples of
 * the batch) for each of its tasks; it reads what other pieces wrote, so a barrier stands before and after it.
 */
export interface Step {
  readonly kernel: Kernel;
  readonly parallel: "pieces" | "tasks";
  /** Number of tasks; 0 for pieces. */
  readonly tasks: number;
}

/** Where a parameter and its gradient stand. */
export interface Place {
  readonly weight: number;
  /** Gradient of piece 0. */
  readonly gradient: number;
}

export interface ParameterNeed {
  /** Position of the layer in the model and the parameter's name in it. */
  readonly layer: number;
  readonly name: string;
  readonly size: number;
}

/** What a stage builds its kernels with. */
export interface Build {
  readonly program: Program;
  readonly arena: Arena;
  /** Samples of the largest training batch, and of the largest forward pass. */
  readonly batch: number;
  readonly capacity: number;
  /** Bytes between the gradients of two pieces. */
  readonly pieceBytes: number;
  readonly rates: number;
  place(layer: number, name: string): Place;
  /** A name for a kernel: the layer's, with what it does. */
  name(what: string): string;
}

/** Values going in and out of a stage; the gradients have the layouts of the values. */
export interface Wires {
  readonly x: Buffer;
  readonly y: Buffer;
  /** Missing where nobody needs the gradient by the model's input. */
  readonly dx: Buffer | undefined;
  readonly dy: Buffer;
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
  /** The stage works on its input's own memory. */
  readonly inPlace: boolean;
  readonly params: readonly ParameterNeed[];
  /** Parameters have a gradient for each piece (small ones), or one for the batch. */
  readonly shared: boolean;
  /** Multiplications of one sample, forward. */
  readonly work: number;
  build(b: Build, wires: Wires): { readonly forward: readonly Step[]; readonly backward: readonly Step[] };
}

export const onPieces = (kernel: Kernel): Step => ({ kernel, parallel: "pieces", tasks: 0 });
export const onTasks = (kernel: Kernel, tasks: number): Step => ({ kernel, parallel: "tasks", tasks });
