// What the kernel's three threads say to each other. Types only: every thread may import this file for nothing.
import type { MessagePort } from "node:worker_threads";
import type { JsonObject, MimeBundle, PublishMessage } from "@gradbook/base";
import type { ConnectionInfo } from "./jupyter/connection.js";
import type { ErrorContent } from "./jupyter/messages.js";
import type { SharedState } from "./shared.js";

/** Passed to the wire thread at startup. */
export interface WireData {
  readonly connection: ConnectionInfo;
  /** Removed when the front end was killed and cannot do it. */
  readonly connectionFile: string;
  readonly shared: SharedState;
  /** To main; what comes from it is a call to look into the ring. */
  readonly main: MessagePort;
  /** Notes of main, taken when the ring says so. */
  readonly notes: MessagePort;
  /** Answers to synchronous input requests, which main reads while it is blocked. */
  readonly input: MessagePort;
  readonly language: MessagePort;
  /** Characters of output a cell may send. */
  readonly outputLimit: number;
  /** What the language is called. */
  readonly javascript: boolean;
}

/** Passed to the language thread at startup. */
export interface LanguageData {
  readonly wire: MessagePort;
  readonly main: MessagePort;
  /** For what main waits for standing still. */
  readonly mainBlocked: MessagePort;
  readonly notebookFolder: string;
  /** Where translated files of the project stand while Node reads them. */
  readonly moduleFolder: string;
  /** Cells are JavaScript: their types are not checked. */
  readonly javascript: boolean;
  /** Types are checked without `strict`. */
  readonly loose: boolean;
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
  /** Where each piece of `code` came from, see positions.ts. */
  readonly positions: Positions;
  /** Its time is said when it has run. */
  readonly timed?: boolean;
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

/** A message of a comm. */
export type CommKind = "comm_open" | "comm_msg" | "comm_close";

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
      readonly kind: CommKind;
      readonly content: JsonObject;
      readonly buffers: readonly Uint8Array[];
    }
  | { readonly type: "shutdown" };

/** Main → wire, in the order in which things happened. `cell` says whose output it is. */
export type ToWire =
  | { readonly type: "publish"; readonly cell: number; readonly message: PublishMessage<MimeBundle> }
  | { readonly type: "clear"; readonly cell: number; readonly wait: boolean }
  | { readonly type: "error"; readonly cell: number; readonly error: ErrorContent }
  | {
      readonly type: "comm";
      readonly cell: number;
      readonly kind: CommKind;
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
