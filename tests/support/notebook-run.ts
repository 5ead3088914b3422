import { join } from "node:path";
import { type Json, metricsMime, tableMime } from "@gradbook/base";
import { runNotebook } from "#tools/notebook/run.js";
import { root } from "./kernel.js";

/** What a reader of an executed notebook sees, and the metrics of its run. */
export interface Seen {
  /** Every printed line, paragraph, table and description of a figure. */
  readonly text: string;
  /** The paragraphs of the cell `conclusions`. */
  readonly conclusions: string;
  /** Rows of each table as they are printed, by the table's name. */
  readonly tables: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly metrics: Json;
}

interface TableData {
  readonly name: string;
  readonly rows: readonly (readonly { readonly text: string }[])[];
}

/** Runs one of our notebooks at the quick scale with some of its settings replaced. */
export async function seenIn(
  name: string,
  parameters: Readonly<Record<string, Json>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const path = join(root, "notebooks", `${name}.ipynb`);
  const { notebook } = await runNotebook(path, { parameters, env: { GRADBOOK_SCALE: "quick", ...env } });
  const outputs = notebook.cells.flatMap((cell) =>
    cell.cell_type === "code" ? cell.outputs.map((output) => ({ cell: cell.id, output })) : [],
  );
  const words: string[] = [];
  const tables: Record<string, readonly (readonly string[])[]> = {};
  let conclusions = "";
  let metrics: Json = null;
  for (const { cell, output } of outputs) {
    if (cell === "injected-parameters") continue;
    if (output.output_type === "stream") words.push(String(output.text));
    if (output.output_type !== "display_data") continue;
    const { data } = output;
    for (const mime of ["text/plain", "text/markdown"]) if (mime in data) words.push(textOf(data[mime]));
    if (cell === "conclusions") conclusions = textOf(data["text/markdown"] ?? "");
    if (tableMime in data) {
      const table = data[tableMime] as unknown as TableData;
      tables[table.name] = table.rows.map((row) => row.map((one) => one.text));
    }
    if (metricsMime in data) metrics = data[metricsMime];
  }
  return { text: words.join("\n"), conclusions, tables, metrics };
}

const textOf = (value: Json | undefined) => (Array.isArray(value) ? value.join("") : String(value));
