import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@gradbook/base";
import { type ConnectionInfo, createConnectionFile } from "#kernel/jupyter/connection.js";
import { type Frames, FrontEndSockets, type Received } from "#kernel/jupyter/front-end-sockets.js";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import type { Channel } from "#kernel/jupyter/messages.js";
import { findKernel } from "#tools/notebook/kernels.js";

type Ending = number | NodeJS.Signals | null;

/** Everything that came of one cell. */
export interface CellResult {
  readonly status: string;
  readonly reply: JsonObject;
  /** All iopub messages of the cell except its status. */
  readonly messages: readonly Received[];
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
  seen(fits: (message: Received) => boolean): Promise<Received>;
  /** Resolves when the cell has printed this. */
  printed(text: string): Promise<void>;
  readonly done: Promise<CellResult>;
}

/** A front end for tests: says everything that the protocol knows, also what is wrong. */
export class TestKernel {
  readonly connection: ConnectionInfo;
  readonly connectionFile: string;
  readonly pid: number;
  /** Resolves when the kernel's process has ended: its exit code, or the signal that ended it. */
  readonly exited: Promise<Ending>;
  /** What the process wrote to its own stdout and stderr. */
  readonly log: () => string;
  readonly #folder: string;
  readonly #sockets: FrontEndSockets;

  /** Messages of iopub, in order, from the first one on. */
  readonly heard: Received[] = [];
  /** Answers input requests; by default there is nobody to ask. */
  answer: ((prompt: string, password: boolean) => string) | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #replies = new Map<string, (message: Received) => void>();

  private constructor(
    connection: ConnectionInfo,
    connectionFile: string,
    pid: number,
    exited: Promise<Ending>,
    log: () => string,
    folder: string,
    sockets: FrontEndSockets,
  ) {
    this.connection = connection;
    this.connectionFile = connectionFile;
    this.pid = pid;
    this.exited = exited;
    this.log = log;
    this.#folder = folder;
    this.#sockets = sockets;
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
    const exited = new Promise<Ending>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal)),
    );
    const sockets = await FrontEndSockets.open(connection, {
      hear: (from, message) => kernel.#take(from, message),
      reconnectMs: 10,
    });
    const kernel = new TestKernel(connection, path, child.pid ?? 0, exited, () => said, folder, sockets);
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

  request(channel: Channel, type: string, content: JsonObject): { id: string; reply: Promise<Received> } {
    const { id } = this.#sockets.request(channel, type, content);
    return { id, reply: new Promise<Received>((resolve) => this.#replies.set(id, resolve)) };
  }

  /** The signed frames of a request, to be sent with `send`. */
  compose(type: string, content: JsonObject): Frames {
    return this.#sockets.compose(type, content).frames;
  }

  /** Sends frames as they are. */
  async send(channel: Channel, frames: Frames): Promise<void> {
    await this.#sockets.send(channel, frames);
  }

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
    const seen = async (fits: (message: Received) => boolean): Promise<Received> => {
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
    await this.#sockets.beat();
    return performance.now() - started;
  }

  /** Ends the kernel politely. @returns its exit code, or the signal that ended it */
  async shutdown(): Promise<Ending> {
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
    this.#sockets.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #take(from: Channel | "iopub", message: Received): void {
    if (from === "iopub") {
      this.heard.push(message);
      for (const wake of this.#waiting) wake();
      return;
    }
    if (from === "stdin" && message.type === "input_request") {
      const { prompt, password } = message.content;
      const value = this.answer?.(String(prompt), password === true);
      if (value !== undefined) this.request("stdin", "input_reply", { status: "ok", value });
      return;
    }
    this.#replies.get(message.parentId)?.(message);
    this.#replies.delete(message.parentId);
  }
}

export const pause = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));

/** The repository's root. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The command of stock tslab, with the guard without which it loses messages and a caller waits for ever. */
export const stockTslab: readonly string[] = findKernel("stock-tslab", root).argv;

function textOf(messages: readonly Received[], name: string): string {
  return messages
    .filter(({ type, content }) => type === "stream" && content.name === name)
    .map(({ content }) => String(content.text))
    .join("");
}

function resultOf(reply: JsonObject, messages: readonly Received[]): CellResult {
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
