import { inspect } from "node:util";
import {
  displaySymbol,
  isJsonMime,
  isJsonObject,
  type Json,
  type JsonObject,
  type MimeBundle,
} from "@gradbook/base";
import { htmlTable, maximumCharacters } from "./table.js";

/** What a cell's last expression looks like; undefined shows nothing. */
export async function bundleOf(value: unknown): Promise<MimeBundle | undefined> {
  if (value === undefined) return undefined;
  const own = await ownBundle(value);
  if (own !== undefined) return own;
  const limits = { depth: 4, maxArrayLength: 100, maxStringLength: maximumCharacters, breakLength: 100 };
  const text = cut(inspect(value, limits));
  const table = htmlTable(value);
  return table === undefined ? { "text/plain": text } : { "text/plain": text, "text/html": table };
}

/** A page of text is looked at, a book is not: lists and Maps end after 100 elements, but an object may have any number of keys. */
const mostCharacters = 65_536;

function cut(text: string): string {
  if (text.length <= mostCharacters) return text;
  const end = text.lastIndexOf("\n", mostCharacters);
  const shown = text.slice(0, end > 0 ? end : mostCharacters);
  return `${shown}\n… ${(text.length - shown.length).toLocaleString("en-US")} more characters; console.log prints them.`;
}

async function ownBundle(value: unknown): Promise<MimeBundle | undefined> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = displayMethod(value);
  if (typeof method !== "function") return undefined;
  return checkBundle(await Reflect.apply(method, value, []));
}

/** A proxy may refuse to be asked, or have an answer to everything; `inspect` can show it nevertheless. */
function displayMethod(value: object): unknown {
  try {
    return displaySymbol in value ? Reflect.get(value, displaySymbol) : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses what is no MIME bundle before it confuses a front end. */
export function checkBundle(bundle: unknown): MimeBundle {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle)) {
    throw new TypeError(
      `A MIME bundle is an object { "text/html": "…" }, got ${inspect(bundle, { depth: 0 })}.`,
    );
  }
  const entries = Object.entries(bundle).map(([mime, data]): [string, Json] => {
    if (isJsonMime(mime)) return [mime, plainJson(data, `MIME bundle's "${mime}"`)];
    if (typeof data === "string") return [mime, data];
    if (data instanceof Uint8Array) return [mime, Buffer.from(data).toString("base64")];
    if (Array.isArray(data) && data.every((line) => typeof line === "string")) return [mime, data.join("")];
    throw new TypeError(
      `The MIME bundle's "${mime}" is ${inspect(data, { depth: 0 })}, expected a string or bytes.`,
    );
  });
  return Object.fromEntries(entries);
}

/** @param what it is called, when it is no object of JSON */
export function checkObject(value: unknown, what: string): JsonObject {
  const plain = value === undefined ? {} : plainJson(value, what);
  if (isJsonObject(plain)) return plain;
  throw new TypeError(`The ${what} is ${inspect(plain, { depth: 0 })}, expected an object.`);
}

/** A value as JSON has it: what cannot be sent is refused here, in the cell that sends it. */
export function plainJson(value: unknown, what: string): Json {
  let text: string | undefined;
  let reason = `it is ${inspect(value, { depth: 0 })}`;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
  if (text === undefined) throw new TypeError(`The ${what} is not JSON: ${reason}.`);
  return JSON.parse(text);
}
