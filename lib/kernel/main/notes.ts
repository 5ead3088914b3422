import type { MessagePort } from "node:worker_threads";
import type { StreamName } from "../jupyter/messages.js";
import { type RingMemory, RingWriter } from "../ring.js";
import { RecordKind } from "../shared.js";
import type { ToWire } from "../threads.js";

/**
 * Tells wire what happens on main, in order. It works without yielding, so a line printed in an endless loop reaches
 * the front end; and when wire cannot follow, main waits instead of filling the memory. Text goes through a ring of
 * shared memory; every other note is posted and leaves a record with its number in the ring, which says where in
 * the text it belongs.
 */
export class Notes {
  readonly #port: MessagePort;
  readonly #ring: RingWriter;
  readonly #wake: () => void;
  #count = 0;

  /** @param port for the notes; wire takes them when it meets their records */
  constructor(port: MessagePort, memory: RingMemory, wake: () => void) {
    this.#port = port;
    this.#ring = new RingWriter(memory, wake);
    this.#wake = wake;
  }

  print(cell: number, name: StreamName, text: string): void {
    if (text !== "") this.#ring.write(RecordKind[name], cell, text);
  }

  post(note: ToWire): void {
    const number = ++this.#count;
    this.#port.postMessage({ number, note });
    this.#ring.write(RecordKind.note, number, "");
    // Text may lie a moment until wire looks again; the end of a cell may not.
    this.#wake();
  }

  /** Returns when wire has taken everything so far: what others print now comes after it. */
  waitUntilTaken(): void {
    this.#ring.flush();
  }
}
