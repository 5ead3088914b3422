import { readFileSync } from "node:fs";
import {
  assertList,
  configError,
  dataError,
  type Given,
  inWords,
  list,
  onDisk,
  option,
  options,
  shownPath,
  text,
} from "@gradbook/base";
import Papa from "papaparse";
import { arrayDataset } from "./array-dataset.js";
import type { Dataset } from "./dataset.js";
import { targetDataset } from "./targets.js";

const readTableOptions = {
  /**
   * What stands between two values.
   * @default found by looking: comma, tab, semicolon, bar
   */
  delimiter: text().optional(),
  /**
   * Texts that stand for a missing value, beside nothing at all.
   * @default ["NA", "N/A", "NaN", "nan", "null", "?"]
   */
  missing: list(text(), "a list of texts").or(["NA", "N/A", "NaN", "nan", "null", "?"]),
};
/**
 * Options of `readTable`.
 * @interface
 */
export type ReadTableConfig = Given<typeof readTableOptions>;

/** A value of a table; undefined where it is missing. */
export type Cell = number | string | undefined;

/** Rows and columns, as a file has them. */
export interface DataTable {
  /** Where it comes from. */
  readonly source: string;
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** Number of rows. */
  readonly size: number;
  /**
   * The values of a column: numbers where every value that is there is one, else texts.
   * @throws GradbookError when there is no such column
   */
  column(name: string): readonly Cell[];
  /** The rows at these positions, from 0, in that order. */
  rows(indices: ArrayLike<number>): DataTable;
}

/**
 * Reads a table from a CSV or TSV file, whose first line names the columns.
 * @param path of the file
 * @throws GradbookError when the file is missing or has no rows, a row has another number of values than the header, or two
 *   columns share a name
 *
 * @example
 * ```ts
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readTable } from "gradbook";
 *
 * const path = `${mkdtempSync("/tmp/table-")}/flats.csv`;
 * writeFileSync(path, "rooms,town,rent\n2,Bonn,700\n3,Köln,\n");
 * const table = readTable(path);
 * console.log(table.columns.join(), table.size); // rooms,town,rent 2
 * console.log(table.column("rent")); // [ 700, undefined ]
 * ```
 */
export function readTable(path: string, config: ReadTableConfig = {}): DataTable {
  const { delimiter, missing } = options("readTable", readTableOptions, config);
  if (typeof path !== "string" || path === "")
    throw configError("readTable", `path is ${inWords(path)}`, "a file's path", '"data/table.csv"');
  const what = shownPath(path);
  const content = onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")).replace(/^\uFEFF/, "");
  const { data, errors } = Papa.parse<string[]>(content, {
    delimiter: delimiter ?? "",
    skipEmptyLines: "greedy",
  });
  const quotes = errors.find(({ type }) => type === "Quotes");
  if (quotes !== undefined)
    throw dataError(
      what,
      `line ${(quotes.row ?? 0) + 1}: a quotation mark that is not closed`,
      'values such as "a, b"',
    );
  const [header = [], ...lines] = data;
  const columns = header.map((name) => name.trim());
  if (lines.length === 0) throw dataError(what, "no row below the header", "at least one");
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw dataError(what, `two columns called ${inWords(twice)}`, "a name for each");
  const wrong = lines.findIndex((line) => line.length !== columns.length);
  if (wrong >= 0)
    throw dataError(
      what,
      `row ${wrong + 1} has ${lines[wrong].length} values`,
      `${columns.length}, as the header has`,
      columns.length === 1 ? 'Is the delimiter another one? delimiter: ";" says so.' : undefined,
    );
  const isMissing = (value: string) => value === "" || missing.includes(value);
  const values = columns.map((_, c) => {
    const cells = lines.map((line) => line[c].trim());
    const given = cells.filter((cell) => !isMissing(cell));
    const areNumbers = given.length > 0 && given.every((cell) => Number.isFinite(Number(cell)));
    return cells.map((cell): Cell => (isMissing(cell) ? undefined : areNumbers ? Number(cell) : cell));
  });
  return tableOf(what, columns, values, lines.length);
}

function tableOf(
  source: string,
  columns: readonly string[],
  values: readonly (readonly Cell[])[],
  size: number,
): DataTable {
  const table: DataTable = Object.freeze({
    source,
    columns: Object.freeze(columns),
    size,
    column: (name: string) => values[positionOf(source, columns, name)],
    rows(indices: ArrayLike<number>) {
      assertList(source, "indices", indices, "a list of rows");
      const picked = Array.from(indices);
      const bad = picked.find((i) => !(Number.isInteger(i) && i >= 0 && i < size));
      if (bad !== undefined) throw dataError(source, `row ${inWords(bad)}`, `0 … ${size - 1}`);
      const chosen = values.map((column) => picked.map((i) => column[i]));
      return tableOf(source, columns, chosen, picked.length);
    },
  } satisfies DataTable);
  tables.add(table);
  return table;
}

/** Every table that was read: what looks like one may lack something. */
const tables = new WeakSet<object>();

function positionOf(source: string, columns: readonly string[], name: string): number {
  const position = columns.indexOf(name);
  if (position >= 0) return position;
  throw dataError(source, `no column ${inWords(name)}`, `one of ${columns.join(", ")}`);
}

const fitTableOptions = {
  /** The column that is predicted: a class for texts, a number for numbers. */
  target: text(),
  /**
   * Columns that are no inputs.
   * @default []
   */
  ignore: list(text(), "a list of columns").or([]),
  /**
   * What becomes of a missing number: `"mean"` puts the training rows' mean in its place, `"refuse"` is an error.
   * @default "refuse"
   */
  missing: option<"mean" | "refuse">('"mean" or "refuse"', (v) =>
    v === "mean" || v === "refuse" ? v : undefined,
  ).or("refuse"),
  /**
   * The target's numbers are classes, such as 0 and 1.
   * @default "texts are classes, numbers are numbers"
   */
  classes: option<boolean>("true or false", (v) => (typeof v === "boolean" ? v : undefined)).optional(),
};
/**
 * Options of `fitTable`.
 * @interface
 */
export type FitTableConfig = Given<typeof fitTableOptions>;

/** How rows become samples; learned from training rows alone. */
export interface FittedTable {
  /** What each number of a sample is: `rooms`, `town = Bonn`, … */
  readonly inputs: readonly string[];
  /** One word per class; empty where the target is a number. */
  readonly classNames: readonly string[];
  /**
   * The rows as a data set for `fit`, with the means, deviations and categories of the training rows.
   * @param name what a caption calls it
   * @throws GradbookError when a value is missing, of another kind, or a class that no training row has
   */
  dataset(table: DataTable, name?: string): Dataset;
}

/**
 * Learns from training rows how a table becomes numbers: each column of numbers is standardised to mean 0 and deviation 1, each
 * column of texts becomes one 0-or-1 input for each of its texts (one-hot). Validation and test rows are then brought into the
 * same numbers, so that nothing about them leaks into the training. A text that no training row has is 0 in all inputs of its
 * column.
 * @param training the rows to learn from
 * @throws GradbookError when a column is missing, or has no value at all
 *
 * @example
 * ```ts
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { fitTable, readTable } from "gradbook";
 *
 * const path = `${mkdtempSync("/tmp/table-")}/flats.csv`;
 * writeFileSync(path, "rooms,town,rent\n2,Bonn,700\n4,Köln,1500\n3,Bonn,900\n");
 * const table = readTable(path);
 * const fitted = fitTable(table.rows([0, 1]), { target: "rent" });
 * console.log(fitted.inputs); // [ 'rooms', 'town = Bonn', 'town = Köln' ]
 * const test = fitted.dataset(table.rows([2]));
 * const row = new Float64Array(3);
 * test.read(0, row, 0);
 * console.log(row.join()); // 0,1,0
 * ```
 */
export function fitTable(training: DataTable, config: FitTableConfig): FittedTable {
  const { target, ignore, missing, classes } = options("fitTable", fitTableOptions, config);
  assertTable("fitTable", training);
  for (const name of ignore) positionOf(training.source, training.columns, name);
  const targets = training.column(target);
  const isClass = classes ?? targets.some((value) => typeof value === "string");
  const given = targets.filter((value) => value !== undefined);
  if (given.length === 0)
    throw dataError(training.source, `no value in the column ${target}`, "at least one");
  const classNames = isClass ? sorted(given).map(String) : [];
  const encoders = training.columns
    .filter((name) => name !== target && !ignore.includes(name))
    .map((name) => encoderOf(training, name, missing));
  if (encoders.length === 0)
    throw dataError(training.source, "no column is left for the inputs", "at least one");
  const inputs = encoders.flatMap(({ names }) => names);
  return {
    inputs,
    classNames,
    dataset(table, name) {
      assertTable("dataset", table);
      const called = name ?? table.source;
      const numbers = new Float64Array(table.size * inputs.length);
      let first = 0;
      for (const encoder of encoders) {
        encoder.encode(table, (row, k, value) => {
          numbers[row * inputs.length + first + k] = value;
        });
        first += encoder.names.length;
      }
      const values = table.column(target);
      const lacking = values.indexOf(undefined);
      if (lacking >= 0)
        throw lackingValue(table, target, lacking, "Leave these rows out: table.rows(indices).");
      const more = { name: called, source: table.source };
      if (!isClass) {
        const bad = values.findIndex((value) => typeof value !== "number");
        if (bad >= 0) throw otherKind(table, target, bad, values[bad], "a number, as in the training rows");
        return targetDataset(numbers, Float64Array.from(values, Number), [inputs.length], more);
      }
      const labels = values.map((value, row) => {
        const label = classNames.indexOf(String(value));
        if (label < 0)
          throw otherKind(table, target, row, value, `one of ${classNames.slice(0, 8).join(", ")}`);
        return label;
      });
      return arrayDataset(numbers, labels, [inputs.length], { ...more, classNames });
    },
  };
}

function assertTable(what: string, table: DataTable): void {
  if (tables.has(Object(table))) return;
  throw configError(what, `the table is ${inWords(table)}`, "a table", "readTable(path) reads one.");
}

/** One column, as inputs. */
interface Encoder {
  readonly names: readonly string[];
  encode(table: DataTable, put: (row: number, k: number, value: number) => void): void;
}

function encoderOf(training: DataTable, name: string, missing: "mean" | "refuse"): Encoder {
  const given = training.column(name).filter((value) => value !== undefined);
  if (given.length === 0)
    throw dataError(
      training.source,
      `no value in the column ${name}`,
      "at least one",
      `ignore: ["${name}"] leaves it out.`,
    );
  const numbers = given.filter((value) => typeof value === "number");
  return numbers.length === given.length
    ? numberEncoder(name, numbers, missing)
    : textEncoder(name, sorted(given).map(String));
}

function numberEncoder(name: string, given: readonly number[], missing: "mean" | "refuse"): Encoder {
  const mean = given.reduce((sum, v) => sum + v, 0) / given.length;
  const variance = given.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / given.length;
  // a column that never changes is 0, not 0/0
  const deviation = Math.sqrt(variance) || 1;
  return {
    names: [name],
    encode(table, put) {
      for (const [row, value] of table.column(name).entries()) {
        if (typeof value === "string")
          throw otherKind(table, name, row, value, "a number, as in the training rows");
        if (value === undefined && missing === "refuse")
          throw lackingValue(
            table,
            name,
            row,
            'missing: "mean" puts the mean in its place; ignore leaves the column out.',
          );
        put(row, 0, value === undefined ? 0 : (value - mean) / deviation);
      }
    },
  };
}

function textEncoder(name: string, texts: readonly string[]): Encoder {
  return {
    names: texts.map((text) => `${name} = ${text}`),
    encode(table, put) {
      for (const [row, value] of table.column(name).entries()) {
        const position = value === undefined ? -1 : texts.indexOf(String(value));
        if (position >= 0) put(row, position, 1);
      }
    },
  };
}

/** Each value once, numbers by size, texts by their letters. */
function sorted(values: readonly Cell[]): Cell[] {
  const once = [...new Set(values)];
  const areNumbers = once.every((value) => typeof value === "number");
  return once.sort((a, b) => (areNumbers ? Number(a) - Number(b) : String(a) < String(b) ? -1 : 1));
}

const lackingValue = (table: DataTable, column: string, row: number, cure: string) =>
  dataError(table.source, `no value in column ${column} of row ${row + 1}`, "a value", cure);
const otherKind = (table: DataTable, column: string, row: number, value: Cell, expected: string) =>
  dataError(table.source, `${inWords(value)} in column ${column} of row ${row + 1}`, expected);
