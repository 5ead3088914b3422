import { readFile } from "node:fs/promises";
import { tableMarkdown } from "../display/table-text.js";
import { canonical } from "../figures/canonical.js";
import { renderPdf } from "../figures/render/pdf.js";
import { plotlyFile } from "../figures/render/plotly-window.js";
import { renderPng } from "../figures/render/raster.js";
import { type Provenance, renderSvg, withFont } from "../figures/render/svg.js";
import { sha256 } from "../files/sha256.js";
import type { Json, JsonObject, Notebook } from "../notebook/nbformat.js";
import { stringifyNotebook } from "../notebook/stringify.js";
import { type Contents, contents } from "./blocks.js";
import type { FileSet } from "./folder.js";
import type { ReportInputs } from "./inputs.js";
import { manifestName, manifestText } from "./manifest.js";
import { metricsFile } from "./metrics-file.js";
import { reportPage } from "./page.js";
import { reportPdf } from "./pdf/report-pdf.js";
import { figuresTex, tableCsv, tableTex } from "./tables.js";

export interface BuildOptions {
  /** File name of the notebook, e.g. `"hw4.ipynb"`. */
  readonly notebook: string;
  readonly inputs: ReportInputs;
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
      files.set(`figures/${block.name}.svg`, withFont(svg));
      files.set(`figures/${block.name}.png`, await renderPng(svg, 1, about));
      files.set(`figures/${block.name}@2x.png`, await renderPng(svg, 2, about));
      files.set(`figures/${block.name}.pdf`, await renderPdf(svg, block.figure, about));
      const types = [".svg", ".pdf", ".png", "@2x.png"];
      links.set(
        block.name,
        types.map((type) => `figures/${block.name}${type}`),
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
  const figures = all.blocks.flatMap((b) =>
    b.kind === "figure"
      ? [{ name: b.name, caption: b.figure.layout.meta.caption || b.figure.layout.meta.title }]
      : [],
  );
  if (figures.length > 0) files.set("figures.tex", figuresTex(figures));
  const parts = {
    facts: facts(all, options.inputs.scale),
    svgs,
    files: links,
    provenance: provenance(options, config, run),
    documents: [`${name}.pdf`, options.notebook, "metrics.json"],
  };
  files.set(`${name}.pdf`, await reportPdf(all, parts));
  files.set("index.html", await reportPage(all, { ...parts, plotly: await readFile(plotlyFile(), "utf8") }));
  files.set(
    manifestName,
    manifestText({ title: all.title, facts: parts.facts, inputs: options.inputs }, files),
  );
  return files;
}

/** Term and value for the foot of the report; nothing of when and where, which would change its bytes. */
function provenance({ notebook, inputs }: BuildOptions, config: string, run: string | null) {
  return [
    ["notebook", `${notebook}, ${inputs.notebook.slice(0, 16)}`],
    ["library", inputs.library.slice(0, 16)],
    ["scale", inputs.scale],
    ["config", config.slice(0, 16)],
    ...(run === null ? [] : [["runs", run] as const]),
  ] as const;
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

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
