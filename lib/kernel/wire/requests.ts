import type { ConnectionInfo } from "../jupyter/connection.js";
import type { Channel, Message } from "../jupyter/messages.js";
import type { LanguageMethods } from "../methods.js";
import type { Caller } from "../rpc.js";
import type { CommKind, ToMain } from "../threads.js";
import type { CellBook } from "./cells.js";
import { errorContent } from "./error-content.js";
import type { History } from "./history.js";
import type { InputRequests } from "./input.js";
import { kernelInfo } from "./kernel-info.js";
import type { MainNotes } from "./main-notes.js";
import type { CellQueue } from "./queue.js";
import type { Shutdown } from "./shutdown.js";
import type { Sockets } from "./sockets.js";

export interface RequestParts {
  readonly connection: ConnectionInfo;
  /** What the language is called. */
  readonly javascript: boolean;
  readonly cells: CellBook;
  readonly queue: CellQueue;
  readonly sockets: Sockets;
  readonly input: InputRequests;
  readonly history: History;
  readonly language: Caller<LanguageMethods>;
  readonly notes: MainNotes;
  readonly shutdown: Shutdown;
  readonly tellMain: (note: ToMain) => void;
}

/** The content of a reply. */
type Answer = (request: Message) => object | Promise<object>;

/** Does what front ends ask. */
export class Requests {
  readonly #parts: RequestParts;
  /** What is answered at once, also while a cell runs; everything else that wire knows is in `receive`. */
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    const { queue, language, history, connection, javascript } = parts;
    this.#answers = {
      interrupt_request: () => {
        queue.interrupt();
        return {};
      },
      kernel_info_request: () => kernelInfo(javascript),
      connect_request: () => portsOf(connection),
      comm_info_request: ({ content }) => ({ comms: this.#openComms(content.target_name) }),
      history_request: ({ content }) => ({ history: history.answer(content) }),
      is_complete_request: (request) => language.call("isComplete", { code: codeOf(request) }),
      complete_request: (request) => this.#complete(request),
      inspect_request: (request) => this.#inspect(request),
    };
  }

  receive(channel: Channel, message: Message): void {
    const { queue, shutdown, input } = this.#parts;
    if (channel === "stdin") {
      input.answer(message);
      return;
    }
    const { msg_type: type } = message.header;
    switch (type) {
      case "execute_request":
        queue.enqueue(message);
        return;
      case "shutdown_request":
        shutdown.request(channel, message);
        return;
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.#passComm(type, message);
        return;
    }
    if (Object.hasOwn(this.#answers, type)) this.#during(channel, message, this.#answers[type]);
    // A protocol extension that kernel_info_reply does not claim; who asks is told, and does not wait.
    else if (type.endsWith("_request"))
      this.#during(channel, message, () => {
        throw new Error(`This kernel does not support ${type}.`);
      });
  }

  /** Answers a request between `busy` and `idle`, also while a cell runs. */
  #during(channel: Channel, request: Message, answer: Answer): void {
    const { sockets, cells } = this.#parts;
    const { header } = request;
    const type = header.msg_type.replace(/_request$/, "_reply");
    sockets.publish("status", { execution_state: "busy" }, header);
    Promise.resolve(request)
      .then(answer)
      .then(
        (content) => sockets.send(channel, type, { status: "ok", ...content }, request),
        (failure: unknown) =>
          sockets.send(channel, type, { status: "error", ...errorContent(failure) }, request),
      )
      .finally(() => {
        sockets.publish("status", { execution_state: "idle" }, header);
        // Front ends take the last status for the kernel's: a running cell is still running.
        const { running } = cells;
        if (running !== undefined) sockets.publish("status", { execution_state: "busy" }, running.header);
      });
  }

  async #complete(message: Message): Promise<object> {
    const code = codeOf(message);
    const cursor = cursorOf(message, code);
    const { matches, start, end, types } = await this.#parts.language.call("complete", { code, cursor });
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
    const cursor = cursorOf(message, code);
    const found = await this.#parts.language.call("inspect", { code, cursor, detail });
    return { found: found !== undefined, data: found?.data ?? {}, metadata: {} };
  }

  #openComms(target: unknown): object {
    const entries = Object.entries(this.#parts.notes.openComms).filter(
      ([, name]) => typeof target !== "string" || name === target,
    );
    return Object.fromEntries(entries.map(([id, target_name]) => [id, { target_name }]));
  }

  #passComm(kind: CommKind, { header, content, buffers }: Message): void {
    const { cells, sockets, tellMain } = this.#parts;
    const cell = cells.addComm(header);
    sockets.publish("status", { execution_state: "busy" }, header);
    tellMain({ type: "comm", cell: cell.id, kind, content, buffers });
  }
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
