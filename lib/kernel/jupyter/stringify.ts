import { isJsonMime, type Json, type MimeBundle } from "@gradbook/base";
import type { Cell, Notebook, Output } from "./nbformat.js";

/**
 * The text of a notebook file, byte by byte as Jupyter's own `nbformat` writes it, so that opening and saving it there
 * changes nothing: keys sorted, one space of indent, texts as lists of lines, a newline at the end.
 */
export function stringifyNotebook(notebook: Notebook): string {
  const { nbformat, nbformat_minor, metadata, cells } = notebook;
  const file: Json = { nbformat, nbformat_minor, metadata, cells: cells.map(cellToJson) };
  return `${stringify(file)}\n`;
}

function cellToJson(cell: Cell): Json {
  const { id, metadata } = cell;
  const source = lines(cell.source);
  if (cell.cell_type === "code") {
    const outputs = cell.outputs.map(outputToJson);
    return { cell_type: "code", execution_count: cell.execution_count, id, metadata, outputs, source };
  }
  const text = { cell_type: cell.cell_type, id, metadata, source };
  if (cell.attachments === undefined) return text;
  const files = Object.entries(cell.attachments).map(
    ([name, bundle]) => [name, bundleToJson(bundle)] as const,
  );
  return { ...text, attachments: Object.fromEntries(files) };
}

function outputToJson(output: Output): Json {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: lines(output.text) };
    case "error":
      return { ...output };
    case "display_data":
    case "execute_result":
      return { ...output, data: bundleToJson(output.data) };
    default:
      return output satisfies never;
  }
}

/** Only text is split into lines; base64 and JSON stay whole, as in `nbformat`. */
function bundleToJson(bundle: MimeBundle): Json {
  const entries = Object.entries(bundle).map(([mime, data]) => {
    const isText = mime.startsWith("text/") || mime === "application/javascript" || mime === "image/svg+xml";
    return [mime, typeof data === "string" && isText && !isJsonMime(mime) ? lines(data) : data] as const;
  });
  return Object.fromEntries(entries);
}

/** Python's `str.splitlines(keepends=True)`, which is what `nbformat` cuts with: more ends of line than `\n`. */
function lines(text: string): readonly string[] {
  const end = "\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]";
  return text.split(new RegExp(`(?<=${end})(?<!\\r(?=\\n))`)).filter((line) => line !== "");
}

/** A value whose text is still to be written, and the line end with the indent of its own line. */
interface Pending {
  readonly value: Json;
  readonly newline: string;
}

/**
 * JSON with sorted keys. Not `JSON.stringify` of a sorted copy: JavaScript moves keys like "10" to the front of an
 * object whatever order they were put in. Without recursion: an output may be nested deeper than the stack is high.
 */
function stringify(root: Json): string {
  const written: string[] = [];
  const stack: (string | Pending)[] = [{ value: root, newline: "\n" }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === "string") written.push(next);
    // One by one: a list may be longer than a call takes arguments.
    else for (const piece of pieces(next).reverse()) stack.push(piece);
  }
  return written.join("");
}

/** The text of a value, with the values inside it still to be written. */
function pieces({ value, newline }: Pending): (string | Pending)[] {
  if (value === null || typeof value !== "object") return [JSON.stringify(value)];
  const inner = `${newline} `;
  const between = (i: number) => (i === 0 ? inner : `,${inner}`);
  if (isList(value)) {
    if (value.length === 0) return ["[]"];
    const items = value.flatMap((item, i) => [between(i), { value: item, newline: inner }]);
    return ["[", ...items, `${newline}]`];
  }
  const keys = Object.keys(value).sort(byCodePoint);
  if (keys.length === 0) return ["{}"];
  const entries = keys.flatMap((key, i) => [
    `${between(i)}${JSON.stringify(key)}: `,
    { value: value[key], newline: inner },
  ]);
  return ["{", ...entries, `${newline}}`];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Python compares code points, JavaScript UTF-16 units: they differ beyond U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (letter) => letter.codePointAt(0) ?? 0);
  const right = Array.from(b, (letter) => letter.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i] - right[i];
  }
  return left.length - right.length;
}
