// Jupyter's messages as this kernel sees them, and the notes that its three threads pass to each other.
// Types only: every thread may import this file for nothing.

/** The version of the messaging protocol that the kernel speaks. */
export const protocolVersion = "5.4";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

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
  /** Routing frames in front of the delimiter; an answer goes back to them. */
  readonly identities: readonly Buffer[];
  readonly header: Header;
  readonly parent: Header | Record<string, never>;
  readonly metadata: Record<string, unknown>;
  readonly content: Record<string, unknown>;
  readonly buffers: readonly Uint8Array[];
}

/** Data of one output, MIME type → representation; `application/json` and `+json` types hold values, all others strings. */
export type MimeBundle = { readonly [mime: string]: Json };

/** What `globalThis[Symbol.for("Jupyter.publish")]` takes. */
export interface PublishMessage {
  readonly data: MimeBundle;
  readonly metadata?: JsonObject;
  /** Names the display, so that it can be updated. */
  readonly displayId?: string;
  /** Replaces the display of the same `displayId` instead of adding one. */
  readonly update?: boolean;
  /** Clears the cell's output when this one arrives (`clear_output` with `wait: true`). */
  readonly clear?: boolean;
}

/** An error as Jupyter shows it. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** What the connection file says. */
export interface ConnectionInfo {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
}

/** One `import` of a cell, to be done before the cell's code runs. */
export interface CellImport {
  readonly specifier: string;
  /** Local name → name in the module; `"*"` is the whole namespace. */
  readonly names: readonly (readonly [local: string, imported: string])[];
  /** `with { type: "json" }` */
  readonly type?: string;
  /** Line of the statement in the cell, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
}

/** A cell that passed the type check, ready to run. */
export interface PreparedCell {
  /** JavaScript: an expression that is an async function of (scope, kernel, require, __filename, __dirname). */
  readonly code: string;
  readonly imports: readonly CellImport[];
  /** Names that the cell declares, without types and imports. */
  readonly declares: readonly (readonly [name: string, kind: "var" | "let" | "const"])[];
  /** Where each piece of `code` came from, see language/positions.ts. */
  readonly positions: Positions;
}

/** Maps a place in generated code to the place in what the user wrote. */
export interface Positions {
  /** Name that stack traces show. */
  readonly file: string;
  /** Flat runs of (generated line, generated column, source line, source column), sorted; lines and columns from 0. */
  readonly runs: Int32Array;
  /** The source text, for the lines shown in a traceback. */
  readonly source: string;
}

/** A cell refused before it ran. */
export interface RefusedCell {
  readonly error: ErrorContent;
}

/** Wire → main. */
export type ToMain =
  | {
      readonly type: "run";
      readonly cell: number;
      readonly count: number;
      readonly prepared: PreparedCell;
      readonly silent: boolean;
      readonly allowStdin: boolean;
      readonly expressions: Record<string, PreparedCell | RefusedCell>;
    }
  | { readonly type: "interrupt"; readonly sequence: number }
  | {
      readonly type: "comm";
      readonly cell: number;
      readonly kind: "comm_open" | "comm_msg" | "comm_close";
      readonly content: Record<string, unknown>;
      readonly buffers: readonly Uint8Array[];
    }
  | { readonly type: "shutdown" };

export type StreamName = "stdout" | "stderr";

/** Main → wire, in the order in which things happened. `cell` says whose output it is. */
export type ToWire =
  | { readonly type: "publish"; readonly cell: number; readonly message: PublishMessage }
  | { readonly type: "clear"; readonly cell: number; readonly wait: boolean }
  | { readonly type: "error"; readonly cell: number; readonly error: ErrorContent }
  | {
      readonly type: "comm";
      readonly cell: number;
      readonly kind: "comm_open" | "comm_msg" | "comm_close";
      readonly content: JsonObject;
      readonly metadata: JsonObject;
      readonly buffers: readonly Uint8Array[];
    }
  | { readonly type: "comms"; readonly open: Readonly<Record<string, string>> }
  | {
      readonly type: "input";
      readonly cell: number;
      readonly prompt: string;
      readonly password: boolean;
      readonly sync: boolean;
    }
  | { readonly type: "children" }
  | { readonly type: "spawned"; readonly pid: number }
  | { readonly type: "gone"; readonly pid: number }
  | { readonly type: "done"; readonly cell: number; readonly outcome: CellOutcome };

export interface CellOutcome {
  readonly status: "ok" | "error";
  readonly result?: { readonly data: MimeBundle; readonly metadata: JsonObject };
  readonly error?: ErrorContent;
  /** Interrupted cells stop what is queued behind them, as errors do. */
  readonly interrupted?: boolean;
  readonly expressions: Readonly<Record<string, JsonObject>>;
}

/** The answer to an `input_request`. */
export type InputAnswer = { readonly value: string } | { readonly refused: string };
