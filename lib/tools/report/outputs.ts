import {
  isJsonObject,
  type Json,
  type JsonObject,
  type MimeBundle,
  metricsMime,
  plotlyMime,
  progressMime,
  tableMime,
} from "@gradbook/base";
import { problemText, readFigure } from "@gradbook/core/internal";
import { asPng, pictureMimes, readPicture } from "../render/picture.js";
import type { Block } from "./block.js";
import { latexMarkdown } from "./latex-output.js";
import type { CellPlace, Omissions } from "./omissions.js";
import { readTable } from "./read-table.js";
import { htmlWeight, sanitizeHtml } from "./sanitize.js";
import { readSvg } from "./svg-picture.js";
import { terminalText } from "./terminal-text.js";

/** Where an output stands, and who is told what it loses. */
export interface OutputContext {
  readonly cell: number;
  readonly place: CellPlace;
  readonly metadata: JsonObject;
  /** The bundle's own words for what cannot be seen. */
  readonly text: string;
  readonly omissions: Omissions;
  /** A name for files that nothing else in the report has. */
  readonly unused: (name: string) => string;
  /** Letters of HTML that the report has room for, pictures in it not counted; reading takes of it. */
  readonly room: { html: number };
}

/** Letters of HTML in a report: cleaning and laying out more takes minutes, and all memory. */
export const mostHtml = 2e6;

/** What was made of one form of an output; a text says why nothing could be. */
type Read = readonly Block[] | string;

interface Form {
  readonly mime: string | RegExp;
  /** Says in the list of what was left out that only this form was taken, when a better one could not be. */
  readonly isPoor?: true;
  read(data: Json, mime: string, context: OutputContext): Promise<Read> | Read;
}

/**
 * The forms of an output that a report can hold, the best first: the order of JupyterLab, with our own before it.
 * The first that can be read is taken; what is wrong with a better one is said.
 */
const forms: readonly Form[] = [
  { mime: metricsMime, read: () => [] },
  { mime: progressMime, read: () => [] },
  { mime: tableMime, read: readTableForm },
  { mime: plotlyMime, read: readPlotly },
  { mime: "text/html", read: (data, _, context) => readHtml(text(data), context, true) },
  { mime: "text/markdown", read: (data, _, { place }) => readProse(text(data), place) },
  { mime: "text/latex", read: (data, _, { place }) => readProse(latexMarkdown(text(data)), place) },
  { mime: "image/svg+xml", read: readDrawing },
  ...pictureMimes.map((mime): Form => ({ mime, read: readRaster })),
  // A page that lost its program may still show something; better than words, worse than a picture.
  { mime: "text/html", isPoor: true, read: (data, _, context) => readHtml(text(data), context, false) },
  {
    mime: /^application\/(?:geo\+)?json$/,
    read: (data, _, { place }) => printed(JSON.stringify(jsonOf(data), null, 2), place),
  },
  { mime: "text/plain", isPoor: true, read: (data, _, { place }) => printed(text(data), place) },
  { mime: /^text\/(?!javascript)/, isPoor: true, read: (data, _, { place }) => printed(text(data), place) },
];

/** Forms that a report cannot hold, and why. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/javascript/, "is a program, and a report runs none"],
  [/^application\/vnd\.(?:vega|vegalite)/, "needs Vega's own program; show it as an SVG or PNG too"],
  [/widget/, "needs a running kernel"],
  [/^application\/vnd\.bokeh/, "needs Bokeh's own program"],
  [/^application\/pdf$/, "is a document of its own, in the executed notebook"],
  [/^(?:audio|video)\//, "is no picture"],
];

/** Takes the best form of an output that can be read; what is lost is told, and the report goes on. */
export async function readBundle(data: MimeBundle, context: OutputContext): Promise<readonly Block[]> {
  const tell = (what: string) => context.omissions.add(context.place, what);
  // Of each form at most one reason, though HTML is tried twice.
  const wrong: string[] = [];
  for (const form of forms) {
    for (const mime of Object.keys(data).filter((name) => matches(form, name))) {
      const read = await attempt(form, data[mime], mime, context);
      if (typeof read === "string") {
        if (!wrong.includes(`${mime}: ${read}`)) wrong.push(`${mime}: ${read}`);
        continue;
      }
      const better = [...wrong, ...(form.isPoor === true ? unreadable(data, mime) : [])].join("; ");
      if (better !== "") tell(better.startsWith(mime) ? better : `${better}; shown is its ${mime}`);
      return read;
    }
  }
  const lost = [...wrong, ...unreadable(data, "")];
  if (lost.length === 0) lost.push("an output without any content");
  for (const what of lost) tell(what);
  return [{ kind: "left", what: lost.join("; ") }];
}

function matches({ mime }: Form, name: string): boolean {
  return typeof mime === "string" ? mime === name : mime.test(name);
}

/** A broken output ends nothing: what a reader throws is what is wrong with it. */
async function attempt(form: Form, data: Json, mime: string, context: OutputContext): Promise<Read> {
  try {
    return await form.read(data, mime, context);
  } catch (error) {
    const why =
      error instanceof RangeError
        ? "nested too deep"
        : error instanceof Error
          ? error.message
          : String(error);
    return `cannot be read (${why})`;
  }
}

/** The forms of a bundle that no reader knows, each with the reason. */
function unreadable(data: MimeBundle, taken: string): string[] {
  return Object.keys(data).flatMap((mime) => {
    if (mime === taken || forms.some((form) => matches(form, mime))) return [];
    const reason =
      reasons.find(([pattern]) => pattern.test(mime))?.[1] ?? "is a type that reports do not support";
    return [`${mime} ${reason}`];
  });
}

function readTableForm(data: Json, _mime: string, { cell, place, unused }: OutputContext): Read {
  const table = readTable(data);
  return typeof table === "string"
    ? table
    : [{ kind: "table", name: unused(table.name), table, cell, place }];
}

/** Some programs hand over JSON as text. */
function jsonOf(data: Json): unknown {
  return typeof data === "string" ? JSON.parse(data) : data;
}

function readPlotly(data: Json, _mime: string, { cell, place, omissions, unused }: OutputContext): Read {
  const { figure, problems } = readFigure(jsonOf(data));
  if (figure === null) return problems.map(problemText).join("; ");
  const name = unused(figure.layout.meta.name);
  for (const problem of problems) omissions.add(place, `figure ${name}: ${problemText(problem)}`);
  return [{ kind: "figure", name, figure, cell, place }];
}

/** Characters of one text; more is a mistake, and takes minutes to be read. */
export const longestProse = 500_000;

function readProse(markdown: string, place: CellPlace): Read {
  if (markdown.length <= longestProse) return [{ kind: "prose", markdown, attachments: {}, place }];
  return `${(markdown.length / 1e6).toFixed(1)} MB of text, of at most ${longestProse / 1e6}`;
}

/** @param whole whether it must have lost nothing that it is about */
async function readHtml(
  source: string,
  { place, omissions, room }: OutputContext,
  whole: boolean,
): Promise<Read> {
  const weight = htmlWeight(source);
  if (weight > room.html) {
    return `${(weight / 1e6).toFixed(1)} MB of HTML, of at most ${mostHtml / 1e6} in a report`;
  }
  const clean = await sanitizeHtml(source, true);
  if (typeof clean === "string") return clean;
  const { html, left, isWhole } = clean;
  const words = left.length === 0 ? "" : `left out: ${left.join(", ")}`;
  if (html.replace(/<(?!img|hr|progress|meter)[^>]*>|\s|&nbsp;/g, "") === "")
    return words || "nothing to see";
  if (whole && !isWhole) return words;
  if (whole && words !== "") omissions.add(place, `text/html: ${words}`);
  room.html -= weight;
  return [{ kind: "html", html, place }];
}

async function readDrawing(data: Json, mime: string, context: OutputContext): Promise<Read> {
  const picture = await readSvg(text(data));
  if (typeof picture === "string") return picture;
  const { place, omissions } = context;
  if (picture.left.length > 0) omissions.add(place, `${mime}: left out: ${picture.left.join(", ")}`);
  return [pictureBlock(picture, mime, context)];
}

/** Characters of a picture in base64 that a page holds as it is. */
const heaviestPicture = 4e6;

async function readRaster(data: Json, mime: string, context: OutputContext): Promise<Read> {
  const picture = await readPicture(text(data));
  if (typeof picture === "string") return picture;
  const block = pictureBlock(picture, mime, context);
  if (picture.base64.length <= heaviestPicture) return [block];
  const small = await asPng(picture, 1600);
  if (small === null || small.base64.length >= picture.base64.length) return [block];
  const { place, omissions } = context;
  const megabytes = ((picture.base64.length * 0.75) / 1e6).toFixed(1);
  omissions.add(place, `${block.name}: on the page smaller than it is (${megabytes} MB, whole in figures/)`);
  return [{ ...block, small }];
}

function pictureBlock(
  picture: Extract<Block, { kind: "picture" }>["picture"],
  mime: string,
  { metadata, text: words, place, unused }: OutputContext,
): Extract<Block, { kind: "picture" }> {
  const about = metadata[mime];
  const { width, alt } = isJsonObject(about) ? about : {};
  const given = typeof width === "number" && width > 0 ? width : null;
  return { kind: "picture", name: unused("picture"), picture, text: text(alt) || words, width: given, place };
}

function printed(output: string, place: CellPlace): Read {
  return [{ kind: "text", text: terminalText(output), stream: "result", place }];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
