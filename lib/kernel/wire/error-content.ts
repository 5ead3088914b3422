import type { ErrorContent } from "../jupyter/messages.js";

/** An error of the kernel itself, as Jupyter shows it. */
export function errorContent(failure: unknown): ErrorContent {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  return { ename: error.name, evalue: error.message, traceback: (error.stack ?? error.message).split("\n") };
}
