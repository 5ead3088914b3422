import type { Json, MimeBundle } from "@gradbook/base";
import { type Figure, resultsTable, type Table } from "@gradbook/core";
import { examples, tableBundle } from "@gradbook/core/internal";
import type { Cell, Notebook } from "@gradbook/kernel/internal";

/** A small executed notebook with one of everything that a report knows, for tests. */
export function executedNotebook(extra: readonly Cell[] = []): Notebook {
  const table = resultsTable({
    title: "Accuracy",
    rows: [
      { optimizer: "SGD, plain", error: 12.5 },
      { optimizer: 'RMSProp "ρ"', error: 3 },
    ],
    columns: ["optimizer", { key: "error", title: "test error", unit: "%", digits: 1, best: "min" }],
  });
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript" } },
    cells: [
      prose("# A small report\n\nWith $a^2$ and a formula:\n\n$$\\sum_n \\delta_n x_n$$"),
      code("const config = { seed: 1 };", [], ["parameters"]),
      prose("## Curves"),
      code("await show(curves);", [
        figureOutput(examples["error-curves-seeds"]()),
        figureOutput(examples["error-curves-seeds"]()),
      ]),
      prose("## Inside"),
      code("await show(maps); show(table);", [
        figureOutput(examples["activation-slices"]()),
        tableOutput(table),
        {
          "application/vnd.gradbook.metrics+json": { notebook: "small", runs: [{ digest: "abc" }] },
          "text/plain": "metrics",
        },
        { "text/html": '<table><tr><td style="x">cell</td></tr></table>', "text/plain": "cell" },
        { "text/html": "<script>alert(1)</script>", "text/plain": "only text" },
      ]),
      prose("## Conclusions\n\nIt **works**."),
      ...extra,
    ],
  };
}

export function prose(source: string): Cell {
  return { cell_type: "markdown", id: id(source), metadata: {}, source };
}

export function code(
  source: string,
  bundles: readonly MimeBundle[] = [],
  tags: readonly string[] = [],
): Cell {
  return {
    cell_type: "code",
    id: id(source),
    metadata: tags.length === 0 ? {} : { tags },
    source,
    execution_count: 1,
    outputs: bundles.map((data) => ({ output_type: "display_data", data, metadata: {} })),
  };
}

export function figureOutput(figure: Figure): MimeBundle {
  return toJson({
    "image/png": "iVBORw0KGgo=",
    "application/vnd.plotly.v1+json": { data: figure.data, layout: figure.layout },
    "text/plain": figure.layout.meta.description,
  });
}

export function tableOutput(table: Table): MimeBundle {
  return toJson(tableBundle(table));
}

/** As it comes back from a notebook file. */
export function toJson(bundle: Readonly<Record<string, unknown>>): MimeBundle {
  const copy: Record<string, Json> = JSON.parse(JSON.stringify(bundle));
  return copy;
}

function id(source: string): string {
  return `c${[...source].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1e9, 7)}`;
}
