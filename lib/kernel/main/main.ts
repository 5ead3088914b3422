// The main thread: starts the two workers, and then runs cells and nothing else (process.ts).
import { rmSync, writeSync as writeSyncAsItIs } from "node:fs";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { temporaryFolder } from "../../files/temporary.js";
import type { LanguageData } from "../language/language.js";
import type { ConnectionInfo } from "../protocol.js";
import { createSharedState } from "../shared.js";
import type { WireData } from "../wire/wire.js";

/** To the kernel's own descriptors; `fs` will lead to the notebook. */
const writeSync = writeSyncAsItIs;

export interface KernelOptions {
  readonly connection: ConnectionInfo;
  /** Where that was read from. */
  readonly connectionFile: string;
  /** Characters of output a cell may send. Default: 50 Mi. */
  readonly outputLimit?: number;
  /** Cells are JavaScript: their types are not checked. Default: false. */
  readonly javascript?: boolean;
}

/** Runs a kernel in this process until it is told to shut down; the returned promise never resolves. */
export async function runKernel({
  connection,
  connectionFile,
  outputLimit = 50 * 1024 * 1024,
  javascript = false,
}: KernelOptions): Promise<never> {
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
    connectionFile,
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
    writeSync(2, `gradbook kernel: ${text}\n`);
    exit(1);
  });
}
