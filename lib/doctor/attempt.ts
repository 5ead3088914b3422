/** What a piece of the examined code's work gives; undefined where it throws, which proves nothing here. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
