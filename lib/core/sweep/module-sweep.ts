import { basename, dirname, join, resolve } from "node:path";
import {
  abortSignal,
  assertWritableFolder,
  callback,
  codeDigests,
  count,
  executedDigest,
  type Given,
  GradbookError,
  list,
  makeIgnoredFolder,
  type Option,
  object,
  oneOf,
  options,
  stopRequested,
  text,
} from "@gradbook/base";
import { bundleModule } from "./bundle.js";
import { type CommonSweepConfig, commonOptions, wantedSettings } from "./config.js";
import { type EngineName, engineNames, loadEngine } from "./engines/engine.js";
import type { Grid, SettingOf } from "./grid.js";
import { type Finished, type Job, jobName, jobsOf } from "./job.js";
import { ProgressCounter } from "./progress.js";
import { Sweep, sweepRun } from "./results.js";
import { Store } from "./store.js";

/** A sweep whose runs are made in other processes; their code is a file, because a cell's function can't go there. */
export interface ModuleSweepConfig<G extends Grid> extends CommonSweepConfig<G> {
  /** The function that makes one run, by its file. */
  readonly run: {
    /** A TypeScript or JavaScript file; what it imports by relative paths belongs to it. */
    readonly module: string;
    /**
     * Its function (setting, seed, context), which may be async.
     * @default "run"
     */
    readonly export?: string;
  };
  /**
   * Finished runs and logs.
   * @default .cache/sweeps/NAME beside the module
   */
  readonly folder?: string;
  /**
   * `"local"`: processes of this machine; `"parallel"`: GNU parallel; `"slurm"`: a job array.
   * @default "local"
   */
  readonly engine?: EngineName;
  /**
   * Runs in parallel.
   * @default the cores; for Slurm as many as it gives
   */
  readonly jobs?: number;
  /**
   * More arguments for `parallel` or `sbatch`, e.g. ["--time=02:00:00"].
   * @default none
   */
  readonly engineArguments?: readonly string[];
  /**
   * Ends the sweep; finished runs are kept.
   * @default none
   */
  readonly signal?: AbortSignal;
  /**
   * Called with what an engine does: "submitted array job 17".
   * @default none
   */
  readonly onNote?: (text: string) => void;
}

const moduleOptions = {
  ...commonOptions,
  run: object({ module: text(), export: text().optional() }),
  engine: oneOf(...engineNames).or("local"),
  jobs: count().optional(),
  engineArguments: list(text(), "a list of texts").or([]),
  signal: abortSignal().optional(),
  onNote: callback<(text: string) => void>().or(() => {}),
} satisfies Record<keyof ModuleSweepConfig<Grid>, Option<unknown>>;

export async function sweepModule<G extends Grid, R>(
  config: ModuleSweepConfig<G>,
): Promise<Sweep<SettingOf<G>, R>> {
  const given = options("sweep", moduleOptions, config as Given<typeof moduleOptions>);
  const source = resolve(given.run.module);
  const bundle = await bundleModule(source);
  const exported = given.run.export ?? "run";
  const library = `${executedDigest(bundle.imported)} ${codeDigests().worker}`;
  const jobs = jobsOf(wantedSettings(config), given.seeds, `${library} ${bundle.digest} ${exported}`);
  const store = new Store(resolve(given.folder ?? defaultFolder(source)));
  const found = new Map<string, Finished>();
  for (const job of jobs) {
    const old = store.read(job);
    if (old !== undefined) found.set(job.key, old);
  }
  const reused = new Set(found.keys());
  const counter = new ProgressCounter(jobs.length, reused.size, given.onProgress, given.clock);
  const failures: { job: Job; reason: string }[] = [];
  const todo = jobs.filter(({ key }) => !found.has(key));
  const stop = stopSignal(given.signal);
  try {
    if (todo.length > 0) {
      if (!stop.signal.aborted) {
        assertWritableFolder(store.folder, "folder");
        store.clean();
        // results of hours that can be made again: beside a module they stand in a folder that git ignores
        if (given.folder === undefined) makeIgnoredFolder(dirname(store.folder));
      }
      const engine = await loadEngine(given.engine);
      await engine({
        name: basename(source).replace(/\.\w+$/, ""),
        module: bundle.file,
        export: exported,
        todo,
        store,
        jobs: given.jobs,
        arguments: given.engineArguments,
        signal: stop.signal,
        onProgress: (job, done) => counter.update(job.key, done),
        onFinished: (job) => {
          const finished = store.read(job);
          if (finished === undefined || found.has(job.key)) return;
          found.set(job.key, finished);
          counter.finish(job.key);
        },
        onFailure(job, reason) {
          failures.push({ job, reason });
          counter.fail(job.key);
        },
        onNote: given.onNote,
      });
    }
  } finally {
    stop.end();
  }
  if (failures.length > 0) throw failed(failures, jobs.length, store.folder);
  const runs = jobs.flatMap((job) => {
    const finished = found.get(job.key);
    if (finished === undefined) return [];
    return [sweepRun<SettingOf<G>, R>(job.setting as SettingOf<G>, finished, reused.has(job.key))];
  });
  return new Sweep(runs, jobs.length, stop.signal.aborted ? "interrupted" : "finished");
}

/** `.cache/sweeps/NAME` beside the module: on a cluster a folder that all nodes see, as the module is. */
export function defaultFolder(source: string): string {
  return join(dirname(source), ".cache/sweeps", basename(source).replace(/\.\w+$/, ""));
}

/** The caller's signal, or the stop button of a notebook, looked at five times a second. */
function stopSignal(outer: AbortSignal | undefined): { signal: AbortSignal; end: () => void } {
  const own = new AbortController();
  const abort = () => own.abort();
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort, { once: true });
  const timer = setInterval(() => stopRequested() && abort(), 200);
  return {
    signal: own.signal,
    end() {
      clearInterval(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}

/** What failed is tried again by the next call; what finished is kept. */
function failed(
  failures: readonly { job: Job; reason: string }[],
  total: number,
  folder: string,
): GradbookError {
  const [{ job, reason }] = failures;
  return new GradbookError({
    code: "sweep-failed",
    what: "sweep",
    got: `${failures.length} of ${total} runs failed; the first: ${jobName(job)}: ${reason}`,
    expected: "every run to return a result",
    cure: `The finished ones are kept in ${folder}; the next call tries only the others.`,
  });
}
