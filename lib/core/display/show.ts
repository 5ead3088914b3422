import {
  argumentInWords,
  configError,
  type Displayable,
  type DisplayData,
  displaySymbol,
  type PublishMessage,
  plotlyMime,
  readOption,
  tableMime,
  text as textOption,
} from "@gradbook/base";
import type { Figure } from "../figures/figure.js";
import { figureFrom, type PlotlyJson } from "../figures/plotly-figure.js";
import { makeTable, parseTable, type ResultsTableConfig, type Table } from "../figures/results-table.js";
import { loadDrawer } from "./drawer.js";
import { frontEnd, publish } from "./publish.js";
import { tableHtml, tableMarkdown, tableText } from "./table-text.js";

/** Pixels of a notebook's picture for each pixel of the figure: sharp on most screens, small in the file. */
const notebookScale = 2;

/**
 * Shows a figure, a table, or anything that can display itself, in the middle of a cell or at its end.
 *
 * A figure becomes a PNG (seen everywhere, in untrusted notebooks too) with the Plotly JSON beside it (interactive
 * where the front end draws Plotly); a table becomes a real table; in a terminal both become text.
 * A figure may be Plotly JSON of one's own: typed arrays are copied, name, size and description are filled in, and
 * what is drawn by a browser only (3-D meshes and volumes, parallel coordinates, maps) is interactive there and described in words in the PNG.
 *
 * Anything else shows itself by its method `[Symbol.for("Jupyter.display")]`, as models and datasets do.
 * A figure takes a moment to draw: `await show(figure)`. A table is there when `show` returns.
 * @throws GradbookError for Plotly JSON that Plotly would not draw, by its trace: kinds that do not exist, lists
 *   that are missing or of different lengths
 *
 * @example
 * ```ts
 * import { show } from "gradbook";
 *
 * await show({ data: [{ type: "surface", z: [[1, 2], [3, 4]] }], layout: { title: "loss landscape" } });
 * ```
 */
export async function show(value: Figure | Table | PlotlyJson | object): Promise<void> {
  if (isDisplayable(value)) publish({ data: await value[displaySymbol]() });
  else if (isTable(value)) publish({ data: tableBundle(parseTable("show", value)) });
  else if (isPlotly(value)) publish(await figureMessage(figureFrom(value, "show")));
  else {
    throw configError(
      "show",
      argumentInWords(value),
      "a figure, a table, or an object with a Jupyter.display method",
      Array.isArray(value) ? "Show Plotly traces with show({ data: [ … ] })." : undefined,
    );
  }
}

/**
 * Shows rows of records as a table, at once.
 * @param rows records with the same keys
 * @param options title, columns, name and caption, as `resultsTable` takes them
 * @throws GradbookError when the rows are not a list of records, or an option is unknown
 *
 * @example
 * ```ts
 * import { table } from "gradbook";
 *
 * table([
 *   { optimizer: "SGD", error: 0.0931 },
 *   { optimizer: "Adam", error: 0.0512 },
 * ]);
 * ```
 */
export function table(
  rows: ResultsTableConfig["rows"],
  options: Omit<ResultsTableConfig, "rows" | "title"> & { readonly title?: string } = {},
): void {
  publish({ data: tableBundle(makeTable("table", { title: "", name: "table", ...options, rows })) });
}

/** A figure's bundle: PNG first where something draws it, the Plotly JSON as the extra, its description as text. */
export async function figureBundle(figure: Figure): Promise<DisplayData> {
  const drawer = await loadDrawer();
  if (drawer === undefined) return { [plotlyMime]: figure, "text/plain": figure.layout.meta.description };
  const png = await drawer.renderSmallPng(await drawer.renderSvg(figure), notebookScale);
  return {
    "image/png": Buffer.from(png).toString("base64"),
    [plotlyMime]: figure,
    "text/plain": figure.layout.meta.description,
  };
}

export function tableBundle(table: Table): DisplayData {
  return {
    "text/html": tableHtml(table),
    "text/markdown": tableMarkdown(table),
    [tableMime]: table,
    "text/plain": tableText(table),
  };
}

/**
 * Shows text with Markdown and formulas, e.g. conclusions computed from the numbers above.
 * @throws GradbookError when it is not a string
 *
 * @example
 * ```ts
 * import { markdown } from "gradbook";
 *
 * const error = 0.0512;
 * markdown(`The test error is **${(100 * error).toFixed(1)} %**, with $\\eta = 0.01$.`);
 * ```
 */
export function markdown(text: string): void {
  readOption("markdown", "text", textOption(), text);
  publish({ data: { "text/markdown": text, "text/plain": text } });
}

/** The message that shows a figure; in a terminal only its description, which takes no time. */
export async function figureMessage(figure: Figure): Promise<PublishMessage> {
  const { width, height, meta } = figure.layout;
  if (frontEnd() === "terminal") return { data: { "text/plain": meta.description } };
  // Where the picture is an <img>, as in nbconvert's pages, the description is its alternative text.
  const picture = { width, height, alt: meta.description };
  return { data: await figureBundle(figure), metadata: { "image/png": picture } };
}

function isTable(value: unknown): value is Table {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "table")
    return false;
  return "columns" in value && Array.isArray(value.columns) && "rows" in value && Array.isArray(value.rows);
}

/** Whoever has data or a layout means a figure; what is wrong with it, its reader says. */
function isPlotly(value: unknown): value is object {
  return typeof value === "object" && value !== null && ("data" in value || "layout" in value);
}

function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && displaySymbol in value;
}
