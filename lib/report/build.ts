import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tableMarkdown } from "../display/table-text.js";
import { canonical } from "../figures/canonical.js";
import { plotlyFile } from "../figures/render/plotly-window.js";
import { renderPng } from "../figures/render/raster.js";
import { type Provenance, renderSvg } from "../figures/render/svg.js";
import type { Json, JsonObject, Notebook } from "../notebook/nbformat.js";
import { stringifyNotebook } from "../notebook/write-ipynb.js";
import { type Contents, contents } from "./blocks.js";
import type { FileSet } from "./folder.js";
import { metricsFile } from "./metrics-file.js";
import { reportPage } from "./page.js";
import { tableCsv, tableTex } from "./tables.js";

export interface BuildOptions {
  /** File name of the notebook, e.g. `"hw4.ipynb"`. */
  readonly notebook: string;
  readonly scale: string;
}

/**
 * Every file of a report from an executed notebook. A pure function of its arguments and the library: building twice
 * gives the same bytes.
 */
export async function buildReport(executed: Notebook, options: BuildOptions): Promise<FileSet> {
  const name = options.notebook.replace(/\.ipynb$/, "");
  const all = contents(executed, name);
  const config = sha256(all.config.join("\n\n"));
  const run = runDigest(all.metrics);
  const files = new Map<string, string | Uint8Array>();
  const links = new Map<string, readonly string[]>();
  const svgs = new Map<string, string>();
  for (const block of all.blocks) {
    if (block.kind === "figure") {
      const about: Provenance = {
        notebook: options.notebook,
        cell: block.cell,
        config,
        ...(run === null ? {} : { run }),
      };
      const svg = await renderSvg(block.figure, about);
      svgs.set(block.name, svg);
      files.set(`figures/${block.name}.svg`, svg);
      files.set(`figures/${block.name}.png`, await renderPng(svg, 1, about));
      files.set(`figures/${block.name}@2x.png`, await renderPng(svg, 2, about));
      links.set(
        block.name,
        ["svg", "png"].map((type) => `figures/${block.name}.${type}`).concat(`figures/${block.name}@2x.png`),
      );
    } else if (block.kind === "table") {
      files.set(`tables/${block.name}.csv`, tableCsv(block.table));
      files.set(`tables/${block.name}.tex`, tableTex(block.table));
      files.set(`tables/${block.name}.md`, `${tableMarkdown(block.table)}\n`);
      links.set(
        block.name,
        ["csv", "tex", "md"].map((type) => `tables/${block.name}.${type}`),
      );
    }
  }
  files.set(options.notebook, stringifyNotebook(executed));
  files.set("metrics.json", metricsFile(all.metrics));
  const page = await reportPage(all, {
    facts: facts(all, options.scale),
    svgs,
    files: links,
    provenance: [
      ["notebook", options.notebook],
      ["scale", options.scale],
      ["config", config],
      ...(run === null ? [] : [["runs", run] as const]),
    ],
    plotly: await readFile(plotlyFile(), "utf8"),
    fontStyle: "",
  });
  files.set("index.html", page);
  return files;
}

/** What a reader wants to know first: how large, on which data. */
function facts({ metrics }: Contents, scale: string): string[] {
  const found = [`${scale} scale`];
  const { data, parameters, runs } = metrics;
  if (isObject(data)) {
    const [source, train, test] = [data.source, data.train, data.test].map((v) =>
      v === undefined ? "" : String(v),
    );
    if (source !== "") found.push(source);
    if (train !== "" && test !== "") found.push(`${train} training and ${test} test images`);
  }
  if (typeof parameters === "number") found.push(`${parameters.toLocaleString("en")} parameters`);
  if (Array.isArray(runs)) found.push(`${runs.length} runs`);
  return found;
}

/** One digest for all runs of the notebook: that of a single run, or the digest of the list. */
export function runDigest(metrics: JsonObject): string | null {
  const { runs } = metrics;
  if (!Array.isArray(runs)) return null;
  const digests = runs.flatMap((run: Json) =>
    isObject(run) && typeof run.digest === "string" ? [run.digest] : [],
  );
  if (digests.length === 0) return null;
  return digests.length === 1 ? digests[0] : sha256(canonical(digests));
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
