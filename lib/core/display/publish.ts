import { createRequire } from "node:module";
import { type DisplayData, type Publish, type PublishMessage, publishSymbol } from "@gradbook/base";

/** Where output goes: our own kernel, stock tslab, or (in plain Node) the terminal. */
export function frontEnd(): "gradbook" | "tslab" | "terminal" {
  if (ownPublish() !== undefined) return "gradbook";
  return tslabPublish() === undefined ? "terminal" : "tslab";
}

/** Sends a bundle to the notebook; without one, its plain text to the terminal (first messages only, no updates). */
export function publish(message: PublishMessage): void {
  const send = ownPublish() ?? tslabPublish();
  if (send !== undefined) send(message);
  else if (message.update !== true) console.log(plainWords(message.data));
}

/** What a terminal can show of a bundle: its text, else what it is. */
function plainWords(data: DisplayData): string {
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
