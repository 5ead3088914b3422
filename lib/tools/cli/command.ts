/** One sub-command of `gradbook`. */
export interface Command {
  /** What `gradbook NAME --help` prints: the calls and the options with their defaults. */
  readonly usage: string;
  /** @returns the exit code */
  run(args: readonly string[]): Promise<number>;
}
