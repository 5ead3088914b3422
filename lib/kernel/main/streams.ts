import { syncBuiltinESMExports } from "node:module";
import readline from "node:readline";
import { Readable, Writable } from "node:stream";
import { format } from "node:util";
import type { StreamName } from "../jupyter/messages.js";
import { Interrupted } from "./cell.js";
import { patchDescriptors } from "./descriptors.js";
import { clock } from "./timers.js";

type Print = (name: StreamName, text: string) => void;

/**
 * Puts the front end in the place of the terminal: process.stdout, process.stderr, console, and descriptors 1 and 2
 * written through `fs`. Printing is synchronous up to the wire thread.
 */
export function patchOutput(print: Print, clear: () => void): void {
  const stdout = new OutputStream((text) => print("stdout", text), 1);
  const stderr = new OutputStream((text) => print("stderr", text), 2);
  for (const [name, stream] of Object.entries({ stdout, stderr }))
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  ownConsole(print);
  console.clear = clear;
  patchDescriptors((descriptor, bytes) => (descriptor === 1 ? stdout : stderr).printBytes(bytes));
}

/** A stream that hands its text on before `write` returns, and that later cells find open whatever one has done to it. */
class OutputStream extends Writable {
  readonly fd: number;
  readonly isTTY = false;
  readonly #print: (text: string) => void;
  #rest = Buffer.alloc(0);

  constructor(print: (text: string) => void, fd: number) {
    // Whoever waits for the end is not to wait for a close.
    super({ decodeStrings: false, autoDestroy: false });
    // `pipeline` takes its listeners away when the stream closes.
    this.setMaxListeners(0);
    this.#print = print;
    this.fd = fd;
  }

  override _write(
    chunk: string | Buffer,
    encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    if (typeof chunk === "string")
      this.#print(encoding === "utf8" ? chunk : Buffer.from(chunk, encoding).toString());
    else this.printBytes(chunk);
    done();
  }

  /** Whoever waits for the end, as `pipeline` does, is told that all is written. */
  override end(...parameters: unknown[]): this {
    const done = parameters.find((one) => typeof one === "function");
    const [chunk, encoding] = parameters.filter((one) => one !== done);
    if (chunk !== undefined && chunk !== null) Reflect.apply(this.write, this, [chunk, encoding]);
    while (this.writableCorked > 0) this.uncork();
    process.nextTick(() => {
      done?.();
      this.emit("finish");
    });
    return this;
  }

  override destroy(): this {
    return this;
  }

  /** A character cut in two by the caller's chunks waits for its other half. */
  printBytes(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.length - unfinishedBytes(bytes);
    this.#rest = Buffer.from(bytes.subarray(end));
    this.#print(bytes.toString("utf8", 0, end));
  }
}

/** How many bytes at the end are the beginning of a UTF-8 character. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** The five console methods that print one message, without the way through a stream: a hundred thousand lines are few. */
function ownConsole(print: Print): void {
  let indent = "";
  const printer =
    (name: StreamName) =>
    (...values: unknown[]): void => {
      const text = values.length === 1 && typeof values[0] === "string" ? values[0] : format(...values);
      print(name, `${indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`)}\n`);
    };
  const [out, error] = [printer("stdout"), printer("stderr")];
  Object.assign(console, { log: out, info: out, debug: out, warn: error, error });
  const { group, groupEnd } = console;
  console.group = (...labels: unknown[]) => {
    if (labels.length > 0) out(...labels);
    indent += "  ";
    group();
  };
  console.groupCollapsed = console.group;
  console.groupEnd = () => {
    indent = indent.slice(2);
    groupEnd();
  };
}

/** How long (milliseconds) a reader may take to stop reading before the front end is asked for a further line. */
const secondThoughts = 20;

/** Where the lines of process.stdin come from. */
export interface LineSource {
  /** The cell that the front end waits for; between cells there is nobody to ask. */
  readonly running: () => number | undefined;
  readonly ask: (cell: number) => Promise<string>;
}

/** process.stdin: asks the front end for a line whenever somebody reads. A stream that has ended is replaced. */
export function patchInput(source: LineSource): void {
  let stdin: InputStream;
  const open = (): void => {
    stdin = new InputStream(source, (over) => {
      if (over === stdin) open();
    });
    // `import { stdin } from "node:process"` is a copy.
    syncBuiltinESMExports();
  };
  Object.defineProperty(process, "stdin", { configurable: true, enumerable: true, get: () => stdin });
  open();
  ownReadline();
}

/** Lines from the front end, asked for one at a time, in the cell in which somebody wants them. */
class InputStream extends Readable {
  readonly fd = 0;
  readonly isTTY = false;
  readonly #source: LineSource;
  readonly #over: (stream: InputStream) => void;
  /** Node reads once and waits for the answer, however many cells later somebody wants it. */
  #unanswered = false;
  #asking = false;
  /** The cell in which somebody read last. */
  #reader: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param over hears that nothing more will come from the stream */
  constructor(source: LineSource, over: (stream: InputStream) => void) {
    super();
    this.#source = source;
    this.#over = over;
  }

  override _read(): void {
    this.#unanswered = true;
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    this.#consider();
    return chunk;
  }

  override resume(): this {
    super.resume();
    this.#consider();
    return this;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#over(this);
    done(error);
  }

  #consider(): void {
    this.#reader = this.#source.running() ?? this.#reader;
    this.#schedule();
  }

  /** readline reads ahead; only a reader that is still waiting in the same cell is worth a question. */
  #schedule(): void {
    clock.clearTimeout(this.#timer);
    if (!this.#unanswered || this.#asking) return;
    this.#timer = clock.setTimeout(() => {
      const cell = this.#source.running();
      if (cell !== undefined && cell === this.#reader && this.#isAwaited()) void this.#ask(cell);
    }, secondThoughts);
  }

  #isAwaited(): boolean {
    return !this.destroyed && (this.readableFlowing === true || this.listenerCount("readable") > 0);
  }

  async #ask(cell: number): Promise<void> {
    this.#asking = true;
    try {
      const line = await this.#source.ask(cell);
      this.#unanswered = false;
      this.push(`${line}\n`);
    } catch (reason) {
      this.#refuse(cell, reason);
    } finally {
      this.#asking = false;
      this.#schedule();
    }
  }

  /** The end after the error closes readline's interfaces: a question that was never answered blocks the next one. */
  #refuse(cell: number, reason: unknown): void {
    const interrupted = reason instanceof Interrupted;
    // Its cell has ended without the line, which a later one may want.
    if (!interrupted && this.#source.running() !== cell) return;
    this.#unanswered = false;
    this.#over(this);
    this.push(null);
    if (!interrupted) this.emit("error", reason);
  }
}

/** A new question on an interface that is open already is news to nobody but its input. */
function ownReadline(): void {
  const prototype: object = Object.getPrototypeOf(readline.Interface.prototype);
  for (const name of ["prompt", Symbol.asyncIterator]) {
    const original: (...parameters: unknown[]) => unknown = Reflect.get(prototype, name);
    const ask = function (this: { input?: unknown; closed?: boolean }, ...parameters: unknown[]): unknown {
      const result = Reflect.apply(original, this, parameters);
      if (this.input instanceof InputStream && this.closed !== true) this.input.resume();
      return result;
    };
    Object.defineProperty(prototype, name, { configurable: true, writable: true, value: ask });
  }
}
