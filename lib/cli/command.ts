/** One sub-command of `gradbook`. */
export interface Command {
  readonly name: string;
  /** One line for `gradbook --help`. */
  readonly summary: string;
  /** What `gradbook NAME --help` prints: the calls and the options with their defaults. */
  readonly usage: string;
  /** @returns the exit code */
  run(args: readonly string[]): Promise<number>;
}
