import { type SharedState, Word } from "../shared.js";
import { signalChildren, signalProcess } from "./processes.js";

/** The processes that cells have started. */
export class Children {
  readonly #shared: SharedState;
  /** Those that main does not wait for; they are told only when the kernel ends. */
  readonly #spawned = new Set<number>();

  constructor(shared: SharedState) {
    this.#shared = shared;
  }

  spawned(pid: number): void {
    this.#spawned.add(pid);
  }

  gone(pid: number): void {
    this.#spawned.delete(pid);
  }

  /** Signals the child that main is blocked in, if it is. */
  signalSynchronous(signal: NodeJS.Signals): void {
    if (Atomics.load(this.#shared.words, Word.syncChild) === 1) signalChildren(signal, this.#spawned);
  }

  /** Asks all of them to end. */
  end(): void {
    for (const pid of this.#spawned) signalProcess(pid, "SIGTERM");
    signalChildren("SIGTERM", new Set());
  }

  /** Ends those that main has spawned and that have not ended by themselves. */
  kill(): void {
    for (const pid of this.#spawned) signalProcess(pid, "SIGKILL");
  }
}
