import type { Table, TableCell } from "../figures/results-table.js";
import { escapeHtml } from "./escape.js";

/** `"accuracy (%)"` */
export function heading({ title, unit }: Table["columns"][number]): string {
  return unit === "" ? title : `${title} (${unit})`;
}

/** A real HTML table with caption and row and column scopes; the style is Jupyter's own. */
export function tableHtml(table: Table): string {
  const align = (c: number) =>
    table.columns[c].numeric ? ' style="text-align:right"' : ' style="text-align:left"';
  const head = table.columns.map(
    (column, c) => `<th scope="col"${align(c)}>${escapeHtml(heading(column))}</th>`,
  );
  const body = table.rows.map(
    (row) => `<tr>${row.map((cell, c) => `<td${align(c)}>${bold(cell)}</td>`).join("")}</tr>`,
  );
  const title = table.title === "" ? "" : `<caption>${escapeHtml(table.title)}</caption>`;
  return `<table>${title}<thead><tr>${head.join("")}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;

  function bold({ text, best }: TableCell): string {
    return best ? `<strong>${escapeHtml(text)}</strong>` : escapeHtml(text);
  }
}

/** A GitHub-flavoured Markdown table. */
export function tableMarkdown(table: Table): string {
  const cell = (text: string) => text.replace(/([\\`*_{}[\]<>|#~$])/g, "\\$1").replace(/\r?\n/g, " ");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const body = table.rows.map((row) => line(row.map((c) => (c.best ? `**${cell(c.text)}**` : cell(c.text)))));
  return [
    line(table.columns.map((column) => cell(heading(column)))),
    line(table.columns.map((column) => (column.numeric ? "---:" : ":---"))),
    ...body,
  ].join("\n");
}

/** Columns of characters for a terminal: numbers to the right, a rule under the headings, `*` behind the best. */
export function tableText(table: Table): string {
  const marks = table.rows.some((row) => row.some((c) => c.best));
  const cells = table.rows.map((row) => row.map((c) => c.text + (c.best ? "*" : marks ? " " : "")));
  const head = table.columns.map((column) => heading(column) + (marks && column.numeric ? " " : ""));
  const widths = head.map((h, c) => Math.max(h.length, ...cells.map((row) => row[c].length)));
  const line = (row: readonly string[]) =>
    row
      .map((t, c) => (table.columns[c].numeric ? t.padStart(widths[c]) : t.padEnd(widths[c])))
      .join("  ")
      .trimEnd();
  const title = table.title === "" ? [] : [table.title];
  return [...title, line(head), widths.map((w) => "─".repeat(w)).join("  "), ...cells.map(line)].join("\n");
}
