// Objects that both processes know, by number. What one of them has changed is told with the next message, so that
// an object handed over and back is the same one, and a change to it is seen on both sides.
import { BodyReader } from "./bodies-in.js";
import { BodyWriter, bodyKinds, kindOf } from "./bodies-out.js";
import {
  getPrototypeOf,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  NewError,
  NewMap,
  NewWeakMap,
  weakGet,
  weakSet,
} from "./primordials.js";
import { wellKnown } from "./well-known.js";
import { copied, malformed, type Reader, sameBytes, tooLarge, Writer } from "./wire.js";

/** One shared object. */
export interface Entry {
  readonly id: number;
  readonly object: object;
  readonly kind: number;
  /** It was made on this side. */
  readonly own: boolean;
  /** Told once: functions, prototypes, errors. */
  fixed: boolean;
  /** The message in which it was last reached or changed. */
  touched: number;
  seen: number;
  depth: number;
  rooted: boolean;
  shadow: Uint8Array | undefined;
  size: number;
  dropped: boolean;
}

/** What a stub of a function on the other side does. */
export interface Remote {
  apply(fn: object, self: unknown, args: unknown[]): unknown;
  construct(fn: object, args: unknown[]): object;
  get(holder: unknown, key: string): unknown;
  set(holder: unknown, key: string, value: unknown): void;
}

export interface HeapOptions {
  /** The numbers of one side's objects are even, of the other's odd. */
  readonly first: 1 | 2;
  readonly remote: Remote;
  readonly seedOf: (source: object) => string | undefined;
  readonly randomOf: (seed: string) => object;
  /** Told of the source of each function of the other side. */
  readonly onSource?: (stub: object, source: string) => void;
}

/** Where one object stands in a message. */
interface Part {
  readonly id: number;
  readonly kind: number;
  readonly fixed: boolean;
  readonly at: number;
}

/** Messages for which an object that no call reaches is still looked after. */
const lookedAfter = 8;
/** Messages after which plain data that no call reaches is forgotten. */
const remembered = 400;
const deepest = 12;
const mostObjects = 100_000;
/** Added to the kind of what is told once. */
const fixedMark = 256;

export class Heap {
  readonly #ids = new NewWeakMap<object, unknown>();
  readonly #entries = new NewMap<unknown, unknown>();
  readonly #options: HeapOptions;
  readonly #out: BodyWriter;
  readonly #in: BodyReader;
  readonly #scratch = new Writer();
  readonly #known = new NewMap<unknown, unknown>();
  #next: number;
  #tick = 0;
  #queue: Entry[] = [];
  #queued = 0;
  #recent: Entry[] = [];
  #recentCount = 0;

  constructor(options: HeapOptions) {
    this.#options = options;
    this.#next = options.first;
    for (let i = 0; i < wellKnown.length; i++) mapSet(this.#known, wellKnown[i], i);
    this.#out = new BodyWriter({
      known: (object) => mapGet(this.#known, object) as number | undefined,
      idOf: (object, from, proto) => this.#idOf(object, from, proto),
      seedOf: options.seedOf,
    });
    this.#in = new BodyReader(options, (id) => this.entry(id)?.object);
  }

  entry(id: number): Entry | undefined {
    return mapGet(this.#entries, id) as Entry | undefined;
  }

  entryOf(object: object): Entry | undefined {
    const found = weakGet(this.#ids, object) as Entry | undefined;
    return found?.dropped === true ? undefined : found;
  }

  /** Forgets plain data that has not been used for long; the other side is told the numbers. */
  evict(): number[] {
    const gone: number[] = [];
    if (this.#options.first !== 2 || this.#tick % 64 !== 0) return gone;
    mapForEach(this.#entries, (value) => {
      const entry = value as Entry;
      if (entry.touched + remembered < this.#tick && isPlain(entry)) gone[gone.length] = entry.id;
    });
    for (let i = 0; i < gone.length; i++) this.drop(gone[i]);
    return gone;
  }

  drop(id: number): void {
    const entry = this.entry(id);
    if (entry === undefined) return;
    entry.dropped = true;
    mapDelete(this.#entries, id);
  }

  /** Writes what has changed, then the roots. */
  pack(writer: Writer, roots: readonly unknown[], count: number): void {
    this.#tick++;
    this.#queued = 0;
    for (let i = 0; i < count; i++) this.#out.visit(roots[i]);
    for (let i = 0; i < this.#recentCount; i++) {
      const entry = this.#recent[i];
      if (!entry.dropped && entry.seen !== this.#tick) this.#enqueue(entry, 0, false);
    }
    for (let i = 0; i < this.#queued; i++) this.#pack(writer, this.#queue[i]);
    this.#keepRecent();
    writer.align(8);
    writer.word(0);
    writer.word(count);
    for (let i = 0; i < count; i++) this.#out.value(writer, roots[i], undefined);
  }

  /** Reads what has changed, then the roots. */
  unpack(reader: Reader): unknown[] {
    this.#tick++;
    const parts: Part[] = [];
    for (;;) {
      reader.align(8);
      const id = reader.word();
      if (id === 0) break;
      const head = reader.word();
      const fixed = head >= fixedMark;
      const kind = fixed ? head - fixedMark : head;
      const size = reader.word();
      reader.align(8);
      const at = reader.at;
      parts[parts.length] = { id, kind, fixed, at };
      reader.at = at + size;
      if (reader.at > reader.size || parts.length > mostObjects) throw new NewError(malformed);
    }
    const end = reader.at;
    const told: Entry[] = [];
    // views come after the memory that they show
    for (let i = 0; i < parts.length; i++)
      if (parts[i].kind !== bodyKinds.typed) told[i] = this.#told(reader, parts[i]);
    for (let i = 0; i < parts.length; i++)
      if (parts[i].kind === bodyKinds.typed) told[i] = this.#told(reader, parts[i]);
    for (let i = 0; i < told.length; i++) {
      reader.at = parts[i].at;
      this.#in.fill(reader, told[i]);
    }
    for (let i = 0; i < told.length; i++) this.#shadow(told[i]);
    reader.at = end;
    const roots: unknown[] = [];
    const count = reader.word();
    for (let i = 0; i < count; i++) roots[i] = this.#in.value(reader);
    return roots;
  }

  #pack(writer: Writer, entry: Entry): void {
    if (entry.fixed && entry.shadow !== undefined) return;
    writer.align(8);
    const start = writer.at;
    writer.word(entry.id);
    writer.word(entry.fixed ? entry.kind + fixedMark : entry.kind);
    writer.word(0);
    writer.align(8);
    const from = writer.at;
    this.#out.body(writer, entry);
    const size = writer.at - from;
    const body = writer.view(from, writer.at);
    if (entry.shadow !== undefined && sameBytes(entry.shadow, body, entry.size, size)) {
      writer.at = start;
      return;
    }
    writer.setWord(start + 8, size);
    entry.shadow = copied(body, size);
    entry.size = size;
    entry.touched = this.#tick;
  }

  /** The entry of an object that the other side tells of; a new one with an empty object of its kind. */
  #told(reader: Reader, { id, kind, fixed, at }: Part): Entry {
    const known = this.entry(id);
    if (known !== undefined) {
      if (known.kind !== kind || known.fixed) throw new NewError(malformed);
      return known;
    }
    if (id % 2 === this.#options.first % 2) throw new NewError(malformed);
    reader.at = at;
    const object = this.#in.shell(reader, kind);
    const entry = this.#enter(id, object, kind, false);
    entry.fixed = fixed;
    return entry;
  }

  #shadow(entry: Entry): void {
    entry.touched = this.#tick;
    const scratch = this.#scratch;
    scratch.at = 0;
    if (!entry.fixed) this.#out.again(scratch, entry);
    entry.shadow = copied(scratch.view(0, scratch.at), scratch.at);
    entry.size = scratch.at;
    this.#recent[this.#recentCount++] = entry;
  }

  #idOf(object: object, from: Entry | undefined, proto: boolean): number {
    let entry = this.entryOf(object);
    if (this.#out.isAgain) return entry?.id ?? 0;
    const depth = from === undefined ? 0 : from.depth + 1;
    if (entry === undefined) {
      if (depth > deepest) return 0;
      if (this.#queued > mostObjects) throw new NewError(tooLarge);
      entry = this.#enter(this.#next, object, kindOf(object, this.#options.seedOf), true);
      this.#next += 2;
      entry.fixed = proto || bodyKinds.isFixed(entry.kind);
    }
    if (entry.seen !== this.#tick) this.#enqueue(entry, depth, from === undefined || from.rooted);
    return entry.id;
  }

  #enter(id: number, object: object, kind: number, own: boolean): Entry {
    const entry: Entry = {
      id,
      object,
      kind,
      own,
      fixed: false,
      touched: this.#tick,
      seen: 0,
      depth: 0,
      rooted: false,
      shadow: undefined,
      size: 0,
      dropped: false,
    };
    mapSet(this.#entries, id, entry);
    weakSet(this.#ids, object, entry);
    return entry;
  }

  #enqueue(entry: Entry, depth: number, rooted: boolean): void {
    entry.seen = this.#tick;
    entry.depth = depth;
    entry.rooted = rooted;
    if (rooted) entry.touched = this.#tick;
    this.#queue[this.#queued++] = entry;
  }

  #keepRecent(): void {
    let count = 0;
    for (let i = 0; i < this.#queued; i++) {
      const entry = this.#queue[i];
      if (!entry.fixed && !entry.dropped && entry.touched + lookedAfter >= this.#tick)
        this.#recent[count++] = entry;
    }
    this.#recentCount = count;
  }
}

/** Data without a class of its own: it can be told anew. */
function isPlain({ object, kind, fixed }: Entry): boolean {
  if (fixed || !bodyKinds.isData(kind)) return false;
  const proto: unknown = getPrototypeOf(object);
  return kind !== bodyKinds.object || proto === null || proto === Object.prototype;
}
