/**
 * Preloaded into stock tslab by `node --require`: keeps its output complete and makes a loss visible.
 *
 * tslab sends without waiting, and zeromq allows only 512 such sends between two turns of its poller: the rest is
 * refused, and tslab looks away. A send time-out of 0 makes every send of a publisher synchronous (a publisher never
 * blocks), and no high-water mark makes it keep what the reader has not fetched yet.
 *
 * In a headless run every message also gets a number, in a frame before the delimiter, where Jupyter's protocol allows
 * any topic: the runner knows that nothing is missing because no number is. Numbered before the send, so that a refused
 * one leaves a gap.
 *
 * GRADBOOK_IOPUB: "number" (the runner's), "count" (numbers, but lets tslab lose: to test that a loss is seen); without
 * it (in JupyterLab) output is only kept complete.
 */
const Module = require("node:module") as typeof import("node:module");
const threads = require("node:worker_threads") as typeof import("node:worker_threads");

interface Publisher {
  sendTimeout: number;
  sendHighWaterMark: number;
  bind(address: string): Promise<void>;
  send(frames: readonly unknown[]): Promise<void>;
}

const mode = process.env.GRADBOOK_IOPUB;
const originalRequire: (this: unknown, id: string) => unknown = Module.prototype.require;

Module.prototype.require = function (this: unknown, id: string) {
  const loaded = originalRequire.call(this, id);
  if (id === "zeromq" && hasPublisher(loaded)) {
    Module.prototype.require = originalRequire;
    guardFirst(loaded.Publisher.prototype);
  }
  return id === "fs" && mode !== undefined && isCompiler(this) ? withoutWatching(loaded) : loaded;
};

/** The first publisher that is bound is the kernel's; those that a cell makes for itself are left alone. */
function guardFirst(prototype: Publisher): void {
  define(prototype, "bind", function (this: Publisher, address: string) {
    Reflect.deleteProperty(prototype, "bind");
    if (mode !== "count") {
      this.sendTimeout = 0;
      this.sendHighWaterMark = 0;
    }
    if (mode !== undefined) {
      numberMessages(prototype, this);
      endWithParent();
    }
    return this.bind(address);
  });
}

/** On the prototype, because zeromq's sockets take no new properties. */
function numberMessages(prototype: Publisher, kernel: Publisher): void {
  const { send } = prototype;
  let sent = 0;
  define(prototype, "send", function (this: Publisher, frames: readonly unknown[]) {
    if (this !== kernel) return send.call(this, frames);
    sent += 1;
    return send.call(this, [`gradbook-${sent}`, ...frames]);
  });
}

/**
 * A runner that was killed cannot end its kernel: the kernel sees that its parent is another one, and removes the
 * connection file as the runner would have. In a thread of its own, because a cell may compute for minutes.
 */
function endWithParent(): void {
  const file = process.argv.find((word) => /gradbook-[\w-]+[\\/]kernel\.json$/.test(word));
  const watch = `setInterval(() => {
    if (process.ppid === ${process.ppid}) return;
    const { dirname } = require("node:path");
    const { rmSync } = require("node:fs");
    const file = ${JSON.stringify(file ?? null)};
    if (file !== null) rmSync(dirname(file), { recursive: true, force: true });
    process.kill(process.pid, "SIGKILL");
  }, 500);`;
  new threads.Worker(watch, { eval: true, execArgv: [] }).unref();
}

/**
 * tslab's compiler watches the files around the notebook, and when two change between two cells (a build, an editor),
 * "UncaughtException: Unexpected pending rebuildTimer" stands in the next cell's output. In a headless run nobody
 * edits what the cells import, so it watches nothing.
 */
function withoutWatching(fs: unknown): unknown {
  const idle = () => ({ close() {}, on() {} });
  return Object.create(Object(fs), { watch: { value: idle }, watchFile: { value: idle } });
}

function isCompiler(module: unknown): boolean {
  return module instanceof Module && /[\\/]typescript-for-tslab[\\/]/.test(module.filename);
}

/** Not by assignment: the inherited methods of zeromq's sockets are read-only. */
function define<K extends "bind" | "send">(publisher: Publisher, name: K, value: Publisher[K]): void {
  Object.defineProperty(publisher, name, { value, configurable: true, writable: true });
}

function hasPublisher(value: unknown): value is { Publisher: { prototype: Publisher } } {
  return typeof value === "object" && value !== null && "Publisher" in value;
}
