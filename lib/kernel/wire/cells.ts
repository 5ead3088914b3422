import type { JsonObject } from "@gradbook/base";
import type { Header, Message } from "../jupyter/messages.js";
import type { OutputOwner } from "./output.js";

/** One execute_request, or one message of a comm, from its arrival on. */
export interface Cell extends OutputOwner {
  readonly id: number;
  readonly header: Header | Record<string, never>;
  /** Kept until the reply is sent; a message of a comm has none. */
  request: Message | undefined;
  readonly code: string;
  readonly silent: boolean;
  readonly storeHistory: boolean;
  readonly allowStdin: boolean;
  readonly stopOnError: boolean;
  readonly expressions: Readonly<Record<string, string>>;
  /** Execution counter: In [n]. */
  count: number;
  interrupted: boolean;
}

/** All cells since the start: output may come long after a cell's end. */
export class CellBook {
  /** The cell that main is to run, from the moment it leaves the queue. */
  running: Cell | undefined;
  /** The last one that left the queue. */
  latest: Cell | undefined;
  readonly #byId = new Map<number, Cell>();
  /** Owner of what nobody in particular printed, before the first cell. */
  readonly #nobody: OutputOwner = { header: {}, size: 0, cut: false };

  /** A cell that is to run. */
  add(request: Message): Cell {
    return this.#keep(createCell(this.#byId.size + 1, request.header, request.content, request));
  }

  /** A message of a comm: like a cell it owns output, but there is nothing to reply to. */
  addComm(header: Header): Cell {
    return this.#keep(createCell(this.#byId.size + 1, header, {}, undefined));
  }

  get(id: number): Cell | undefined {
    return this.#byId.get(id);
  }

  /** Whose output something is that came of cell `id`. */
  ownerOf(id: number): OutputOwner {
    return this.#byId.get(id) ?? this.latest ?? this.#nobody;
  }

  /** Whose output something is that no cell is known for. */
  get owner(): OutputOwner {
    return this.running ?? this.latest ?? this.#nobody;
  }

  #keep(cell: Cell): Cell {
    this.#byId.set(cell.id, cell);
    return cell;
  }
}

function createCell(id: number, header: Header, content: JsonObject, request: Message | undefined): Cell {
  const silent = content.silent === true;
  const expressions: Record<string, string> = {};
  if (typeof content.user_expressions === "object" && content.user_expressions !== null) {
    for (const [name, code] of Object.entries(content.user_expressions)) {
      if (typeof code === "string") expressions[name] = code;
    }
  }
  return {
    id,
    header,
    request,
    code: typeof content.code === "string" ? content.code : "",
    silent,
    storeHistory: content.store_history !== false && !silent,
    allowStdin: content.allow_stdin === true,
    stopOnError: content.stop_on_error !== false,
    expressions,
    count: 0,
    interrupted: false,
    size: 0,
    cut: false,
  };
}
