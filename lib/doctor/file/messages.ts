import type { Examination } from "../types.js";

/** What the examining process tells the one that watches it, a line of JSON each. */
export type Message =
  | { readonly type: "subjects"; readonly names: readonly string[]; readonly others: readonly string[] }
  | { readonly type: "phase"; readonly subject: string; readonly phase: string; readonly where: string }
  | { readonly type: "examined"; readonly examination: Examination }
  | { readonly type: "failed"; readonly reason: string; readonly cure: string }
  | { readonly type: "done" };

/** File descriptor on which the lines are written: stdout belongs to the examined code. */
export const messageChannel = 3;
