/**
 * Places in the words of memory that main and wire share. Main blocks on some of them (`Atomics.wait`) where it has to
 * wait for the wire thread in the middle of a synchronous call.
 */
export const Word = {
  /** Notes that main has posted to wire, modulo 2³². */
  posted: 0,
  /** Notes that wire has taken. */
  taken: 1,
  /** Characters of output under way from main to wire. */
  backlog: 2,
  /** 1 while main is inside spawnSync, execSync or execFileSync. */
  syncChild: 3,
  /** Sequence number of the last interrupt that main's event loop has seen. */
  interruptSeen: 4,
  /** Counts the answers to synchronous input_requests that stand in their port. */
  inputAnswered: 5,
  /** File descriptors on which children write what they inherit as stdout and stderr; -1 = none. */
  childStdout: 6,
  childStderr: 7,
} as const;

/** Main stops to wait for wire when this many characters of output are under way. */
export const maximumBacklog = 8 * 1024 * 1024;

/** Memory that every thread of the kernel sees. */
export interface SharedState {
  /** Indexed by `Word`. */
  readonly words: Int32Array;
  /** `globalThis[Symbol.for("Jupyter.interrupt")]`: 0 go on, 1 asked to stop, 2 a library loop has seen it. */
  readonly interrupt: Int32Array;
}

export function createSharedState(): SharedState {
  const words = new Int32Array(new SharedArrayBuffer(4 * Object.keys(Word).length));
  words[Word.childStdout] = -1;
  words[Word.childStderr] = -1;
  return { words, interrupt: new Int32Array(new SharedArrayBuffer(4)) };
}
