import { randomBytes } from "node:crypto";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { frameHead, mark } from "../outside/frames.js";
import type { Line } from "../outside/peer.js";
import { cpuTimeOf } from "./cpu-time.js";
import type { Loss } from "./lost.js";

export interface ThreadData {
  /** Counts what the thread has told. */
  readonly flag: Int32Array;
}

/** What the thread tells of the process with the examined code. */
export type FromThread =
  | { readonly type: "started"; readonly pid: number }
  | { readonly type: "frame"; readonly id: string; readonly message: ArrayBuffer; readonly size: number }
  | { readonly type: "tampered" }
  | { readonly type: "ended"; readonly code: string; readonly signal: string; readonly errors: string };

export interface Limits {
  /** Milliseconds of computing within one call. */
  readonly cpuMs: number;
  /** Milliseconds of waiting for one answer, however little was computed. */
  readonly wallMs: number;
}

/** How often it is looked at whether a call still computes. */
const lookMs = 100;

/** The line to the process with the examined code: an answer is waited for, and nothing else happens meanwhile. */
export class Channel implements Line {
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #port;
  readonly #thread: Worker;
  readonly #onLost: (loss: Loss) => never;
  #limits: Limits;
  #pid = 0;
  #id = "";

  /** @param onLost never returns: whatever is being examined ends there */
  constructor(limits: Limits, onLost: (loss: Loss) => never) {
    this.#limits = limits;
    this.#onLost = onLost;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#thread = new Worker(new URL("./channel-thread.js", import.meta.url), {
      workerData: { flag: this.#flag, port: port2 },
      transferList: [port2],
    });
  }

  setLimits(limits: Limits): void {
    this.#limits = limits;
  }

  send(message: Uint8Array): void {
    const frame = Buffer.from(new ArrayBuffer(frameHead + message.length));
    const id = randomBytes(frameHead - 8);
    frame.writeUInt32LE(mark, 0);
    frame.writeUInt32LE(message.length, 4);
    frame.set(id, 8);
    frame.set(message, frameHead);
    this.#id = id.toString("hex");
    this.#thread.postMessage(frame, [frame.buffer]);
  }

  receive(): { buffer: ArrayBuffer; size: number } {
    const started = performance.now();
    let before: number | undefined;
    for (;;) {
      const seen = Atomics.load(this.#flag, 0);
      const told = receiveMessageOnPort(this.#port)?.message as FromThread | undefined;
      if (told === undefined) {
        if (Atomics.wait(this.#flag, 0, seen, lookMs) !== "timed-out") continue;
        before ??= cpuTimeOf(this.#pid);
        this.#look(performance.now() - started, before);
      } else if (told.type === "started") this.#pid = told.pid;
      else if (told.type === "frame" && told.id === this.#id)
        return { buffer: told.message, size: told.size };
      else this.#lose(told);
    }
  }

  /** Ends the process with the examined code. */
  end(): void {
    try {
      if (this.#pid > 0) process.kill(this.#pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }

  #look(waited: number, before: number | undefined): void {
    const now = cpuTimeOf(this.#pid);
    const { cpuMs, wallMs } = this.#limits;
    if (now !== undefined && before !== undefined && now - before > cpuMs)
      this.#onLost({ how: "endless", code: "" });
    if (waited < wallMs) return;
    // where the system does not tell what is computed, the time on the wall is all there is
    this.#onLost({ how: now === undefined ? "endless" : "waits", code: "" });
  }

  #lose(told: FromThread): never {
    if (told.type !== "ended") return this.#onLost({ how: "tampered", code: "" });
    const { code, signal, errors } = told;
    const memory = /heap out of memory|allocation failed/i.test(errors);
    if (memory) return this.#onLost({ how: "memory", code });
    return this.#onLost(code === "" ? { how: "killed", code: signal } : { how: "exit", code });
  }
}
