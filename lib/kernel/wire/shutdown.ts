import type { Channel, Message } from "../jupyter/messages.js";
import { type SharedState, Word } from "../shared.js";
import type { ToMain } from "../threads.js";
import type { ChildOutput } from "./child-output.js";
import type { Children } from "./children.js";
import type { Interrupter } from "./interrupter.js";
import type { Output } from "./output.js";
import { signalProcess } from "./processes.js";
import type { CellQueue } from "./queue.js";
import type { Sockets } from "./sockets.js";

/** Main has not heard a shutdown_request after this time (milliseconds): what it does is stopped. */
const patienceMs = 250;
/** It has still not heard after this time (milliseconds): the process is killed. */
const hearingMs = 2000;
/** How long (milliseconds) the process may take to end, `exit` handlers included: a front end waits for five seconds. */
const endingMs = 4000;

export interface ShutdownParts {
  readonly shared: SharedState;
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
    const { shared, queue, sockets, output, childOutput, children, interrupter, tellMain } = this.#parts;
    if (this.#leaving) return;
    this.#leaving = true;
    queue.close();
    output.flush();
    await sockets.close();
    childOutput.close();
    children.end();
    interrupter.settle();
    tellMain({ type: "shutdown" });
    const heard = () => Atomics.load(shared.words, Word.leaving) === 1;
    const kill = () => {
      children.kill();
      signalProcess(process.pid, "SIGKILL");
    };
    setTimeout(async () => {
      if (heard()) return;
      await interrupter.stopNow();
      interrupter.settle();
      tellMain({ type: "shutdown" });
    }, patienceMs);
    setTimeout(() => {
      if (!heard()) kill();
    }, hearingMs);
    setTimeout(kill, endingMs);
  }
}
