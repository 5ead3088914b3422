import type { Examination } from "../types.js";

/** What the examining process tells the one that started it, a line of JSON each. The examined code runs in neither. */
export type Message =
  | { readonly type: "subjects"; readonly names: readonly string[]; readonly others: readonly string[] }
  | { readonly type: "subject"; readonly name: string }
  | { readonly type: "examined"; readonly examination: Examination }
  /** The process with the code was lost during this examination: those left need another one. */
  | { readonly type: "lost"; readonly examination: Examination }
  | { readonly type: "failed"; readonly reason: string; readonly cure: string }
  | { readonly type: "done" };

/** File descriptor on which the lines are written. */
export const messageChannel = 3;
