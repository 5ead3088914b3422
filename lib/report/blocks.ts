import { GradbookError } from "../errors/error.js";
import type { Figure } from "../figures/figure.js";
import type { Table } from "../figures/results-table.js";
import {
  type CodeCell,
  cellTags,
  type Json,
  type JsonObject,
  type MimeBundle,
  type Notebook,
} from "../notebook/nbformat.js";

/** One piece of a report, in reading order. */
export type Block =
  | {
      readonly kind: "prose";
      readonly markdown: string;
      readonly attachments: Readonly<Record<string, MimeBundle>>;
    }
  | { readonly kind: "code"; readonly source: string; readonly cell: number }
  | { readonly kind: "figure"; readonly name: string; readonly figure: Figure; readonly cell: number }
  | { readonly kind: "picture"; readonly png: string; readonly text: string; readonly width: number | null }
  | { readonly kind: "table"; readonly name: string; readonly table: Table; readonly cell: number }
  | { readonly kind: "text"; readonly text: string; readonly stream: "stdout" | "stderr" | "result" }
  | { readonly kind: "html"; readonly html: string }
  | { readonly kind: "error"; readonly text: string };

/** What a report is made of. */
export interface Contents {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** All `metrics(…)` of the notebook, merged; a later key wins. */
  readonly metrics: JsonObject;
  /** Sources of the cells that hold the configuration. */
  readonly config: readonly string[];
}

const plotlyMime = "application/vnd.plotly.v1+json";
const tableMime = "application/vnd.gradbook.table+json";
const metricsMime = "application/vnd.gradbook.metrics+json";

/**
 * Takes an executed notebook apart. Figures and tables of the same name get `-2`, `-3`, … behind it; a code cell
 * tagged `hide-input` or `remove-cell` is left out like in other tools of Jupyter.
 * @param fallbackTitle when no heading of the first level is there
 */
export function contents(notebook: Notebook, fallbackTitle: string): Contents {
  const blocks: Block[] = [];
  const names = new Set<string>();
  let metrics: JsonObject = {};
  let cellNumber = 0;
  for (const cell of notebook.cells) {
    const tags = cellTags(cell);
    if (cell.cell_type !== "code") {
      if (cell.cell_type === "markdown" && !tags.includes("remove-cell")) {
        blocks.push({ kind: "prose", markdown: cell.source, attachments: cell.attachments ?? {} });
      }
      continue;
    }
    cellNumber++;
    metrics = { ...metrics, ...metricsOf(cell) };
    if (tags.includes("remove-cell")) continue;
    if (!tags.includes("hide-input") && cell.source.trim() !== "") {
      blocks.push({ kind: "code", source: cell.source, cell: cellNumber });
    }
    blocks.push(...outputs(cell, cellNumber, names));
  }
  const prose = blocks.flatMap((b) => (b.kind === "prose" ? b.markdown.split("\n") : []));
  const heading = prose.map((line) => /^#\s+(.+?)\s*#*$/.exec(line)?.[1]).find((t) => t !== undefined);
  return { title: heading ?? fallbackTitle, blocks, metrics, config: configSources(notebook) };
}

function outputs(cell: CodeCell, number: number, names: Set<string>): Block[] {
  return cell.outputs.flatMap((output): Block[] => {
    switch (output.output_type) {
      case "stream":
        return [{ kind: "text", text: plainLines(output.text), stream: output.name }];
      case "error":
        return [
          {
            kind: "error",
            text: plainLines([`${output.ename}: ${output.evalue}`, ...output.traceback].join("\n")),
          },
        ];
      default:
        return bundle(output.data, output.metadata, number, names);
    }
  });
}

/** The richest form of a bundle that a report can hold; HTML and scripts of others are not taken over. */
function bundle(data: MimeBundle, metadata: JsonObject, cell: number, names: Set<string>): Block[] {
  if (metricsMime in data) return [];
  if (tableMime in data) {
    const table = readTable(data[tableMime]);
    return [{ kind: "table", name: unused(table.name, names), table, cell }];
  }
  const figure = readFigure(data[plotlyMime]);
  if (figure !== null)
    return [{ kind: "figure", name: unused(figure.layout.meta.name, names), figure, cell }];
  if (typeof data["image/png"] === "string") {
    const size = metadata["image/png"];
    const width = isObject(size) && typeof size.width === "number" ? size.width : null;
    return [
      { kind: "picture", png: data["image/png"].replace(/\s/g, ""), text: text(data["text/plain"]), width },
    ];
  }
  const table = plainTable(text(data["text/html"]));
  if (table !== null) return [{ kind: "html", html: table }];
  if ("text/markdown" in data)
    return [{ kind: "prose", markdown: text(data["text/markdown"]), attachments: {} }];
  return "text/plain" in data
    ? [{ kind: "text", text: plainLines(text(data["text/plain"])), stream: "result" }]
    : [];
}

/**
 * A table that somebody's object showed as HTML, when it is made of nothing but table and text elements; their
 * attributes are left out. Everything else a notebook shows as HTML stays out of the report.
 */
function plainTable(html: string): string | null {
  const allowed =
    /^<\/?(?:table|caption|thead|tbody|tfoot|tr|th|td|b|strong|i|em|sub|sup|code|br)(?:\s[^<>]*)?>$/i;
  if (!/^\s*<table[\s>]/i.test(html)) return null;
  const parts = html.split(/(<[^>]*>)/);
  if (parts.some((part, i) => (i % 2 === 1 ? !allowed.test(part) : part.includes("<")))) return null;
  return parts.map((part, i) => (i % 2 === 1 ? part.replace(/^(<\/?\w+)[\s\S]*$/, "$1>") : part)).join("");
}

/** A figure of ours; Plotly JSON of others has no name and no size and is left to its picture. */
function readFigure(value: Json | undefined): Figure | null {
  if (!isObject(value) || !Array.isArray(value.data) || !isObject(value.layout)) return null;
  const { width, height, meta } = value.layout;
  if (typeof width !== "number" || typeof height !== "number" || !isObject(meta)) return null;
  const { name, title, caption, description, theme } = meta;
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9-]{0,79}$/.test(name)) return null;
  return {
    data: value.data.filter(isObject),
    layout: {
      ...value.layout,
      width,
      height,
      meta: {
        name,
        title: text(title),
        caption: text(caption),
        description: text(description),
        theme: theme === "dark" ? "dark" : "light",
      },
    },
  };
}

function readTable(value: Json | undefined): Table {
  const broken = () =>
    new GradbookError({
      code: "report",
      what: "report",
      got: "a table output that is not one of ours",
      expected: "columns and rows",
    });
  if (!isObject(value) || !Array.isArray(value.columns) || !Array.isArray(value.rows)) throw broken();
  return {
    kind: "table",
    name: /^[a-z0-9][a-z0-9-]{0,79}$/.test(text(value.name)) ? text(value.name) : "table",
    title: text(value.title),
    caption: text(value.caption),
    columns: value.columns.filter(isObject).map((c) => ({
      key: text(c.key),
      title: text(c.title),
      unit: text(c.unit),
      numeric: c.numeric === true,
    })),
    rows: value.rows.map((row) => {
      if (!Array.isArray(row)) throw broken();
      return row.filter(isObject).map((c) => ({
        value: typeof c.value === "object" ? null : (c.value ?? null),
        text: text(c.text),
        best: c.best === true,
      }));
    }),
  };
}

function metricsOf(cell: CodeCell): JsonObject {
  let all: JsonObject = {};
  for (const output of cell.outputs) {
    if (output.output_type !== "display_data" && output.output_type !== "execute_result") continue;
    const found = output.data[metricsMime];
    if (isObject(found)) all = { ...all, ...found };
  }
  return all;
}

/** The cells tagged as parameters or config; else the first code cell, where every notebook of ours has its config. */
function configSources(notebook: Notebook): readonly string[] {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  const known = ["parameters", "injected-parameters", "config"];
  const tagged = code.filter((cell) => cellTags(cell).some((tag) => known.includes(tag)));
  return (tagged.length > 0 ? tagged : code.slice(0, 1)).map((cell) => cell.source);
}

function unused(name: string, names: Set<string>): string {
  let free = name;
  for (let n = 2; names.has(free); n++) free = `${name}-${n}`;
  names.add(free);
  return free;
}

/** Without the colours of a terminal, and with lines that were overwritten (`\r`) left out. */
function plainLines(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours start with one
  const bare = output.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
  return bare
    .split("\n")
    .map((line) => line.replace(/\r$/, "").replace(/^[^\n]*\r/, ""))
    .join("\n")
    .replace(/\n+$/, "");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
