import { byName, callback, displaySymbol, readOption } from "@gradbook/base";
import type { Setting, SettingValue } from "./grid.js";
import type { Finished } from "./job.js";
import { meanInterval } from "./statistics.js";

/** One finished run. */
export interface SweepRun<S extends Setting = Setting, R = unknown> {
  /** The combination that was run. */
  readonly setting: S;
  /** Its seed. */
  readonly seed: number;
  /** What `run` returned, after a way through JSON; null when it diverged. */
  readonly result: R | null;
  /** Why there is no result; undefined where there is one. */
  readonly diverged?: string;
  /** Wall-clock time of the run, when it was made, in seconds. */
  readonly seconds: number;
  /** Whether it was found in the sweep's folder instead of being made. */
  readonly reused: boolean;
}

/**
 * A cell of the tidy table.
 * @inline
 */
export type SweepCell = SettingValue | null;

/** Mean ± half over the seeds of one setting; the interval holds the true mean in 95 of 100 sweeps. */
export interface SettingSummary<S extends Setting = Setting> {
  /** The combination. */
  readonly setting: S;
  /** Seeds that did not diverge. */
  readonly n: number;
  /** Seeds that did. */
  readonly diverged: number;
  /** Mean of `values`; null when every seed diverged. */
  readonly mean: number | null;
  /** Half the width of the 95 % interval; null for a single seed: one run says nothing about the spread. */
  readonly half: number | null;
  /** What was measured, one value per seed that did not diverge. */
  readonly values: readonly number[];
}

/** What a sweep has found, in the order of its jobs. */
export class Sweep<S extends Setting = Setting, R = unknown> {
  /** The finished runs, in the order of the grid and its seeds. */
  readonly runs: readonly SweepRun<S, R>[];
  /** Runs of the whole grid; more than `runs.length` when it was interrupted. */
  readonly total: number;
  /** Whether the whole grid was run. */
  readonly ending: "finished" | "interrupted";

  constructor(runs: readonly SweepRun<S, R>[], total: number, ending: "finished" | "interrupted") {
    this.runs = runs;
    this.total = total;
    this.ending = ending;
  }

  /** The runs whose setting has these values: `of({ optimizer: "adam", lr: 0.01 })`. */
  of(part: { readonly [K in keyof S]?: S[K] }): readonly SweepRun<S, R>[] {
    readOption("Sweep.of", "part", byName("values of a setting by name"), part);
    return this.runs.filter(({ setting }) =>
      Object.entries(part).every(([key, value]) => setting[key] === value),
    );
  }

  /** The settings, each once, in the grid's order. */
  get settings(): readonly S[] {
    const seen = new Map(this.runs.map(({ setting }) => [JSON.stringify(setting), setting]));
    return [...seen.values()];
  }

  /**
   * One row per run: the setting's values, the seed, and every number, text or boolean of its result. Lists and records
   * (curves, maps) are left out. What `resultsTable` and a CSV file take.
   */
  get rows(): readonly Readonly<Record<string, SweepCell>>[] {
    const found = this.runs.map(({ setting, seed, result, diverged }) => ({
      ...setting,
      seed,
      ...scalars(result),
      ...(diverged === undefined ? {} : { diverged }),
    }));
    // every row has every column, so that a table can be made of any subset
    const columns = [...new Set(found.flatMap((row) => Object.keys(row)))];
    return found.map((row: Readonly<Record<string, SweepCell>>) =>
      Object.fromEntries(columns.map((column) => [column, row[column] ?? null])),
    );
  }

  /** One row per setting: what `measure` finds in the results, mean and 95 % interval over the seeds. */
  summary(measure: (result: R) => number): readonly SettingSummary<S>[] {
    readOption("Sweep.summary", "measure", callback(), measure);
    return this.settings.map((setting) => {
      const runs = this.of(setting);
      const values = runs.flatMap(({ result }) => (result === null ? [] : [measure(result)]));
      const interval = values.length === 0 ? undefined : meanInterval(values);
      return {
        setting,
        n: values.length,
        diverged: runs.length - values.length,
        mean: interval?.mean ?? null,
        half: interval === undefined || interval.n === 1 ? null : interval.half,
        values,
      };
    });
  }

  /** `Sweep(12 of 12 runs, 4 settings)`. */
  toString(): string {
    const diverged = this.runs.filter((run) => run.diverged !== undefined).length;
    const reused = this.runs.filter((run) => run.reused).length;
    const parts = [`${this.runs.length} of ${this.total} runs`, `${this.settings.length} settings`];
    if (reused > 0) parts.push(`${reused} reused`);
    if (diverged > 0) parts.push(`${diverged} diverged`);
    if (this.ending === "interrupted") parts.push("interrupted");
    return `Sweep(${parts.join(", ")})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [displaySymbol](): Record<string, string> {
    return { "text/plain": this.toString() };
  }
}

/** What a file of the store says, as a run of this sweep. */
export function sweepRun<S extends Setting, R>(
  setting: S,
  finished: Finished,
  reused: boolean,
): SweepRun<S, R> {
  const { seed, result, diverged, seconds } = finished;
  // the file's content was made by the same `run`: its address says so
  return {
    setting,
    seed,
    result: result as R | null,
    diverged,
    seconds,
    reused,
  };
}

function scalars(result: unknown): Record<string, SweepCell> {
  if (typeof result !== "object" || result === null)
    return isScalar(result) && result !== null ? { result } : {};
  if (Array.isArray(result)) return {};
  const entries: [string, SweepCell][] = [];
  for (const [key, value] of Object.entries(result)) if (isScalar(value)) entries.push([key, value]);
  return Object.fromEntries(entries);
}

function isScalar(value: unknown): value is SweepCell {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
