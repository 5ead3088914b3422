// Loaded with --import into worker threads of the user: TypeScript runs there as it does in a cell. It is translated by
// the language thread, which is asked standing still: a worker has nothing else to do.
import { isBuiltin } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

import { BroadcastChannel, threadId } from "node:worker_threads";

import { BlockingCaller } from "../blocking-caller.js";
import { type LoadedModule, type ModuleMethods, moduleChannel } from "../methods.js";
import { hookRequire, requireFrom } from "./require-typescript.js";
import { Tracebacks } from "./traceback.js";
import { patchWorkers } from "./user-workers.js";

const channel = new BroadcastChannel(moduleChannel);
channel.unref();
const language = new BlockingCaller<ModuleMethods>(channel, `worker ${threadId}`);

function find(specifier: string, from: string): string {
  const found = language.call("url", { specifier, from });
  if ("error" in found) throw Object.assign(new Error(found.error.evalue), { name: found.error.ename });
  return found.url;
}

function urlOf({ url, error }: LoadedModule): string {
  if (error !== undefined) throw Object.assign(new Error(error.evalue), { name: error.ename });
  return url;
}

const load = (specifier: string, from: string): string =>
  urlOf(language.call("load", { specifier, from, failed: [] }));

/** What translated files find instead of `import()`, `import.meta` and `await`; nothing interrupts a worker. */
function kitOf(path: string): object {
  const same = <T>(value: T): T => value;
  return {
    until: same,
    resume: same,
    steps: same,
    bind: same,
    load: async (specifier: unknown) => {
      const name = String(specifier);
      return import(isBuiltin(name) ? name : load(name, path));
    },
    meta: {
      url: pathToFileURL(path).href,
      filename: path,
      dirname: dirname(path),
      resolve: (specifier: string) => find(specifier, path),
    },
    commonjs: () => ({
      require: requireFrom(path, own(path), (specifier) => find(specifier, path)),
      __filename: path,
      __dirname: dirname(path),
    }),
  };
}

const own =
  (path: string) =>
  (specifier: string): string | undefined => {
    const loaded = language.call("require", { specifier, from: path, failed: [] });
    return loaded === undefined ? undefined : urlOf(loaded);
  };

new Tracebacks((url) => (url.endsWith(".mjs") ? language.call("positions", { url }) : undefined)).install();
Object.assign(globalThis, { [Symbol.for("gradbook.kernel.kit")]: kitOf });
hookRequire((path) => load(path, path));
patchWorkers((path) => own(path)(path));
