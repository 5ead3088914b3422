// The process as cells find it: their output, input, timers, children, modules and errors lead to the notebook.
import { dirname, join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { commsSymbol, inputSymbol, interruptSymbol, type Publish, publishSymbol } from "@gradbook/base";
import { BlockingCaller } from "../blocking-caller.js";
import type { StreamName } from "../jupyter/messages.js";
import type { ModuleMethods } from "../methods.js";
import { Caller } from "../rpc.js";
import { type SharedState, Word } from "../shared.js";
import type { ToMain } from "../threads.js";
import { createTslab } from "../tslab.js";
import { MendableHooks } from "./async-hooks.js";
import { type Awaits, createAwaits } from "./awaits.js";
import { patchCallbacks } from "./callbacks.js";
import { currentCell, latestCell } from "./cell.js";
import { patchChildProcess } from "./children.js";
import { CommManager } from "./comms.js";
import { checkBundle, checkObject } from "./display.js";
import { Input, patchDialogs } from "./input.js";
import { importMeta, Loader, type ModuleKit } from "./loader.js";
import { Notes } from "./notes.js";
import { Session } from "./session.js";
import { patchInput, patchOutput } from "./streams.js";
import { patchTimers } from "./timers.js";
import { Tracebacks } from "./traceback.js";

/** Ways to the other threads, and out. */
export interface ProcessPorts {
  readonly shared: SharedState;
  readonly wire: MessagePort;
  readonly notes: MessagePort;
  readonly input: MessagePort;
  readonly language: MessagePort;
  /** For what main waits for standing still. */
  readonly languageBlocked: MessagePort;
  readonly exit: (code: number) => never;
}

/** From here on the process belongs to the cells. */
export function takeProcess({ shared, ...ports }: ProcessPorts): void {
  const notes = new Notes(ports.notes, shared.ring, () => ports.wire.postMessage(null));
  const tracebacks = new Tracebacks();
  const publish: Publish = (message) => {
    const { data = {}, metadata, ...rest } = message;
    const checked = {
      ...rest,
      data: checkBundle(data),
      metadata: checkObject(metadata, "metadata of an output"),
    };
    notes.post({ type: "publish", cell: session.currentCell, message: checked });
  };
  const language = new Caller<ModuleMethods>(ports.language);
  const tslab = createTslab(publish);
  const blocking = new BlockingCaller<ModuleMethods>(ports.languageBlocked, "main");
  const loader = new Loader(language, blocking, tracebacks, { tslab: { ...tslab, default: tslab } });
  const comms = new CommManager(notes, () => session.currentCell);
  const home = join(process.cwd(), "notebook.ts");
  const kitOf = createKit(createAwaits(shared), loader);
  const hooks = new MendableHooks();
  hooks.offer();
  const session = new Session({
    shared,
    notes,
    loader,
    comms,
    tracebacks,
    home,
    kit: kitOf(home),
    hooks,
    endGroups: () => groups.end(),
  });
  const asker = new Input(notes, ports.input, shared);

  // Node has not all of these yet; `using` and decorators need them.
  for (const name of ["dispose", "asyncDispose", "metadata"]) {
    if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
  }

  // From here on the process belongs to the cells.
  const print = (name: StreamName, text: string): void => notes.print(session.currentCell, name, text);
  patchTimers();
  patchCallbacks();
  patchChildProcess(notes, shared);
  loader.own();
  patchOutput(print, () => notes.post({ type: "clear", cell: session.currentCell, wait: false }));
  const groups = countGroups();
  patchInput({ running: () => session.running, ask: (cell) => asker.ask("", false, cell) });
  patchDialogs(asker);
  tracebacks.install();
  Object.assign(globalThis, {
    [publishSymbol]: publish,
    [interruptSymbol]: shared.interrupt,
    [commsSymbol]: comms,
    [inputSymbol]: asker,
    [Symbol.for("gradbook.kernel.kit")]: kitOf,
  });
  const refuseExit = (call: string): never => {
    throw new Error(
      `${call} would end the kernel. To stop the cell throw an error, to start over restart the kernel.`,
    );
  };
  process.exit = (code) => refuseExit(`process.exit(${code ?? ""})`);
  process.abort = () => refuseExit("process.abort()");
  process.on("unhandledRejection", (reason) => session.stray(reason, latestCell()));
  process.on("uncaughtException", (error) => session.stray(error, currentCell()));
  // The stop button comes as a message; a stray Ctrl-C in the terminal of the server is not for the kernel.
  process.on("SIGINT", () => undefined);
  // A file larger than the shell's limit (ulimit -f) is the cell's error, not the end of the process.
  process.on("SIGXFSZ", () => undefined);

  ports.wire.on("message", (note: ToMain) => {
    if (note.type === "run") session.run(note);
    else if (note.type === "interrupt") session.interrupt(note.sequence);
    else if (note.type === "comm") void session.comm(note);
    else if (note.type === "shutdown") {
      Atomics.store(shared.words, Word.leaving, 1);
      ports.exit(0);
    } else note satisfies never;
  });
}

/** Knows how many groups of the console are open. */
function countGroups(): { end(): void } {
  let open = 0;
  const { group, groupCollapsed, groupEnd } = console;
  const counted = (method: typeof group): typeof group =>
    function (this: unknown, ...label) {
      open++;
      Reflect.apply(method, this, label);
    };
  console.group = counted(group);
  console.groupCollapsed = counted(groupCollapsed);
  console.groupEnd = () => {
    open = Math.max(0, open - 1);
    groupEnd.call(console);
  };
  return {
    end() {
      for (; open > 0; open--) groupEnd.call(console);
    },
  };
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
