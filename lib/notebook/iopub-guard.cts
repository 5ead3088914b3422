/**
 * Preloaded into stock tslab by `node --require`: keeps its output complete and makes a loss visible.
 *
 * tslab sends without waiting, and zeromq allows only 512 such sends between two turns of its poller: the rest is
 * refused, and tslab looks away. A send time-out of 0 makes every send of a publisher synchronous (a publisher never
 * blocks), and no high-water mark makes it keep what the reader has not fetched yet.
 *
 * Every message also gets a number, in a frame before the delimiter, where Jupyter's protocol allows any topic: the
 * runner knows that nothing is missing because no number is. Numbered before the send, so that a refused one leaves a gap.
 *
 * GRADBOOK_IOPUB: "number" (the runner's), "count" (numbers, but leaves tslab as it is: to test that a loss is seen);
 * without it (in JupyterLab) output is kept complete and not numbered.
 */
import Module = require("node:module");

interface Publisher {
  sendTimeout: number;
  sendHighWaterMark: number;
  bind(address: string): Promise<void>;
  send(frames: readonly unknown[]): Promise<void>;
}

const mode = process.env.GRADBOOK_IOPUB;
const parent = process.ppid;
const originalRequire: (this: unknown, id: string) => unknown = Module.prototype.require;

Module.prototype.require = function (this: unknown, id: string) {
  const loaded = originalRequire.call(this, id);
  if (id === "zeromq") guard(loaded);
  return loaded;
};

function guard(zeromq: unknown): void {
  if (!hasPublisher(zeromq)) return;
  Module.prototype.require = originalRequire;
  const publisher = zeromq.Publisher.prototype;
  const { bind, send } = publisher;
  if (mode !== "count") {
    replace(publisher, "bind", function (this: Publisher, address: string) {
      this.sendTimeout = 0;
      this.sendHighWaterMark = 0;
      return bind.call(this, address);
    });
  }
  if (mode !== undefined) {
    let sent = 0;
    replace(publisher, "send", function (this: Publisher, frames: readonly unknown[]) {
      sent += 1;
      return send.call(this, [`gradbook-${sent}`, ...frames]);
    });
    // A runner that was killed cannot end its kernel; the kernel sees that its parent is another one.
    setInterval(() => {
      if (process.ppid !== parent) process.exit(1);
    }, 1000).unref();
  }
}

/** A property of its own, because the inherited methods of zeromq's sockets cannot be assigned to. */
function replace<K extends "bind" | "send">(publisher: Publisher, name: K, value: Publisher[K]): void {
  Object.defineProperty(publisher, name, { value, configurable: true, writable: true });
}

function hasPublisher(value: unknown): value is { Publisher: { prototype: Publisher } } {
  return typeof value === "object" && value !== null && "Publisher" in value;
}
