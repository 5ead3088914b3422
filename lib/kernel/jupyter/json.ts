import { isJsonObject, type JsonObject } from "@gradbook/base";

/** A JSON value as text: "" unless it is a string. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A JSON value as an object: empty unless it is one. */
export function record(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The JSON object that a text is; undefined for anything else. */
export function parseObject(json: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
