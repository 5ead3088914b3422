import { createRequire } from "node:module";

/** MIME type → content; binary content in base64. */
export type MimeBundle = { readonly [mime: string]: unknown };

/** One message to the front end. */
export interface DisplayMessage {
  readonly data: MimeBundle;
  readonly metadata?: { readonly [mime: string]: unknown };
  /** Names the output, so that a later message can replace it. */
  readonly displayId?: string;
  /** Replaces the output of that `displayId` instead of adding one. */
  readonly update?: boolean;
}

/** Name of the method by which a class shows itself in a notebook: `Symbol.for("Jupyter.display")`. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

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
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}

type Publish = (message: DisplayMessage) => void;

const publishSymbol = Symbol.for("Jupyter.publish");

/** Where output goes: our own kernel, stock tslab, or (in plain Node) the terminal. */
export function frontEnd(): "gradbook" | "tslab" | "terminal" {
  if (ownPublish() !== undefined) return "gradbook";
  return tslabPublish() === undefined ? "terminal" : "tslab";
}

/** Sends a bundle to the notebook; without one, its plain text to the terminal (first messages only, no updates). */
export function publish(message: DisplayMessage): void {
  const send = ownPublish() ?? tslabPublish();
  if (send !== undefined) send(message);
  else if (message.update !== true) console.log(plainWords(message.data));
}

/** What a terminal can show of a bundle: its text, else what it is. */
function plainWords(data: MimeBundle): string {
  const text = ["text/plain", "text/markdown", "text/latex"].map((mime) => data[mime]);
  return (
    text.find((words): words is string => typeof words === "string") ??
    `[${Object.keys(data).join(", ")}: seen in a notebook]`
  );
}

let displays = 0;

/** An identifier that no other output of this process has. */
export function newDisplayId(): string {
  return `gradbook-${process.pid}-${++displays}`;
}

function ownPublish(): Publish | undefined {
  const found: unknown = Reflect.get(globalThis, publishSymbol);
  return typeof found === "function" ? (found as Publish) : undefined;
}

/** The function of the running tslab that takes a whole bundle; its public API takes one MIME type an output. */
function tslabPublish(): Publish | undefined {
  const { cache } = createRequire(import.meta.url);
  const file = Object.keys(cache).find((f) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(f));
  const exports: unknown = file === undefined ? undefined : cache[file]?.exports;
  if (typeof exports !== "object" || exports === null || !("lastWriteDisplayData" in exports))
    return undefined;
  const { lastWriteDisplayData: write } = exports;
  if (typeof write !== "function") return undefined;
  return ({ data, metadata = {}, displayId, update = false }) => {
    write({ data, metadata, transient: displayId === undefined ? {} : { display_id: displayId } }, update);
  };
}
