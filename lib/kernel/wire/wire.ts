// The wire thread: speaks Jupyter's protocol with the front ends, so that the main thread does nothing but run cells.
import { BroadcastChannel, type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { LanguageMethods } from "../language/methods.js";
import type {
  CellOutcome,
  ConnectionInfo,
  ErrorContent,
  InputAnswer,
  Message,
  PublishMessage,
  ToMain,
  ToWire,
} from "../protocol.js";
import { Caller } from "../rpc.js";
import { type SharedState, Word } from "../shared.js";
import { type Cell, createCell } from "./cells.js";
import { ChildOutput } from "./child-output.js";
import { isRecord, Signer } from "./frames.js";
import { History } from "./history.js";
import { Inbox } from "./inbox.js";
import { Interrupter } from "./interrupter.js";
import { kernelInfo } from "./kernel-info.js";
import { Output, type OutputOwner } from "./output.js";
import { removeConnectionFile, signalChildren, signalProcess, watchParent } from "./processes.js";
import { type Channel, Sockets } from "./sockets.js";

/** Passed to the wire thread at startup. */
export interface WireData {
  readonly connection: ConnectionInfo;
  /** Removed when the front end was killed and cannot do it. */
  readonly connectionFile: string;
  readonly shared: SharedState;
  /** To main; what comes from it is a call to look into the ring. */
  readonly main: MessagePort;
  /** Notes of main, taken when the ring says so. */
  readonly notes: MessagePort;
  /** Answers to synchronous input requests, which main reads while it is blocked. */
  readonly input: MessagePort;
  readonly language: MessagePort;
  /** Characters of output a cell may send. */
  readonly outputLimit: number;
  /** What the language is called. */
  readonly javascript: boolean;
}

/** How long (milliseconds) main has to end itself after a shutdown_request. */
const farewellTime = 1000;

const cellIsOver = "the cell that asks is over";

const interruptedError: ErrorContent = {
  ename: "Interrupted",
  evalue: "the cell was stopped",
  traceback: ["\u001b[31mInterrupted\u001b[39m: the cell was stopped. Its variables are kept."],
};

class Wire {
  readonly #data: WireData;
  readonly #sockets: Sockets;
  readonly #output: Output;
  readonly #history = new History();
  readonly #language: Caller<LanguageMethods>;
  readonly #interrupter: Interrupter;
  readonly #childOutput: ChildOutput;
  readonly #cells = new Map<number, Cell>();
  readonly #queue: Cell[] = [];
  readonly #spawned = new Set<number>();
  /** Owner of what nobody in particular printed, before the first cell. */
  readonly #nobody: OutputOwner = { header: {}, size: 0, cut: false };
  #running: Cell | undefined;
  #latest: Cell | undefined;
  #count = 0;
  #nextId = 1;
  #comms: Readonly<Record<string, string>> = {};
  readonly #inbox: Inbox;
  #question: { readonly cell: Cell; readonly sync: boolean } | undefined;
  #leaving = false;

  constructor(data: WireData) {
    this.#data = data;
    this.#sockets = new Sockets(new Signer(data.connection.key, data.connection.signature_scheme));
    this.#output = new Output(this.#sockets.publish.bind(this.#sockets), data.outputLimit);
    this.#language = new Caller(data.language);
    this.#interrupter = new Interrupter(
      data.shared,
      (sequence) => this.#tellMain({ type: "interrupt", sequence }),
      () => this.#signalSyncChildren("SIGKILL"),
    );
    this.#childOutput = new ChildOutput(data.shared, (name, text) => {
      this.#output.stream(this.#running ?? this.#latest ?? this.#nobody, name, text);
    });
    this.#inbox = new Inbox(data.shared.ring, data.notes, {
      print: (cell, name, text) => {
        this.#output.stream(this.#cells.get(cell) ?? this.#latest ?? this.#nobody, name, text);
      },
      note: (note) => this.#handle(note),
    });
  }

  async start(): Promise<void> {
    await this.#sockets.bind(this.#data.connection);
    this.#sockets.listen((channel, message) => this.#receive(channel, message));
    this.#data.main.on("message", () => this.#inbox.wake());
    this.#inbox.wake();
    listenToWorkers((name, text) =>
      this.#output.stream(this.#running ?? this.#latest ?? this.#nobody, name, text),
    );
    watchParent(() => {
      // Whoever wrote the connection file cannot remove it any more.
      removeConnectionFile(this.#data.connectionFile);
      void this.#leave();
    });
    try {
      await this.#childOutput.open();
    } catch (failure) {
      // Open sockets would end the process before the reason is told.
      await this.#sockets.close();
      throw failure;
    }
  }

  // ---- what front ends ask --------------------------------------------------------------------------------------

  #receive(channel: Channel, message: Message): void {
    if (channel === "stdin") {
      this.#answerInput(message);
      return;
    }
    switch (message.header.msg_type) {
      case "execute_request":
        this.#enqueue(message);
        return;
      case "interrupt_request":
        this.#during(channel, message, () => this.#interrupt());
        return;
      case "shutdown_request":
        this.#shutdown(channel, message);
        return;
      case "kernel_info_request":
        this.#during(channel, message, () => kernelInfo(this.#data.javascript));
        return;
      case "connect_request":
        this.#during(channel, message, () => portsOf(this.#data.connection));
        return;
      case "comm_info_request":
        this.#during(channel, message, () => ({
          comms: this.#openComms(message.content.target_name),
        }));
        return;
      case "history_request":
        this.#during(channel, message, () => ({ history: this.#history.answer(message.content) }));
        return;
      case "is_complete_request":
        this.#during(channel, message, () => this.#language.call("isComplete", { code: codeOf(message) }));
        return;
      case "complete_request":
        this.#during(channel, message, () => this.#complete(message));
        return;
      case "inspect_request":
        this.#during(channel, message, () => this.#inspect(message));
        return;
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.#passComm(message);
        return;
    }
    // A protocol extension that kernel_info_reply does not claim; who asks is told, and does not wait.
    const { msg_type: type } = message.header;
    if (type.endsWith("_request"))
      this.#during(channel, message, () => {
        throw new Error(`This kernel does not support ${type}.`);
      });
  }

  /** Answers a request between `busy` and `idle`, also while a cell runs. */
  #during(channel: Channel, request: Message, answer: () => object | Promise<object>): void {
    const { header } = request;
    const type = header.msg_type.replace(/_request$/, "_reply");
    this.#sockets.publish("status", { execution_state: "busy" }, header);
    Promise.resolve()
      .then(answer)
      .then(
        (content) => this.#sockets.send(channel, type, { status: "ok", ...content }, request),
        (failure: unknown) =>
          this.#sockets.send(channel, type, { status: "error", ...errorContent(failure) }, request),
      )
      .finally(() => {
        this.#sockets.publish("status", { execution_state: "idle" }, header);
        // Front ends take the last status for the kernel's: a running cell is still running.
        const running = this.#running;
        if (running !== undefined)
          this.#sockets.publish("status", { execution_state: "busy" }, running.header);
      });
  }

  async #complete(message: Message): Promise<object> {
    const code = codeOf(message);
    const cursor = cursorOf(message, code);
    const { matches, start, end, types } = await this.#language.call("complete", { code, cursor });
    const inPoints = (at: number): number => codePoints(code, at);
    const metadata = types.map((type) => ({ ...type, start: inPoints(type.start), end: inPoints(type.end) }));
    return {
      matches,
      cursor_start: inPoints(start),
      cursor_end: inPoints(end),
      metadata: { _jupyter_types_experimental: metadata },
    };
  }

  async #inspect(message: Message): Promise<object> {
    const code = codeOf(message);
    const detail = message.content.detail_level === 1 ? 1 : 0;
    const found = await this.#language.call("inspect", { code, cursor: cursorOf(message, code), detail });
    return { found: found !== undefined, data: found?.data ?? {}, metadata: {} };
  }

  #openComms(target: unknown): object {
    const entries = Object.entries(this.#comms).filter(
      ([, name]) => typeof target !== "string" || name === target,
    );
    return Object.fromEntries(entries.map(([id, target_name]) => [id, { target_name }]));
  }

  #passComm({ header, content, buffers }: Message): void {
    const kind = header.msg_type;
    if (kind !== "comm_open" && kind !== "comm_msg" && kind !== "comm_close") return;
    const cell = createCell(this.#nextId++, {
      identities: [],
      header,
      parent: {},
      metadata: {},
      content: {},
      buffers: [],
    });
    this.#cells.set(cell.id, cell);
    this.#sockets.publish("status", { execution_state: "busy" }, header);
    this.#tellMain({ type: "comm", cell: cell.id, kind, content, buffers });
  }

  // ---- cells ----------------------------------------------------------------------------------------------------

  #enqueue(request: Message): void {
    const cell = createCell(this.#nextId++, request);
    this.#cells.set(cell.id, cell);
    this.#queue.push(cell);
    void this.#runNext();
  }

  async #runNext(): Promise<void> {
    if (this.#running !== undefined || this.#leaving) return;
    const cell = this.#queue.shift();
    if (cell === undefined) return;
    this.#running = cell;
    this.#latest = cell;
    Atomics.store(this.#data.shared.interrupt, 0, 0);
    if (cell.storeHistory) this.#count++;
    cell.count = this.#count;
    this.#sockets.publish("status", { execution_state: "busy" }, cell.header);
    if (!cell.silent) {
      this.#sockets.publish("execute_input", { code: cell.code, execution_count: cell.count }, cell.header);
    }
    try {
      const prepared = await this.#language.call("prepare", { code: cell.code, count: cell.count });
      if (cell.interrupted)
        return this.#finish(cell, {
          status: "error",
          error: interruptedError,
          interrupted: true,
          expressions: {},
        });
      if ("payload" in prepared) {
        this.#finish(cell, { status: "ok", expressions: {} }, [prepared.payload]);
        return;
      }
      if ("error" in prepared)
        return this.#finish(cell, { status: "error", error: prepared.error, expressions: {} });
      const expressions = await Promise.all(
        Object.entries(cell.expressions).map(
          async ([name, code]) => [name, await this.#language.call("expression", { code })] as const,
        ),
      );
      this.#tellMain({
        type: "run",
        cell: cell.id,
        count: cell.count,
        prepared,
        silent: cell.silent,
        allowStdin: cell.allowStdin,
        expressions: Object.fromEntries(expressions),
      });
    } catch (failure) {
      this.#finish(cell, { status: "error", error: errorContent(failure), expressions: {} });
    }
  }

  #finish(cell: Cell, outcome: CellOutcome, payload: readonly object[] = []): void {
    const { request } = cell;
    if (request === undefined) return;
    cell.request = undefined;
    this.#interrupter.settle();
    if (this.#question?.cell === cell) this.#settleInput({ refused: cellIsOver });
    const { result, error, expressions } = outcome;
    if (result !== undefined && !cell.silent) {
      const content = { execution_count: cell.count, data: result.data, metadata: result.metadata };
      this.#output.message(cell, "execute_result", content);
    }
    if (error !== undefined && !cell.silent) this.#output.message(cell, "error", error);
    this.#output.flush();
    const reply =
      error === undefined
        ? { status: "ok", execution_count: cell.count, payload, user_expressions: expressions }
        : { status: "error", execution_count: cell.count, ...error, payload, user_expressions: {} };
    this.#sockets.send("shell", "execute_reply", reply, request);
    if (cell.storeHistory) {
      const text = result?.data["text/plain"];
      this.#history.add(cell.count, cell.code, typeof text === "string" ? text : null);
    }
    this.#sockets.publish("status", { execution_state: "idle" }, cell.header);
    this.#running = undefined;
    // Only what was already waiting is given up; a request that comes later was sent in knowledge of the error.
    if (error !== undefined && cell.stopOnError)
      for (const waiting of this.#queue.splice(0)) this.#abort(waiting);
    void this.#runNext();
  }

  #abort(cell: Cell): void {
    if (cell.request === undefined) return;
    this.#sockets.publish("status", { execution_state: "busy" }, cell.header);
    // Without a count: front ends would show the cell as one that has run.
    this.#sockets.send("shell", "execute_reply", { status: "aborted" }, cell.request);
    this.#sockets.publish("status", { execution_state: "idle" }, cell.header);
    cell.request = undefined;
  }

  #interrupt(): object {
    const cell = this.#running;
    if (cell !== undefined) cell.interrupted = true;
    this.#interrupter.raise(cell !== undefined);
    // A child that main waits for gets what Ctrl-C would send, and then no more time than anybody else.
    this.#signalSyncChildren("SIGINT");
    if (this.#question !== undefined) this.#settleInput({ refused: "interrupted" });
    return {};
  }

  #signalSyncChildren(signal: NodeJS.Signals): void {
    if (Atomics.load(this.#data.shared.words, Word.syncChild) === 1) signalChildren(signal, this.#spawned);
  }

  #shutdown(channel: Channel, request: Message): void {
    const restart = request.content.restart === true;
    this.#sockets.publish("status", { execution_state: "busy" }, request.header);
    this.#sockets.send(channel, "shutdown_reply", { status: "ok", restart }, request);
    this.#sockets.publish("shutdown_reply", { status: "ok", restart }, request.header);
    this.#sockets.publish("status", { execution_state: "idle" }, request.header);
    void this.#leave();
  }

  /** Ends the process: politely, so that `exit` handlers run, and if main does not hear, without it. */
  async #leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#output.flush();
    await this.#sockets.close();
    this.#childOutput.close();
    for (const pid of this.#spawned) signalProcess(pid, "SIGTERM");
    signalChildren("SIGTERM", new Set());
    this.#interrupter.settle();
    this.#tellMain({ type: "shutdown" });
    // Main has not heard: something blocks it.
    setTimeout(async () => {
      await this.#interrupter.stopNow();
      this.#interrupter.settle();
      this.#tellMain({ type: "shutdown" });
    }, farewellTime / 4);
    setTimeout(() => {
      for (const pid of this.#spawned) signalProcess(pid, "SIGKILL");
      signalProcess(process.pid, "SIGKILL");
    }, farewellTime);
  }

  // ---- what main says -------------------------------------------------------------------------------------------

  #handle(note: ToWire): void {
    const cell = "cell" in note ? this.#cells.get(note.cell) : undefined;
    const owner = cell ?? this.#latest ?? this.#nobody;
    switch (note.type) {
      case "publish":
        this.#publish(owner, note.message);
        return;
      case "clear":
        this.#output.message(owner, "clear_output", { wait: note.wait });
        return;
      case "error":
        this.#output.message(owner, "error", note.error);
        return;
      case "input":
        this.#ask(note.cell, note.prompt, note.password, note.sync);
        return;
      case "comm":
        this.#output.flush();
        this.#sockets.publish(note.kind, note.content, owner.header, note.metadata, note.buffers);
        return;
      case "comms":
        this.#comms = note.open;
        return;
      case "spawned":
        this.#spawned.add(note.pid);
        return;
      case "gone":
        this.#spawned.delete(note.pid);
        return;
      case "children":
        // What main said next comes after what its children have written.
        this.#inbox.pauseUntil(this.#childOutput.drain());
        return;
      case "done":
        this.#done(note.cell, note.outcome);
        return;
      default:
        note satisfies never;
    }
  }

  #done(id: number, outcome: CellOutcome): void {
    const cell = this.#cells.get(id);
    if (cell === undefined) return;
    if (cell.request !== undefined) {
      this.#finish(cell, outcome);
      return;
    }
    // A comm message has been handled: there is no reply, only an end.
    this.#output.flush();
    this.#sockets.publish("status", { execution_state: "idle" }, cell.header);
    if (this.#running !== undefined) {
      this.#sockets.publish("status", { execution_state: "busy" }, this.#running.header);
    }
  }

  #publish(owner: OutputOwner, { data, metadata = {}, displayId, update, clear }: PublishMessage): void {
    if (clear === true) this.#output.message(owner, "clear_output", { wait: true });
    if (Object.keys(data).length === 0) return;
    const transient = displayId === undefined ? {} : { display_id: displayId };
    const type = update === true ? "update_display_data" : "display_data";
    this.#output.message(owner, type, { data, metadata, transient });
  }

  // ---- input ----------------------------------------------------------------------------------------------------

  #ask(id: number, prompt: string, password: boolean, sync: boolean): void {
    const cell = this.#cells.get(id);
    const request = cell?.request;
    if (cell === undefined || request === undefined || !cell.allowStdin) {
      const refused = request === undefined ? cellIsOver : "this front end does not support input";
      this.#sendInput(sync, { refused });
      return;
    }
    this.#output.flush();
    this.#question = { cell, sync };
    this.#sockets.send("stdin", "input_request", { prompt, password }, request);
  }

  #answerInput(message: Message): void {
    if (message.header.msg_type !== "input_reply" || this.#question === undefined) return;
    const { value } = message.content;
    this.#settleInput(typeof value === "string" ? { value } : { refused: "the front end sent no text" });
  }

  #settleInput(answer: InputAnswer): void {
    const sync = this.#question?.sync === true;
    this.#question = undefined;
    this.#sendInput(sync, answer);
  }

  #sendInput(sync: boolean, answer: InputAnswer): void {
    const { input, shared } = this.#data;
    input.postMessage({ sync, answer });
    Atomics.add(shared.words, Word.inputAnswered, 1);
    Atomics.notify(shared.words, Word.inputAnswered);
  }

  #tellMain(note: ToMain): void {
    this.#data.main.postMessage(note);
  }
}

/** Worker threads of the user print on a channel of their own, because main may be in a loop. */
function listenToWorkers(take: (name: "stdout" | "stderr", text: string) => void): void {
  const channel = new BroadcastChannel("gradbook-kernel-output");
  channel.onmessage = (event: unknown) => {
    const data = isRecord(event) ? event.data : undefined;
    if (isRecord(data) && typeof data.text === "string")
      take(data.name === "stderr" ? "stderr" : "stdout", data.text);
  };
  channel.unref();
}

function codeOf({ content }: Message): string {
  return typeof content.code === "string" ? content.code : "";
}

/** The protocol counts Unicode characters, JavaScript UTF-16 units. */
function cursorOf({ content }: Message, code: string): number {
  const position = typeof content.cursor_pos === "number" ? content.cursor_pos : code.length;
  return [...code].slice(0, position).join("").length;
}

function codePoints(code: string, units: number): number {
  return [...code.slice(0, units)].length;
}

function portsOf({ shell_port, iopub_port, stdin_port, hb_port, control_port }: ConnectionInfo): object {
  return { shell_port, iopub_port, stdin_port, hb_port, control_port };
}

function errorContent(failure: unknown): ErrorContent {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  return { ename: error.name, evalue: error.message, traceback: (error.stack ?? error.message).split("\n") };
}

const data: WireData = workerData;
await new Wire(data).start();
parentPort?.postMessage("bound");
