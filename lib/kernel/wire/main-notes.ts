import type { MimeBundle, PublishMessage } from "@gradbook/base";
import type { ToWire } from "../threads.js";
import type { CellBook } from "./cells.js";
import type { Children } from "./children.js";
import type { InputRequests } from "./input.js";
import type { Output, OutputOwner } from "./output.js";
import type { CellQueue } from "./queue.js";
import type { Sockets } from "./sockets.js";

export interface MainNotesParts {
  readonly cells: CellBook;
  readonly queue: CellQueue;
  readonly sockets: Sockets;
  readonly output: Output;
  readonly input: InputRequests;
  readonly children: Children;
  /** What main says next comes after what its children have written. */
  readonly waitForChildren: () => void;
}

/** Acts upon what main says, besides the text that cells print. */
export class MainNotes {
  /** The comms that are open, id → target, as main said last. */
  openComms: Readonly<Record<string, string>> = {};
  readonly #parts: MainNotesParts;

  constructor(parts: MainNotesParts) {
    this.#parts = parts;
  }

  handle(note: ToWire): void {
    const { cells, queue, sockets, output, input, children, waitForChildren } = this.#parts;
    switch (note.type) {
      case "publish":
        this.#publish(cells.ownerOf(note.cell), note.message);
        return;
      case "clear":
        output.message(cells.ownerOf(note.cell), "clear_output", { wait: note.wait });
        return;
      case "error":
        output.message(cells.ownerOf(note.cell), "error", note.error);
        return;
      case "input":
        input.ask(cells.get(note.cell), note.prompt, note.password, note.sync);
        return;
      case "comm": {
        const { header } = cells.ownerOf(note.cell);
        output.flush();
        sockets.publish(note.kind, note.content, header, note.metadata, note.buffers);
        return;
      }
      case "comms":
        this.openComms = note.open;
        return;
      case "spawned":
        children.spawned(note.pid);
        return;
      case "gone":
        children.gone(note.pid);
        return;
      case "children":
        waitForChildren();
        return;
      case "done":
        queue.done(note.cell, note.outcome);
        return;
      default:
        note satisfies never;
    }
  }

  #publish(
    owner: OutputOwner,
    { data, metadata = {}, displayId, update, clear }: PublishMessage<MimeBundle>,
  ): void {
    const { output } = this.#parts;
    if (clear === true) output.message(owner, "clear_output", { wait: true });
    if (Object.keys(data).length === 0) return;
    const transient = displayId === undefined ? {} : { display_id: displayId };
    const type = update === true ? "update_display_data" : "display_data";
    output.message(owner, type, { data, metadata, transient });
  }
}
