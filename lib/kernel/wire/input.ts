import type { MessagePort } from "node:worker_threads";
import type { Message } from "../jupyter/messages.js";
import { type SharedState, Word } from "../shared.js";
import type { InputAnswer } from "../threads.js";
import type { Cell } from "./cells.js";
import type { Output } from "./output.js";
import type { Sockets } from "./sockets.js";

const cellIsOver = "the cell that asks is over";

export interface InputParts {
  readonly shared: SharedState;
  /** Answers to main, which reads them while it is blocked. */
  readonly port: MessagePort;
  readonly output: Output;
  readonly sockets: Sockets;
}

/** Passes the questions of cells to the front end, one at a time, and sees that each is answered. */
export class InputRequests {
  readonly #parts: InputParts;
  #question: { readonly cell: Cell; readonly sync: boolean } | undefined;

  constructor(parts: InputParts) {
    this.#parts = parts;
  }

  /** @param sync whether main is blocked until the answer is there */
  ask(cell: Cell | undefined, prompt: string, password: boolean, sync: boolean): void {
    const request = cell?.request;
    if (cell === undefined || request === undefined || !cell.allowStdin) {
      const refused = request === undefined ? cellIsOver : "this front end does not support input";
      this.#send(sync, { refused });
      return;
    }
    this.#parts.output.flush();
    this.#question = { cell, sync };
    this.#parts.sockets.send("stdin", "input_request", { prompt, password }, request);
  }

  /** A message of the front end on stdin. */
  answer({ header, content }: Message): void {
    if (header.msg_type !== "input_reply" || this.#question === undefined) return;
    const { value } = content;
    this.#settle(typeof value === "string" ? { value } : { refused: "the front end sent no text" });
  }

  /** The cell is over: nobody waits for an answer to its question. */
  cellOver(cell: Cell): void {
    if (this.#question?.cell === cell) this.#settle({ refused: cellIsOver });
  }

  interrupt(): void {
    if (this.#question !== undefined) this.#settle({ refused: "interrupted" });
  }

  #settle(answer: InputAnswer): void {
    const sync = this.#question?.sync === true;
    this.#question = undefined;
    this.#send(sync, answer);
  }

  #send(sync: boolean, answer: InputAnswer): void {
    const { port, shared } = this.#parts;
    port.postMessage({ sync, answer });
    Atomics.add(shared.words, Word.inputAnswered, 1);
    Atomics.notify(shared.words, Word.inputAnswered);
  }
}
