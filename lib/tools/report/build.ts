import { isJsonObject, type Json, type JsonObject, sha256 } from "@gradbook/base";
import { canonical, tableMarkdown } from "@gradbook/core/internal";
import { type Notebook, stringifyNotebook } from "@gradbook/kernel/internal";
import type { Provenance } from "../render/svg.js";
import { Artist, type FigureFiles } from "./artist.js";
import { type Contents, flat } from "./block.js";
import { contents } from "./blocks.js";
import { drawFigure } from "./draw.js";
import type { FileSet } from "./folder.js";
import { authorLine } from "./front-matter.js";
import type { ReportInputs } from "./inputs.js";
import { manifestName, manifestText, previewName } from "./manifest.js";
import { metricsFile } from "./metrics-file.js";
import { type Omission, Omissions } from "./omissions.js";
import { pageBody, reportPage, whyUnread } from "./page.js";
import { pagePrograms } from "./page-programs.js";
import { reportPdf } from "./pdf/report-pdf.js";
import { pictureFiles } from "./picture-files.js";
import { figuresTex, type TexFigure, tableCsv, tableTex } from "./tables.js";

export interface BuildOptions {
  /** File name of the notebook, e.g. `"hw4.ipynb"`. */
  readonly notebook: string;
  readonly inputs: ReportInputs;
  /** Told what of the notebook the report does not hold; the page and the PDF say it too. */
  readonly onLeftOut?: (omissions: readonly Omission[]) => void;
  /** Draws the figures and goes on living. Default: one for this report alone. */
  readonly artist?: Artist;
  /** Stands for the PDF that would be made, which takes longer than everything else. */
  readonly draftPdf?: Uint8Array;
}

/**
 * Every file of a report from an executed notebook. A pure function of its arguments and the library: building twice
 * gives the same bytes. An output that is broken is told and ends nothing.
 */
export async function buildReport(executed: Notebook, options: BuildOptions): Promise<FileSet> {
  if (options.artist !== undefined) return build(executed, options, options.artist);
  const artist = new Artist();
  try {
    return await build(executed, options, artist);
  } finally {
    artist.end();
  }
}

async function build(executed: Notebook, options: BuildOptions, artist: Artist): Promise<FileSet> {
  const name = options.notebook.replace(/\.ipynb$/, "");
  const omissions = new Omissions();
  const { title, authors } = options.inputs;
  const all = await contents(executed, name, omissions, {
    ...(title === undefined ? {} : { title }),
    ...(authors === undefined
      ? {}
      : { authors: authors.map((author) => ({ name: author, affiliation: "" })) }),
  });
  const config = sha256(all.config.join("\n\n"));
  const run = runDigest(all.metrics);
  const about = (cell: number): Provenance => {
    return { notebook: options.notebook, cell, config, ...(run === null ? {} : { run }) };
  };
  const { files, links, drawn, tex } = await blockFiles(all, about, artist, omissions);
  const [first] = drawn.keys();
  const preview = first === undefined ? undefined : files.get(`figures/${first}.png`);
  if (preview !== undefined) files.set(previewName, preview);
  files.set(options.notebook, stringifyNotebook(executed));
  files.set("metrics.json", safeMetrics(all.metrics, omissions));
  if (tex.length > 0) files.set("figures.tex", figuresTex(tex));
  const parts = {
    facts: facts(all, options.inputs.scale),
    drawn,
    artist,
    files: links,
    provenance: provenance(options, config, run),
    documents: [`${name}.pdf`, options.notebook, "metrics.json"],
    omissions,
  };
  const body = await pageBody(all, parts);
  const over = [authorLine(all.authors), all.date].filter((fact) => fact !== "");
  const withAuthors = { ...parts, facts: [...over, ...parts.facts] };
  files.set(`${name}.pdf`, options.draftPdf ?? (await reportPdf(all, withAuthors)));
  const programs = await pagePrograms([...body.live.values()]);
  files.set("index.html", reportPage(all, body, { ...parts, programs }));
  files.set(
    manifestName,
    manifestText({ title: all.title, facts: withAuthors.facts, inputs: options.inputs }, files),
  );
  options.onLeftOut?.(omissions.list());
  return files;
}

function safeMetrics(metrics: JsonObject, omissions: Omissions): string {
  try {
    return metricsFile(metrics);
  } catch (error) {
    const place = { order: Number.POSITIVE_INFINITY, words: "metrics.json" };
    omissions.add(place, `is empty (the metrics cannot be written: ${whyUnread(error)})`);
    return metricsFile({});
  }
}

/** What figures, pictures and tables become beside the page. */
interface BlockFiles {
  readonly files: Map<string, string | Uint8Array>;
  /** The files of each by its name. */
  readonly links: ReadonlyMap<string, readonly string[]>;
  readonly drawn: ReadonlyMap<string, FigureFiles>;
  readonly tex: readonly TexFigure[];
}

async function blockFiles(
  all: Contents,
  about: (cell: number) => Provenance,
  artist: Artist,
  omissions: Omissions,
): Promise<BlockFiles> {
  const files = new Map<string, string | Uint8Array>();
  const links = new Map<string, readonly string[]>();
  const drawn = new Map<string, FigureFiles>();
  const tex: TexFigure[] = [];
  for (const block of flat(all.blocks)) {
    if (block.kind === "figure") {
      const figure = await drawFigure(block, about(block.cell), artist, omissions);
      drawn.set(block.name, figure);
      for (const [ending, content] of figure.files) files.set(`figures/${block.name}${ending}`, content);
      const types = [".svg", ".pdf", ".png", "@2x.png"];
      links.set(
        block.name,
        types.map((type) => `figures/${block.name}${type}`),
      );
      const { caption, title } = block.figure.layout.meta;
      tex.push({ name: block.name, file: `figures/${block.name}.pdf`, caption: caption || title });
    } else if (block.kind === "table") {
      files.set(`tables/${block.name}.csv`, tableCsv(block.table));
      files.set(`tables/${block.name}.tex`, tableTex(block.table));
      files.set(`tables/${block.name}.md`, `${tableMarkdown(block.table)}\n`);
      links.set(
        block.name,
        ["csv", "tex", "md"].map((type) => `tables/${block.name}.${type}`),
      );
    } else if (block.kind === "picture") {
      const picture = await pictureFiles(block, artist, omissions);
      for (const [path, content] of picture.files) files.set(path, content);
      if (picture.tex !== null) tex.push({ name: block.name, file: picture.tex, caption: block.text });
    }
  }
  return { files, links, drawn, tex };
}

/**
 * Term and value for the foot of the report; nothing of when and where, and not which code made it, which would change
 * its bytes though every number is the same: that is in the manifest.
 */
function provenance({ notebook, inputs }: BuildOptions, config: string, run: string | null) {
  return [
    ["notebook", `${notebook}, ${inputs.notebook.slice(0, 16)}`],
    ["scale", inputs.scale],
    ["config", config.slice(0, 16)],
    ...(run === null ? [] : [["runs", run] as const]),
  ] as const;
}

/** What a reader wants to know first: how large, on which data. */
function facts({ metrics }: Contents, scale: string): string[] {
  const found = [`${scale} scale`];
  const { data, parameters, runs } = metrics;
  if (isJsonObject(data)) {
    const [source, train, test] = [data.source, data.train, data.test].map((v) =>
      v === undefined ? "" : typeof v === "number" ? v.toLocaleString("en") : String(v),
    );
    if (source !== "") found.push(source);
    if (train !== "" && test !== "") found.push(`${train} training and ${test} test images`);
  }
  if (typeof parameters === "number") found.push(`${parameters.toLocaleString("en")} parameters`);
  if (Array.isArray(runs)) found.push(`${runs.length} ${runs.length === 1 ? "run" : "runs"}`);
  return found;
}

/** One digest for all runs of the notebook: that of a single run, or the digest of the list. */
export function runDigest(metrics: JsonObject): string | null {
  const { runs } = metrics;
  if (!Array.isArray(runs)) return null;
  const digests = runs.flatMap((run: Json) =>
    isJsonObject(run) && typeof run.digest === "string" ? [run.digest] : [],
  );
  if (digests.length === 0) return null;
  return digests.length === 1 ? digests[0] : sha256(canonical(digests));
}
