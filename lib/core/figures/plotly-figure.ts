import { GradbookError, type Json, type JsonObject } from "@gradbook/base";
import { describeFigure } from "./describe.js";
import { type Figure, isSafeName, slug } from "./figure.js";
import { type Problem, plainCopy } from "./plain-data.js";
import { isList, isRecord, textOf } from "./plotly-values.js";
import { family } from "./theme.js";
import { checkTrace } from "./trace-checks.js";

/** Plotly JSON as it is written by hand: only `data` is needed. */
export interface PlotlyJson {
  /** Traces, e.g. `[{ type: "bar", x: ["a", "b"], y: [1, 2] }]`. */
  readonly data: readonly object[];
  /** Plotly's layout. */
  readonly layout?: object;
  /** Pictures of an animation. */
  readonly frames?: readonly object[];
  /** Plotly's options for the interactive figure. */
  readonly config?: object;
}

/** A figure that was read, and all that is wrong with what it was read from. */
export interface ReadFigure {
  /** Null when nothing can be drawn of it. A trace that cannot be drawn is left out. */
  readonly figure: Figure | null;
  readonly problems: readonly Problem[];
}

/** Pixels of a figure that does not say its size: as wide as a page. */
const standard = { width: 680, height: 420 } as const;

/** Pixels of one side, and of the area: a sharp picture takes twice as many in both directions. */
const largest = { side: 10_000, area: 16_000_000 } as const;

/**
 * Reads Plotly JSON of anybody: copies it to plain data, checks what Plotly passes over without a word, and fills in
 * size, name, title and a description in words. A figure of ours comes back as it is.
 */
export function readFigure(value: unknown): ReadFigure {
  const problems: Problem[] = [];
  const root: { readonly [K in keyof PlotlyJson]?: unknown } = isObject(value) ? value : {};
  if (!Array.isArray(root.data)) {
    const got = root.data === undefined ? "no data" : "data that is not a list";
    return {
      figure: null,
      problems: [{ where: "", got, expected: "{ data: [ … ] } with a list of traces" }],
    };
  }
  const { json, notFinite } = plainCopy(root.data, "data", problems);
  const traces = isList(json) ? json : [];
  const data = traces.flatMap((trace, i): JsonObject[] => {
    const checked = checkTrace(trace, i, problems);
    return checked === null ? [] : [withTitles(checked)];
  });
  if (data.length === 0 && traces.length > 0) return { figure: null, problems };
  const layout = withTitles(recordAt(root.layout, "layout", problems));
  const config = recordAt(root.config, "config", problems);
  const pictures = framesOf(root.frames, problems);
  const figure: Figure = {
    data,
    layout: complete(layout, data, notFinite, problems),
    ...(pictures.length === 0 ? {} : { frames: pictures }),
    ...(Object.keys(config).length === 0 ? {} : { config }),
  };
  return { figure, problems };
}

/**
 * The same where nothing may be wrong.
 * @param what the function that was called, for errors
 * @throws GradbookError naming the first thing that is wrong by its trace and key, and some of the others
 */
export function figureFrom(value: unknown, what: string): Figure {
  const { figure, problems } = readFigure(value);
  if (figure !== null && problems.length === 0) return figure;
  const [{ where, got, expected, cure }, ...others] = problems;
  // What is wrong with the same trace may follow from the first; another trace's fault is one of its own.
  const trace = (place: string) => place.match(/^data\[\d+\]/)?.[0] ?? place;
  const also = others
    .filter((other) => trace(other.where) !== trace(where))
    .map((o) => `${o.where}: ${o.got}`);
  const more = also.length === 0 ? undefined : `Also ${also.slice(0, 3).join("; ")}.`;
  const cures = [cure, more].filter((text) => text !== undefined);
  throw new GradbookError({
    code: "plotly",
    what: where === "" ? what : `${what}, ${where}`,
    got,
    expected,
    cure: cures.length === 0 ? undefined : cures.join(" "),
  });
}

/** `data[1] (scatter): x has 3 values, y has 2, expected the same number of each` */
export function problemText({ where, got, expected }: Problem): string {
  return `${where === "" ? "" : `${where}: `}${got}${expected === undefined ? "" : `, expected ${expected}`}`;
}

function framesOf(value: unknown, problems: Problem[]): readonly JsonObject[] {
  if (value === undefined || value === null) return [];
  const frames = plainCopy(value, "frames", problems).json;
  if (!isList(frames)) problems.push({ where: "frames", got: "no list", expected: "a list of frames" });
  const list = isList(frames) ? frames : [];
  const broken = list.findIndex((frame) => !isRecord(frame));
  if (broken >= 0)
    problems.push({ where: `frames[${broken}]`, got: "not an object", expected: "{ data: [ … ] }" });
  return list.filter(isRecord);
}

function recordAt(value: unknown, where: string, problems: Problem[]): JsonObject {
  if (value === undefined || value === null) return {};
  const { json } = plainCopy(value, where, problems);
  if (isRecord(json)) return json;
  problems.push({ where, got: isList(json) ? "a list" : JSON.stringify(json), expected: "an object" });
  return {};
}

/** Fields whose records are the user's own and no part of a layout. */
const free = ["meta", "customdata", "geojson", "args", "args2"];

/** Plotly 3 and later pass over a title that is a text; it means `{ text }`. */
function withTitles(record: JsonObject): JsonObject {
  const entries = Object.entries(record).map(([key, value]): [string, Json] => {
    if (key === "title" && typeof value === "string") return [key, { text: value }];
    return [key, isRecord(value) && !free.includes(key) ? withTitles(value) : value];
  });
  return Object.fromEntries(entries);
}

/** Fills in what a figure of ours always has; what is there stays. */
function complete(
  layout: JsonObject,
  data: readonly JsonObject[],
  notFinite: number,
  problems: Problem[],
): Figure["layout"] {
  const { meta, font } = layout;
  const given: JsonObject = isRecord(meta) ? meta : isList(meta) ? Object.fromEntries(meta.entries()) : {};
  const title = filled(given.title) ?? (textOf(layout.title) || (filled(given.name) ?? "Figure"));
  const name = filled(given.name) ?? title;
  const style = isRecord(font) ? font : {};
  return {
    ...layout,
    // Still pictures know only this font; the interactive figure shall not look like another one.
    font: { ...style, family: filled(style.family) ?? family },
    ...sizeOf(layout, problems),
    meta: {
      ...given,
      name: isSafeName(name) ? name : slug(name),
      title,
      caption: filled(given.caption) ?? "",
      description: filled(given.description) ?? describeFigure(title, data, layout, notFinite),
      theme: given.theme === "dark" ? "dark" : "light",
    },
  };
}

function filled(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function sizeOf(
  layout: JsonObject,
  problems: Problem[],
): { readonly width: number; readonly height: number } {
  const side = (key: "width" | "height"): number => {
    const value = layout[key];
    if (value === undefined || value === null) return standard[key];
    if (typeof value === "number" && value >= 10 && value <= largest.side) return value;
    const expected = `pixels from 10 to ${largest.side}`;
    problems.push({ where: `layout.${key}`, got: JSON.stringify(value), expected });
    return standard[key];
  };
  const size = { width: side("width"), height: side("height") };
  if (size.width * size.height <= largest.area) return size;
  const got = `${size.width} × ${size.height} pixels`;
  problems.push({ where: "layout", got, expected: `at most ${largest.area / 1e6} million` });
  return standard;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
