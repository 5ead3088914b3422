import type { Job } from "../job.js";
import type { Store } from "../store.js";

/** What an engine is asked to do: run `todo`, each job's result into the store, and tell. */
export interface Work {
  /** Of the sweep, for lists and job names. */
  readonly name: string;
  /** An ES module that Node can import. */
  readonly module: string;
  readonly export: string;
  readonly todo: readonly Job[];
  readonly store: Store;
  readonly jobs?: number;
  readonly arguments: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (job: Job, done: number) => void;
  /** Its file is in the store. May be told twice. */
  readonly onFinished: (job: Job) => void;
  readonly onFailure: (job: Job, reason: string) => void;
  readonly onNote: (text: string) => void;
}

/** Ends when every job has finished or failed, or soon after the signal. */
export type Engine = (work: Work) => Promise<void>;
