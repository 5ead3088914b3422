import { createHmac, timingSafeEqual } from "node:crypto";
import { GradbookError, type JsonObject } from "@gradbook/base";
import { parseObject } from "./json.js";
import type { Header, Message } from "./messages.js";

const delimiter = Buffer.from("<IDS|MSG>");

/** Why a message was thrown away; each is counted. */
export type Refusal = "frames" | "signature" | "replayed" | "json" | "header";

/**
 * Signs and checks messages with HMAC-SHA256 over the four JSON frames. An empty key means an unsigned connection.
 * A message is taken once: its signature is remembered, so that a recorded one cannot be played again.
 */
export class Signer {
  readonly #key: string;
  readonly #seen = new Set<string>();

  constructor(key: string, scheme: string) {
    if (key !== "" && scheme !== "hmac-sha256") {
      throw new GradbookError({
        code: "connection",
        what: "connection file",
        got: `signature_scheme "${scheme}"`,
        expected: "hmac-sha256",
      });
    }
    this.#key = key;
  }

  sign(frames: readonly (Buffer | string)[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac("sha256", this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Compared in constant time: how long it takes says nothing about how much of a forged signature is right. */
  check(signature: Buffer, frames: readonly Buffer[]): "right" | "wrong" | "replayed" {
    if (this.#key === "") return "right";
    const wanted = Buffer.from(this.sign(frames), "latin1");
    if (signature.length !== wanted.length || !timingSafeEqual(signature, wanted)) return "wrong";
    const text = signature.toString("latin1");
    if (this.#seen.has(text)) return "replayed";
    this.#seen.add(text);
    if (this.#seen.size > 65536) for (const oldest of this.#seen) if (this.#forget(oldest)) break;
    return "right";
  }

  #forget(signature: string): boolean {
    this.#seen.delete(signature);
    return this.#seen.size <= 65536;
  }
}

/** Frames of ZeroMQ → message. Nothing is parsed before the signature is found right. */
export function parseMessage(frames: readonly Buffer[], signer: Signer): Message | Refusal {
  const at = frames.findIndex((frame) => frame.equals(delimiter));
  if (at === -1 || frames.length < at + 6) return "frames";
  const signed = frames.slice(at + 2, at + 6);
  const verdict = signer.check(frames[at + 1], signed);
  if (verdict !== "right") return verdict === "wrong" ? "signature" : "replayed";
  const [header, parent, metadata, content] = signed.map((frame) => parseObject(frame.toString("utf8")));
  if (header === undefined || parent === undefined || metadata === undefined || content === undefined)
    return "json";
  if (!isHeader(header)) return "header";
  return {
    identities: frames.slice(0, at),
    header,
    parent: isHeader(parent) ? parent : {},
    metadata,
    content,
    buffers: frames.slice(at + 6),
  };
}

/** A runner counts what a kernel publishes: the number of a message is a frame beside its topic. */
export function numberFrame(number: number): Buffer {
  return Buffer.from(`gradbook-${number}`);
}

/** @returns undefined for messages of a kernel that does not count */
export function numberOf({ identities }: Message): number | undefined {
  for (const frame of identities) {
    const digits = /^gradbook-(\d+)$/.exec(frame.toString("latin1"))?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return undefined;
}

/** Message → frames, signed. */
export function buildFrames(message: Message, signer: Signer): (Buffer | Uint8Array | string)[] {
  const { identities, header, parent, metadata, content, buffers } = message;
  const signed = [header, parent, metadata, content].map((part) => JSON.stringify(part));
  return [...identities, delimiter, signer.sign(signed), ...signed, ...buffers];
}

function isHeader(value: JsonObject): value is JsonObject & Header {
  return (
    typeof value.msg_id === "string" &&
    typeof value.msg_type === "string" &&
    typeof value.session === "string"
  );
}
