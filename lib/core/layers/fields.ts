import { createHash } from "node:crypto";
import type { Layer } from "./layer.js";

/**
 * What stands in an object's fields, as text: numbers, texts, and lists, records, typed arrays, Maps and Sets of them.
 * Everything else (tensors of a forward pass, models, functions) is passed over.
 */
export function plainFields(object: object, skip: readonly string[] = []): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(object)) {
    if (skip.includes(name)) continue;
    const text = plainText(value, 0);
    if (text !== undefined) fields.set(name, text);
  }
  return fields;
}

function plainText(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
    case "boolean":
    case "string":
      return JSON.stringify(String(value));
    default:
      return typeof value === "object" && value !== null && depth < 4
        ? containerText(value, depth)
        : undefined;
  }
}

function containerText(value: object, depth: number): string | undefined {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return createHash("sha256").update(bytes).digest("hex");
  }
  const prototype = Object.getPrototypeOf(value);
  const isRecord = prototype === null || prototype === Object.prototype;
  if (value instanceof Map || value instanceof Set || Array.isArray(value) || isRecord) {
    const entries = isRecord ? Object.entries(value) : [...(value as Iterable<unknown>)];
    return `[${entries.map((entry) => plainText(entry, depth + 1) ?? "?").join()}]`;
  }
  // a tensor, of this library or another one
  return "data" in value && ArrayBuffer.isView(value.data) ? containerText(value.data, depth) : undefined;
}

const first = new WeakMap<Layer, Map<string, string>>();
const skipped = ["params", "buffers", "name", "trainable"];

/** Remembers the fields of a layer as they are before it runs for the first time. */
export function rememberFields(layer: Layer): void {
  if (!first.has(layer)) first.set(layer, plainFields(layer, skipped));
}

/** Those fields, one text for each. */
export function firstFields(layer: Layer): readonly string[] {
  return [...(first.get(layer) ?? [])].map(([name, text]) => `${name} ${text}`);
}

/**
 * Fields that held something before the layer ran for the first time, and hold something else now: a memory, which belongs
 * into `buffers`. What a forward pass puts into a field that was empty is taken for what backward needs of it.
 */
export function changedFields(layer: Layer): readonly string[] {
  const now = plainFields(layer, skipped);
  return [...(first.get(layer) ?? [])].flatMap(([name, then]) => (now.get(name) === then ? [] : [name]));
}
