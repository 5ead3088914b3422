/** One sub-command of `gradbook`. */
export interface Command {
  /** What `gradbook NAME --help` prints: the calls and the options with their defaults. */
  readonly usage: string;
  /** The exit code of a wrong call, where the usual ones say something else. */
  readonly usageExitCode?: number;
  /** @returns the exit code */
  run(args: readonly string[]): Promise<number>;
}
