import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import workerThreads, { type WorkerOptions } from "node:worker_threads";

/** Runs in each of the user's worker threads before its own code. */
const preload = fileURLToPath(new URL("./worker-output.cjs", import.meta.url));

/**
 * Worker threads that a cell starts print through the wire thread. Node would send their output through the main
 * thread, which cannot pass it on while it is in a loop or waits for them.
 */
export function ownWorkers(): void {
  const { Worker } = workerThreads;
  class PrintingWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      // `stdout: true` means that the cell reads the output itself.
      const untouched = options.stdout === true || options.stderr === true;
      const execArgv = [...(options.execArgv ?? []), "--require", preload];
      super(file, untouched ? options : { ...options, execArgv });
    }
  }
  Object.defineProperty(PrintingWorker, "name", { value: "Worker" });
  Object.assign(workerThreads, { Worker: PrintingWorker });
  syncBuiltinESMExports();
}
