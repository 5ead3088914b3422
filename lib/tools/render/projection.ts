import type { Json, JsonObject } from "@gradbook/base";
import type { Figure } from "@gradbook/core";
import { isList, isRecord, plain, shapeOf, themes, valuesOf } from "@gradbook/core/internal";
import { type Box, boxOf } from "./words.js";

/** What stands for a scene in a picture without WebGL: lines, areas and marks of two dimensions. */
export interface Projected {
  readonly data: readonly JsonObject[];
  readonly axes: JsonObject;
  readonly shapes: readonly JsonObject[];
  readonly annotations: readonly JsonObject[];
}

type Vector = readonly [number, number, number];
/** Pixels' direction on the picture, and the distance from the eye. */
type Seen = readonly [x: number, y: number, depth: number];

/** More facets than this on a side of a surface are neither seen nor drawn in reasonable time. */
const mostFacets = 40;

/**
 * Draws a scene of points, lines and surfaces as its camera sees it: walls with grid lines behind, the surface's
 * facets and the marks from the farthest to the nearest. Lines lie on top of surfaces, whether they are behind or not.
 * @param number tells its axes from those of other scenes
 * @returns null for what it does not know: axes of dates, names or logarithms, surfaces over uneven grids
 */
export function projectScene(
  traces: readonly JsonObject[],
  layout: Figure["layout"],
  number: number,
): Projected | null {
  const name = typeof traces[0].scene === "string" ? traces[0].scene : "scene";
  const scene = isRecord(layout[name]) ? layout[name] : {};
  const clouds = traces.map(pointsOf);
  const known = clouds.filter((cloud) => cloud !== null);
  if (known.length < clouds.length || axisKeys.some((key) => typeOfAxis(scene[key]) !== "linear"))
    return null;
  const ranges = axisKeys.map((key, d) => rangeOf(scene[key], known, d));
  const view = viewOf(scene, ranges);
  const ids = { xaxis: `x${90 + number}`, yaxis: `y${90 + number}` };
  const place = { xref: ids.xaxis, yref: ids.yaxis };
  const walls = wallsOf(scene, ranges, view, layout, place);
  const drawn = traces.map((trace, i) =>
    trace.type === "surface"
      ? surfaceOf(trace, known[i], view, layout, { ...ids, ...place })
      : { shapes: [], data: [marksOf(trace, known[i], view, ids)] },
  );
  return {
    data: drawn.flatMap(({ data }) => data),
    axes: axesOf(boxOf(traces[0], "scene", layout), view, ranges, number),
    shapes: [...walls.shapes, ...drawn.flatMap(({ shapes }) => shapes)],
    annotations: walls.annotations,
  };
}

const axisKeys = ["xaxis", "yaxis", "zaxis"] as const;

function typeOfAxis(axis: Json | undefined): string {
  const type = isRecord(axis) ? axis.type : undefined;
  return typeof type === "string" && type !== "-" ? type : "linear";
}

/** Every point of a trace, a surface's row by row; null for what has no numbers. */
function pointsOf(trace: JsonObject): readonly (readonly (number | null)[])[] | null {
  const z = numbersOf(trace.z);
  if (z === null || z.length === 0) return null;
  if (trace.type !== "surface") {
    const [x, y] = [numbersOf(trace.x), numbersOf(trace.y)];
    if (x === null || y === null) return null;
    return z.slice(0, Math.min(x.length, y.length)).map((v, i) => [x[i], y[i], v]);
  }
  const [rows, columns] = shapeOf(trace.z);
  if (columns === undefined || z.length !== rows * columns) return null;
  const along = (list: Json | undefined, length: number) =>
    list === undefined
      ? Array.from({ length }, (_, i) => i)
      : shapeOf(list).length === 1
        ? numbersOf(list)
        : null;
  const [x, y] = [along(trace.x, columns), along(trace.y, rows)];
  if (x === null || y === null || x.length !== columns || y.length !== rows) return null;
  return z.map((v, i) => [x[i % columns], y[Math.floor(i / columns)], v]);
}

function numbersOf(list: Json | undefined): readonly (number | null)[] | null {
  const values = valuesOf(list);
  return values.every((v) => v === null || typeof v === "number") ? values : null;
}

function rangeOf(
  axis: Json | undefined,
  clouds: readonly (readonly (readonly (number | null)[])[])[],
  d: number,
): readonly [number, number] {
  const given = isRecord(axis) ? valuesOf(axis.range) : [];
  const [from, to] = given;
  if (typeof from === "number" && typeof to === "number" && from < to) return [from, to];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cloud of clouds)
    for (const { [d]: v } of cloud) if (v !== null) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!(low < high)) return low === high ? [low - 0.5, low + 0.5] : [0, 1];
  // As Plotly leaves room around the data.
  return [low - (high - low) / 32, high + (high - low) / 32];
}

interface View {
  /** A point of the data as it is seen. */
  readonly see: (point: Vector) => Seen;
  /** For each axis the end that is farther from the eye. */
  readonly back: Vector;
  readonly front: Vector;
}

/** Plotly's camera: the eye looks at the middle of a box around the data, whose sides are about 1 long. */
function viewOf(scene: JsonObject, ranges: readonly (readonly [number, number])[]): View {
  const spans = ranges.map(([low, high]) => high - low);
  const given = isRecord(scene.aspectratio) ? scene.aspectratio : undefined;
  const even = Math.max(...spans) / Math.min(...spans) <= 4;
  const isData = scene.aspectmode === "data" || (scene.aspectmode !== "cube" && given === undefined && even);
  const mean = Math.cbrt(spans[0] * spans[1] * spans[2]);
  const sides = ["x", "y", "z"].map((key, d) => {
    const side = given?.[key];
    if (isData) return spans[d] / mean;
    return typeof side === "number" && scene.aspectmode !== "cube" ? side : 1;
  });
  const camera = isRecord(scene.camera) && isRecord(scene.camera.eye) ? scene.camera.eye : {};
  const eye = ["x", "y", "z"].map((key) => {
    const at = camera[key];
    return typeof at === "number" ? at : 1.25;
  });
  const distance = Math.hypot(...eye) || 1;
  const forward = eye.map((v) => -v / distance);
  // Right and up of the picture; straight from above, up is y.
  const level = Math.hypot(forward[0], forward[1]);
  const right = level < 1e-6 ? [1, 0, 0] : [forward[1] / level, -forward[0] / level, 0];
  const up = [
    right[1] * forward[2] - right[2] * forward[1],
    right[2] * forward[0] - right[0] * forward[2],
    right[0] * forward[1] - right[1] * forward[0],
  ];
  const dot = (a: readonly number[], b: readonly number[]) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const end = (far: boolean) =>
    ranges.map(([low, high], d) => (eye[d] >= 0 === far ? low : high)) as readonly number[];
  const vector = ([x, y, z]: readonly number[]): Vector => [x, y, z];
  return {
    see: (point) => {
      const at = ranges.map(([low], d) => ((point[d] - low) / spans[d] - 0.5) * sides[d]);
      const depth = Math.max(0.1, distance + dot(at, forward));
      return [(dot(at, right) / depth) * distance, (dot(at, up) / depth) * distance, depth];
    },
    back: vector(end(true)),
    front: vector(end(false)),
  };
}

/** Hidden axes that keep the picture's proportions, around all that is seen of the box. */
function axesOf(
  box: Box,
  { see }: View,
  ranges: readonly (readonly [number, number])[],
  number: number,
): JsonObject {
  const corners = Array.from({ length: 8 }, (_, i) =>
    see([ranges[0][i & 1], ranges[1][(i >> 1) & 1], ranges[2][(i >> 2) & 1]]),
  );
  const around = (d: 0 | 1) => {
    const values = corners.map((corner) => corner[d]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    // Room for the labels outside of the box.
    return [low - (high - low) * (d === 0 ? 0.2 : 0.14), high + (high - low) * 0.1].map(round);
  };
  const [x, y] = [`x${90 + number}`, `y${90 + number}`];
  const hidden = { visible: false, fixedrange: true };
  return {
    [`xaxis${90 + number}`]: { ...hidden, domain: box.x, anchor: y, range: around(0) },
    [`yaxis${90 + number}`]: { ...hidden, domain: box.y, anchor: x, range: around(1), scaleanchor: x },
  };
}

/** Grid lines on the three walls behind the data, ticks and titles along the box's outer edges. */
function wallsOf(
  scene: JsonObject,
  ranges: readonly (readonly [number, number])[],
  { see, back, front }: View,
  layout: Figure["layout"],
  place: JsonObject,
): { readonly shapes: readonly JsonObject[]; readonly annotations: readonly JsonObject[] } {
  const { grid, line, muted, text } = themes[layout.meta.theme];
  const shapes: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  const stroke = (from: Vector, to: Vector, color: string) => {
    const [[x0, y0], [x1, y1]] = [see(from), see(to)];
    shapes.push({
      ...{ type: "line", ...place, layer: "below", line: { color, width: 1 } },
      ...{ x0: round(x0), y0: round(y0), x1: round(x1), y1: round(y1) },
    });
  };
  const at = (base: Vector, d: number, value: number): Vector =>
    [base[0], base[1], base[2]].map((v, i) => (i === d ? value : v)) as unknown as Vector;
  const middle = see(ranges.map(([low, high]) => (low + high) / 2) as unknown as Vector);
  const size = isRecord(layout.font) && typeof layout.font.size === "number" ? layout.font.size : 12;
  axisKeys.forEach((key, d) => {
    const axis = isRecord(scene[key]) ? scene[key] : {};
    if (axis.visible === false) return;
    const ticks = ticksOf(axis, ranges[d]);
    const others = [0, 1, 2].filter((other) => other !== d);
    for (const value of [...ranges[d], ...ticks.map((tick) => tick.at)]) {
      const color = ranges[d].includes(value) ? line : grid;
      for (const other of others)
        stroke(at(back, d, value), at(at(back, d, value), other, front[other]), color);
    }
    // The edge that bounds the box on the picture: of the upright ones the left one.
    const flat = d === 2 ? [at(back, 0, front[0]), at(back, 1, front[1])] : [at(back, 1 - d, front[1 - d])];
    const [edge] = flat.sort((a, b) => see(a)[0] - see(b)[0]);
    const write = (words: string, value: number, away: number, color: string) => {
      const [x, y] = see(at(edge, d, value));
      const [dx, dy] = [x - middle[0], y - middle[1]];
      const length = Math.hypot(dx, dy) || 1;
      const shift: JsonObject =
        d === 2
          ? { xanchor: "right", xshift: -Math.round(away) }
          : { xshift: Math.round((dx / length) * away), yshift: Math.round((dy / length) * away) };
      annotations.push({
        ...{ text: plain(words), ...place, x: round(x), y: round(y), showarrow: false },
        ...{ xanchor: "center", yanchor: "middle", font: { size, color }, ...shift },
      });
    };
    // Where two axes meet, their labels would lie on one another.
    const end = d === 2 ? back[2] : front[d];
    const meets = ({ at }: { at: number }) => Math.abs(at - end) < 0.04 * (ranges[d][1] - ranges[d][0]);
    const labels = axis.showticklabels === false ? [] : ticks.filter((tick) => !meets(tick));
    for (const tick of labels) write(tick.words, tick.at, size * (d === 2 ? 0.6 : 1.2), text);
    const title = isRecord(axis.title) ? axis.title.text : undefined;
    const longest = Math.max(0, ...labels.map(({ words }) => words.length));
    const [low, high] = ranges[d];
    if (typeof title === "string" && title !== "")
      write(title, (low + high) / 2, size * (d === 2 ? 1.4 + longest * 0.52 : 3.4), muted);
  });
  return { shapes, annotations };
}

/** The axis's own ticks, else about five at round numbers. */
function ticksOf(axis: JsonObject, [low, high]: readonly [number, number]) {
  if (isList(axis.tickvals)) {
    const words = valuesOf(axis.ticktext);
    return axis.tickvals.flatMap((at, i) =>
      typeof at === "number" && at >= low && at <= high ? [{ at, words: String(words[i] ?? at) }] : [],
    );
  }
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.7) ?? 10);
  const count = Math.floor(high / step) - Math.ceil(low / step) + 1;
  return Array.from({ length: count }, (_, i) => {
    const at = Number(((Math.ceil(low / step) + i) * step).toPrecision(12));
    return { at, words: String(at).replace("-", "−") };
  });
}

/** Points, lines and texts, the nearest last where no line says their order. */
function marksOf(
  trace: JsonObject,
  points: readonly (readonly (number | null)[])[],
  { see }: View,
  ids: JsonObject,
): JsonObject {
  const seen = points.map(([x, y, z]) => (x === null || y === null || z === null ? null : see([x, y, z])));
  const order = seen.map((_, i) => i);
  const depth = (i: number) => seen[i]?.[2] ?? 0;
  if (!String(trace.mode ?? "lines+markers").includes("lines")) order.sort((a, b) => depth(b) - depth(a));
  const { scene: _scene, z: _z, ...rest } = trace;
  const inOrder = (record: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(record).map(([key, value]): [string, Json] => {
        if (isRecord(value) && shapeOf(value).length === 0) return [key, inOrder(value)];
        if (shapeOf(value).length !== 1 || shapeOf(value)[0] !== points.length) return [key, value];
        const list = valuesOf(value);
        return [key, order.map((i) => list[i])];
      }),
    );
  const of = (d: 0 | 1) =>
    order.map((i) => {
      const at = seen[i];
      return at === null ? null : round(at[d]);
    });
  return { mode: "lines+markers", ...inOrder(rest), type: "scatter", x: of(0), y: of(1), ...ids };
}

/** A surface as facets, and the colour bar as that of a trace without points. */
function surfaceOf(
  trace: JsonObject,
  points: readonly (readonly (number | null)[])[],
  { see }: View,
  layout: Figure["layout"],
  ids: JsonObject,
): { readonly shapes: readonly JsonObject[]; readonly data: readonly JsonObject[] } {
  const [rows, columns] = shapeOf(trace.z);
  const every = (length: number) => {
    const step = Math.ceil((length - 1) / mostFacets) || 1;
    const places = Array.from({ length: Math.ceil((length - 1) / step) }, (_, i) => i * step);
    return [...places, length - 1];
  };
  const heights = points.flatMap(([, , z]) => (z === null ? [] : [z]));
  const least = typeof trace.cmin === "number" ? trace.cmin : Math.min(...heights);
  const most = typeof trace.cmax === "number" ? trace.cmax : Math.max(...heights);
  const own = isList(trace.colorscale) ? trace.colorscale : templateOf(layout).colorscale;
  const scale = isList(own) ? own : themes[layout.meta.theme].sequential;
  const ramp = scale.flatMap((stop): (readonly [number, string])[] => {
    const [at, color] = isList(stop) ? stop : [];
    return typeof at === "number" && typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color)
      ? [[at, color]]
      : [];
  });
  const usable = ramp.length >= 2 ? ramp : themes[layout.meta.theme].sequential;
  const reverse = trace.reversescale === true;
  const [r, c] = [every(rows), every(columns)];
  const facets = r.slice(1).flatMap((row, i) =>
    c.slice(1).flatMap((column, j) => {
      const corners = [
        [r[i], c[j]],
        [r[i], column],
        [row, column],
        [row, c[j]],
      ].map(([a, b]) => points[a * columns + b]);
      const whole = corners.flatMap(([x, y, z]): Vector[] =>
        x === null || y === null || z === null ? [] : [[x, y, z]],
      );
      if (whole.length < 4) return [];
      const seen = whole.map(see);
      const share = (whole.reduce((sum, [, , z]) => sum + z, 0) / 4 - least) / (most - least || 1);
      const color = mixed(usable, reverse ? 1 - share : share);
      const path = seen.map(([x, y], k) => `${k === 0 ? "M" : "L"}${round(x)},${round(y)}`).join("");
      return [{ path: `${path}Z`, color, depth: seen.reduce((sum, [, , depth]) => sum + depth, 0) }];
    }),
  );
  const { xref, yref, xaxis, yaxis } = ids;
  const shapes = facets
    .sort((a, b) => b.depth - a.depth)
    .map(({ path, color }) => ({
      ...{ type: "path", path, fillcolor: color, xref, yref, layer: "below" },
      line: { color: `${themes[layout.meta.theme].paper}59`, width: 0.5 },
    }));
  const bar = { ...templateOf(layout).colorbar, ...(isRecord(trace.colorbar) ? trace.colorbar : {}) };
  const marker = {
    ...{ color: [least], cmin: least, cmax: most, colorscale: usable.map(([at, color]) => [at, color]) },
    ...{ reversescale: reverse, showscale: trace.showscale !== false, colorbar: bar },
  };
  const key = {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    showlegend: false,
    hoverinfo: "skip",
  };
  return { shapes, data: [{ ...key, marker, xaxis, yaxis }] };
}

/** What the figure's template says about surfaces. */
function templateOf(layout: JsonObject): { readonly colorscale?: Json; readonly colorbar?: JsonObject } {
  const template =
    isRecord(layout.template) && isRecord(layout.template.data) ? layout.template.data.surface : [];
  const [first] = isList(template) ? template : [];
  if (!isRecord(first)) return {};
  return { colorscale: first.colorscale, ...(isRecord(first.colorbar) ? { colorbar: first.colorbar } : {}) };
}

function mixed(ramp: readonly (readonly [number, string])[], share: number): string {
  const part = Math.min(1, Math.max(0, share));
  const above = Math.max(
    1,
    ramp.findIndex(([at]) => at >= part),
  );
  const [[from, low], [to, high]] = [ramp[above - 1], ramp[above]];
  const weight = (part - from) / (to - from || 1);
  const channels = [1, 3, 5].map((i) => {
    const [a, b] = [low, high].map((color) => Number.parseInt(color.slice(i, i + 2), 16));
    return Math.round(a + (b - a) * weight);
  });
  return `rgb(${channels.join(",")})`;
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
