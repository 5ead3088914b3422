import { homeFolder, type Json, type JsonObject, type MimeBundle, plotlyMime } from "@gradbook/base";
import { isRecord } from "@gradbook/core/internal";
import type { Notebook } from "@gradbook/kernel/internal";
import { pictureMimes } from "../render/picture.js";

/** Something in a notebook that must not be handed in. */
export interface Finding {
  /** Number of the cell, from 1, over all cells. */
  readonly cell: number;
  readonly got: string;
  readonly cure: string;
}

/** So many pictures of a data set may stand in a notebook's figures: a map of 100 test images twice, and some more. */
const allowedImages = 250;

/**
 * Paths that mean something on one machine only, in sources and outputs.
 * @param home the author's home folder. Default: this machine's
 */
export function absolutePaths(notebook: Notebook, home: string = homeFolder() ?? ""): readonly Finding[] {
  return notebook.cells.flatMap((cell, index) => {
    const source = findPath(cell.source, home);
    const found: Finding[] = [];
    if (source !== undefined) {
      found.push({
        cell: index + 1,
        got: `the absolute path ${source}`,
        cure: "Write it relative to the notebook, or leave it to --data.",
      });
    }
    if (cell.cell_type !== "code") return found;
    const outputs = cell.outputs.flatMap((output) => {
      if (output.output_type === "stream") return [output.text];
      if (output.output_type === "error") return [output.evalue, ...output.traceback];
      return Object.entries(output.data).flatMap(([mime, value]) => (isRaster(mime) ? [] : texts(value)));
    });
    const output = outputs.map((text) => findPath(text, home)).find((path) => path !== undefined);
    if (output !== undefined) {
      found.push({
        cell: index + 1,
        got: `the absolute path ${output} in its output`,
        cure: "Print the name of the file only.",
      });
    }
    return found;
  });
}

/** Pictures in base64; an SVG is a text and may hold a path. */
function isRaster(mime: string): boolean {
  return pictureMimes.some((known) => known === mime);
}

/** Folders at the root of a system that hold people's files, and drives of Windows; URLs and formulas are none. */
function findPath(source: string, home: string): string | undefined {
  // Pictures and packed numbers in base64 hold slashes that lead nowhere.
  const text = source.replace(/[A-Za-z0-9+/=]{200,}/g, "");
  if (home.length > 1 && text.includes(home)) return home;
  const unix =
    /(?<![\w.:/~-])\/(?:home|Users|root|tmp|mnt|media|opt|srv|var|workspace|content|private)\/[^\s"'`)<>,;]+/;
  const windows = /(?<![A-Za-z])[A-Z]:\\{1,2}[^\s"'`)<>,;]+/;
  return (unix.exec(text) ?? windows.exec(text))?.[0];
}

/** Pictures of a data set beyond what figures need, and files that somebody attached to a text. */
export function datasetImages(notebook: Notebook): readonly Finding[] {
  const cure = 'Show fewer, or use marks: "digits": graders have the data set.';
  let total = 0;
  return notebook.cells.flatMap((cell, index) => {
    if (cell.cell_type !== "code") {
      const count = Object.keys(cell.attachments ?? {}).length;
      const attached = {
        cell: index + 1,
        got: `${count} attached pictures`,
        cure: "Draw what the text needs as figures.",
      };
      return count > 10 ? [attached] : [];
    }
    const before = total;
    for (const output of cell.outputs) {
      if (output.output_type === "display_data" || output.output_type === "execute_result")
        total += imagesIn(output.data);
    }
    if (before > allowedImages || total <= allowedImages) return [];
    return [
      {
        cell: index + 1,
        got: `${total} images of the data set so far, the limit is ${allowedImages}`,
        cure,
      },
    ];
  });
}

/**
 * Images that an output shows. A figure of Plotly counts by what it is made of, the picture beside it not again; each
 * picture of another kind counts, also those inside of HTML and SVG.
 */
function imagesIn(data: MimeBundle): number {
  const figure = data[plotlyMime];
  if (figure !== undefined) return figureImages(typeof figure === "string" ? parsed(figure) : figure);
  const inside = (mime: string, pattern: RegExp) => {
    const value = data[mime];
    return typeof value === "string" ? (value.match(pattern)?.length ?? 0) : 0;
  };
  const markup = inside("text/html", /<(?:img|image)\b/gi) + inside("image/svg+xml", /<image\b/gi);
  return Math.max(markup, Object.keys(data).some(isRaster) ? 1 : 0);
}

/** Plotly's layout images, its traces of images, and heatmaps from black to white, which are inputs. */
function figureImages(figure: Json | undefined): number {
  if (!isRecord(figure)) return 0;
  const layout = isRecord(figure.layout) ? figure.layout : {};
  const pictures = Array.isArray(layout.images) ? layout.images.length : 0;
  const frames = Array.isArray(figure.frames) ? figure.frames.reduce((n, f) => n + figureImages(f), 0) : 0;
  const traces = Array.isArray(figure.data) ? figure.data : [];
  const ink = JSON.stringify([
    [0, "#000000"],
    [1, "#ffffff"],
  ]);
  const inputs = traces.filter((trace: Json) => isRecord(trace) && isInput(trace, ink));
  return pictures + frames + inputs.length;
}

function isInput(trace: JsonObject, ink: string): boolean {
  return trace.type === "image" || JSON.stringify(trace.colorscale) === ink;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // No JSON, so Plotly shows nothing of it.
  }
}

function texts(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(texts);
}
