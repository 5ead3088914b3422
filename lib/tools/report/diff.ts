import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { GradbookError, isJsonObject, type Json, onDisk, shownPath } from "@gradbook/base";
import type { Table } from "@gradbook/core";
import { heading } from "@gradbook/core/internal";
import { parseNotebook } from "@gradbook/kernel/internal";
import { figureDigest } from "../render/svg.js";
import { type Contents, flat } from "./block.js";
import { contents } from "./blocks.js";
import { type Manifest, manifestName, readManifest } from "./manifest.js";
import { Omissions } from "./omissions.js";

/** In what two reports differ, one line each; empty where they say the same. */
export interface ReportDiff {
  readonly settings: readonly string[];
  readonly numbers: readonly string[];
  readonly tables: readonly string[];
  readonly figures: readonly string[];
}

interface Side {
  readonly manifest: Manifest;
  readonly all: Contents;
}

/**
 * Compares what two reports say: not their bytes, which differ with every new font.
 * @param a folder of a report
 * @throws GradbookError when one of the folders is no report
 */
export async function diffReports(a: string, b: string): Promise<ReportDiff> {
  const [one, other] = [await readSide(a), await readSide(b)];
  return {
    settings: settings(one, other),
    numbers: differing(flatNumbers(one.all.metrics), flatNumbers(other.all.metrics), change),
    tables: differing(tablesOf(one), tablesOf(other), tableDiff),
    figures: differing(figuresOf(one), figuresOf(other), (x, y) => (x === y ? [] : ["differs"])),
  };
}

async function readSide(folder: string): Promise<Side> {
  const manifest = readManifest(folder);
  const file = Object.keys(manifest?.files ?? {}).find((path) => path.endsWith(".ipynb"));
  if (manifest === null || file === undefined) {
    throw new GradbookError({
      code: "file",
      what: shownPath(folder),
      got: `it is not a report of gradbook (no ${manifestName} that lists a notebook)`,
      expected: "the folder of a report",
    });
  }
  const path = join(folder, file);
  const notebook = parseNotebook(
    onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")),
    path,
  );
  return { manifest, all: await contents(notebook, basename(file, ".ipynb"), new Omissions()) };
}

/** How they were made: scale, data, kernel, and the lines of their configuration. */
function settings(a: Side, b: Side): readonly string[] {
  const of = ({ manifest: { inputs } }: Side) =>
    new Map(
      Object.entries({
        scale: inputs.scale,
        kernel: inputs.kernel ?? "the notebook's own",
        "stand-in data": inputs.standIn === true ? "yes" : "no",
      }),
    );
  const digest = (side: Side, key: "data" | "executed") =>
    new Map(Object.entries(side.manifest.inputs)).get(key);
  const changed = (key: "data" | "executed", words: string) =>
    digest(a, key) === digest(b, key) ? [] : [`${words} differs`];
  const lines = (side: Side) =>
    side.all.config.flatMap((source) => source.split("\n")).map((line) => line.trim());
  return [
    ...differing(of(a), of(b), change),
    ...changed("data", "data"),
    ...changed("executed", "gradbook's code"),
    ...lineDiff(lines(a), lines(b)),
  ];
}

/** Lines of only one side, in their order; a line that moved is no difference. */
function lineDiff(a: readonly string[], b: readonly string[]): readonly string[] {
  const only = (lines: readonly string[], others: readonly string[], sign: string) => {
    const left = new Map<string, number>();
    for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
    return lines.flatMap((line) => {
      const count = left.get(line) ?? 0;
      left.set(line, count - 1);
      return count > 0 || line === "" ? [] : [`config: ${sign} ${line}`];
    });
  };
  return [...only(a, b, "−"), ...only(b, a, "+")];
}

/** Every value of a record by its path: `runs[0].test`. */
function flatNumbers(value: Json, path = ""): ReadonlyMap<string, Json> {
  const inner: readonly (readonly [string, Json])[] = Array.isArray(value)
    ? value.map((one, i) => [`${path}[${i}]`, one] as const)
    : isJsonObject(value)
      ? Object.entries(value).map(([key, one]) => [path === "" ? key : `${path}.${key}`, one] as const)
      : [];
  if (inner.length === 0) return new Map(path === "" ? [] : [[path, value]]);
  return new Map(inner.flatMap(([key, one]) => [...flatNumbers(one, key)]));
}

function change(a: Json, b: Json): readonly string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const words = `${shown(a)} → ${shown(b)}`;
  if (typeof a !== "number" || typeof b !== "number") return [words];
  return [`${words} (${b > a ? "+" : "−"}${Number(Math.abs(b - a).toPrecision(4))})`];
}

function shown(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What is only on one side, and how the others differ. */
function differing<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  compare: (a: T, b: T) => readonly string[],
): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [one, other] = [a.get(key), b.get(key)];
    if (other === undefined) return [`${key}: only in the first`];
    if (one === undefined) return [`${key}: only in the second`];
    return compare(one, other).map((words) => `${key}: ${words}`);
  });
}

function tablesOf({ all }: Side): ReadonlyMap<string, Table> {
  const blocks = flat(all.blocks);
  return new Map(
    blocks.flatMap((block) => (block.kind === "table" ? [[block.name, block.table] as const] : [])),
  );
}

function figuresOf({ all }: Side): ReadonlyMap<string, string> {
  const blocks = flat(all.blocks);
  return new Map(
    blocks.flatMap((block) =>
      block.kind === "figure" ? [[block.name, figureDigest(block.figure)] as const] : [],
    ),
  );
}

function tableDiff(a: Table, b: Table): readonly string[] {
  const columns = (table: Table) => table.columns.map(heading).join(", ");
  if (columns(a) !== columns(b)) return [`columns ${columns(a)} → ${columns(b)}`];
  const rows = a.rows.length === b.rows.length ? [] : [`${a.rows.length} → ${b.rows.length} rows`];
  const cells = a.rows.slice(0, b.rows.length).flatMap((row, r) =>
    row.flatMap((cell, c) => {
      const { text } = b.rows[r][c];
      return cell.text === text ? [] : [`row ${r + 1}, ${heading(a.columns[c])}: ${cell.text} → ${text}`];
    }),
  );
  return [...rows, ...cells];
}
