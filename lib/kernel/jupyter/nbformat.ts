import type { JsonObject, MimeBundle } from "@gradbook/base";
import type { ErrorContent, StreamName } from "./messages.js";

/** What a cell printed; neighbouring pieces of the same stream are one output. */
export interface StreamOutput {
  readonly output_type: "stream";
  readonly name: StreamName;
  readonly text: string;
}

/** What a cell showed in its middle. */
export interface DisplayOutput {
  readonly output_type: "display_data";
  readonly data: MimeBundle;
  readonly metadata: JsonObject;
}

/** The value of a cell's last expression. */
export interface ResultOutput {
  readonly output_type: "execute_result";
  readonly execution_count: number | null;
  readonly data: MimeBundle;
  readonly metadata: JsonObject;
}

/** Why a cell stopped. */
export interface ErrorOutput extends ErrorContent {
  readonly output_type: "error";
}

export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

interface CellBase {
  /** 1–64 letters, digits, `-` and `_`; one of its kind in the notebook. */
  readonly id: string;
  readonly metadata: JsonObject;
  readonly source: string;
}

export interface CodeCell extends CellBase {
  readonly cell_type: "code";
  /** 1 for the first cell that ran, null for one that did not. */
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

export interface TextCell extends CellBase {
  readonly cell_type: "markdown" | "raw";
  /** Pictures pasted into the text: file name → bundle. */
  readonly attachments?: { readonly [name: string]: MimeBundle };
}

export type Cell = CodeCell | TextCell;

/** A notebook in nbformat 4.5, with every multi-line text as one string. */
export interface Notebook {
  readonly nbformat: 4;
  readonly nbformat_minor: 5;
  readonly metadata: JsonObject;
  readonly cells: readonly Cell[];
}

/** The tags of a cell, `[]` when it has none. */
export function cellTags(cell: Cell): readonly string[] {
  const { tags } = cell.metadata;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}
