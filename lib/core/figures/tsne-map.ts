import {
  configError,
  type Given,
  type JsonObject,
  list,
  number,
  numbers,
  object,
  oneOf,
  option,
  shapeError,
  text,
} from "@gradbook/base";
import {
  type Figure,
  type FigureOptions,
  makeFigure,
  pack,
  plain,
  type ResolvedOptions,
  resolveOptions,
  short,
} from "./figure.js";
import { legendAbove } from "./panels.js";
import { pngUri } from "./png.js";
import { type Bitmap, bitmapOption, checkBitmap, finiteRange } from "./tiles.js";

const embeddingMap = {
  /** Heading of the panel, e.g. `"after epoch 15"`. */
  name: text(),
  /** Coordinates of each sample: `[N][2]`, as `tsne` gives them; `[N][3]` is a cloud to turn where the figure is interactive. */
  points: list(list(number(), "two or three coordinates"), "a list of points"),
  /** A line under the heading: `{ KL: 0.31, trustworthiness: 0.97 }` or a text of your own. */
  scores: option<string | Readonly<Record<string, number>>>("a string, or numbers by name", (v) =>
    typeof v === "string" || isNumbersByName(v) ? v : undefined,
  ).optional(),
};
/** One embedding; several are drawn side by side and show the same samples. */
export type EmbeddingMap = Given<typeof embeddingMap>;

const tsneMapOptions = {
  /** One panel per map. */
  maps: list(object(embeddingMap), "a list of maps"),
  /** Class index (from 0) of each sample. */
  labels: numbers("a class for each sample"),
  /**
   * Names of the classes.
   * @default "0", "1" …
   */
  classes: list(text(), "a list of names").optional(),
  /**
   * `"dots"`: a symbol and a colour for each class; `"digits"`: the class's name itself, coloured; `"images"`: the
   * samples' own images (light on dark become coloured on transparent), at most 1000.
   * @default "digits"
   */
  marks: oneOf("dots", "digits", "images").or("digits"),
  /**
   * The samples' images, for `marks: "images"`.
   * @default none
   */
  images: list(bitmapOption(), "a list of bitmaps").optional(),
};
/**
 * Options of `tsneMap`.
 * @interface
 */
export type TsneMapConfig = FigureOptions & Given<typeof tsneMapOptions>;

const symbols = [
  "circle",
  "square",
  "diamond",
  "cross",
  "x",
  "triangle-up",
  "triangle-down",
  "star",
  "hexagon",
  "bowtie",
];

/** The symbols that Plotly has in three dimensions. */
const solids = ["circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open"];

/**
 * Maps in two or three dimensions, coloured by class. The axes of such a map have no unit and no meaning, so they are not drawn.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { tsneMap } from "gradbook";
 *
 * const figure = tsneMap({
 *   title: "Two clusters",
 *   maps: [{ name: "after epoch 15", points: [[0, 0], [0, 1], [5, 5]], scores: { KL: 0.31 } }],
 *   labels: [0, 0, 1],
 * });
 * console.log(figure.layout.meta.description); // Two clusters. A map of 3 samples of 2 classes: after epoch 15 (KL 0.310).
 * ```
 */
export function tsneMap(config: TsneMapConfig): Figure {
  const { options, maps, labels, marks, ...given } = resolveOptions("tsneMap", tsneMapOptions, config);
  checkMaps(config);
  const count = maxLabel(labels) + 1;
  const classes = given.classes ?? Array.from({ length: count }, (_, c) => String(c));
  if (classes.length < count) {
    throw shapeError(
      "tsneMap",
      `label ${count - 1} with ${classes.length} class names`,
      "a name for each class",
    );
  }

  const { size, theme } = options;
  const gap = 16;
  const columns = Math.min(maps.length, size.name === "column" ? 1 : 3);
  const rows = Math.ceil(maps.length / columns);
  const margin = { l: 8, r: 8, t: options.top + (marks === "dots" ? size.text * 1.8 : 0), b: 8 };
  const head = size.text * (maps.some((m) => m.scores !== undefined) ? 3 : 1.7);
  const side = Math.min(420, (size.width - margin.l - margin.r - (columns - 1) * gap) / columns);
  const inner = { width: size.width - margin.l - margin.r, height: rows * (side + head) };
  const height = Math.round(inner.height + margin.t + margin.b);
  const color = (c: number) => theme.classes[c % theme.classes.length];

  const data: JsonObject[] = [];
  const axes: Record<string, JsonObject> = {};
  const annotations: JsonObject[] = [];
  const images: JsonObject[] = [];
  let dropped = 0;
  maps.forEach((map, i) => {
    const n = i === 0 ? "" : String(i + 1);
    const [row, column] = [Math.floor(i / columns), i % columns];
    const left = (column * (side + gap)) / inner.width;
    const top = 1 - (row * (side + head) + head) / inner.height;
    const frame = {
      showgrid: false,
      zeroline: false,
      showticklabels: false,
      ticks: "",
      mirror: true,
      showline: true,
    };
    const flat = map.points[0].length === 2;
    const [x, y] = squareRanges(map.points);
    const across = [unit(left), unit(left + side / inner.width)];
    const down = [unit(top - side / inner.height), unit(top)];
    if (flat) {
      const line = { ...frame, linecolor: theme.grid };
      axes[`xaxis${n}`] = { ...line, domain: across, anchor: `y${n}`, range: x };
      axes[`yaxis${n}`] = { ...line, domain: down, anchor: `x${n}`, range: y };
    } else axes[`scene${n}`] = { ...cloudScene(options, map.points), domain: { x: across, y: down } };
    const heading = {
      xref: "paper",
      yref: "paper",
      x: unit(left),
      y: unit(top),
      xanchor: "left",
      yanchor: "bottom",
    };
    const below = map.scores === undefined ? 0 : size.text * 1.35;
    annotations.push({
      ...heading,
      text: plain(map.name),
      yshift: below,
      showarrow: false,
      font: { size: size.text, color: theme.text, weight: 600 },
    });
    if (map.scores !== undefined) {
      annotations.push({
        ...heading,
        text: plain(scoreLine(map)),
        showarrow: false,
        font: { size: size.text * 0.92, color: theme.muted },
      });
    }
    const shown = (k: number) => map.points[k].every(Number.isFinite);
    for (let k = 0; k < labels.length; k++) if (!shown(k)) dropped++;
    for (let c = 0; c < count; c++) {
      const members = indices(labels, c).filter(shown);
      if (members.length === 0) continue;
      data.push({
        type: flat ? "scatter" : "scatter3d",
        mode: marks === "digits" ? "text" : "markers",
        name: plain(classes[c]),
        legendgroup: String(c),
        showlegend: marks === "dots" && i === 0,
        x: pack(members.map((k) => short(map.points[k][0]))),
        y: pack(members.map((k) => short(map.points[k][1]))),
        ...(flat
          ? { xaxis: `x${n}`, yaxis: `y${n}` }
          : { z: pack(members.map((k) => short(map.points[k][2]))), scene: `scene${n}` }),
        customdata: members,
        hovertemplate: `class ${plain(classes[c])}, sample %{customdata}<extra></extra>`,
        marker: {
          color: color(c),
          symbol: (flat ? symbols : solids)[c % (flat ? symbols : solids).length],
          size: flat ? 7 : 4,
          opacity: marks === "images" ? 0 : 0.9,
        },
        ...(marks === "digits"
          ? {
              text: members.map(() => plain(classes[c])),
              textfont: { color: color(c), weight: 600, size: size.text * 1.05 },
            }
          : {}),
      });
    }
    if (marks === "images") {
      const span = x[1] - x[0];
      for (let k = 0; k < labels.length; k++) {
        if (!shown(k)) continue;
        images.push(imageMark(imageOf(config, k), color(labels[k]), map.points[k], span * (19 / side), n));
      }
    }
  });

  const note = dropped === 0 ? "" : ` ${dropped} points are not finite and left out.`;
  return makeFigure(options, {
    data,
    layout: {
      ...axes,
      annotations,
      images,
      margin,
      hovermode: "closest",
      legend: legendAbove(options, height),
    },
    height,
    description:
      `${config.title}. ${maps.length === 1 ? "A map" : `${maps.length} maps`}${maps.some(({ points }) => points[0].length === 3) ? " in three dimensions" : ""} of ${labels.length} samples of ${count} classes: ` +
      `${maps.map(mapInWords).join("; ")}.${note}`,
  });
}

function mapInWords(map: EmbeddingMap): string {
  const name = map.name === "" ? "without a name" : map.name;
  return map.scores === undefined ? name : `${name} (${scoreLine(map)})`;
}

/** `KL 0.310 · trustworthiness 0.972` */
function scoreLine({ scores = "" }: EmbeddingMap): string {
  if (typeof scores === "string") return scores;
  return Object.entries(scores)
    .map(([name, score]) => `${name} ${Number.isFinite(score) ? score.toFixed(3) : "not finite"}`)
    .join(" · ");
}

/** A cube without ticks, seen from a corner; all three directions have one scale. */
function cloudScene({ theme }: ResolvedOptions, points: readonly (readonly number[])[]): JsonObject {
  const wall = {
    backgroundcolor: theme.paper,
    gridcolor: theme.grid,
    linecolor: theme.line,
    showticklabels: false,
    showspikes: false,
    zeroline: false,
    title: { text: "" },
  };
  // Said, because Plotly forgets points whose mark the browser's fonts lack.
  const axis = (d: number) => {
    const { low, high } = finiteRange([points.map((p) => p[d])]);
    const room = (high - low || 1) / 32;
    return { ...wall, range: [short(low - room), short(high + room)] };
  };
  const camera = { eye: { x: 1.4, y: -1.4, z: 0.8 } };
  return { xaxis: axis(0), yaxis: axis(1), zaxis: axis(2), aspectmode: "data", camera };
}

/** Equal scales in both directions, and room for the marks at the border. */
function squareRanges(points: readonly (readonly number[])[]): [[number, number], [number, number]] {
  const x = finiteRange([points.map((p) => p[0])]);
  const y = finiteRange([points.map((p) => p[1])]);
  const half = (Math.max(x.high - x.low, y.high - y.low) || 1) * 0.54;
  const around = ({ low, high }: { low: number; high: number }): [number, number] => {
    const middle = (low + high) / 2;
    return [Number((middle - half).toPrecision(7)), Number((middle + half).toPrecision(7))];
  };
  return [around(x), around(y)];
}

/** The digit's ink in its class's colour, the background transparent. */
function imageMark(
  bitmap: Bitmap,
  color: string,
  at: readonly number[],
  side: number,
  axis: string,
): JsonObject {
  const [red, green, blue] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
  const { low, high } = finiteRange([bitmap.data]);
  const pixels = new Uint8Array(bitmap.width * bitmap.height * 4);
  for (let i = 0; i < bitmap.data.length; i++) {
    // 16 levels of ink are enough at this size and make the file half as large.
    const ink = Math.round(((bitmap.data[i] - low) / (high - low || 1)) * 15) * 17;
    pixels.set([red, green, blue, ink], i * 4);
  }
  return {
    source: pngUri(bitmap.width, bitmap.height, pixels),
    x: short(at[0]),
    y: short(at[1]),
    xref: `x${axis}`,
    yref: `y${axis}`,
    sizex: short(side),
    sizey: short(side),
    xanchor: "center",
    yanchor: "middle",
    sizing: "contain",
    layer: "above",
  };
}

function imageOf(config: TsneMapConfig, k: number): Bitmap {
  const bitmap = config.images?.[k];
  if (bitmap === undefined) {
    throw configError(
      "tsneMap",
      `marks: "images" without an image for sample ${k}`,
      "images with one bitmap for each sample",
    );
  }
  return bitmap;
}

function checkMaps({ maps, labels, marks, images }: TsneMapConfig): void {
  if (maps.length === 0) throw shapeError("tsneMap", "no maps", "at least one");
  if (labels.length === 0) throw shapeError("tsneMap", "no samples", "at least one");
  for (const map of maps) {
    if (map.points.length !== labels.length) {
      throw shapeError(
        "tsneMap",
        `${map.points.length} points in "${map.name}" for ${labels.length} labels`,
        "one for each label",
      );
    }
    const dimensions = map.points[0].length === 3 ? 3 : 2;
    const bad = map.points.findIndex((p) => p.length !== dimensions);
    if (bad >= 0)
      throw shapeError(
        "tsneMap",
        `point ${bad} of "${map.name}" has ${map.points[bad].length} coordinates`,
        bad === 0 ? "2 or 3" : String(dimensions),
      );
    if (dimensions === 3 && marks === "images")
      throw configError("tsneMap", 'marks: "images" in three dimensions', '"dots" or "digits"');
  }
  for (let k = 0; k < labels.length; k++) {
    if (!Number.isInteger(labels[k]) || labels[k] < 0)
      throw shapeError("tsneMap", `label ${labels[k]} of sample ${k}`, "a class index from 0");
  }
  if (labels.length > 5000) {
    throw shapeError(
      "tsneMap",
      `${labels.length} samples`,
      "at most 5000, so that the marks can be told apart; show a subset",
    );
  }
  if (marks !== "images") return;
  if (labels.length > 1000)
    throw shapeError(
      "tsneMap",
      `${labels.length} images as marks`,
      'at most 1000; take marks: "dots" for more',
    );
  images?.forEach((bitmap, k) => {
    checkBitmap("tsneMap", `image ${k}`, bitmap);
  });
}

function maxLabel(labels: ArrayLike<number>): number {
  let max = 0;
  for (let k = 0; k < labels.length; k++) max = Math.max(max, labels[k]);
  return max;
}

function indices(labels: ArrayLike<number>, wanted: number): number[] {
  const found: number[] = [];
  for (let k = 0; k < labels.length; k++) if (labels[k] === wanted) found.push(k);
  return found;
}

function isNumbersByName(value: unknown): value is Readonly<Record<string, number>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((score) => typeof score === "number");
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, Number(value.toFixed(6))));
}
