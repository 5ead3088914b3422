// The language thread: everything that has to do with TypeScript as a language, so that completion and checking work
// while main is in a loop and the heartbeat never waits for a type.
import { BroadcastChannel, workerData } from "node:worker_threads";
import { type LanguageMethods, type ModuleMethods, moduleChannel } from "../methods.js";
import { type Handlers, serve } from "../rpc.js";
import type { LanguageData } from "../threads.js";
import { Assist } from "./assist.js";
import { Checker } from "./checker.js";
import { readMagic } from "./magics.js";
import type { Modules } from "./modules.js";
import { Resolver } from "./resolve.js";
import { contentOf, SyntaxFailure } from "./syntax-failure.js";
import { translateCell } from "./translate.js";
import { noContext } from "./translation.js";
import { ConfigReader } from "./tsconfig.js";

const { wire, main, mainBlocked, notebookFolder, moduleFolder, javascript, loose }: LanguageData = workerData;
const config = new ConfigReader(notebookFolder);
const resolver = new Resolver(() => config.read());
const checker = new Checker(notebookFolder, { strict: !javascript, loose }, config, resolver);
const assist = new Assist(checker);
let modules: Promise<Modules> | undefined;
/** Files of the project, which most first cells have nothing to do with. */
function projectModules(): Promise<Modules> {
  modules ??= import("./modules.js").then(({ Modules }) => new Modules(moduleFolder, config, resolver));
  return modules;
}

/** `exit`, as consoles have it, and `Math.max?`. */
const exitCommand = /^\s*(exit|quit)\s*(?:\(\s*\))?\s*;?\s*$/;
const helpQuery = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$.]*)\?{1,2}\s*$/u;

// Cells are prepared one after the other: each sees what the one before it has defined.
let before: Promise<unknown> = Promise.resolve();

serve<LanguageMethods>(wire, {
  prepare({ code, count }) {
    const prepared = before.then(async (): Promise<LanguageMethods["prepare"][1]> => {
      const [, exitWord] = exitCommand.exec(code) ?? [];
      if (exitWord !== undefined && !checker.definitions.has(exitWord)) {
        return { payload: { source: "ask_exit", keepkernel: false } };
      }
      const [, name] = helpQuery.exec(code) ?? [];
      if (name === undefined)
        return checker.prepare(code, count).catch((failure: unknown) => ({ error: contentOf(failure) }));
      const found = await assist.help(name);
      const data = found?.data ?? { "text/plain": `${name}: no documentation found.` };
      return { payload: { source: "page", data, start: 0 } };
    });
    before = prepared.catch(() => undefined);
    return prepared;
  },
  async expression({ code }) {
    try {
      await checker.named();
      return (await checker.translate(code, "expression")).prepared;
    } catch (failure) {
      return { error: contentOf(failure) };
    }
  },
  complete: (request) => assist.complete(request),
  inspect: (request) => assist.inspect(request),
  async isComplete({ code }) {
    if (helpQuery.test(code)) return { status: "complete" };
    const magic = readMagic(code, (name) => checker.definitions.has(name));
    try {
      await translateCell(magic?.code ?? code, "cell", { ...noContext, javascript });
      return { status: "complete" };
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure) || !failure.incomplete) return { status: "invalid" };
      return { status: "incomplete", indent: /[{([]\s*$/.test(code) ? "  " : "" };
    }
  },
});
const forMain: Handlers<ModuleMethods> = {
  load: async (request) => (await projectModules()).load(request),
  require: async (request) => (await projectModules()).require(request),
  positions: async ({ url }) => (await projectModules()).positions(url),
  url: async ({ specifier, from }) => (await projectModules()).url(specifier, from),
};
// Worker threads of the user have no port of their own.
const workers = new BroadcastChannel(moduleChannel);
workers.unref();
for (const port of [main, mainBlocked, workers]) serve<ModuleMethods>(port, forMain);

// What the first cell needs comes first. A failure is told by the cell that meets it again.
await checker.warmUp().catch(() => undefined);
void projectModules();
await translateCell("let warm: number", "warm-up", noContext).catch(() => undefined);
