// Jupyter's messages, as both sides of the protocol see them.
import { randomUUID } from "node:crypto";
import type { JsonObject } from "@gradbook/base";

/** The version of the messaging protocol that is spoken here. */
export const protocolVersion = "5.4";

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

/** One message of the protocol, after its signature was found right. */
export interface Message {
  /** Frames in front of the delimiter: where an answer goes back to, or the topic of what is published. */
  readonly identities: readonly Buffer[];
  readonly header: Header;
  /** The request that this message answers or belongs to. */
  readonly parent: Header | Record<string, never>;
  readonly metadata: JsonObject;
  readonly content: JsonObject;
  readonly buffers: readonly Uint8Array[];
}

/** The sockets on which a front end asks and is asked. */
export type Channel = "shell" | "control" | "stdin";

export type StreamName = "stdout" | "stderr";

/** An error as Jupyter shows it: its class, its message and its stack, one line each. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** The header of a new message. @param username who is speaking */
export function createHeader(type: string, session: string, username: string): Header {
  return {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username,
    date: new Date().toISOString(),
    version: protocolVersion,
  };
}
