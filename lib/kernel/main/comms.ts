import { randomUUID } from "node:crypto";
import type { Comm, CommMessage, CommOptions, Comms, JsonObject } from "@gradbook/base";
import type { ToMain } from "../threads.js";
import { checkObject } from "./display.js";
import type { Notes } from "./notes.js";

type CommNote = Extract<ToMain, { type: "comm" }>;

export class CommManager implements Comms {
  readonly #notes: Notes;
  readonly #open = new Map<string, Comm>();
  readonly #targets = new Map<string, (comm: Comm, message: CommMessage) => unknown>();
  readonly #currentCell: () => number;

  /** @param currentCell whose output a comm message is */
  constructor(notes: Notes, currentCell: () => number) {
    this.#notes = notes;
    this.#currentCell = currentCell;
  }

  open(target: string, data: JsonObject = {}, options: CommOptions = {}): Comm {
    const comm = this.#create(randomUUID(), target);
    this.#post("comm_open", { comm_id: comm.id, target_name: target, data }, options);
    return comm;
  }

  register(target: string, opened: (comm: Comm, message: CommMessage) => unknown): void {
    this.#targets.set(target, opened);
  }

  /** A comm message of the front end. */
  async receive({ kind, content, buffers }: CommNote): Promise<void> {
    const id = String(content.comm_id);
    const data = checkObject(content.data, "data of a comm message");
    const message = { data, metadata: checkObject(content.metadata, "metadata of a comm message"), buffers };
    if (kind === "comm_open") {
      const target = String(content.target_name);
      const opened = this.#targets.get(target);
      // The protocol's answer to an unknown target.
      if (opened === undefined) return this.#post("comm_close", { comm_id: id, data: {} }, {});
      await opened(this.#create(id, target), message);
      return;
    }
    const comm = this.#open.get(id);
    if (comm === undefined) return;
    if (kind === "comm_msg") {
      await comm.onMessage?.(message);
    } else {
      this.#forget(id);
      await comm.onClose?.(message);
    }
  }

  #create(id: string, target: string): Comm {
    const comm: Comm = {
      id,
      target,
      send: (data, options = {}) => this.#post("comm_msg", { comm_id: id, data }, options),
      close: (data = {}) => {
        this.#post("comm_close", { comm_id: id, data }, {});
        this.#forget(id);
      },
      onMessage: undefined,
      onClose: undefined,
    };
    this.#open.set(id, comm);
    this.#announce();
    return comm;
  }

  #forget(id: string): void {
    this.#open.delete(id);
    this.#announce();
  }

  /** Wire answers comm_info_request, also while main is busy. */
  #announce(): void {
    const open = Object.fromEntries([...this.#open.values()].map(({ id, target }) => [id, target]));
    this.#notes.post({ type: "comms", open });
  }

  #post(kind: CommNote["kind"], content: JsonObject, { metadata = {}, buffers = [] }: CommOptions): void {
    checkObject(content.data, "data of a comm message");
    const note = {
      kind,
      content: checkObject(content, "content of a comm message"),
      metadata: checkObject(metadata, "metadata of a comm message"),
      buffers,
    };
    this.#notes.post({ type: "comm", cell: this.#currentCell(), ...note });
  }
}
