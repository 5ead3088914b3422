// A thread of the examining process: starts the process with the examined code and moves bytes, so that the examination
// itself can wait for an answer without an event loop.
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { frameHead, mark, readChannel, writeChannel } from "../outside/frames.js";
import { largest } from "../outside/wire.js";
import type { FromThread, ThreadData } from "./channel.js";

const { flag, port } = workerData as ThreadData & { port: MessagePort };

function tell(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
  Atomics.add(flag, 0, 1);
  Atomics.notify(flag, 0);
}

const child = spawn(
  process.execPath,
  ["--enable-source-maps", "--max-old-space-size=512", fileURLToPath(new URL("./child.js", import.meta.url))],
  { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] },
);
tell({ type: "started", pid: child.pid ?? 0 });

let errors = "";
child.stderr?.on("data", (chunk: Buffer) => {
  errors = (errors + chunk.toString()).slice(-4000);
});
child.on("error", ({ message }) => tell({ type: "ended", code: message, signal: "", errors }));
child.on("close", (code, signal) =>
  tell({ type: "ended", code: String(code ?? ""), signal: signal ?? "", errors }),
);

const questions = child.stdio[readChannel] as Writable;
// the process may be gone: its end is told by itself
questions.on("error", () => {});
let open = 0;
parentPort?.on("message", (frame: Uint8Array) => {
  open++;
  questions.write(frame);
});

let chunks: Buffer[] = [];
let held = 0;
let wanted = frameHead;
(child.stdio[writeChannel] as Readable).on("data", (chunk: Buffer) => {
  chunks.push(chunk);
  held += chunk.length;
  while (held >= wanted) {
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const size = all.readUInt32LE(4);
    if (all.readUInt32LE(0) !== mark || size > largest || open === 0) {
      tell({ type: "tampered" });
      child.kill("SIGKILL");
      held = 0;
      wanted = Number.POSITIVE_INFINITY;
      return;
    }
    wanted = frameHead + size;
    chunks = [all];
    if (held < wanted) return;
    open--;
    const message = new ArrayBuffer(size + 8 - (size % 8));
    new Uint8Array(message).set(all.subarray(frameHead, wanted));
    tell({ type: "frame", id: all.toString("hex", 8, frameHead), message, size }, [message]);
    chunks = [all.subarray(wanted)];
    held -= wanted;
    wanted = frameHead;
  }
});
