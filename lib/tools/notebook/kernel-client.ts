import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, GradbookError, type JsonObject } from "@gradbook/base";
import {
  type Channel,
  createConnectionFile,
  FrontEndSockets,
  type Received,
  record,
  text,
} from "@gradbook/kernel/internal";
import { exitText, explainDeath } from "./kernel-death.js";
import { KernelProcess } from "./kernel-process.js";
import type { FoundKernel } from "./kernels.js";

export interface StartOptions {
  /** Working directory of the kernel's process. */
  readonly cwd: string;
  /** Added to the kernel's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long the kernel may take until it answers. Default 60. */
  readonly startSeconds?: number;
  /** Gives up and ends the kernel when it is aborted. */
  readonly signal?: AbortSignal;
}

export interface ExecuteOptions {
  /** Called for each message that the cell publishes, in order, also for those that come after its reply. */
  readonly onMessage?: (message: Received) => void;
  /** Throws `kernel-timeout` after this time; the kernel runs on. Default: no limit. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** The kernel's answer to a cell. */
export interface ExecuteReply {
  readonly status: "ok" | "error" | "aborted";
  /** `execute_reply` as the kernel sent it. */
  readonly content: JsonObject;
}

/** What the kernel said of itself. */
export interface KernelInfo {
  readonly implementation: string;
  readonly protocolVersion: string;
  readonly languageInfo: JsonObject;
}

/** After a cell's reply its `idle` follows at once; when it does not come in this time, it was lost. */
const IDLE_SECONDS = 5;
/** How long a kernel's first message on iopub may take after its answer before it is asked again. */
const POLL_MILLISECONDS = 50;

/**
 * Starts a kernel and waits until it answers on both its shell and its iopub socket.
 * @throws GradbookError `kernel-start` with the kernel's last words, when it ends or stays silent
 */
export async function startKernel(spec: FoundKernel, options: StartOptions): Promise<KernelClient> {
  // Another program may take one of the five free ports before the kernel has bound it: then a new set.
  for (let attempt = 1; ; attempt++) {
    const client = await KernelClient.launch(spec, options);
    try {
      await client.handshake(options);
      return client;
    } catch (error) {
      await client.shutdown({ graceSeconds: 0 });
      const portTaken = error instanceof GradbookError && error.code === "kernel-port";
      if (!portTaken || attempt === 3) throw error;
    }
  }
}

interface Request {
  readonly onMessage: ((message: Received) => void) | undefined;
  readonly settle: (reply: Received) => void;
  readonly idle: () => void;
}

/** One running kernel: five sockets and a process. Made by `startKernel`; `shutdown` leaves nothing behind. */
export class KernelClient {
  readonly spec: FoundKernel;
  readonly #process: KernelProcess;
  readonly #sockets: FrontEndSockets;

  readonly #requests = new Map<string, Request>();
  #lastNumber: number | undefined;
  #missing = 0;
  #kernelInfo: KernelInfo = { implementation: "", protocolVersion: "", languageInfo: {} };
  #closed = false;

  private constructor(spec: FoundKernel, process: KernelProcess, sockets: FrontEndSockets) {
    this.spec = spec;
    this.#process = process;
    this.#sockets = sockets;
  }

  /** Starts the process and opens the sockets; `handshake` has to follow. */
  static async launch(spec: FoundKernel, options: StartOptions): Promise<KernelClient> {
    const { connection, path, folder } = await createConnectionFile(spec.name);
    const env = { ...options.env, GRADBOOK_IOPUB: options.env?.GRADBOOK_IOPUB ?? "number" };
    const process = new KernelProcess(spec, path, folder, { cwd: options.cwd, env });
    const sockets = await FrontEndSockets.open(connection, {
      hear: (from, message) => {
        if (from === "iopub") client.#hearOutput(message);
        else client.#requests.get(message.parentId)?.settle(message);
      },
    });
    const client = new KernelClient(spec, process, sockets);
    return client;
  }

  get info(): KernelInfo {
    return this.#kernelInfo;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#process.alive && !this.#closed;
  }

  /** True when the kernel numbers its messages, so that a loss cannot stay unseen. */
  get numbered(): boolean {
    return this.#lastNumber !== undefined;
  }

  /** Waits for the kernel's answer and for its first message on iopub, before which a subscriber misses what is sent. */
  async handshake({ startSeconds = 60, signal }: StartOptions): Promise<void> {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const portTaken = new Promise<never>((_, reject) => {
      this.#process.onText((said) => {
        // the second is stock tslab on a busy machine: it uses a socket that it is still binding, and never answers
        if (/EADDRINUSE|address already in use|blocked by a bind or unbind/i.test(said))
          reject(this.#failedStart("kernel-port", "a port was taken"));
      });
    });
    portTaken.catch(() => undefined);
    const heard = async () => {
      for (;;) {
        const idle = { heard: false };
        const reply = this.#request("shell", "kernel_info_request", {}, undefined, () => {
          idle.heard = true;
        });
        await Promise.race([reply, sleep(1000, undefined, { signal: stop.signal, ref: false })]);
        await sleep(POLL_MILLISECONDS, undefined, { signal: stop.signal });
        if (idle.heard) return reply;
      }
    };
    try {
      const reply = await Promise.race([
        heard(),
        portTaken,
        this.#process.exited.then((exit) => {
          throw this.#failedStart("kernel-start", `the kernel ended before it answered (${exitText(exit)})`);
        }),
        sleep(startSeconds * 1000, undefined, { signal: stop.signal }).then(() => {
          throw this.#failedStart("kernel-start", `no answer in ${startSeconds} s`);
        }),
        aborted(signal, stop.signal),
      ]);
      const { implementation, protocol_version, language_info } = reply.content;
      this.#kernelInfo = {
        implementation: text(implementation),
        protocolVersion: text(protocol_version),
        languageInfo: record(language_info),
      };
    } finally {
      stop.abort();
    }
  }

  /**
   * Runs one cell and returns when its reply and the `idle` after its last output are here, in whichever order.
   * @throws GradbookError `kernel-died`, `kernel-timeout`, `output-lost` or `stopped`
   */
  async execute(code: string, options: ExecuteOptions = {}): Promise<ExecuteReply> {
    const { onMessage, timeoutSeconds, signal } = options;
    if (!this.alive) throw await this.#died();
    const stop = new AbortController();
    const limits: Promise<never>[] = [
      this.#process.exited.then(async () => Promise.reject(await this.#died())),
    ];
    if (timeoutSeconds !== undefined) limits.push(this.#timeLimit(timeoutSeconds, stop.signal));
    limits.push(aborted(signal, stop.signal));
    let idleHeard: () => void = () => undefined;
    const idle = new Promise<void>((resolve) => {
      idleHeard = resolve;
    });
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    try {
      const reply = await Promise.race([
        this.#request("shell", "execute_request", content, onMessage, idleHeard),
        ...limits,
      ]);
      await Promise.race([idle, this.#lateOrLost(stop.signal), ...limits]);
      if (this.#missing > 0) throw this.#outputLost();
      return { status: statusOf(reply.content.status), content: reply.content };
    } finally {
      stop.abort();
      for (const limit of limits) limit.catch(() => undefined);
    }
  }

  /** Asks the kernel to stop the running cell, in the way of its kernelspec. */
  async interrupt(): Promise<void> {
    if (this.spec.interrupt_mode === "signal") this.#process.signal("SIGINT");
    else await this.#sockets.request("control", "interrupt_request", {}).sent;
  }

  /** @returns whether the kernel's heartbeat answers within the time; a kernel of one thread is silent while a cell computes */
  async heartbeat(milliseconds: number): Promise<boolean> {
    if (!this.alive) return false;
    const stop = new AbortController();
    const silence = sleep(milliseconds, false, { signal: stop.signal });
    silence.catch(() => undefined);
    try {
      return await Promise.race([this.#sockets.beat().then(() => true), silence]);
    } finally {
      stop.abort();
    }
  }

  /** Asks the kernel to end, and ends it and all that it has started when it does not within `graceSeconds` (default 1). */
  async shutdown({ graceSeconds = 1 }: { readonly graceSeconds?: number } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#process.alive && graceSeconds > 0) {
      await this.#sockets.request("control", "shutdown_request", { restart: false }).sent;
      const stop = new AbortController();
      const grace = sleep(graceSeconds * 1000, undefined, { signal: stop.signal });
      grace.catch(() => undefined);
      await Promise.race([this.#process.exited, grace]);
      stop.abort();
    }
    this.#process.destroy();
    await this.#process.exited;
    this.#sockets.close();
  }

  #request(
    channel: Channel,
    type: string,
    content: JsonObject,
    onMessage: ((message: Received) => void) | undefined,
    idle: () => void,
  ): Promise<Received> {
    return new Promise((settle, reject) => {
      const { id, sent } = this.#sockets.request(channel, type, content);
      this.#requests.set(id, { onMessage, settle, idle });
      sent.catch(reject);
    });
  }

  #hearOutput(message: Received): void {
    if (message.number !== undefined) {
      if (this.#lastNumber !== undefined) this.#missing += message.number - this.#lastNumber - 1;
      this.#lastNumber = message.number;
    }
    const request = this.#requests.get(message.parentId);
    if (request === undefined) return;
    if (message.type === "status") {
      if (message.content.execution_state === "idle") request.idle();
    } else request.onMessage?.(message);
  }

  /** The `idle` after a reply is overdue: asks for one more message, whose number shows what is missing. */
  async #lateOrLost(signal: AbortSignal): Promise<never> {
    for (let waited = 0; waited < IDLE_SECONDS && this.#missing === 0; waited += 0.5) {
      await sleep(500, undefined, { signal });
      await this.#sockets.request("shell", "kernel_info_request", {}).sent;
    }
    throw this.#outputLost();
  }

  #outputLost(): GradbookError {
    const count = this.#missing;
    this.#missing = 0;
    const end = `the cell's end did not come in ${IDLE_SECONDS} s after its reply`;
    return new GradbookError({
      code: "output-lost",
      what: `kernel ${this.spec.name}`,
      got: count === 0 ? end : `${count} message${count === 1 ? " is" : "s are"} missing`,
      expected: "all that the cell has printed",
      cure: "Print less in one cell, e.g. one line per epoch.",
    });
  }

  async #timeLimit(seconds: number, signal: AbortSignal): Promise<never> {
    await sleep(seconds * 1000, undefined, { signal });
    const heart = (await this.heartbeat(500))
      ? "its heartbeat responds"
      : "its heartbeat does not respond: it computes";
    throw new GradbookError({
      code: "kernel-timeout",
      what: `kernel ${this.spec.name}`,
      got: `the kernel did not finish the cell within ${seconds} s (${heart})`,
      cure: "--timeout SECONDS sets the limit for one cell; --scale quick makes it less work.",
    });
  }

  async #died(): Promise<GradbookError> {
    await this.#process.exited;
    // What the kernel sent before its end may still be on its way through the socket.
    await sleep(100);
    const what = `kernel ${this.spec.name}`;
    return new GradbookError({ code: "kernel-died", what, ...explainDeath(await this.#process.death()) });
  }

  #failedStart(code: ErrorCode, got: string): GradbookError {
    return new GradbookError({
      code,
      what: `kernel ${this.spec.name} (${this.spec.argv.join(" ")})`,
      got: `${got}${this.#lastWords()}`,
      expected: "a kernel that answers",
    });
  }

  #lastWords(): string {
    const { lastWords } = this.#process;
    return lastWords === "" ? "" : `; its last output:\n${lastWords}\n`;
  }
}

/** Older kernels say "abort" for what the protocol calls "aborted". */
function statusOf(status: unknown): ExecuteReply["status"] {
  if (status === "ok" || status === "error") return status;
  return "aborted";
}

/** Rejects when `signal` is aborted; ends quietly with `done`. */
function aborted(signal: AbortSignal | undefined, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal === undefined) return;
    const stop = () =>
      reject(new GradbookError({ code: "stopped", what: "the run", got: "stopped from outside" }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { signal: done, once: true });
  });
}
