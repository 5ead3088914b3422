import type { Json, JsonObject } from "@gradbook/base";
import type { Figure } from "@gradbook/core";
import {
  describeTrace,
  isList,
  isRecord,
  isVisible,
  notOnLogAxes,
  shapeOf,
  traceKind,
  typeOf,
  valuesOf,
} from "@gradbook/core/internal";
import { asPng, pictureUri, readPictureUri } from "./picture.js";
import { type Projected, projectScene } from "./projection.js";
import { boxOf, type Words, withWords } from "./words.js";

/** What is drawn in place of a figure where nothing moves and no browser is: SVG, PNG, PDF. */
export interface StillFigure {
  readonly data: readonly JsonObject[];
  readonly layout: Figure["layout"];
  /** The bundle of Plotly that draws it. */
  readonly bundle: "cartesian" | "full";
  /** What a still picture only says in words, or leaves out. */
  readonly said: readonly string[];
}

/** More marks than this are neither seen nor drawn in reasonable time: each is an element of the SVG. */
const mostMarks = 20_000;

/**
 * Turns a figure into what can be drawn without a browser. Scenes of points, lines
 * and surfaces are drawn as their camera sees them; of the other kinds that need a browser the place is kept and says in
 * words what stands there; nothing is left as empty axes. A figure that can be drawn comes back as it is.
 */
export async function stillFigure(figure: Figure): Promise<StillFigure> {
  const said: string[] = [];
  const words: Words[] = [];
  const scenes = projectedScenes(figure);
  const data = figure.data.flatMap((trace): JsonObject[] => {
    const { still: kind, area } = traceKind(typeOf(trace));
    const scene = scenes.find(({ traces }) => traces.includes(trace));
    if (scene !== undefined) return scene.traces[0] === trace ? [...scene.seen.data] : [];
    // What cannot be projected needs WebGL after all.
    const still = kind === "projected" ? "webgl" : kind;
    if (still === "drawn") return [trace];
    if (typeof still === "object") return [{ ...trace, type: still.as }];
    if (isVisible(trace)) {
      words.push({
        box: boxOf(trace, area, figure.layout),
        text: describeTrace(trace),
        why: reasons[still].long,
      });
      said.push(`${traceKind(typeOf(trace)).words} (${reasons[still].short})`);
    }
    return [];
  });
  const below = notOnLogAxes(figure.data, figure.layout);
  if (below > 0)
    said.push(`${below} ${below === 1 ? "value" : "values"} not above 0 (on a logarithmic axis)`);
  const layout = await stillLayout(withScenes(figure.layout, scenes), said);
  return {
    data: fewerMarks(data, said),
    layout: words.length === 0 ? layout : withWords(layout, data, words),
    bundle: data.every((trace) => traceKind(typeOf(trace)).bundle === "cartesian") ? "cartesian" : "full",
    said: [...new Set(said)],
  };
}

interface ProjectedScene {
  readonly traces: readonly JsonObject[];
  readonly seen: Projected;
}

/** The scenes that can be drawn without WebGL: those of points, lines and surfaces only. */
function projectedScenes({ data, layout }: Figure): readonly ProjectedScene[] {
  const inScenes = data.filter((trace) => traceKind(typeOf(trace)).area === "scene" && isVisible(trace));
  const names = [...new Set(inScenes.map(({ scene }) => scene ?? "scene"))];
  return names.flatMap((name, i) => {
    const traces = inScenes.filter(({ scene }) => (scene ?? "scene") === name);
    if (traces.some((trace) => traceKind(typeOf(trace)).still !== "projected")) return [];
    const seen = projectScene(traces, layout, i);
    return seen === null ? [] : [{ traces, seen }];
  });
}

/** The layout with what stands for its scenes. */
function withScenes(layout: Figure["layout"], scenes: readonly ProjectedScene[]): Figure["layout"] {
  if (scenes.length === 0) return layout;
  const drawn = new Set(scenes.map(({ traces }) => traces[0].scene ?? "scene"));
  const rest = Object.fromEntries(Object.entries(layout).filter(([key]) => !drawn.has(key)));
  const all = (key: "shapes" | "annotations") => [
    ...(isList(layout[key]) ? layout[key] : []),
    ...scenes.flatMap(({ seen }) => seen[key]),
  ];
  return {
    ...rest,
    width: layout.width,
    height: layout.height,
    meta: layout.meta,
    ...Object.assign({}, ...scenes.map(({ seen }) => seen.axes)),
    shapes: all("shapes"),
    annotations: all("annotations"),
  };
}

/**
 * The bundle that a page needs to draw a figure interactively; null when the page cannot, because the figure asks a
 * network for its map.
 */
export function pageBundle({ data }: Figure): "cartesian" | "full" | null {
  const kinds = data.filter(isVisible).map((trace) => traceKind(typeOf(trace)));
  if (kinds.some(({ still }) => still === "network")) return null;
  return kinds.every(({ bundle }) => bundle === "cartesian") ? "cartesian" : "full";
}

const reasons = {
  webgl: {
    short: "needs WebGL",
    long: "Drawn where the figure is interactive: in JupyterLab, and on a report's page.",
  },
  network: { short: "needs a network", long: "Its map comes from a network: JupyterLab draws it." },
} as const;

/** What the layout has only where something moves is left out, and pictures that are not inside it. */
async function stillLayout(layout: Figure["layout"], said: string[]): Promise<Figure["layout"]> {
  let still = layout;
  for (const [key, word] of [["updatemenus", "buttons"] as const, ["sliders", "sliders"] as const]) {
    if (!isList(layout[key]) || layout[key].length === 0) continue;
    still = { ...still, [key]: [] };
    said.push(`${word} (interactive only)`);
  }
  const { images: given } = layout;
  if (!isList(given)) return still;
  const images: Json[] = [];
  for (const image of given) {
    const drawn = await stillImage(image);
    if (typeof drawn === "string") said.push(`an image of the layout (${drawn})`);
    else images.push(drawn);
  }
  const same = images.length === given.length && images.every((image, i) => image === given[i]);
  return same ? still : { ...still, images };
}

/** An image of the layout as PNG, the kind that all renderers know; what is wrong, as words. */
async function stillImage(image: Json): Promise<JsonObject | string> {
  if (!isRecord(image) || typeof image.source !== "string" || image.source === "") return "no source";
  const picture = await readPictureUri(image.source);
  if (typeof picture === "string") return picture;
  const png = await asPng(picture);
  if (png === null) return "WebP";
  return png === picture ? image : { ...image, source: pictureUri(png) };
}

/** Marks without lines are drawn every so many; marks on lines are left to the line. */
function fewerMarks(data: readonly JsonObject[], said: string[]): readonly JsonObject[] {
  const marks = (trace: JsonObject) => (/markers|text/.test(String(trace.mode ?? "")) ? pointsOf(trace) : 0);
  const total = data.reduce((sum, trace) => sum + marks(trace), 0);
  if (total <= mostMarks) return data;
  const step = Math.ceil(total / mostMarks);
  said.push(`all of ${total} marks (every ${step}th point is drawn, of lines the line)`);
  return data.map((trace) => {
    if (marks(trace) === 0) return trace;
    if (String(trace.mode).includes("lines")) return { ...trace, mode: "lines" };
    return thinned(trace, pointsOf(trace), step);
  });
}

function pointsOf(trace: JsonObject): number {
  return Math.max(0, ...traceKind(typeOf(trace)).together.map((key) => shapeOf(trace[key])[0] ?? 0));
}

/** Every list of a trace that has a value for each point, with every so many of them. */
function thinned(trace: JsonObject, points: number, step: number): JsonObject {
  const entries = Object.entries(trace).map(([key, value]): [string, Json] => {
    const shape = shapeOf(value);
    if (shape.length === 1 && shape[0] === points) {
      return [key, (isList(value) ? value : valuesOf(value)).filter((_, i) => i % step === 0)];
    }
    return [key, isRecord(value) ? thinned(value, points, step) : value];
  });
  return Object.fromEntries(entries);
}
