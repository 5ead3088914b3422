import type { Tensor } from "@gradbook/core";
import type { Convention } from "../operations/operation.js";
import type { Finding } from "../types.js";
import { compare } from "./compare.js";

/** What the examination of one layer gathers. */
export interface Report {
  readonly findings: Finding[];
  readonly checked: string[];
  readonly conventions: string[];
  /** What could not be looked at; makes a clean result unsure. */
  readonly open: string[];
  /** Gradients that were compared with the derivative of the code's own forward, which is not the definition's. */
  readonly own: OwnGradient[];
}

/** A gradient beside the derivative of the code's own forward. */
export interface OwnGradient {
  readonly tensor: string;
  readonly agrees: boolean;
  /** It is the gradient of the definition. */
  readonly isDefinitions: boolean;
  /** Where it differs: what is wrong if forward is meant as it is. */
  readonly finding?: Finding;
  /** What to say of it if it is forward that is wrong. */
  readonly words?: string;
}

/** What is known about the forward pass when the gradients are judged. */
export interface Forward {
  readonly convention: Convention;
  /** The definition's output in every case. */
  readonly right: boolean;
  /** The definition's output in some case: the code was called as it wants to be called. */
  readonly proven: boolean;
  readonly single: boolean;
  /** Largest relative error that rounding may explain. */
  readonly tolerance: number;
}

/** Numbers that are all but 0 beside the others of the tensor are compared with 0, not with each other. */
export function differs(got: Tensor, expected: Tensor, tolerance: number): boolean {
  const { error } = compare(got.data, expected.data);
  if (error <= tolerance) return false;
  let largest = 0;
  for (const v of got.data) largest = Math.max(largest, Math.abs(v));
  for (const v of expected.data) largest = Math.max(largest, Math.abs(v));
  return largest > 1e-9;
}
