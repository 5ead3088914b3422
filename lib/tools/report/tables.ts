import type { Table } from "@gradbook/core";
import { escapeTex } from "./latex.js";

/** RFC 4180: commas, quotes doubled, CRLF; numbers in full precision. */
export function tableCsv(table: Table): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const head = table.columns.map((c) => cell(c.unit === "" ? c.title : `${c.title} (${c.unit})`));
  const body = table.rows.map((row) => row.map(({ value }) => cell(value === null ? "" : guard(value))));
  return [head, ...body].map((line) => `${line.join(",")}\r\n`).join("");
}

/** A text that a spreadsheet would run as a formula gets an apostrophe in front. */
function guard(value: string | number | boolean): string {
  return typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
}

/** A `tabular` with the rules of the package booktabs; the caption belongs to whoever includes it. */
export function tableTex(table: Table): string {
  // after \\, \toprule and \midrule a [ or * would be read as their argument
  const line = ([first, ...more]: readonly string[]) =>
    `${[/^\s*[[*]/.test(first) ? `{}${first}` : first, ...more].join(" & ")} \\\\`;
  const head = table.columns.map((c) => escapeTex(c.unit === "" ? c.title : `${c.title} (${c.unit})`));
  const body = table.rows.map((row) =>
    row.map(({ text, best }) => (best ? `\\textbf{${escapeTex(text)}}` : escapeTex(text))),
  );
  return [
    `% ${escapeTex(table.title)}; needs \\usepackage{booktabs}`,
    `\\begin{tabular}{${table.columns.map((c) => (c.numeric ? "r" : "l")).join("")}}`,
    "\\toprule",
    line(head),
    "\\midrule",
    ...body.map(line),
    "\\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}

/** A figure as LaTeX includes it. */
export interface TexFigure {
  readonly name: string;
  /** Relative to the report's folder. */
  readonly file: string;
  readonly caption: string;
}

/** `figures.tex`: every figure with its caption and a label, to be copied or `\input`. */
export function figuresTex(figures: readonly TexFigure[]): string {
  const blocks = figures.map(({ name, file, caption }) =>
    [
      "\\begin{figure}",
      "  \\centering",
      `  \\includegraphics[width=\\linewidth]{${file}}`,
      `  \\caption{${escapeTex(caption)}}`,
      `  \\label{fig:${name}}`,
      "\\end{figure}",
    ].join("\n"),
  );
  return `% \\usepackage{graphicx}; from this folder: \\input{figures.tex}\n${blocks.join("\n\n")}\n`;
}
