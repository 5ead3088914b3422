// The contract between the code that runs in a notebook and the front end that shows it: which symbols stand on
// `globalThis`, what is behind them, and which MIME types mean what. The library and the kernel share this file and
// nothing else, so that each of them works without the other.

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A record of such values. */
export type JsonObject = { readonly [key: string]: Json };

/** Whether a parsed JSON value is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One output in several forms, MIME type → content: JSON types hold JSON, all others text (base64 for images). */
export type MimeBundle = JsonObject;

/** Whether the content of a MIME type is JSON and not text. */
export function isJsonMime(mime: string): boolean {
  return mime === "application/json" || (mime.startsWith("application/") && mime.endsWith("+json"));
}

/** A figure as Plotly's JSON. */
export const plotlyMime = "application/vnd.plotly.v1+json";
/** A table of results, as data. */
export const tableMime = "application/vnd.gradbook.table+json";
/** Numbers for the report's `metrics.json`. */
export const metricsMime = "application/vnd.gradbook.metrics+json";
/** A `Progress`: it goes to whoever runs the notebook, never into the file. */
export const progressMime = "application/vnd.gradbook.progress+json";

/** How far the work inside a cell is. */
export interface Progress {
  /** What is being done, e.g. `momentum, batch 10: epoch`. */
  readonly label: string;
  /** 0 to `total`. */
  readonly done: number;
  readonly total: number;
  /** Units of `done` per second. */
  readonly rate?: number;
  readonly secondsLeft?: number;
}

/** The method by which an object shows itself, as a cell's last expression or in `show`. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** A MIME bundle as code hands it over: content may be bytes, and whatever `JSON.stringify` takes. */
export type DisplayData = { readonly [mime: string]: unknown };

/**
 * How a class shows itself as a cell's last expression, or in `show`.
 *
 * @example
 * ```ts
 * import { type Displayable, displaySymbol, show } from "gradbook";
 *
 * class Percent implements Displayable {
 *   constructor(readonly share: number) {}
 *   [displaySymbol]() {
 *     return { "text/plain": `${(100 * this.share).toFixed(1)} %` };
 *   }
 * }
 * await show(new Percent(0.123)); // in a terminal: 12.3 %
 * ```
 */
export interface Displayable {
  /** What is shown: MIME type → content; a promise of it is awaited. */
  [displaySymbol](): DisplayData | Promise<DisplayData>;
}

/** `globalThis[publishSymbol]` is a `Publish`: it shows output in the middle of a cell. */
export const publishSymbol: unique symbol = Symbol.for("Jupyter.publish");

export type Publish = (message: PublishMessage) => void;

/** One message to the front end. */
export interface PublishMessage<Data = DisplayData> {
  readonly data: Data;
  readonly metadata?: JsonObject;
  /** Names the output, so that a later message can replace it. */
  readonly displayId?: string;
  /** Replaces the output of that `displayId` instead of adding one. */
  readonly update?: boolean;
  /** Clears the cell's output when this message arrives (`clear_output` with `wait: true`). */
  readonly clear?: boolean;
}

/**
 * `globalThis[interruptSymbol]` is an `Int32Array(1)` on shared memory, the stop button: 0 = go on, 1 = the user asked
 * to stop, 2 = a loop of a library saw it and returns what it has.
 */
export const interruptSymbol: unique symbol = Symbol.for("Jupyter.interrupt");

/** `globalThis[commsSymbol]` is a `Comms`. */
export const commsSymbol: unique symbol = Symbol.for("Jupyter.comms");

export interface Comms {
  /** Opens a comm from the notebook's side. @param target the name that the front end has registered */
  open(target: string, data?: JsonObject, options?: CommOptions): Comm;
  /** Says what to do when the front end opens a comm of this name. */
  register(target: string, opened: (comm: Comm, message: CommMessage) => unknown): void;
}

/** A line between an object in the notebook and one in the front end, open until one side closes it. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: JsonObject, options?: CommOptions): void;
  close(data?: JsonObject): void;
  /** Called for every message of the front end. */
  onMessage: ((message: CommMessage) => unknown) | undefined;
  /** Called when the front end closes the comm. */
  onClose: ((message: CommMessage) => unknown) | undefined;
}

export interface CommOptions {
  readonly metadata?: JsonObject;
  readonly buffers?: readonly Uint8Array[];
}

export interface CommMessage {
  readonly data: JsonObject;
  readonly metadata: JsonObject;
  readonly buffers: readonly Uint8Array[];
}

/** `globalThis[inputSymbol]` is an `InputPrompt`. */
export const inputSymbol: unique symbol = Symbol.for("Jupyter.input");

/** Asks the reader of the notebook for a line of text. */
export interface InputPrompt {
  ask(prompt: string, password?: boolean): Promise<string>;
  /** Blocks until the answer is there. */
  askSync(prompt: string, password?: boolean): string;
}
