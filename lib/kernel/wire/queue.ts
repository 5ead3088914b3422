import type { ErrorContent, Message } from "../jupyter/messages.js";
import type { LanguageMethods } from "../methods.js";
import type { Caller } from "../rpc.js";
import type { SharedState } from "../shared.js";
import type { CellOutcome, ToMain } from "../threads.js";
import type { Cell, CellBook } from "./cells.js";
import type { Children } from "./children.js";
import { errorContent } from "./error-content.js";
import type { History } from "./history.js";
import type { InputRequests } from "./input.js";
import type { Interrupter } from "./interrupter.js";
import type { Output } from "./output.js";
import type { Sockets } from "./sockets.js";

const interruptedError: ErrorContent = {
  ename: "Interrupted",
  evalue: "the cell was stopped",
  traceback: ["\u001b[31mInterrupted\u001b[39m: the cell was stopped. Its variables are kept."],
};

export interface QueueParts {
  readonly shared: SharedState;
  readonly cells: CellBook;
  readonly sockets: Sockets;
  readonly output: Output;
  readonly history: History;
  readonly language: Caller<LanguageMethods>;
  readonly interrupter: Interrupter;
  readonly children: Children;
  readonly input: InputRequests;
  readonly tellMain: (note: ToMain) => void;
}

/** Runs one cell after the other: prepares it, hands it to main, and answers its request exactly once. */
export class CellQueue {
  readonly #parts: QueueParts;
  readonly #waiting: Cell[] = [];
  #count = 0;
  #closed = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  enqueue(request: Message): void {
    this.#waiting.push(this.#parts.cells.add(request));
    void this.#runNext();
  }

  /** No further cell is run: the kernel ends. */
  close(): void {
    this.#closed = true;
  }

  /** Main is done with a cell or with a comm message. */
  done(id: number, outcome: CellOutcome): void {
    const { cells, output, sockets } = this.#parts;
    const cell = cells.get(id);
    if (cell === undefined) return;
    if (cell.request !== undefined) {
      this.#finish(cell, outcome);
      return;
    }
    // A comm message has been handled: there is no reply, only an end.
    output.flush();
    sockets.publish("status", { execution_state: "idle" }, cell.header);
    if (cells.running !== undefined) {
      sockets.publish("status", { execution_state: "busy" }, cells.running.header);
    }
  }

  /** Stops the running cell. */
  interrupt(): void {
    const { cells, interrupter, children, input } = this.#parts;
    const cell = cells.running;
    if (cell !== undefined) cell.interrupted = true;
    interrupter.raise(cell !== undefined);
    // A child that main waits for gets what Ctrl-C would send, and then no more time than anybody else.
    children.signalSynchronous("SIGINT");
    input.interrupt();
  }

  async #runNext(): Promise<void> {
    const { cells, shared, sockets } = this.#parts;
    if (cells.running !== undefined || this.#closed) return;
    const cell = this.#waiting.shift();
    if (cell === undefined) return;
    cells.running = cell;
    cells.latest = cell;
    Atomics.store(shared.interrupt, 0, 0);
    if (cell.storeHistory) this.#count++;
    cell.count = this.#count;
    sockets.publish("status", { execution_state: "busy" }, cell.header);
    if (!cell.silent) {
      sockets.publish("execute_input", { code: cell.code, execution_count: cell.count }, cell.header);
    }
    try {
      await this.#prepare(cell);
    } catch (failure) {
      this.#finish(cell, { status: "error", error: errorContent(failure), expressions: {} });
    }
  }

  /** Checks and translates a cell, and hands it to main. */
  async #prepare(cell: Cell): Promise<void> {
    const { language, tellMain } = this.#parts;
    const prepared = await language.call("prepare", { code: cell.code, count: cell.count });
    if (cell.interrupted) {
      this.#finish(cell, { status: "error", error: interruptedError, interrupted: true, expressions: {} });
      return;
    }
    if ("payload" in prepared) {
      this.#finish(cell, { status: "ok", expressions: {} }, [prepared.payload]);
      return;
    }
    if ("error" in prepared) {
      this.#finish(cell, { status: "error", error: prepared.error, expressions: {} });
      return;
    }
    const expressions = await Promise.all(
      Object.entries(cell.expressions).map(
        async ([name, code]) => [name, await language.call("expression", { code })] as const,
      ),
    );
    tellMain({
      type: "run",
      cell: cell.id,
      count: cell.count,
      prepared,
      silent: cell.silent,
      allowStdin: cell.allowStdin,
      expressions: Object.fromEntries(expressions),
    });
  }

  #finish(cell: Cell, outcome: CellOutcome, payload: readonly object[] = []): void {
    const { cells, interrupter, input, output, sockets, history } = this.#parts;
    const { request } = cell;
    if (request === undefined) return;
    cell.request = undefined;
    interrupter.settle();
    input.cellOver(cell);
    const { result, error, expressions } = outcome;
    if (result !== undefined && !cell.silent) {
      const content = { execution_count: cell.count, data: result.data, metadata: result.metadata };
      output.message(cell, "execute_result", content);
    }
    if (error !== undefined && !cell.silent) output.message(cell, "error", error);
    output.flush();
    const reply =
      error === undefined
        ? { status: "ok", execution_count: cell.count, payload, user_expressions: expressions }
        : { status: "error", execution_count: cell.count, ...error, payload, user_expressions: {} };
    sockets.send("shell", "execute_reply", reply, request);
    if (cell.storeHistory) {
      const text = result?.data["text/plain"];
      history.add(cell.count, cell.code, typeof text === "string" ? text : null);
    }
    sockets.publish("status", { execution_state: "idle" }, cell.header);
    cells.running = undefined;
    // Only what was already waiting is given up; a request that comes later was sent in knowledge of the error.
    if (error !== undefined && cell.stopOnError)
      for (const waiting of this.#waiting.splice(0)) this.#abort(waiting);
    void this.#runNext();
  }

  #abort(cell: Cell): void {
    const { sockets } = this.#parts;
    if (cell.request === undefined) return;
    sockets.publish("status", { execution_state: "busy" }, cell.header);
    // Without a count: front ends would show the cell as one that has run.
    sockets.send("shell", "execute_reply", { status: "aborted" }, cell.request);
    sockets.publish("status", { execution_state: "idle" }, cell.header);
    cell.request = undefined;
  }
}
