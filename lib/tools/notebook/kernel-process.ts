import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { removeTemporaryFoldersOf } from "@gradbook/base";
import { countMemoryKills, type Death, memoryWord } from "./kernel-death.js";
import type { FoundKernel } from "./kernels.js";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Kernels that are running, so that none outlives this process. */
const running = new Set<KernelProcess>();
let exitHook = false;

/** The process of a kernel in a process group of its own, so that what it has started can be ended with it. */
export class KernelProcess {
  readonly #folder: string;

  /** Resolves when the process has ended or could not be started. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #listeners: ((text: string) => void)[] = [];
  #exit: Exit | undefined;
  #printed = "";
  #memoryWords = "";
  #lastCollection = "";
  readonly #killsBefore = countMemoryKills();

  /** @param folder of the connection file: removed with the process */
  constructor(
    spec: FoundKernel,
    connectionFile: string,
    folder: string,
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    this.#folder = folder;

    const [command, ...args] = spec.argv.map((word) => word.replaceAll("{connection_file}", connectionFile));
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      // A variable of the call wins over the kernelspec's, that over the caller's environment.
      env: { ...process.env, ...spec.env, ...options.env, JPY_PARENT_PID: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    }
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.#exit ??= exit;
        running.delete(this);
        resolve(this.#exit);
      };
      this.#child.once("exit", (code, signal) => end({ code, signal }));
      this.#child.once("error", (error) => {
        this.#hear(`${error.message}\n`);
        end({ code: null, signal: null });
      });
    });
    running.add(this);
    destroyAllAtExit();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#exit === undefined;
  }

  /** Everything that tells why the process has ended. */
  async death(): Promise<Death> {
    const exit = await this.exited;
    const { lastWords } = this;
    const memoryWords = this.#memoryWords;
    return { exit, lastWords, memoryWords, memoryKills: countMemoryKills() - this.#killsBefore };
  }

  /** The last 4,000 characters that the process wrote to its own stdout and stderr: why it died, most of the time. */
  get lastWords(): string {
    return this.#printed.trim();
  }

  onText(listener: (text: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Sends a signal to the kernel and everything that it has started. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child.kill(name);
      else process.kill(-pid, name);
    } catch {
      // Nobody of the group is left.
    }
  }

  /** Ends the whole group at once and removes the connection file and what a killed kernel cannot remove itself. */
  destroy(): void {
    this.signal("SIGKILL");
    running.delete(this);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#child.pid !== undefined) removeTemporaryFoldersOf(this.#child.pid);
  }

  /** Kept apart: the stack that Node prints of a full heap may be longer than the last words. */
  #hearMemory(text: string): void {
    for (const line of text.split("\n")) {
      if (/^\[\d+:.* MB\b/.test(line)) this.#lastCollection = line;
      else if (this.#memoryWords === "" && memoryWord.test(line))
        this.#memoryWords = `${this.#lastCollection}\n${line}`;
    }
  }

  #hear(text: string): void {
    this.#hearMemory(text);
    this.#printed = (this.#printed + text).slice(-4000);
    for (const listener of this.#listeners) listener(text);
  }
}

function destroyAllAtExit(): void {
  if (exitHook) return;
  exitHook = true;
  const destroyAll = () => {
    for (const kernel of running) kernel.destroy();
  };
  process.once("exit", destroyAll);
  // Kernels are in groups of their own: Ctrl-C does not reach them, and a signal ends this process without "exit".
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, function end() {
      // Whoever listens as well has plans of its own, such as saving what there is.
      if (process.listenerCount(signal) > 1) return;
      destroyAll();
      process.off(signal, end);
      process.kill(process.pid, signal);
    });
  }
}
