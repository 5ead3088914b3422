import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Job } from "./job.js";

/** How a system is started. */
export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A system in a process of its own, which keeps what it has built from one job to the next. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** The last of what it printed on standard error. */
  #complaints = "";
  #ended: string | undefined;
  /** False after it was stopped or ended by itself. */
  alive = true;

  constructor({ command, args, environment = {} }: PeerCommand) {
    this.#child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#child.on("error", (error) => {
      this.#ended = error.message;
    });
    this.#child.stderr?.on("data", (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-2000);
    });
    // writing to a process that has just died is told by its missing answer
    this.#child.stdin?.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The line in which it introduces itself, or why it could not start. */
  async about(timeout: number): Promise<{ readonly about?: string; readonly reason?: string }> {
    return this.#answer(timeout);
  }

  async ask(job: Job, timeout: number): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(job)}\n`);
    return this.#answer(timeout);
  }

  stop(): void {
    this.alive = false;
    this.#child.kill("SIGKILL");
  }

  /** @param timeout in seconds; the process is ended after it */
  async #answer<T extends { readonly reason?: string }>(timeout: number): Promise<T | { reason: string }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, timeout * 1000, "late");
    });
    const line = await Promise.race([this.#lines.next(), late]);
    clearTimeout(timer);
    if (line === "late") {
      this.stop();
      return { reason: `no answer within ${timeout} s` };
    }
    if (line.done !== true) return JSON.parse(line.value);
    this.alive = false;
    const last = this.#complaints.trim().split("\n").at(-1);
    return { reason: `its process ended: ${this.#ended ?? last ?? "without a word"}`.slice(0, 200) };
  }
}
