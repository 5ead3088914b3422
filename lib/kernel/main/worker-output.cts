// Loaded with --require into worker threads of the user: what they print goes to the kernel's wire thread. Posting on
// a BroadcastChannel needs no event loop, neither here nor on the main thread.
const util = require("node:util") as typeof import("node:util");
const workerThreads = require("node:worker_threads") as typeof import("node:worker_threads");

const channel = new workerThreads.BroadcastChannel("gradbook-kernel-output");
channel.unref();

function print(name: "stdout" | "stderr", text: string): void {
  channel.postMessage({ name, text });
}

for (const name of ["stdout", "stderr"] as const) {
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    print(name, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = rest.at(-1);
    if (typeof done === "function") queueMicrotask(() => done());
    return true;
  };
}

const out = (...values: unknown[]): void => print("stdout", `${util.format(...values)}\n`);
const error = (...values: unknown[]): void => print("stderr", `${util.format(...values)}\n`);
Object.assign(console, { log: out, info: out, debug: out, warn: error, error });
