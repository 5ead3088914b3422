import {
  flag,
  type Given,
  type Json,
  type JsonObject,
  type OptionTable,
  oneOf,
  option,
  options,
  type Parsed,
  type RequiredOption,
  text,
} from "@gradbook/base";
import { paperSize, type Size, sizes, type Theme, themes } from "./theme.js";

/** What a figure says about itself; it travels in Plotly's free field `layout.meta`. */
export interface FigureMeta {
  /** Names the figure's files: lower-case letters, digits, hyphens. */
  readonly name: string;
  /** Drawn above the figure. */
  readonly title: string;
  /** The sentence under the figure in the report; may be empty. */
  readonly caption: string;
  /** The figure in words, for screen readers and terminals. */
  readonly description: string;
  /** Dark on light, or light on dark. */
  readonly theme: "light" | "dark";
}

/** One figure as plain Plotly JSON: it can be written to a file, sent to a browser, or rendered without one. */
export interface Figure {
  /** Plotly's traces. */
  readonly data: readonly JsonObject[];
  /** Plotly's layout; size in pixels, `meta` is what the figure says about itself. */
  readonly layout: JsonObject & {
    /** Pixels. */
    readonly width: number;
    /** Pixels. */
    readonly height: number;
    /** Name, title, caption and description. */
    readonly meta: FigureMeta & JsonObject;
  };
  /** Pictures of an animation, as Plotly has them; a still picture shows the first state. */
  readonly frames?: readonly JsonObject[];
  /** Plotly's options for the interactive figure. */
  readonly config?: JsonObject;
}

const figureOptions = {
  /** Drawn above the figure; plain text, markup is shown as typed. */
  title: option<string>("a title that says what is shown", (v) =>
    typeof v === "string" && v.trim() !== "" ? v : undefined,
  ),
  /**
   * Names the files in a report.
   * @default the title in lower case with hyphens
   */
  name: nameOption().optional(),
  /**
   * The sentence under the figure in a report; not part of the picture.
   * @default ""
   */
  caption: text().or(""),
  /**
   * Dark on light, or light on dark.
   * @default that of `figureDefaults`, at first "light"
   */
  theme: oneOf("light", "dark").optional(),
  /**
   * `"column"` is 336 px (89 mm), `"page"` 680 px (180 mm) wide; `{ width, text }` is what a paper asks for, in
   * millimetres and points.
   * @default that of `figureDefaults`, at first "page"
   */
  size: sizeOption().optional(),
};
/**
 * What every builder takes besides its data.
 * @interface
 */
export type FigureOptions = Given<typeof figureOptions>;

const figureDefaultsOptions = {
  /**
   * `"column"`, `"page"`, or the width of the paper's column in millimetres with the size of its text in points.
   * @default "page"
   */
  size: sizeOption().or("page"),
  /**
   * Dark on light, or light on dark.
   * @default "light"
   */
  theme: oneOf("light", "dark").or("light"),
  /**
   * Whether titles are drawn above figures; in a paper the caption says what is shown.
   * @default true
   */
  titles: flag().or(true),
};
/**
 * Options of `figureDefaults`.
 * @interface
 */
export type FigureDefaults = Given<typeof figureDefaultsOptions>;

let defaults: Parsed<typeof figureDefaultsOptions> = { size: "page", theme: "light", titles: true };

/**
 * Says once how all figures that are made from now on look, unless they say otherwise themselves: a paper's figures
 * in its column's width and with letters of its text's size, to be included as they are (`\includegraphics{name.pdf}`).
 * What is left out is as at first.
 * @throws GradbookError when a size is not one of those, or an option is unknown
 *
 * @example
 * ```ts
 * import { figure, figureDefaults } from "gradbook";
 *
 * figureDefaults({ size: { width: 84, text: 8 }, titles: false }); // mm, pt
 * const { layout } = figure({ title: "Loss", data: [{ y: [2, 1] }] });
 * console.log(layout.width); // 317
 * figureDefaults({});
 * ```
 */
export function figureDefaults(config: FigureDefaults): void {
  defaults = options("figureDefaults", figureDefaultsOptions, config);
}

/** The options of one call with their defaults, checked. */
export interface ResolvedOptions {
  readonly title: string;
  readonly name: string;
  readonly caption: string;
  readonly theme: Theme;
  readonly size: Size;
  /** The title as Plotly takes it, broken into lines that fit. */
  readonly heading: string;
  readonly headingLines: number;
  /** Pixels above the plot that the title takes. */
  readonly top: number;
}

/**
 * A builder's own options with their defaults, and what all builders share as it is drawn.
 * @param builder the function's name, for errors
 * @param table its own options; {@link figureOptions} come before them
 */
export function resolveOptions<const T extends OptionTable>(
  builder: string,
  table: T,
  config: FigureOptions & Given<T>,
): Parsed<T> & { readonly options: ResolvedOptions } {
  const both = { ...figureOptions, ...table };
  const parsed = options(builder, both, config as Given<typeof both>);
  return { ...parsed, options: resolveLook(parsed) };
}

function resolveLook({ title, name, caption, ...look }: Parsed<typeof figureOptions>): ResolvedOptions {
  const { size: given, theme, titles } = { ...defaults, ...defined(look) };
  const size = typeof given === "string" ? sizes[given] : paperSize(given.width, given.text);
  const lines = titles ? wrap(title, (size.width - 2 * edge) / (size.title * 0.53)) : [];
  return {
    heading: lines.map(plain).join("<br>"),
    headingLines: lines.length,
    top: Math.round((titles ? 16 : 8) + lines.length * size.title * 1.35),
    title,
    name: name ?? slug(title),
    caption,
    theme: themes[theme],
    size,
  };
}

function defined<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Pixels between the title and the figure's left edge. */
const edge = 8;

/** Breaks a text into lines of at most `width` letters, between words. */
export function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A name of ours for a size, or a paper's own. */
export function sizeOption(): RequiredOption<"column" | "page" | PaperSize> {
  const expected = '"column", "page", or { width, text } in 40 … 300 mm and 5 … 20 pt';
  return option(expected, (v) => {
    if (v === "column" || v === "page") return v;
    if (typeof v !== "object" || v === null) return undefined;
    const { width, text: letters }: { readonly width?: unknown; readonly text?: unknown } = v;
    const isIn = (n: unknown, low: number, high: number): n is number =>
      typeof n === "number" && n >= low && n <= high;
    return isIn(width, 40, 300) && isIn(letters, 5, 20) ? { width, text: letters } : undefined;
  });
}

/** What a paper asks for. */
export interface PaperSize {
  /** Of the column that the figure stands in, in millimetres. */
  readonly width: number;
  /** Size of the letters, in points. */
  readonly text: number;
}

/** Digits after the decimal point, as `toFixed` takes them. */
export const digitsOption = (): RequiredOption<number> =>
  option("a whole number in 0 … 100", (v) =>
    typeof v === "number" && Number.isInteger(v) && v >= 0 && v <= 100 ? v : undefined,
  );

/** A name that is a file name on every system. */
export function isSafeName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,79}$/.test(name) && !reserved.test(name);
}

/** A figure's name becomes a file name on every system, so it is kept to the letters that all of them take. */
export function nameOption(): RequiredOption<string> {
  return option(
    "lower-case letters, digits and hyphens, at most 80",
    (v) => (typeof v === "string" && isSafeName(v) ? v : undefined),
    (v) => (typeof v === "string" ? `Take name: ${JSON.stringify(slug(v))}.` : undefined),
  );
}

/** Names that Windows keeps for devices, with any ending. */
const reserved = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** `"Error rate: η = 0.001"` → `"error-rate-0-001"`; a title without any Latin letter or digit becomes `"figure"`. */
export function slug(text: string): string {
  const letters = text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "");
  const hyphenated = letters.replace(/[^a-z0-9]+/g, "-").slice(0, 60);
  const name = hyphenated.replace(/^-+|-+$/g, "") || "figure";
  return reserved.test(name) ? `${name}-figure` : name;
}

/**
 * Text as Plotly takes it. Plotly reads `<b>`, `<a href>` and entities in every text; data is not markup, so what
 * would start a tag, an entity, a template (`%{…}`) or a formula is written as an entity, and control characters (not allowed in XML) are dropped.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const printable = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, "");
  return printable
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/%\{/g, "&#37;{")
    .replace(/\$/g, "&#36;");
}

/**
 * A number as it stands in a figure: five significant digits (more than a pixel can show, a third of the bytes),
 * and null, which Plotly draws as a gap, for what is not finite.
 */
export function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

/**
 * Numbers as Plotly's JSON takes them: a list while it is short enough to be read, else base64 of 32-bit floats
 * (bytes where they suffice), because Jupyter writes every number of a list on a line of its own.
 * @param shape rows and columns of a matrix; none for a list
 */
export function pack(values: readonly (number | null)[], shape?: readonly [number, number]): Json {
  if (shape === undefined && values.length <= 64) return values;
  const bytes = values.every((v) => v !== null && Number.isInteger(v) && v >= 0 && v <= 255);
  const raw = bytes
    ? Uint8Array.from(values, (v) => v ?? 0)
    : littleEndianFloats(values.map((v) => v ?? Number.NaN));
  return {
    bdata: Buffer.from(raw).toString("base64"),
    dtype: bytes ? "u1" : "f4",
    ...(shape === undefined ? {} : { shape: shape.join(", ") }),
  };
}

function littleEndianFloats(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((v, i) => {
    view.setFloat32(i * 4, v, true);
  });
  return new Uint8Array(view.buffer);
}

/** Puts data, look and description together. `layout` holds what differs from the common look. */
export function makeFigure(
  options: ResolvedOptions,
  parts: {
    readonly data: readonly JsonObject[];
    readonly layout: JsonObject;
    readonly height: number;
    readonly description: string;
  },
): Figure {
  const { theme, title, name, caption } = options;
  return {
    data: parts.data,
    layout: {
      ...baseLayout(options, parts.height),
      ...parts.layout,
      width: options.size.width,
      height: parts.height,
      meta: { name, title, caption, description: parts.description, theme: theme.name },
    },
  };
}

/** Title, font and colours, which all figures have in common. */
export function baseLayout(options: ResolvedOptions, height: number): JsonObject {
  const { theme, size } = options;
  return {
    title: {
      text: options.heading,
      font: { size: size.title, weight: 600 },
      x: edge / size.width,
      xref: "container",
      xanchor: "left",
      // Plotly centres the lines of a title around the first one.
      y: 1 - (8 + (options.headingLines - 1) * size.title * 0.65) / height,
      yref: "container",
      yanchor: "top",
    },
    font: { family: theme.family, size: size.text, color: theme.text },
    paper_bgcolor: theme.paper,
    plot_bgcolor: theme.paper,
    separators: ".\u2009",
    hoverlabel: { font: { family: theme.family } },
  };
}
