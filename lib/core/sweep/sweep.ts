import { createHash } from "node:crypto";
import {
  assertWritableFolder,
  codeDigests,
  type Given,
  list,
  type Option,
  option,
  options,
  stopRequested,
} from "@gradbook/base";
import { type CommonSweepConfig, commonOptions, wantedSettings } from "./config.js";
import { executeNow, type RunContext, type RunFunction } from "./execute.js";
import type { Grid, SettingOf } from "./grid.js";
import { type Job, jobsOf } from "./job.js";
import { type ModuleSweepConfig, sweepModule } from "./module-sweep.js";
import { ProgressCounter } from "./progress.js";
import { Sweep, type SweepRun, sweepRun } from "./results.js";
import { Store } from "./store.js";

/** A sweep whose runs are made here, one after another. */
export interface SweepConfig<G extends Grid, R> extends CommonSweepConfig<G> {
  /** Makes one run and returns what is worth keeping of it, as plain JSON. */
  readonly run: RunFunction<SettingOf<G>, R>;
  /**
   * Keeps finished runs as files, so that a killed sweep resumes where it was.
   * @default none: nothing is kept
   */
  readonly folder?: string;
  /**
   * What else decides a result besides setting, seed and the text of `run`: functions that it calls (they count by
   * their text), the data's digest, the number of epochs. A change of any of them makes new runs.
   * @default none
   */
  readonly depends?: readonly Dependency[];
}

/**
 * A text, a number, plain data, or a function (by its source text).
 * @inline
 */
export type Dependency = string | number | boolean | object;

const sweepOptions = {
  ...commonOptions,
  run: option<RunFunction<never, unknown>>("a function (setting, seed, context), or { module: FILE }", (v) =>
    typeof v === "function" ? (v as RunFunction<never, unknown>) : undefined,
  ),
  depends: list(
    option<Dependency>("a string, a number, plain data or a function", (v) =>
      typeof v === "bigint" || typeof v === "symbol" ? undefined : (v ?? undefined),
    ),
  ).or([]),
} satisfies Record<keyof SweepConfig<Grid, unknown>, Option<unknown>>;

/**
 * Runs every combination of a grid with every seed.
 *
 * With a function as `run` it is a synchronous call, as `fit` is: one run after another, each on all threads; the stop
 * button ends it and keeps the finished runs. With `run: { module: "file.ts" }` the runs are made in parallel in
 * processes (or as jobs of GNU parallel or Slurm), one thread each, and the call returns a promise.
 *
 * @throws GradbookError for a grid without values, a result that is not plain JSON, or a run that fails; a loss
 *   that is no longer a number does not end the sweep: that run has no result and says why
 *
 * @example
 * ```ts
 * import { Rng, sweep } from "gradbook";
 *
 * const found = sweep({
 *   grid: { lr: [0.1, 0.01], momentum: [0, 0.9] },
 *   seeds: [1, 2, 3],
 *   // in truth: build a model with this seed, `fit` it, return what is worth keeping
 *   run: ({ lr, momentum }, seed) => ({ testError: lr + momentum / 10 + new Rng(seed).uniform() / 100 }),
 * });
 * console.log(`${found}`); // Sweep(12 of 12 runs, 4 settings)
 * const [first] = found.summary(({ testError }) => testError); // mean ± half the 95 % interval
 * console.log(first.setting, first.mean?.toFixed(3)); // { lr: 0.1, momentum: 0 } 0.105
 * ```
 */
export function sweep<const G extends Grid, R>(config: SweepConfig<G, R>): Sweep<SettingOf<G>, R>;
export function sweep<const G extends Grid, R = unknown>(
  config: ModuleSweepConfig<G>,
): Promise<Sweep<SettingOf<G>, R>>;
export function sweep<G extends Grid, R>(
  config: SweepConfig<G, R> | ModuleSweepConfig<G>,
): Sweep<SettingOf<G>, R> | Promise<Sweep<SettingOf<G>, R>> {
  return isModule(config) ? sweepModule(config) : sweepHere(config);
}

function isModule<G extends Grid, R>(
  config: SweepConfig<G, R> | ModuleSweepConfig<G>,
): config is ModuleSweepConfig<G> {
  const run: unknown = Object(config).run;
  return typeof run === "object" && run !== null;
}

function sweepHere<G extends Grid, R>(config: SweepConfig<G, R>): Sweep<SettingOf<G>, R> {
  const { seeds, depends, folder, onProgress, clock } = options(
    "sweep",
    sweepOptions,
    config as Given<typeof sweepOptions>,
  );
  const { run } = config;
  const jobs = jobsOf(wantedSettings(config), seeds, codeDigest(run, depends));
  const store = folder === undefined ? undefined : new Store(folder);
  if (store !== undefined) {
    assertWritableFolder(store.folder, "folder");
    store.clean();
  }
  const known = new Map(jobs.map((job) => [job.key, store?.read(job)]));
  const reused = jobs.filter(({ key }) => known.get(key) !== undefined).length;
  const counter = new ProgressCounter(jobs.length, reused, onProgress, clock);
  const runs: SweepRun<SettingOf<G>, R>[] = [];
  let ending: "finished" | "interrupted" = "finished";
  for (const job of jobs) {
    const setting = job.setting as SettingOf<G>;
    const old = known.get(job.key);
    if (old !== undefined) {
      runs.push(sweepRun(setting, old, true));
      continue;
    }
    // what is there already is returned also after a stop; what is not is left out
    if (ending === "interrupted" || stopRequested()) {
      ending = "interrupted";
      continue;
    }
    const finished = executeNow(job, plainRun(run), context(job, store, counter));
    // the run may have stopped half-way: its result is not the setting's
    if (stopRequested()) {
      ending = "interrupted";
      continue;
    }
    store?.write(finished);
    counter.finish(job.key);
    runs.push(sweepRun(setting, finished, false));
  }
  return new Sweep(runs, jobs.length, ending);
}

/** A job's setting is one of the grid's: the run may be told so. */
function plainRun<G extends Grid, R>(run: RunFunction<SettingOf<G>, R>): RunFunction {
  return (setting, seed, context) => run(setting as SettingOf<G>, seed, context);
}

function context(job: Job, store: Store | undefined, counter: ProgressCounter): RunContext {
  return {
    checkpoint: store?.checkpoint(job),
    progress: (done) => counter.update(job.key, done),
  };
}

/** What a function reaches through its closure cannot be seen: everything that a training can use counts. */
function codeDigest(run: RunFunction<never, unknown>, depends: readonly Dependency[]): string {
  const texts = depends.map((one) => (typeof one === "function" ? String(one) : JSON.stringify(one)));
  const hash = createHash("sha256").update(codeDigests().training).update(String(run));
  return hash.update(JSON.stringify(texts)).digest("hex");
}
