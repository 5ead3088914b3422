// A thread of the examining process: starts the process with the examined code, watches it, and where the system has no
// lines that block, moves the bytes. The examination itself waits for an answer without an event loop.
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { endMark, frameHead, mark, readChannel, writeChannel } from "../outside/frames.js";
import { largest } from "../outside/wire.js";
import { type FromThread, slots, type ThreadData } from "./channel.js";
import { type GivenUp, heapMegabytes, watchCalls } from "./watch-calls.js";

const { flag, port, fifos, limits } = workerData as ThreadData & { port: MessagePort };

function tell(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
  Atomics.add(flag, slots.told, 1);
  Atomics.notify(flag, slots.told);
}

const child = spawn(
  process.execPath,
  [
    "--enable-source-maps",
    `--max-old-space-size=${heapMegabytes}`,
    fileURLToPath(new URL("./child.js", import.meta.url)),
  ],
  { stdio: ["ignore", "ignore", "pipe", fifos?.asked ?? "pipe", fifos?.answer ?? "pipe"] },
);
Atomics.store(flag, slots.pid, child.pid ?? 0);
if (fifos !== undefined) closeSync(fifos.asked);

let errors = "";
child.stderr?.on("data", (chunk: Buffer) => {
  errors = (errors + chunk.toString()).slice(-4000);
});
let given: GivenUp | undefined;
child.on("error", ({ message }) => ended(message, ""));
// what it has said last may still be on its way; processes of its own may keep its streams open
child.on("exit", (code, signal) => setTimeout(() => ended(String(code ?? ""), signal ?? ""), 100));
watchCalls(child, flag, limits, (how) => {
  given = how;
  child.kill("SIGKILL");
});

function ended(code: string, signal: string): void {
  tell({ type: "ended", code, signal, errors, ...(given === undefined ? {} : { given }) });
  Atomics.store(flag, slots.ended, 1);
  if (fifos === undefined) return;
  const end = Buffer.alloc(frameHead);
  end.writeUInt32LE(endMark, 0);
  writeSync(fifos.answer, end);
}

if (fifos === undefined)
  moveBytes(child.stdio[readChannel] as Writable, child.stdio[writeChannel] as Readable);

function moveBytes(questions: Writable, answers: Readable): void {
  // the process may be gone: its end is told by itself
  questions.on("error", () => {});
  parentPort?.on("message", (frame: Uint8Array) => questions.write(frame));
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = frameHead;
  answers.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= wanted) {
      const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      const size = all.readUInt32LE(4);
      if (all.readUInt32LE(0) !== mark || size > largest) {
        tell({ type: "tampered" });
        answers.destroy();
        return;
      }
      wanted = frameHead + size;
      chunks = [all];
      if (held < wanted) return;
      const message = new ArrayBuffer(size + 8 - (size % 8));
      new Uint8Array(message).set(all.subarray(frameHead, wanted));
      tell({ type: "frame", id: all.toString("hex", 8, frameHead), message, size }, [message]);
      chunks = [all.subarray(wanted)];
      held -= wanted;
      wanted = frameHead;
    }
  });
}
