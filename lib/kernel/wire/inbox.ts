import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { StreamName } from "../jupyter/messages.js";
import { type RingMemory, RingReader } from "../ring.js";
import { RecordKind } from "../shared.js";
import type { ToWire } from "../threads.js";

export interface InboxHandlers {
  readonly print: (cell: number, name: StreamName, text: string) => void;
  readonly note: (note: ToWire) => void;
}

/** After a record, wire looks for more in this pollMs (milliseconds) before it asks to be woken again. */
const pollMs = 2;
/** Looks in vain before wire goes to sleep. */
const idleLooks = 3;
/** Records taken in one go, so that a heartbeat is never long behind. */
const batch = 2000;

/** What main says, in the order in which it said it: the other end of `Notes`. */
export class Inbox {
  readonly #reader: RingReader;
  readonly #port: MessagePort;
  readonly #handlers: InboxHandlers;
  #paused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(memory: RingMemory, port: MessagePort, handlers: InboxHandlers) {
    this.#reader = new RingReader(memory);
    this.#port = port;
    this.#handlers = handlers;
  }

  /** Looks at what there is, now and as long as more comes. */
  wake(): void {
    if (!this.#paused) this.#look(0);
  }

  /** Leaves what comes where it is until `done`. */
  pauseUntil(done: Promise<void>): void {
    this.#paused = true;
    void done.then(() => {
      this.#paused = false;
      this.wake();
    });
  }

  /** @param idle looks in vain so far */
  #look(idle: number): void {
    clearTimeout(this.#timer);
    let taken = 0;
    while (taken < batch && !this.#paused && this.#reader.take(this.#take)) taken++;
    if (this.#paused || (taken === 0 && idle >= idleLooks && this.#reader.sleep())) return;
    this.#timer = setTimeout(() => this.#look(taken === 0 ? idle + 1 : 0), taken === batch ? 0 : pollMs);
  }

  readonly #take = (kind: number, owner: number, text: string): void => {
    if (kind === RecordKind.stdout) this.#handlers.print(owner, "stdout", text);
    else if (kind === RecordKind.stderr) this.#handlers.print(owner, "stderr", text);
    else this.#takeNotes(owner);
  };

  /** Up to the note of this number: main may have been ended between a note and its record. */
  #takeNotes(number: number): void {
    for (;;) {
      const message = receiveMessageOnPort(this.#port)?.message;
      if (message === undefined) return;
      this.#handlers.note(message.note);
      if (message.number === number) return;
    }
  }
}
