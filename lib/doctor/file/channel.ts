import { randomBytes } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { endMark, frameHead, mark } from "../outside/frames.js";
import type { Line } from "../outside/peer.js";
import { largest } from "../outside/wire.js";
import { type Fifos, openFifos } from "./fifos.js";
import type { Loss } from "./lost.js";

/** What both threads of the examining process see. */
export const slots = { told: 0, call: 1, patience: 2, ended: 3, pid: 4 } as const;

export interface ThreadData {
  readonly flag: Int32Array;
  readonly fifos: Fifos | undefined;
  readonly limits: { readonly cpuMs: number };
}

/** What the thread tells of the process with the examined code. */
export type FromThread =
  | { readonly type: "frame"; readonly id: string; readonly message: ArrayBuffer; readonly size: number }
  | { readonly type: "tampered" }
  | {
      readonly type: "ended";
      readonly code: string;
      readonly signal: string;
      readonly errors: string;
      /** It was ended because a call did not come back. */
      readonly given?: "endless" | "waits" | "memory";
    };

interface Frame {
  readonly buffer: ArrayBuffer;
  readonly size: number;
}

/** The line to the process with the examined code: an answer is waited for, and nothing else happens meanwhile. */
export class Channel implements Line {
  readonly #flag = new Int32Array(new SharedArrayBuffer(4 * 8));
  readonly #fifos = openFifos();
  readonly #port;
  readonly #thread: Worker;
  readonly #onLost: (loss: Loss) => never;
  #call = 0;
  #id = "";

  /**
   * @param cpuMs milliseconds that one call may compute
   * @param onLost never returns: whatever is being examined ends there
   */
  constructor(cpuMs: number, onLost: (loss: Loss) => never) {
    this.#onLost = onLost;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.setPatience(1);
    const data: ThreadData = { flag: this.#flag, fifos: this.#fifos, limits: { cpuMs } };
    this.#thread = new Worker(new URL("./channel-thread.js", import.meta.url), {
      workerData: { ...data, port: port2 },
      transferList: [port2],
    });
  }

  /** How many times the limit a call may compute. */
  setPatience(times: number): void {
    Atomics.store(this.#flag, slots.patience, times);
  }

  send(message: Uint8Array): void {
    const frame = Buffer.from(new ArrayBuffer(frameHead + message.length));
    const id = randomBytes(frameHead - 8);
    frame.writeUInt32LE(mark, 0);
    frame.writeUInt32LE(message.length, 4);
    frame.set(id, 8);
    frame.set(message, frameHead);
    this.#id = id.toString("hex");
    this.#call = (this.#call % 1_000_000_000) + 1;
    Atomics.store(this.#flag, slots.call, this.#call);
    if (this.#fifos === undefined) this.#thread.postMessage(frame, [frame.buffer]);
    else write(this.#fifos.ask, frame);
  }

  receive(): Frame {
    const frame = this.#fifos === undefined ? this.#fromThread() : this.#fromFifo(this.#fifos.hear);
    Atomics.store(this.#flag, slots.call, 0);
    return frame;
  }

  /** Ends the process with the examined code. */
  end(): void {
    const pid = Atomics.load(this.#flag, slots.pid);
    try {
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }

  #fromFifo(fd: number): Frame {
    const head = Buffer.alloc(frameHead);
    this.#read(fd, head);
    if (head.readUInt32LE(0) === endMark && Atomics.load(this.#flag, slots.ended) === 1) this.#lose();
    const size = head.readUInt32LE(4);
    const mine = head.readUInt32LE(0) === mark && head.toString("hex", 8) === this.#id && size <= largest;
    if (!mine) this.#onLost({ how: "tampered", code: "" });
    const buffer = new ArrayBuffer(size + 8 - (size % 8));
    this.#read(fd, new Uint8Array(buffer, 0, size));
    return { buffer, size };
  }

  /** When the process has ended, the last that is read is the thread's word of it. */
  #read(fd: number, target: Uint8Array): void {
    for (let at = 0; at < target.length; ) {
      at += readSync(fd, target, at, target.length - at, null);
      if (at < target.length && Atomics.load(this.#flag, slots.ended) === 1) this.#lose();
    }
  }

  #fromThread(): Frame {
    for (;;) {
      const seen = Atomics.load(this.#flag, slots.told);
      const told = receiveMessageOnPort(this.#port)?.message as FromThread | undefined;
      if (told === undefined) Atomics.wait(this.#flag, slots.told, seen);
      else if (told.type === "frame" && told.id === this.#id)
        return { buffer: told.message, size: told.size };
      else this.#lose(told);
    }
  }

  #lose(told = receiveMessageOnPort(this.#port)?.message as FromThread | undefined): never {
    if (told?.type !== "ended") return this.#onLost({ how: "tampered", code: "" });
    const { code, signal, errors, given } = told;
    // one that was given up may have been out of memory already: its own last word counts
    const memory = /heap out of memory|allocation failed/i.test(errors);
    if (memory) return this.#onLost({ how: "memory", code });
    if (given !== undefined) return this.#onLost({ how: given, code });
    return this.#onLost(code === "" ? { how: "killed", code: signal } : { how: "exit", code });
  }
}

function write(fd: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    // the process has ended: that is read next
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
