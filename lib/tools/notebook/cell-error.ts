import { stripVTControlCharacters } from "node:util";
import { type ErrorRecord, GradbookError } from "@gradbook/base";
import type { ErrorOutput } from "@gradbook/kernel/internal";

/** The cell at which a run ended. */
export interface CellPlace {
  /** Index of the cell among all the notebook's cells, from 0. */
  readonly index: number;
  /** Number of the cell among the code cells, from 1: what JupyterLab shows in brackets beside it. */
  readonly number: number;
  readonly source: string;
}

/**
 * A run ended at a cell: `cell-failed` (with the error that it threw), `kernel-died`, `kernel-timeout` or `output-lost`.
 */
export class CellError extends GradbookError {
  readonly cell: CellPlace;
  /** What the cell threw; missing when the kernel, and not the cell, gave up. */
  readonly error?: ErrorOutput;

  constructor(
    record: ErrorRecord,
    cell: CellPlace,
    { error, cause }: { readonly error?: ErrorOutput; readonly cause?: unknown } = {},
  ) {
    super(record, { cause });
    this.cell = cell;
    if (error !== undefined) this.error = error;
  }

  /**
   * The error's stack with the cell's lines, without colours: what somebody needs to repair it. Our own kernel's stack
   * shows the lines around the error; for any other the whole source stands before it.
   */
  report(): string {
    const trace = stripVTControlCharacters((this.error?.traceback ?? []).join("\n"));
    if (/^> +\d+ \| /m.test(trace)) return trace;
    const lines = this.cell.source.split("\n");
    const width = String(lines.length).length;
    const source = lines.map((line, i) => `  ${String(i + 1).padStart(width)} │ ${line}`).join("\n");
    return trace === "" ? source : `${source}\n\n${trace}`;
  }
}
