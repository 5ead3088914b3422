// Worker threads that a cell or one of its workers starts.
import { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import workerThreads from "node:worker_threads";

/** Run in each of them before its own code. */
const modules = ["--import", new URL("./worker-modules.js", import.meta.url).href];
const output = ["--require", fileURLToPath(new URL("./worker-output.cjs", import.meta.url))];

/**
 * They print through the wire thread: Node would send their output through the main thread, which cannot pass it on
 * while it is in a loop or waits for them. And they may be TypeScript.
 * @param load where Node finds a file of the project, translated if it needs to be; `undefined` for what is not there
 */
export function patchWorkers(load: (path: string) => string | undefined): void {
  const { Worker } = workerThreads;
  class PrintingWorker extends Worker {
    constructor(file: string | URL, options: workerThreads.WorkerOptions = {}) {
      // `stdout: true` means that the cell reads the output itself.
      const untouched = options.stdout === true || options.stderr === true;
      const before = untouched ? modules : [...modules, ...output];
      const execArgv = [...(options.execArgv ?? []), ...before];
      super(options.eval === true ? file : translated(file, load), { ...options, execArgv });
    }
  }
  Object.defineProperty(PrintingWorker, "name", { value: "Worker" });
  Object.assign(workerThreads, { Worker: PrintingWorker });
  syncBuiltinESMExports();
}

function translated(file: string | URL, load: (path: string) => string | undefined): string | URL {
  const path = pathOf(file);
  // JavaScript is Node's own business, but where `./x.js` means `./x.ts`.
  if (path === undefined || (!/\.(?:[cm]?ts|tsx|jsx)$/.test(path) && existsSync(path))) return file;
  const url = load(path);
  return url === undefined ? file : new URL(url);
}

/** As Node reads what a worker is made from; `undefined` for what is no file. */
function pathOf(file: string | URL): string | undefined {
  if (file instanceof URL) return file.protocol === "file:" ? fileURLToPath(file) : undefined;
  return typeof file === "string" && /^(?:\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(file)
    ? resolve(file)
    : undefined;
}
