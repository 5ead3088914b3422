import { createRing, type RingMemory } from "./ring.js";

/**
 * Places in the words of memory that main and wire share. Main blocks on some of them (`Atomics.wait`) where it has to
 * wait for the wire thread in the middle of a synchronous call.
 */
export const Word = {
  /** 1 while main is inside spawnSync, execSync or execFileSync. */
  syncChild: 0,
  /** Sequence number of the last interrupt that main's event loop has seen. */
  interruptSeen: 1,
  /** Counts the answers to synchronous input_requests that stand in their port. */
  inputAnswered: 2,
  /** File descriptors on which children write what they inherit as stdout and stderr; -1 = none. */
  childStdout: 3,
  childStderr: 4,
  /** 1 when main has heard that the process is to end: its `exit` handlers run. */
  leaving: 5,
} as const;

/** Kinds of records in the ring from main to wire. */
export const RecordKind = { stdout: 0, stderr: 1, note: 2 } as const;

/** Memory that every thread of the kernel sees. */
export interface SharedState {
  /** Indexed by `Word`. */
  readonly words: Int32Array;
  /** Output of main on its way to wire. */
  readonly ring: RingMemory;
  /** `globalThis[interruptSymbol]`: 0 go on, 1 asked to stop, 2 a library loop has seen it. */
  readonly interrupt: Int32Array;
}

export function createSharedState(): SharedState {
  const words = new Int32Array(new SharedArrayBuffer(4 * Object.keys(Word).length));
  words[Word.childStdout] = -1;
  words[Word.childStderr] = -1;
  return { words, ring: createRing(), interrupt: new Int32Array(new SharedArrayBuffer(4)) };
}

/** Name of the global object by which wire makes the main thread ready for a hard stop. */
export const hooksName = "$gradbook_hooks$";
