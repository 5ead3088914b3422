/** How far a sweep is. */
export interface SweepProgress {
  /** Finished runs, with the fractions of those that go on: 3.5 of 36. */
  readonly done: number;
  /** Runs of the whole grid, with every seed. */
  readonly total: number;
  /** Of `done`: those that were there before. */
  readonly reused: number;
  /** Runs that ended with an error. */
  readonly failed: number;
  /** From the time of the runs made so far; undefined before there is one. */
  readonly secondsLeft?: number;
}

/** Counts runs and tells how long the rest will take. */
export class ProgressCounter {
  readonly #total: number;
  readonly #reused: number;
  readonly #tell: ((progress: SweepProgress) => void) | undefined;
  readonly #clock: () => number;

  readonly #started: number;
  readonly #fractions = new Map<string, number>();
  #finished = 0;
  #failed = 0;

  /**
   * @param clock milliseconds since some start
   * @param tell called after every change
   */
  constructor(
    total: number,
    reused: number,
    tell: ((progress: SweepProgress) => void) | undefined,
    clock: () => number,
  ) {
    this.#total = total;
    this.#reused = reused;
    this.#tell = tell;
    this.#clock = clock;

    this.#started = clock();
    this.#report();
  }

  /** A run that goes on is `done` (0 … 1) finished. */
  update(key: string, done: number): void {
    this.#fractions.set(key, Math.min(1, Math.max(0, done)));
    this.#report();
  }

  finish(key: string): void {
    this.#fractions.delete(key);
    this.#finished++;
    this.#report();
  }

  fail(key: string): void {
    this.#fractions.delete(key);
    this.#failed++;
    this.#report();
  }

  #report(): void {
    const made = this.#finished + this.#failed + [...this.#fractions.values()].reduce((sum, v) => sum + v, 0);
    const left = this.#total - this.#reused - made;
    const seconds = (this.#clock() - this.#started) / 1000;
    this.#tell?.({
      done: this.#reused + made,
      total: this.#total,
      reused: this.#reused,
      failed: this.#failed,
      ...(made > 0 ? { secondsLeft: (seconds / made) * left } : {}),
    });
  }
}
