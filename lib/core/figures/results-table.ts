import {
  byName,
  configError,
  flag,
  type Given,
  inWords,
  list,
  type Option,
  object,
  oneOf,
  option,
  options,
  readOption,
  shapeError,
  text,
  valueInWords,
} from "@gradbook/base";
import { digitsOption, nameOption, slug } from "./figure.js";

/**
 * What a cell of a table may hold; null is printed as an en dash.
 * @inline
 */
export type CellValue = string | number | boolean | null;

const columnOptions = {
  /** The key in each row's record. */
  key: text(),
  /**
   * The heading.
   * @default the key
   */
  title: text().optional(),
  /**
   * Written in brackets behind the heading, e.g. `"%"` or `"s"`.
   * @default ""
   */
  unit: text().or(""),
  /**
   * Digits after the decimal point of a number.
   * @default integers whole (10,000 and more with their thousands apart), others with four significant digits
   */
  digits: digitsOption().optional(),
  /**
   * `"max"` or `"min"` prints the best number of the column bold.
   * @default none
   */
  best: oneOf("max", "min").optional(),
};
/**
 * One column of a table.
 * @interface
 */
export type Column = Given<typeof columnOptions>;

const resultsTableOptions = {
  /** Printed above the table. */
  title: text(),
  /**
   * Names the table's files.
   * @default the title in lower case with hyphens
   */
  name: nameOption().optional(),
  /**
   * The sentence under the table in a report.
   * @default ""
   */
  caption: text().or(""),
  /** Records with the same keys, one per row. */
  rows: list(byName<CellValue>("an object, its values by column"), "a list of rows"),
  /**
   * Which keys, in which order.
   * @default all keys, in the order in which they first come
   */
  columns: list(
    option<Column | string>("a key, or a column", (v) => v as Column | string),
    "a list of columns",
  ).optional(),
};
/**
 * Options of `resultsTable`.
 * @interface
 */
export type ResultsTableConfig = Given<typeof resultsTableOptions>;

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
  return makeTable("resultsTable", config);
}

/** @param what the function that is called, for errors */
export function makeTable(what: string, config: ResultsTableConfig): Table {
  const { title, name, caption, rows, ...given } = options(what, resultsTableOptions, config);
  if (rows.length === 0) throw configError(what, "no rows", "at least one");
  const known = [...new Set(rows.flatMap(Object.keys))];
  const columns = (given.columns ?? known).map((column, i) =>
    options(
      `${what}, column ${inWords(Object(column).key ?? i)}`,
      columnOptions,
      typeof column === "string" ? { key: column } : column,
    ),
  );
  for (const { key } of columns) {
    if (rows.some((row) => Object.hasOwn(row, key))) continue;
    throw configError(what, `column "${key}" is in no row`, `one of ${known.join(", ")}`);
  }
  for (const [r, row] of rows.entries())
    for (const { key } of columns) checkCell(what, `"${key}" of row ${r}`, row[key]);
  const best = columns.map((column) => bestOf(column, rows));
  return {
    kind: "table",
    name: name ?? slug(title),
    title,
    caption,
    columns: columns.map((column) => ({
      key: column.key,
      title: column.title ?? column.key,
      unit: column.unit,
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

const tableOptions = {
  kind: oneOf("table"),
  name: text(),
  title: text(),
  caption: text(),
  columns: list(object({ key: text(), title: text(), unit: text(), numeric: flag() }), "a list of columns"),
  rows: list(list(object({ text: text(), best: flag() }), "a list of cells"), "a list of rows"),
} satisfies Record<keyof Table, Option<unknown>>;

/** @throws GradbookError when what has a table's kind was not made by `resultsTable` */
export function parseTable(what: string, table: Table): Table {
  readOption(what, "the table", object(tableOptions), table);
  const broken = table.rows.findIndex((row) => row.length !== table.columns.length);
  if (broken < 0) return table;
  const got = `row ${broken} of the table has ${table.rows[broken].length} cells`;
  throw shapeError(what, got, `${table.columns.length}, one for each column`);
}

/** What is no text, number, boolean or nothing would be printed as something that nobody reads. */
function checkCell(what: string, cell: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (["string", "number", "boolean"].includes(typeof value)) return;
  throw configError(what, valueInWords(cell, value), "a string, a number, a boolean or null");
}

function bestOf(column: Pick<Column, "key" | "best">, rows: ResultsTableConfig["rows"]): number | null {
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
