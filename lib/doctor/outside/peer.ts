// One end of the conversation between the doctor and the process with the examined code: a question, perhaps questions
// back, an answer.
import { Heap, type HeapOptions, type Remote } from "./heap.js";
import { apply, construct, getProperty, NewError, setProperty } from "./primordials.js";
import { malformed, Reader, Writer } from "./wire.js";

export const ops = {
  load: 1,
  apply: 2,
  construct: 3,
  get: 4,
  set: 5,
  answer: 6,
  throw: 7,
  refuse: 8,
  lost: 9,
} as const;

/** What travels with every message besides values. */
export interface Extras {
  write(w: Writer): void;
  read(r: Reader): void;
}

export interface Line {
  send(message: Uint8Array): void;
  /** @returns memory of whole words, and how many of its bytes are the message's */
  receive(): { buffer: ArrayBuffer; size: number };
}

export interface PeerOptions extends Omit<HeapOptions, "remote"> {
  readonly line: Line;
  readonly extras: Extras;
  /** Whether a question of the other side about one of this side's objects is answered. */
  readonly allows: (op: number, peer: Peer, roots: readonly unknown[]) => boolean;
  /** What the other side sends is no message, or it has more to tell than one holds. */
  readonly onBroken: (how: "tampered" | "large") => never;
}

export class Peer implements Remote {
  readonly heap: Heap;
  readonly #options: PeerOptions;
  readonly #writer = new Writer();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.heap = new Heap({ ...options, remote: this });
  }

  load(path: string): unknown {
    return this.#ask(ops.load, [path], 1);
  }

  apply(fn: object, self: unknown, args: unknown[]): unknown {
    const roots: unknown[] = [fn, self];
    for (let i = 0; i < args.length; i++) roots[2 + i] = args[i];
    return this.#ask(ops.apply, roots, roots.length);
  }

  construct(fn: object, args: unknown[]): object {
    const roots: unknown[] = [fn];
    for (let i = 0; i < args.length; i++) roots[1 + i] = args[i];
    return this.#ask(ops.construct, roots, roots.length) as object;
  }

  get(holder: unknown, key: string): unknown {
    return this.#ask(ops.get, [holder, key], 2);
  }

  set(holder: unknown, key: string, value: unknown): void {
    this.#ask(ops.set, [holder, key, value], 3);
  }

  /** Answers the first question, which is to load a file. */
  async answerLoad(load: (path: string) => Promise<{ readonly exported: unknown }>): Promise<void> {
    const { roots } = this.#receive();
    let found: { readonly exported: unknown };
    try {
      found = await load(roots[0] as string);
    } catch (thrown) {
      this.#reply(ops.throw, thrown);
      return;
    }
    this.#reply(ops.answer, found.exported);
  }

  /** Answers questions until the line ends, which throws. */
  serve(): never {
    for (;;) this.#answer(this.#receive());
  }

  /** Says that a question could not be read. */
  giveUp(): void {
    this.#send(ops.lost, [], 0);
  }

  #ask(op: number, roots: readonly unknown[], count: number): unknown {
    this.#send(op, roots, count);
    for (;;) {
      const message = this.#receive();
      if (message.op === ops.answer) return message.roots[0];
      if (message.op === ops.throw) throw message.roots[0];
      this.#answer(message);
    }
  }

  #answer({ op, roots }: { op: number; roots: unknown[] }): void {
    if (op === ops.refuse) this.#options.onBroken("large");
    if (op === ops.lost) this.#options.onBroken("tampered");
    if (!this.#options.allows(op, this, roots)) this.#options.onBroken("tampered");
    let answer: unknown;
    try {
      answer = this.#perform(op, roots);
    } catch (thrown) {
      this.#reply(ops.throw, thrown);
      return;
    }
    this.#reply(ops.answer, answer);
  }

  #perform(op: number, roots: unknown[]): unknown {
    switch (op) {
      case ops.apply:
        return apply(roots[0] as () => unknown, roots[1], from(roots, 2));
      case ops.construct:
        return construct(roots[0] as new () => object, from(roots, 1));
      case ops.get:
        return getProperty(roots[0] as object, roots[1] as string);
      case ops.set:
        return setProperty(roots[0] as object, roots[1] as string, roots[2]);
      default:
        throw new NewError(malformed);
    }
  }

  /** An answer that is too large for a message is refused in words. */
  #reply(op: number, value: unknown): void {
    try {
      this.#pack(op, [value], 1);
    } catch {
      this.#pack(ops.refuse, [], 0);
    }
    this.#options.line.send(this.#writer.view(0, this.#writer.at));
  }

  #send(op: number, roots: readonly unknown[], count: number): void {
    this.#pack(op, roots, count);
    this.#options.line.send(this.#writer.view(0, this.#writer.at));
  }

  #pack(op: number, roots: readonly unknown[], count: number): void {
    const w = this.#writer;
    w.at = 0;
    w.word(op);
    this.#options.extras.write(w);
    if (op === ops.refuse || op === ops.lost) {
      w.word(0);
      w.align(8);
      for (let i = 0; i < 2; i++) w.word(0);
      return;
    }
    const gone = this.heap.evict();
    w.word(gone.length);
    for (let i = 0; i < gone.length; i++) w.word(gone[i]);
    this.heap.pack(w, roots, count);
  }

  #receive(): { op: number; roots: unknown[] } {
    const { buffer, size } = this.#options.line.receive();
    try {
      return this.#read(new Reader(buffer, size));
    } catch {
      return this.#options.onBroken("tampered");
    }
  }

  #read(r: Reader): { op: number; roots: unknown[] } {
    const op = r.word();
    this.#options.extras.read(r);
    const gone = r.word();
    for (let i = 0; i < gone; i++) this.heap.drop(r.word());
    return { op, roots: this.heap.unpack(r) };
  }
}

function from(list: readonly unknown[], at: number): unknown[] {
  const rest: unknown[] = [];
  for (let i = at; i < list.length; i++) rest[i - at] = list[i];
  return rest;
}
