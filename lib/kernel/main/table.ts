import { inspect, types } from "node:util";

/** A longer table shows its first and last rows. */
const maximumRows = 40;
const maximumColumns = 20;
/** Of a string that a cell shows. */
export const maximumCharacters = 10_000;

type Primitive = string | number | boolean | bigint | symbol | null | undefined;
type Row = ReadonlyMap<string, Primitive>;

/**
 * An array of plain records of primitive values, as HTML; undefined for anything else. It looks at the rows that are
 * shown, and runs no code of theirs.
 */
export function htmlTable(value: unknown): string | undefined {
  if (types.isProxy(value) || !Array.isArray(value) || value.length === 0) return undefined;
  const hidden = Math.max(0, value.length - maximumRows);
  const top = hidden === 0 ? value.length : maximumRows / 2;
  const rows: [number, Row][] = [];
  for (let i = 0; i < value.length; i += i === top - 1 ? hidden + 1 : 1) {
    const row = flatRecord(Object.getOwnPropertyDescriptor(value, i)?.value);
    if (row === undefined) return undefined;
    rows.push([i, row]);
  }
  const columns = [...new Set(rows.flatMap(([, row]) => [...row.keys()]))];
  if (columns.length === 0 || columns.length > maximumColumns) return undefined;
  const head = ["", ...columns].map((name) => `<th>${escapeHtml(name)}</th>`).join("");
  const body = rows.map(
    ([i, row]) => `<tr><th>${i}</th>${columns.map((name) => cell(row.get(name))).join("")}</tr>`,
  );
  if (hidden > 0)
    body.splice(top, 0, `<tr><td colspan="${columns.length + 1}">… ${hidden} more rows …</td></tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function flatRecord(value: unknown): Row | undefined {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return undefined;
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const row = new Map<string, Primitive>();
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (property.enumerable !== true) continue;
    if (!("value" in property) || !isPrimitive(property.value)) return undefined;
    row.set(name, property.value);
  }
  return row;
}

function isPrimitive(value: unknown): value is Primitive {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function cell(value: Primitive): string {
  if (value === undefined) return "<td></td>";
  const number = typeof value === "number" || typeof value === "bigint";
  const text = typeof value === "string" ? shorten(value) : inspect(value);
  return `<td${number ? ' style="text-align:right"' : ""}>${escapeHtml(text)}</td>`;
}

/** As `inspect` shortens, but no character is cut in two. */
function shorten(text: string): string {
  if (text.length <= maximumCharacters) return text;
  const start = text.slice(0, maximumCharacters).replace(/[\ud800-\udbff]$/, "");
  return `${start}... ${text.length - start.length} more characters`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
