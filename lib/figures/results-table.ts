import { GradbookError, inWords, refuseUnknownKeys } from "../errors/error.js";
import { notOneOf, parseName, slug } from "./figure.js";

/**
 * What a cell of a table may hold; null is printed as an en dash.
 * @inline
 */
export type CellValue = string | number | boolean | null;

/** One column of a table. */
export interface Column {
  /** The key in each row's record. */
  readonly key: string;
  /**
   * The heading.
   * @default the key
   */
  readonly title?: string;
  /**
   * Written in brackets behind the heading, e.g. `"%"` or `"s"`.
   * @default ""
   */
  readonly unit?: string;
  /**
   * Digits after the decimal point of a number.
   * @default integers whole (10,000 and more with their thousands apart), others with four significant digits
   */
  readonly digits?: number;
  /**
   * `"max"` or `"min"` prints the best number of the column bold.
   * @default none
   */
  readonly best?: "max" | "min";
}

/** Options of `resultsTable`. */
export interface ResultsTableConfig {
  /** Printed above the table. */
  readonly title: string;
  /**
   * Names the table's files.
   * @default the title in lower case with hyphens
   */
  readonly name?: string;
  /**
   * The sentence under the table in a report.
   * @default ""
   */
  readonly caption?: string;
  /** Records with the same keys, one per row. */
  readonly rows: readonly Readonly<Record<string, CellValue>>[];
  /**
   * Which keys, in which order.
   * @default all keys, in the order in which they first come
   */
  readonly columns?: readonly (Column | string)[];
}

/** A table as plain data; `display` draws it, a report writes it as CSV, Markdown and LaTeX. */
export interface Table {
  /** Tells a table from a figure. */
  readonly kind: "table";
  /** Names the table's files. */
  readonly name: string;
  /** Printed above the table. */
  readonly title: string;
  /** The sentence under the table; may be empty. */
  readonly caption: string;
  /** Headings and units; numbers of a `numeric` column are printed flush right. */
  readonly columns: readonly {
    /** The key in each row's record. */
    readonly key: string;
    /** The heading. */
    readonly title: string;
    /** Written in brackets behind the heading; may be empty. */
    readonly unit: string;
    /** Whether it holds numbers only. */
    readonly numeric: boolean;
  }[];
  /** The cells, row by row. */
  readonly rows: readonly (readonly TableCell[])[];
}

/** One cell of a table. */
export interface TableCell {
  /** What it holds. */
  readonly value: CellValue;
  /** As it is printed: numbers with the column's digits, nothing as an en dash. */
  readonly text: string;
  /** Whether it is the best of its column. */
  readonly best: boolean;
}

const keys = ["title", "name", "caption", "rows", "columns"];
const columnKeys = ["key", "title", "unit", "digits", "best"];

/**
 * Rows of records as a table of printed numbers.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { resultsTable, show } from "gradbook";
 *
 * const table = resultsTable({
 *   title: "Optimizers",
 *   rows: [
 *     { optimizer: "SGD", error: 0.0931 },
 *     { optimizer: "Adam", error: 0.0512 },
 *   ],
 *   columns: ["optimizer", { key: "error", title: "test error", digits: 3, best: "min" }],
 * });
 * console.log(table.rows[1].map(({ text }) => text)); // [ 'Adam', '0.051' ]
 * await show(table);
 * ```
 */
export function resultsTable(config: ResultsTableConfig): Table {
  refuseUnknownKeys("resultsTable", config, keys);
  const { rows, title } = config;
  if (rows.length === 0) throw fail("no rows", "at least one");
  const known = [...new Set(rows.flatMap(Object.keys))];
  const columns = (config.columns ?? known).map((c) => (typeof c === "string" ? { key: c } : c));
  for (const column of columns) {
    refuseUnknownKeys("resultsTable", column, columnKeys);
    const { digits = 0, best = "min" } = column;
    if (best !== "min" && best !== "max") {
      throw notOneOf("resultsTable", `best of column "${column.key}"`, best, ["min", "max"]);
    }
    if (!Number.isInteger(digits) || digits < 0 || digits > 100)
      throw fail(`digits of column "${column.key}" is ${digits}`, "a whole number in 0 … 100");
    if (!rows.some((row) => Object.hasOwn(row, column.key))) {
      throw fail(`column "${column.key}" is in no row`, `one of ${known.join(", ")}`);
    }
  }
  for (const [r, row] of rows.entries()) for (const { key } of columns) checkCell(row[key], key, r);
  const best = columns.map((column) => bestOf(column, rows));
  return {
    kind: "table",
    name: parseName("resultsTable", config.name ?? slug(title)),
    title,
    caption: config.caption ?? "",
    columns: columns.map((column) => ({
      key: column.key,
      title: column.title ?? column.key,
      unit: column.unit ?? "",
      numeric: rows.every((row) => typeof (row[column.key] ?? 0) === "number"),
    })),
    rows: rows.map((row) =>
      columns.map((column, c) => {
        const value = row[column.key] ?? null;
        return { value, text: print(value, column.digits), best: value !== null && value === best[c] };
      }),
    ),
  };
}

/** What is no text, number, boolean or nothing would be printed as something that nobody reads. */
function checkCell(value: unknown, key: string, row: number): void {
  if (value === undefined || value === null) return;
  if (["string", "number", "boolean"].includes(typeof value)) return;
  throw fail(`"${key}" of row ${row} is ${inWords(value)}`, "a string, a number, a boolean or null");
}

function bestOf(column: Column, rows: ResultsTableConfig["rows"]): number | null {
  if (column.best === undefined) return null;
  const numbers = rows.map((row) => row[column.key]).filter((v): v is number => Number.isFinite(v));
  if (numbers.length < 2) return null;
  return column.best === "max" ? Math.max(...numbers) : Math.min(...numbers);
}

function print(value: CellValue, digits: number | undefined): string {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return String(value);
  if (digits !== undefined) return value.toFixed(digits);
  if (Number.isInteger(value))
    return Math.abs(value) < 10_000 ? String(value) : value.toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

function fail(got: string, expected: string): GradbookError {
  return new GradbookError({ code: "config", what: "resultsTable", got, expected });
}
