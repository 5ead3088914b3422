import { GradbookError } from "@gradbook/base";
import type { Setting } from "./grid.js";
import { type Finished, type Job, jobName } from "./job.js";
import { assertPlain, type PlainValue } from "./plain-data.js";

/** What a run is given besides its setting and seed. */
export interface RunContext {
  /**
   * A file for the state of this run, content-addressed as its result is: `fit`'s `checkpoint`. None without a folder.
   */
  readonly checkpoint?: string;
  /** Threads this run may use; undefined: all. Runs in parallel have one each. */
  readonly threads?: number;
  /** Takes how far the run is, from 0 to 1, for the progress bar. */
  readonly progress: (done: number) => void;
}

/** Makes one run of a sweep and returns what is worth keeping of it. */
export type RunFunction<S extends Setting = Setting, R = unknown> = (
  setting: S,
  seed: number,
  context: RunContext,
) => R;

/**
 * Makes one run and turns what it returns into what its file holds. A loss that is no longer a number is a finding
 * about the setting, and a finished run; every other error is thrown.
 */
export async function execute(job: Job, run: RunFunction, context: RunContext): Promise<Finished> {
  const started = performance.now();
  try {
    return finish(job, await run(job.setting, job.seed, context), started);
  } catch (error) {
    return finishDiverged(job, error, started);
  }
}

/** The same without waiting, for a sweep in a notebook cell. */
export function executeNow(job: Job, run: RunFunction, context: RunContext): Finished {
  const started = performance.now();
  try {
    const result = run(job.setting, job.seed, context);
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new GradbookError({
        code: "sweep-result",
        what: `sweep: run (${jobName(job)})`,
        got: "a promise",
        expected: "the result itself",
        cure: "fit is synchronous: a run in a cell needs no async. A run in a module (run: { module }) may be async.",
      });
    }
    return finish(job, result, started);
  } catch (error) {
    return finishDiverged(job, error, started);
  }
}

function finish(job: Job, result: unknown, started: number): Finished {
  assertPlain(`sweep: run (${jobName(job)})`, result);
  // the way through JSON is what a later read does too: both return the same
  const plain: PlainValue = JSON.parse(JSON.stringify(result));
  refuseOtherColumns(job, plain);
  return { ...job, result: plain, seconds: secondsSince(started) };
}

/** In the table a result's key is a column, as a setting's axis and the seed are: it must not say something else. */
function refuseOtherColumns(job: Job, result: PlainValue): void {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return;
  for (const [key, value] of Object.entries({ ...job.setting, seed: job.seed })) {
    const said = Object.entries(result).find(([own]) => own === key)?.[1];
    if (said === undefined || said === value) continue;
    throw new GradbookError({
      code: "sweep-result",
      what: `sweep: run (${jobName(job)})`,
      got: `result.${key} is ${JSON.stringify(said)}`,
      expected: `${JSON.stringify(value)}, the run's own ${key}`,
      cure: `Give it a name other than ${key}.`,
    });
  }
}

function finishDiverged(job: Job, error: unknown, started: number): Finished {
  if (!(error instanceof GradbookError) || error.code !== "diverged") throw error;
  return { ...job, result: null, diverged: error.message, seconds: secondsSince(started) };
}

function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}
