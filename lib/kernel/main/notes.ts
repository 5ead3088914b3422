import type { MessagePort } from "node:worker_threads";
import type { ToWire } from "../protocol.js";
import { maximumBacklog, type SharedState, Word } from "../shared.js";

/**
 * Posts what happens on main to wire, in order. Posting works without yielding, so a line printed in an endless loop
 * reaches the front end; and when wire cannot follow, main waits instead of filling the memory.
 */
export class Notes {
  readonly #port: MessagePort;
  readonly #words: Int32Array;

  constructor(port: MessagePort, shared: SharedState) {
    this.#port = port;
    this.#words = shared.words;
  }

  post(note: ToWire): void {
    const words = this.#words;
    Atomics.add(words, Word.posted, 1);
    this.#port.postMessage(note);
    if (note.type !== "stream") return;
    if (Atomics.add(words, Word.backlog, note.text.length) < maximumBacklog) return;
    while (Atomics.load(words, Word.backlog) > maximumBacklog / 2) this.#waitForOne();
  }

  /** Returns when wire has taken everything posted so far: what others print now comes after it. */
  waitUntilTaken(): void {
    const words = this.#words;
    while (Atomics.load(words, Word.taken) !== Atomics.load(words, Word.posted)) this.#waitForOne();
  }

  #waitForOne(): void {
    const taken = Atomics.load(this.#words, Word.taken);
    if (taken === Atomics.load(this.#words, Word.posted)) return;
    Atomics.wait(this.#words, Word.taken, taken, 100);
  }
}
