// The main thread: runs cells and nothing else. It starts the two workers and makes itself at home in the process.
import { rmSync, writeSync as writeSyncAsItIs } from "node:fs";
import { dirname, join } from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { temporaryFolder } from "../../files/temporary.js";
import { BlockingCaller } from "../blocking-caller.js";
import type { LanguageData } from "../language/language.js";
import type { ModuleMethods } from "../language/methods.js";
import type { ConnectionInfo, PublishMessage, StreamName, ToMain } from "../protocol.js";
import { Caller } from "../rpc.js";
import { createSharedState } from "../shared.js";
import type { WireData } from "../wire/wire.js";
import { mendableHooks } from "./async-hooks.js";
import { type Awaits, createAwaits } from "./awaits.js";
import { ownCallbacks } from "./callbacks.js";
import { currentCell, latestCell } from "./cell.js";
import { ownChildren } from "./children.js";
import { CommManager } from "./comms.js";
import { checkBundle, checkObject } from "./display.js";
import { Input, ownDialogs } from "./input.js";
import { importMeta, Loader, type ModuleKit } from "./loader.js";
import { Notes } from "./notes.js";
import { Session } from "./session.js";
import { ownInput, ownOutput } from "./streams.js";
import { ownTimers } from "./timers.js";
import { Tracebacks } from "./traceback.js";
import { createTslab } from "./tslab.js";

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

  const notes = new Notes(noteChannel.port1, shared.ring, () => toWire.port1.postMessage(null));
  const tracebacks = new Tracebacks();
  const publish = (message: PublishMessage): void => {
    const { data = {}, metadata, ...rest } = message;
    const checked = {
      ...rest,
      data: checkBundle(data),
      metadata: checkObject(metadata, "metadata of an output"),
    };
    notes.post({ type: "publish", cell: session.currentCell, message: checked });
  };
  const language = new Caller<ModuleMethods>(mainToLanguage.port1);
  const tslab = createTslab(publish);
  const blocking = new BlockingCaller<ModuleMethods>(mainBlocked.port1, "main");
  const loader = new Loader(language, blocking, tracebacks, { tslab: { ...tslab, default: tslab } });
  const comms = new CommManager(notes, () => session.currentCell);
  const home = join(process.cwd(), "notebook.ts");
  const kitOf = createKit(createAwaits(shared), loader);
  const mendHooks = mendableHooks();
  const session = new Session({
    shared,
    notes,
    loader,
    comms,
    tracebacks,
    home,
    kit: kitOf(home),
    mendHooks,
  });
  const asker = new Input(notes, input.port1, shared);

  // Node has not all of these yet; `using` and decorators need them.
  for (const name of ["dispose", "asyncDispose", "metadata"]) {
    if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
  }

  // From here on the process belongs to the cells.
  const print = (name: StreamName, text: string): void => notes.print(session.currentCell, name, text);
  ownTimers();
  ownCallbacks();
  ownChildren(notes, shared);
  loader.own();
  ownOutput(print, () => notes.post({ type: "clear", cell: session.currentCell, wait: false }));
  ownInput({ running: () => session.running, ask: (cell) => asker.ask("", false, cell) });
  ownDialogs(asker);
  tracebacks.install();
  Object.assign(globalThis, {
    [Symbol.for("Jupyter.publish")]: publish,
    [Symbol.for("Jupyter.interrupt")]: shared.interrupt,
    [Symbol.for("Jupyter.comms")]: comms,
    [Symbol.for("Jupyter.input")]: asker,
    [Symbol.for("gradbook.kernel.kit")]: kitOf,
  });
  const refuseExit = (call: string): never => {
    throw new Error(
      `${call} would end the kernel. To stop the cell throw an error, to start afresh restart the kernel.`,
    );
  };
  process.exit = (code) => refuseExit(`process.exit(${code ?? ""})`);
  process.abort = () => refuseExit("process.abort()");
  process.on("unhandledRejection", (reason) => session.stray(reason, latestCell()));
  process.on("uncaughtException", (error) => session.stray(error, currentCell()));
  // The stop button comes as a message; a stray Ctrl-C in the terminal of the server is not for the kernel.
  process.on("SIGINT", () => undefined);

  toWire.port1.on("message", (note: ToMain) => {
    if (note.type === "run") session.run(note);
    else if (note.type === "interrupt") session.interrupt(note.sequence);
    else if (note.type === "comm") void session.comm(note);
    else if (note.type === "shutdown") exit(0);
    else note satisfies never;
  });
  return new Promise<never>(() => undefined);
}

/** One kit per file: its imports and its `import.meta` are relative to it. */
function createKit(awaits: Awaits, loader: Loader): (path: string) => ModuleKit {
  return (path) => ({
    ...awaits,
    load: async (specifier, options) => {
      const attributes =
        typeof options === "object" && options !== null ? Reflect.get(options, "with") : undefined;
      const type =
        typeof attributes === "object" && attributes !== null ? Reflect.get(attributes, "type") : undefined;
      return loader.import(String(specifier), path, typeof type === "string" ? type : undefined);
    },
    meta: importMeta(path, (specifier) => loader.resolve(specifier, path)),
    commonjs: () => ({ require: loader.require(path), __filename: path, __dirname: dirname(path) }),
  });
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
