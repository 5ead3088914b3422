import type { Channel, Message } from "../jupyter/messages.js";
import type { ToMain } from "../threads.js";
import type { ChildOutput } from "./child-output.js";
import type { Children } from "./children.js";
import type { Interrupter } from "./interrupter.js";
import type { Output } from "./output.js";
import { signalProcess } from "./processes.js";
import type { CellQueue } from "./queue.js";
import type { Sockets } from "./sockets.js";

/** How long (milliseconds) main has to end itself after a shutdown_request. */
const shutdownGraceMs = 1000;

export interface ShutdownParts {
  readonly queue: CellQueue;
  readonly sockets: Sockets;
  readonly output: Output;
  readonly childOutput: ChildOutput;
  readonly children: Children;
  readonly interrupter: Interrupter;
  readonly tellMain: (note: ToMain) => void;
}

/** Ends the kernel's process, whatever main is doing. */
export class Shutdown {
  readonly #parts: ShutdownParts;
  #leaving = false;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  /** A shutdown_request. */
  request(channel: Channel, request: Message): void {
    const { sockets } = this.#parts;
    const restart = request.content.restart === true;
    sockets.publish("status", { execution_state: "busy" }, request.header);
    sockets.send(channel, "shutdown_reply", { status: "ok", restart }, request);
    sockets.publish("shutdown_reply", { status: "ok", restart }, request.header);
    sockets.publish("status", { execution_state: "idle" }, request.header);
    void this.leave();
  }

  /** Ends the process: politely, so that `exit` handlers run, and if main does not hear, without it. */
  async leave(): Promise<void> {
    const { queue, sockets, output, childOutput, children, interrupter, tellMain } = this.#parts;
    if (this.#leaving) return;
    this.#leaving = true;
    queue.close();
    output.flush();
    await sockets.close();
    childOutput.close();
    children.end();
    interrupter.settle();
    tellMain({ type: "shutdown" });
    // Main has not heard: something blocks it.
    setTimeout(async () => {
      await interrupter.stopNow();
      interrupter.settle();
      tellMain({ type: "shutdown" });
    }, shutdownGraceMs / 4);
    setTimeout(() => {
      children.kill();
      signalProcess(process.pid, "SIGKILL");
    }, shutdownGraceMs);
  }
}
