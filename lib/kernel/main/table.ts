import { inspect } from "node:util";

/** A longer table shows its first and last rows. */
const maximumRows = 40;
const maximumColumns = 20;

type Primitive = string | number | boolean | bigint | null | undefined;

/** An array of plain records of primitive values, as HTML; undefined for anything else. */
export function htmlTable(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isFlatRecord)) return undefined;
  const rows: readonly Readonly<Record<string, Primitive>>[] = value;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0 || columns.length > maximumColumns) return undefined;
  const head = ["", ...columns].map((name) => `<th>${escapeHtml(name)}</th>`).join("");
  const line = (row: Readonly<Record<string, Primitive>>, i: number): string =>
    `<tr><th>${i}</th>${columns.map((name) => cell(row[name])).join("")}</tr>`;
  const body = rows.map(line);
  if (body.length > maximumRows) {
    const hidden = body.length - maximumRows;
    body.splice(
      maximumRows / 2,
      hidden,
      `<tr><td colspan="${columns.length + 1}">… ${hidden} more rows …</td></tr>`,
    );
  }
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function isFlatRecord(value: unknown): value is Record<string, Primitive> {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false;
  return Object.values(value).every(
    (one) => one === null || (typeof one !== "object" && typeof one !== "function"),
  );
}

function cell(value: Primitive): string {
  if (value === undefined) return "<td></td>";
  const number = typeof value === "number" || typeof value === "bigint";
  const text = typeof value === "string" ? value : inspect(value);
  return `<td${number ? ' style="text-align:right"' : ""}>${escapeHtml(text)}</td>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
