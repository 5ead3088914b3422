import type { Table, TableCell } from "@gradbook/core";
import { heading, wrap } from "@gradbook/core/internal";
import { escapeTex } from "./latex.js";

/** RFC 4180: commas, quotes doubled, CRLF; numbers in full precision. */
export function tableCsv(table: Table): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const head = table.columns.map((column) => cell(heading(column)));
  const body = table.rows.map((row) => row.map(({ value }) => cell(value === null ? "" : guard(value))));
  return [head, ...body].map((line) => `${line.join(",")}\r\n`).join("");
}

/** A text that a spreadsheet would run as a formula gets an apostrophe in front. */
function guard(value: string | number | boolean): string {
  return typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
}

/**
 * A table to be `\input`, with caption and label, the rules of booktabs and the numbers of siunitx, aligned at their
 * points. Long texts and headings are broken into lines. One that does not fit into the column of a two-column page
 * takes the whole page, and one that is wider than what is around it is made as wide as that.
 */
export function tableTex(table: Table): string {
  const { name, title, caption, columns, rows } = table;
  const heads = columns.map(heading);
  const kinds = columnsTex(table, heads);
  // after \\, \toprule and \midrule a [ or * would be read as their argument
  const line = ([first, ...more]: readonly string[]) =>
    `    ${[/^\s*[[*]/.test(first) ? `{}${first}` : first, ...more].join(" & ")} \\\\`;
  const head = heads.map((words, c) => headTex(words, kinds[c]));
  const body = rows.map((row) => row.map((cell, c) => cellTex(cell, kinds[c].numbers)));
  const width = kinds.reduce((sum, kind) => sum + kind.width, 0);
  const environment = width > ems.column ? "table*" : "table";
  return [
    "% \\usepackage{booktabs,graphicx,siunitx}",
    `\\begin{${environment}}`,
    "  \\centering",
    `  \\caption{${escapeTex(caption || title)}}`,
    `  \\label{tab:${name}}`,
    "  \\smallskip",
    "  \\sisetup{detect-weight=true}",
    // The box is measured first: a table is made smaller, never larger.
    "  \\sbox0{%",
    `  \\begin{tabular}{${kinds.map(({ spec }) => spec).join("")}}`,
    "    \\toprule",
    line(head),
    "    \\midrule",
    ...body.map(line),
    "    \\bottomrule",
    "  \\end{tabular}}%",
    "  \\ifdim\\wd0>\\linewidth \\resizebox{\\linewidth}{!}{\\usebox0}\\else \\usebox0\\fi",
    `\\end{${environment}}`,
    "",
  ].join("\n");
}

/** Widths in units of the font size: of a column of a two-column page, and of the page's text. */
const ems = { column: 24, page: 48, letter: 0.5, gap: 1.2 } as const;

/** Letters of a cell or a heading from which on it is broken into lines. */
const longest = { text: 24, heading: 14 } as const;

/** A column as `tabular` takes it. */
interface ColumnTex {
  readonly spec: string;
  /** Whether siunitx reads its cells. */
  readonly numbers: boolean;
  /** In units of the font size. */
  readonly width: number;
  /** Letters of one line. */
  readonly letters: number;
}

/** Numbers, short texts, and long ones, which share what is left of the page. */
function columnsTex({ columns, rows }: Table, heads: readonly string[]): readonly ColumnTex[] {
  const kinds = columns.map(({ numeric }, c): ColumnTex => {
    const cells = rows.map((row) => row[c]);
    const headLetters = Math.max(...wrap(heads[c], longest.heading).map((line) => line.length));
    const letters = Math.max(headLetters, ...cells.map(({ text }) => text.length));
    const format = numeric ? numberFormat(cells) : null;
    const spec = format === null ? (numeric ? "r" : "l") : `S[table-format=${format}]`;
    return { spec, numbers: format !== null, width: letters * ems.letter + ems.gap, letters };
  });
  const isLong = ({ numbers, letters }: ColumnTex) => !numbers && letters > longest.text;
  const taken = kinds.reduce((sum, kind) => sum + (isLong(kind) ? 0 : kind.width), 0);
  const share = Math.max(
    7,
    Math.floor((ems.page - taken) / Math.max(1, kinds.filter(isLong).length) - ems.gap),
  );
  return kinds.map((kind) => {
    if (!isLong(kind)) return kind;
    const width = Math.min(share, Math.ceil(kind.letters * ems.letter), 20);
    return {
      ...kind,
      spec: `>{\\raggedright\\arraybackslash}p{${width}em}`,
      width: width + ems.gap,
      letters: width / ems.letter,
    };
  });
}

function headTex(words: string, { spec, numbers }: ColumnTex): string {
  const lines = wrap(words, longest.heading).map(escapeTex);
  if (spec.includes("p{")) return escapeTex(words);
  const side = numbers ? "c" : spec;
  const stacked =
    lines.length === 1 ? lines[0] : `\\begin{tabular}[b]{@{}${side}@{}}${lines.join("\\\\{}")}\\end{tabular}`;
  // What stands in braces is text to siunitx.
  return numbers ? `{${stacked}}` : stacked;
}

/** The digits that siunitx keeps room for; null where it could read no cell. */
function numberFormat(cells: readonly TableCell[]): string | null {
  const parts = cells.flatMap(({ text }) => numberParts(text) ?? []);
  if (parts.length === 0) return null;
  const most = (digits: (part: NumberParts) => number) => Math.max(...parts.map(digits));
  const sign = parts.some((part) => part.sign !== "") ? "-" : "";
  const exponent = most((part) => part.exponent.replace("-", "").length);
  const negative = parts.some((part) => part.exponent.startsWith("-")) ? "-" : "";
  const power = exponent === 0 ? "" : `e${negative}${exponent}`;
  return `${sign}${most(({ whole }) => whole.length)}.${most(({ decimals }) => decimals.length)}${power}`;
}

interface NumberParts {
  readonly sign: string;
  readonly whole: string;
  readonly decimals: string;
  readonly exponent: string;
}

/** A printed number in its parts, without the signs between its thousands; null for what siunitx could not read. */
function numberParts(text: string): NumberParts | null {
  const found = /^([-−]?)(\d[\d,\u2009\u202f]*)(?:\.(\d+))?(?:e\+?(-?\d+))?$/.exec(text);
  if (found === null) return null;
  const [, sign, whole, decimals = "", exponent = ""] = found;
  return { sign: sign === "" ? "" : "-", whole: whole.replace(/[,\u2009\u202f]/g, ""), decimals, exponent };
}

function cellTex({ text, best }: TableCell, numbers: boolean): string {
  const parts = numbers ? numberParts(text) : null;
  if (parts === null) {
    const words = best ? `\\textbf{${escapeTex(text)}}` : escapeTex(text);
    return numbers ? `{${words}}` : words;
  }
  const { sign, whole, decimals, exponent } = parts;
  const number = `${sign}${whole}${decimals === "" ? "" : `.${decimals}`}${exponent === "" ? "" : `e${exponent}`}`;
  return best ? `\\bfseries ${number}` : number;
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
