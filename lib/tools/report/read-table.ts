import { isJsonObject, type Json, type JsonObject } from "@gradbook/base";
import type { Table } from "@gradbook/core";
import { isSafeName, slug } from "@gradbook/core/internal";

/** A table of ours as it comes back from a notebook; what is wrong with it, as words. */
export function readTable(value: Json | undefined): Table | string {
  if (!isJsonObject(value)) return "a table that is not an object";
  const { columns, rows } = value;
  if (!Array.isArray(columns) || !Array.isArray(rows)) return "a table without columns and rows";
  if (!columns.every(isJsonObject)) return "a table with a column that is not an object";
  const broken = rows.findIndex(
    (row) => !Array.isArray(row) || row.length !== columns.length || !row.every(isJsonObject),
  );
  if (broken >= 0)
    return `a table whose row ${broken + 1} has not one cell for each of ${columns.length} columns`;
  const name = text(value.name);
  return {
    kind: "table",
    name: isSafeName(name) ? name : slug(name || "table"),
    title: text(value.title),
    caption: text(value.caption),
    columns: columns.map((c) => ({
      key: text(c.key),
      title: text(c.title),
      unit: text(c.unit),
      numeric: c.numeric === true,
    })),
    rows: rows.map((row) =>
      row.filter(isJsonObject).map((c: JsonObject) => ({
        value: typeof c.value === "object" ? null : (c.value ?? null),
        text: text(c.text),
        best: c.best === true,
      })),
    ),
  };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
