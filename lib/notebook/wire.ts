import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "./nbformat.js";

/** The five sockets of a kernel and the key that signs what goes over them: the content of a connection file. */
export interface Connection {
  readonly transport: "tcp";
  readonly ip: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
  readonly key: string;
  readonly signature_scheme: "hmac-sha256";
  readonly kernel_name: string;
}

export interface Message {
  readonly type: string;
  readonly id: string;
  /** The request that this message answers or belongs to; "" without one. */
  readonly parentId: string;
  readonly content: JsonObject;
  /** The kernel's count of its iopub messages, when it is guarded (tslab-guard.cts). */
  readonly number?: number;
}

const DELIMITER = "<IDS|MSG>";

/** The frames of a request: delimiter, signature, header, parent header, metadata, content. */
export function encodeRequest(
  type: string,
  content: JsonObject,
  session: string,
  key: string,
): EncodedRequest {
  const id = randomUUID();
  const date = new Date().toISOString();
  const header = { msg_id: id, msg_type: type, username: "gradbook", session, date, version: "5.3" };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  return { id, frames: [DELIMITER, sign(parts, key), ...parts] };
}

export interface EncodedRequest {
  readonly id: string;
  readonly frames: readonly string[];
}

/** Reads the frames of a message. @returns undefined for what the kernel did not sign with our key, or is no message */
export function decodeMessage(frames: readonly Buffer[], key: string): Message | undefined {
  const start = frames.findIndex((frame) => frame.toString("latin1") === DELIMITER);
  if (start < 0 || frames.length < start + 6) return undefined;
  const parts = frames.slice(start + 2);
  const signature = Buffer.from(sign(parts, key));
  const given = frames[start + 1];
  if (given.length !== signature.length || !timingSafeEqual(given, signature)) return undefined;
  const header = parseObject(parts[0]);
  const parent = parseObject(parts[1]);
  const content = parseObject(parts[3]);
  if (header === undefined || parent === undefined || content === undefined) return undefined;
  const number = frames
    .slice(0, start)
    .map((frame) => /^gradbook-(\d+)$/.exec(frame.toString("latin1"))?.[1])
    .find((digits) => digits !== undefined);
  return {
    type: text(header.msg_type),
    id: text(header.msg_id),
    parentId: text(parent.msg_id),
    content,
    ...(number === undefined ? {} : { number: Number(number) }),
  };
}

/** A JSON value as text: "" unless it is a string. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A JSON value as an object: empty unless it is one. */
export function record(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sign(parts: readonly (string | Buffer)[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

function parseObject(frame: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(frame.toString("utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
