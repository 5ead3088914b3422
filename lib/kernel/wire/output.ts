import type { JsonObject } from "@gradbook/base";
import type { Header, StreamName } from "../jupyter/messages.js";

/** Text that arrives within this time (milliseconds) after the last message is sent as one. */
const gatherTime = 25;
/** Gathered text longer than this (characters) is sent at once. */
const gatherSize = 512 * 1024;

export type PublishFunction = (
  type: string,
  content: object,
  parent: Header | Record<string, never>,
  metadata?: JsonObject,
) => void;

/** What output needs to know of a cell. */
export interface OutputOwner {
  readonly header: Header | Record<string, never>;
  /** Characters sent so far. */
  size: number;
  /** Whether the notice that output is cut has been sent. */
  cut: boolean;
}

/**
 * Everything that a cell prints, in order. Text is gathered for a moment, so that a loop of prints makes tens of
 * messages a second and not a hundred thousand; the first line leaves at once.
 */
export class Output {
  readonly #publish: PublishFunction;
  readonly #limit: number;
  #owner: OutputOwner | undefined;
  #name: StreamName = "stdout";
  #pieces: string[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastSent = 0;

  /** @param limit characters a cell may send, further output is cut with a notice */
  constructor(publish: PublishFunction, limit: number) {
    this.#publish = publish;
    this.#limit = limit;
  }

  stream(owner: OutputOwner, name: StreamName, text: string): void {
    if (text === "" || !this.#admit(owner, text.length)) return;
    if (owner !== this.#owner || name !== this.#name) this.flush();
    this.#owner = owner;
    this.#name = name;
    this.#pieces.push(text);
    this.#size += text.length;
    if (this.#size >= gatherSize) {
      this.flush();
      return;
    }
    if (this.#timer !== undefined) return;
    const wait = this.#lastSent + gatherTime - performance.now();
    this.#timer = setTimeout(() => this.flush(), Math.max(0, wait));
  }

  /** A display, a result, an error: after the text that was printed before it. */
  message(owner: OutputOwner, type: string, content: object, metadata?: JsonObject): void {
    this.flush();
    const size =
      type === "display_data" || type === "update_display_data" ? JSON.stringify(content).length : 0;
    if (!this.#admit(owner, size)) return;
    this.#publish(type, content, owner.header, metadata);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#owner === undefined || this.#pieces.length === 0) return;
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#size = 0;
    this.#lastSent = performance.now();
    this.#publish("stream", { name: this.#name, text }, this.#owner.header);
  }

  #admit(owner: OutputOwner, size: number): boolean {
    if (owner.cut && size > 0) return false;
    owner.size += size;
    if (owner.size <= this.#limit) return true;
    if (size === 0) return true;
    owner.cut = true;
    this.flush();
    const limit = `${Math.round(this.#limit / 1024 / 1024)} MiB`;
    const text = `\n[The output of this cell is longer than ${limit}; the rest is cut. GRADBOOK_OUTPUT_LIMIT (MiB) raises it.]\n`;
    this.#publish("stream", { name: "stderr", text }, owner.header);
    return false;
  }
}
