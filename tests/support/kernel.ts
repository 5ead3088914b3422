import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Dealer, Subscriber } from "zeromq";
import { kernelSpec } from "#lib/kernel/install.js";
import { createConnectionFile } from "#lib/notebook/connection-file.js";
import { findKernel } from "#lib/notebook/kernels.js";
import type { JsonObject } from "#lib/notebook/nbformat.js";
import { type Connection, decodeMessage, encodeRequest, type Message } from "#lib/notebook/wire.js";

type Channel = "shell" | "control" | "stdin";

/** Everything that came of one cell. */
export interface CellResult {
  readonly status: string;
  readonly reply: JsonObject;
  /** All iopub messages of the cell except its status. */
  readonly messages: readonly Message[];
  readonly stdout: string;
  readonly stderr: string;
  /** `text/plain` of the result. */
  readonly result: string | undefined;
  /** `ename: evalue` of the error output. */
  readonly error: string | undefined;
  /** The error output's traceback, without colours. */
  readonly traceback: string;
}

/** A cell under way. */
export interface Running {
  /** Resolves when a message of the cell fits. */
  seen(fits: (message: Message) => boolean): Promise<Message>;
  /** Resolves when the cell has printed this. */
  printed(text: string): Promise<void>;
  readonly done: Promise<CellResult>;
}

/** A front end for tests: says everything that the protocol knows, also what is wrong. */
export class TestKernel {
  readonly connection: Connection;
  readonly connectionFile: string;
  readonly pid: number;
  /** Resolves when the kernel's process has ended. */
  readonly exited: Promise<number | null>;
  /** What the process wrote to its own stdout and stderr. */
  readonly log: () => string;
  readonly #folder: string;
  readonly #session: string;
  readonly #sockets: Readonly<Record<Channel | "heartbeat", Dealer>>;
  readonly #iopub: Subscriber;

  /** Messages of iopub, in order, from the first one on. */
  readonly heard: Message[] = [];
  /** Answers input requests; by default there is nobody to ask. */
  answer: ((prompt: string, password: boolean) => string) | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #replies = new Map<string, (message: Message) => void>();
  readonly #pongs: (() => void)[] = [];

  private constructor(
    connection: Connection,
    connectionFile: string,
    pid: number,
    exited: Promise<number | null>,
    log: () => string,
    folder: string,
    session: string,
    sockets: Readonly<Record<Channel | "heartbeat", Dealer>>,
    iopub: Subscriber,
  ) {
    this.connection = connection;
    this.connectionFile = connectionFile;
    this.pid = pid;
    this.exited = exited;
    this.log = log;
    this.#folder = folder;
    this.#session = session;
    this.#sockets = sockets;
    this.#iopub = iopub;

    for (const channel of ["shell", "control", "stdin"] as const) {
      void this.#listen(sockets[channel], (message) => this.#take(channel, message));
    }
    void this.#listen(iopub, (message) => {
      this.heard.push(message);
      for (const wake of this.#waiting) wake();
    });
    void this.#listenForHeartbeat();
  }

  /** @param argv the kernel's command; default: the gradbook kernel of this checkout */
  static async start(
    options: { argv?: readonly string[]; cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<TestKernel> {
    const { argv = kernelSpec("gradbook").argv, cwd = process.cwd(), env = {} } = options;
    const { connection, path, folder } = await createConnectionFile("test");
    const [command, ...args] = argv.map((word) => word.replace("{connection_file}", path));
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, JPY_PARENT_PID: String(process.pid), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: whatever a test leaves behind is ended with it.
      detached: true,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    const session = randomUUID();
    const dealer = (port: number) => {
      const socket = new Dealer({ linger: 0, routingId: session, reconnectInterval: 10 });
      socket.connect(`tcp://127.0.0.1:${port}`);
      return socket;
    };
    const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0, reconnectInterval: 10 });
    iopub.subscribe();
    iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
    const sockets = {
      shell: dealer(connection.shell_port),
      control: dealer(connection.control_port),
      stdin: dealer(connection.stdin_port),
      heartbeat: dealer(connection.hb_port),
    };
    const kernel = new TestKernel(
      connection,
      path,
      child.pid ?? 0,
      exited,
      () => said,
      folder,
      session,
      sockets,
      iopub,
    );
    await kernel.ready();
    return kernel;
  }

  /** Returns when the kernel answers and its iopub is heard. */
  async ready(): Promise<void> {
    for (;;) {
      const { id, reply } = this.request("shell", "kernel_info_request", {});
      const answered = await Promise.race([
        reply.then(() => true),
        pause(2000),
        this.exited.then(() => undefined),
      ]);
      if (answered === undefined) throw new Error(`The kernel ended before it answered: ${this.log()}`);
      await pause(5);
      if (answered && this.heard.some(({ parentId }) => parentId === id)) return;
    }
  }

  request(channel: Channel, type: string, content: JsonObject): { id: string; reply: Promise<Message> } {
    const { id, frames } = encodeRequest(type, content, this.#session, this.connection.key);
    const reply = new Promise<Message>((resolve) => this.#replies.set(id, resolve));
    void this.send(channel, frames);
    return { id, reply };
  }

  /** Sends frames as they are. */
  async send(channel: Channel, frames: readonly (string | Uint8Array)[]): Promise<void> {
    const socket = this.#sockets[channel];
    const before = this.#sending.get(socket) ?? Promise.resolve();
    const after = before.then(() => socket.send([...frames]));
    this.#sending.set(socket, after);
    await after;
  }

  readonly #sending = new Map<Dealer, Promise<void>>();

  start(code: string, content: JsonObject = {}): Running {
    const from = this.heard.length;
    const { id, reply } = this.request("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: this.answer !== undefined,
      stop_on_error: true,
      ...content,
    });
    const mine = () => this.heard.slice(from).filter(({ parentId }) => parentId === id);
    const seen = async (fits: (message: Message) => boolean): Promise<Message> => {
      for (;;) {
        const found = mine().find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          const wake = () => {
            this.#waiting.delete(wake);
            resolve();
          };
          this.#waiting.add(wake);
        });
      }
    };
    const printed = async (text: string): Promise<void> => {
      await seen(() => textOf(mine(), "stdout").includes(text));
    };
    const done = Promise.all([
      reply,
      seen(({ type, content }) => type === "status" && content.execution_state === "idle"),
    ]);
    return { seen, printed, done: done.then(([{ content }]) => resultOf(content, mine())) };
  }

  run(code: string, content: JsonObject = {}): Promise<CellResult> {
    return this.start(code, content).done;
  }

  async interrupt(): Promise<void> {
    await this.request("control", "interrupt_request", {}).reply;
  }

  /** How long (milliseconds) the heartbeat takes to come back. */
  async beat(): Promise<number> {
    const started = performance.now();
    const back = new Promise<void>((resolve) => this.#pongs.push(resolve));
    await this.#sockets.heartbeat.send(["", "beat"]);
    await back;
    return performance.now() - started;
  }

  /** Ends the kernel politely. @returns its exit code */
  async shutdown(): Promise<number | null> {
    void this.request("control", "shutdown_request", { restart: false });
    const code = await Promise.race([this.exited, pause(5000).then(() => undefined)]);
    this.close();
    if (code === undefined) throw new Error(`The kernel did not end: ${this.log()}`);
    return code;
  }

  /** Ends whatever is left of the kernel, and this front end. */
  close(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
    for (const socket of [...Object.values(this.#sockets), this.#iopub]) if (!socket.closed) socket.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #take(channel: Channel, message: Message): void {
    if (channel === "stdin" && message.type === "input_request") {
      const { prompt, password } = message.content;
      const value = this.answer?.(String(prompt), password === true);
      if (value !== undefined) this.request("stdin", "input_reply", { status: "ok", value });
      return;
    }
    this.#replies.get(message.parentId)?.(message);
    this.#replies.delete(message.parentId);
  }

  async #listen(socket: Dealer | Subscriber, take: (message: Message) => void): Promise<void> {
    while (!socket.closed) {
      const frames = await socket.receive().catch(() => undefined);
      const message = frames === undefined ? undefined : decodeMessage(frames, this.connection.key);
      if (message !== undefined) take(message);
    }
  }

  async #listenForHeartbeat(): Promise<void> {
    const { heartbeat } = this.#sockets;
    while (!heartbeat.closed) {
      const frames = await heartbeat.receive().catch(() => undefined);
      if (frames !== undefined) this.#pongs.shift()?.();
    }
  }
}

export const pause = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));

/** The repository's root. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The command of stock tslab, with the guard without which it loses messages and a caller waits for ever. */
export const stockTslab: readonly string[] = findKernel("stock-tslab", root).argv;

function textOf(messages: readonly Message[], name: string): string {
  return messages
    .filter(({ type, content }) => type === "stream" && content.name === name)
    .map(({ content }) => String(content.text))
    .join("");
}

function resultOf(reply: JsonObject, messages: readonly Message[]): CellResult {
  const error = messages.find(({ type }) => type === "error")?.content;
  const data = messages.find(({ type }) => type === "execute_result")?.content.data;
  const plain = typeof data === "object" && data !== null ? Reflect.get(data, "text/plain") : undefined;
  const traceback = Array.isArray(error?.traceback) ? error.traceback.join("\n") : "";
  return {
    status: String(reply.status),
    reply,
    messages: messages.filter(({ type }) => type !== "status"),
    stdout: textOf(messages, "stdout"),
    stderr: textOf(messages, "stderr"),
    result: typeof plain === "string" ? plain : undefined,
    error: error === undefined ? undefined : `${error.ename}: ${error.evalue}`,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with one
    traceback: traceback.replace(/\u001b\[\d+m/g, ""),
  };
}
