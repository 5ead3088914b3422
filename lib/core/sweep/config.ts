import { byName, callback, configError, option, text } from "@gradbook/base";
import { type Grid, type SettingOf, settingsOf } from "./grid.js";
import type { SweepProgress } from "./progress.js";

/** What every sweep takes, wherever its runs are made. */
export interface CommonSweepConfig<G extends Grid> {
  /** The values of each axis: `{ lr: [0.1, 0.01], activation: ["tanh", "sigmoid"] }`. Every combination is run. */
  readonly grid: G;
  /**
   * Leaves out the combinations for which it returns false.
   * @default none is left out
   */
  readonly where?: (setting: SettingOf<G>) => boolean;
  /**
   * Each setting is run once for each seed.
   * @default [1]
   */
  readonly seeds?: readonly number[];
  /**
   * Called whenever a run makes progress or ends.
   * @default none
   */
  readonly onProgress?: (progress: SweepProgress) => void;
  /**
   * Milliseconds since some start.
   * @default performance.now
   */
  readonly clock?: () => number;
}

/** How what every sweep takes is read. */
export const commonOptions = {
  grid: byName<Grid[string]>("the values of each axis"),
  where: callback<(setting: never) => boolean>().optional(),
  seeds: option<readonly number[]>("whole numbers, each once", (v) =>
    Array.isArray(v) &&
    v.length > 0 &&
    v.every((seed, i) => Number.isSafeInteger(seed) && v.indexOf(seed) === i)
      ? v
      : undefined,
  ).or([1]),
  folder: text().optional(),
  onProgress: callback<(progress: SweepProgress) => void>().optional(),
  clock: callback<() => number>().or(() => performance.now()),
};

/** @throws GradbookError when `where` leaves nothing to run */
export function wantedSettings<G extends Grid>({ grid, where }: CommonSweepConfig<G>): SettingOf<G>[] {
  const all = settingsOf(grid);
  const wanted = where === undefined ? all : all.filter(where);
  if (wanted.length > 0) return wanted;
  throw configError("sweep", `where leaves none of ${all.length} settings`, "at least one");
}
