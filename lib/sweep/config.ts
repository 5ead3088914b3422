import type { Grid, SettingOf } from "./grid.js";
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
