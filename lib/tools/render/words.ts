import type { Json, JsonObject } from "@gradbook/base";
import type { Figure } from "@gradbook/core";
import {
  type Area,
  family,
  isList,
  isRecord,
  plain,
  themes,
  traceKind,
  typeOf,
  wrap,
} from "@gradbook/core/internal";

/** What stands in a still picture in place of something that it cannot draw. */
export interface Words {
  readonly box: Box;
  /** What is there, e.g. `3-D surface, 10 × 10, z 0 to 81`. */
  readonly text: string;
  readonly why: string;
}

/** Shares of the plot's width and height, from its left lower corner. */
export interface Box {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

const whole: Box = { x: [0, 1], y: [0, 1] };

/** Where a trace would be: the domain of its subplot, or its own. */
export function boxOf(trace: JsonObject, area: Area, layout: JsonObject): Box {
  if (area === "xy") return whole;
  const name = area === "scene" || area === "geo" ? trace[area] : trace.subplot;
  const holder = area === "domain" ? trace : layout[typeof name === "string" ? name : area];
  const domain = isRecord(holder) && isRecord(holder.domain) ? holder.domain : {};
  const cell = cellOf(domain, layout.grid);
  return { x: shares(domain.x) ?? cell.x, y: shares(domain.y) ?? cell.y };
}

function shares(value: Json | undefined): readonly [number, number] | undefined {
  if (!isList(value)) return undefined;
  const [from, to] = value;
  const right = typeof from === "number" && typeof to === "number" && from >= 0 && to <= 1 && from < to;
  return right ? [from, to] : undefined;
}

/** A cell of `layout.grid`, rows from the top. */
function cellOf({ row, column }: JsonObject, grid: Json | undefined): Box {
  if (!isRecord(grid) || typeof grid.rows !== "number" || typeof grid.columns !== "number") return whole;
  const [r, c] = [row, column].map((n) => (typeof n === "number" ? n : 0));
  return {
    x: [c / grid.columns, (c + 1) / grid.columns],
    y: [1 - (r + 1) / grid.rows, 1 - r / grid.rows],
  };
}

/**
 * A layout that says in words what is not drawn, inside a frame where it would be.
 * @param drawn the traces that are left
 */
export function withWords(
  layout: Figure["layout"],
  drawn: readonly JsonObject[],
  words: readonly Words[],
): Figure["layout"] {
  const { line, muted, paper } = themes[layout.meta.theme];
  const boxes = new Set(words.map(({ box }) => JSON.stringify(box)));
  const places = [...boxes].map((box) => words.filter((word) => JSON.stringify(word.box) === box));
  const frames = places.map(([{ box }]) => ({
    type: "rect",
    xref: "paper",
    yref: "paper",
    x0: box.x[0],
    x1: box.x[1],
    y0: box.y[0],
    y1: box.y[1],
    line: { color: line, width: 1, dash: "dash" },
    fillcolor: paper,
    layer: "below",
  }));
  const texts = places.map((all) => {
    const { box } = all[0];
    const letters = Math.max(12, Math.floor(((box.x[1] - box.x[0]) * (layout.width - 160)) / 5.8));
    const sentences = [
      ...all.map(({ text }) => `${text[0].toUpperCase()}${text.slice(1)}.`),
      ...new Set(all.map(({ why }) => why)),
    ];
    return {
      xref: "paper",
      yref: "paper",
      x: (box.x[0] + box.x[1]) / 2,
      y: (box.y[0] + box.y[1]) / 2,
      // Plotly would anchor a text at the right or left by its place.
      xanchor: "center",
      yanchor: "middle",
      showarrow: false,
      align: "center",
      font: { size: 12, color: muted },
      text: sentences
        .flatMap((sentence) => wrap(sentence, letters))
        .map(plain)
        .join("<br>"),
    };
  });
  return {
    ...withoutEmptyAxes(layout, drawn),
    shapes: [...(isList(layout.shapes) ? layout.shapes : []), ...frames],
    annotations: [...(isList(layout.annotations) ? layout.annotations : []), ...texts],
  };
}

/** A figure of the same name and size that only says why it is not drawn. */
export function wordsFigure(figure: Figure, why: string): Figure {
  const { width, height, meta } = figure.layout;
  const layout = { width, height, meta, font: { family } };
  return { data: [], layout: withWords(layout, [], [{ box: whole, text: meta.title, why }]) };
}

/** Axes, scenes and maps that no trace is left for would be drawn empty. */
function withoutEmptyAxes(layout: Figure["layout"], drawn: readonly JsonObject[]): Figure["layout"] {
  const used = new Set(
    drawn
      .filter((trace) => traceKind(typeOf(trace)).area === "xy")
      .flatMap((trace) => ["x", "y"].map((letter) => axisKey(trace[`${letter}axis`], letter))),
  );
  const entries = Object.entries(layout).flatMap(([key, value]): [string, Json][] => {
    if (/^(?:scene|geo|map)\d*$/.test(key)) return [];
    const empty = /^[xy]axis\d*$/.test(key) && !used.has(key) && isRecord(value);
    return [[key, empty ? { ...value, visible: false } : value]];
  });
  const hidden = { visible: false };
  return {
    ...(used.has("xaxis") ? {} : { xaxis: hidden }),
    ...(used.has("yaxis") ? {} : { yaxis: hidden }),
    ...Object.fromEntries(entries),
    width: layout.width,
    height: layout.height,
    meta: layout.meta,
  };
}

/** `"x2"` → `"xaxis2"` */
function axisKey(axis: Json | undefined, letter: string): string {
  return typeof axis === "string" ? axis.replace(/^[xy]/, (first) => `${first}axis`) : `${letter}axis`;
}
