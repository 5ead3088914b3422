// The main thread: starts the two workers, and then runs cells and nothing else (process.ts).
import { rmSync, writeSync as writeSyncAsItIs } from "node:fs";
import { resolve } from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { temporaryFolder } from "@gradbook/base";
import { readConnectionFile } from "../jupyter/connection.js";
import { createSharedState } from "../shared.js";
import type { LanguageData, WireData } from "../threads.js";

/** To the kernel's own descriptors; `fs` will lead to the notebook. */
const writeSync = writeSyncAsItIs;

/** How a kernel is run. */
export interface KernelOptions {
  /** Path of the file in which the front end says where to listen and with which key. It is closed to other users. */
  readonly connectionFile: string;
  /**
   * Whether the kernel may listen on addresses other than this machine's own. Whoever reaches it and has the key can
   * run code.
   * @default false
   */
  readonly remote?: boolean;
  /**
   * Characters of output that a cell may send; the rest is cut with a notice.
   * @default 52_428_800
   */
  readonly outputLimit?: number;
  /**
   * Cells are JavaScript: their types are not checked.
   * @default false
   */
  readonly javascript?: boolean;
  /**
   * Types are checked without TypeScript's `strict` where no tsconfig.json says otherwise, as tslab does it.
   * @default false
   */
  readonly loose?: boolean;
}

/**
 * Runs a Jupyter kernel in this process, in the current folder, until it is told to shut down; then the process ends.
 * The process belongs to the cells: what they print goes to the front end, and `process.exit` throws. A process that is
 * to go on with something else starts `gradbook-kernel` as a child.
 *
 * Node ends a process whose callback is stopped in the middle while async hooks are on; start it with
 * `--no-force-async-hooks-checks`, as the installed kernelspec does.
 * @returns a promise that never resolves
 * @throws GradbookError for a connection file that is none, or that names an address of the network without `remote`
 * @example
 * await runKernel({ connectionFile: "kernel-1234.json" });
 */
export async function runKernel({
  connectionFile: file,
  remote = false,
  outputLimit = 52_428_800,
  javascript = false,
  loose = false,
}: KernelOptions): Promise<never> {
  const connection = readConnectionFile(file, remote);
  const shared = createSharedState();
  const toWire = new MessageChannel();
  const noteChannel = new MessageChannel();
  const input = new MessageChannel();
  const wireToLanguage = new MessageChannel();
  const mainToLanguage = new MessageChannel();
  const mainBlocked = new MessageChannel();
  const folder = temporaryFolder("kernel");
  const exit = process.exit.bind(process);

  const wireData: WireData = {
    connection,
    connectionFile: resolve(file),
    shared,
    main: toWire.port2,
    notes: noteChannel.port2,
    input: input.port2,
    language: wireToLanguage.port1,
    outputLimit,
    javascript,
  };
  startWorker(
    "../wire/wire.js",
    wireData,
    [toWire.port2, noteChannel.port2, input.port2, wireToLanguage.port1],
    exit,
  );
  const languageData: LanguageData = {
    wire: wireToLanguage.port2,
    main: mainToLanguage.port2,
    mainBlocked: mainBlocked.port2,
    notebookFolder: process.cwd(),
    moduleFolder: folder,
    javascript,
    loose,
  };
  startWorker(
    "../language/language.js",
    languageData,
    [wireToLanguage.port2, mainToLanguage.port2, mainBlocked.port2],
    exit,
  );
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

  // The workers start while the rest is read.
  const { takeProcess } = await import("./process.js");
  takeProcess({
    shared,
    wire: toWire.port1,
    notes: noteChannel.port1,
    input: input.port1,
    language: mainToLanguage.port1,
    languageBlocked: mainBlocked.port1,
    exit,
  });
  return new Promise<never>(() => undefined);
}

function startWorker(
  file: string,
  workerData: object,
  transferList: readonly MessagePort[],
  exit: (code: number) => never,
): void {
  const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList: [...transferList] });
  worker.on("error", (error) => {
    // What has a cure is said without the way to it.
    const text = "cure" in error ? error.message : `${file} failed: ${error.stack ?? error.message}`;
    writeSync(2, `gradbook-kernel: ${text}\n`);
    exit(1);
  });
}
