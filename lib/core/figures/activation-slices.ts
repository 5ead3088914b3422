import {
  configError,
  type Given,
  type JsonObject,
  list,
  object,
  oneOf,
  option,
  shapeError,
  text,
} from "@gradbook/base";
import { type Figure, type FigureOptions, makeFigure, plain, resolveOptions, short } from "./figure.js";
import { bitmapOption, checkBitmap, colorBar, countNotFinite, finiteRange, picture, tile } from "./tiles.js";

const activationRow = {
  /** Written to the left of the row, e.g. `"digit 3"`. */
  label: text(),
  /** Drawn light on dark in grey, or in colour (3 × height × width values); leave it out for a layer whose input is not an image. */
  input: bitmapOption().optional(),
  /** The layer's feature maps, all of one size. */
  maps: list(bitmapOption(), "a list of bitmaps"),
};
/** One input image and what a layer makes of it. */
export type ActivationRow = Given<typeof activationRow>;

const activationSlicesOptions = {
  /** One row per input image. */
  rows: list(object(activationRow), "a list of rows"),
  /**
   * `"shared"`: one scale for all maps; `"row"`: each row from its own least to its own largest
   * value; `"own"`: each map likewise, which shows structure and hides strength. The colour bar says which.
   * @default "shared"
   */
  scale: oneOf("shared", "row", "own").or("shared"),
  /**
   * Ends of the shared scale, so that several figures (layers, epochs) can be compared: `[0, 2.5]`.
   * @default the least (at most 0) and the largest value of this figure; with negative values the same on both sides of 0
   */
  range: option<readonly [low: number, high: number]>("[low, high] with low < high", (v) =>
    Array.isArray(v) && v.length === 2 && Number.isFinite(v[0]) && Number.isFinite(v[1]) && v[0] < v[1]
      ? [v[0], v[1]]
      : undefined,
  ).optional(),
  /**
   * What a value is, with its unit; written at the colour bar.
   * @default "activation"
   */
  quantity: text().or("activation"),
  /**
   * What a column is.
   * @default "map"
   */
  columnName: text().or("map"),
};
/**
 * Options of `activationSlices`.
 * @interface
 */
export type ActivationSlicesConfig = FigureOptions & Given<typeof activationSlicesOptions>;

/**
 * A grid of feature maps: a row for each input, a column for each map, the input itself in front.
 * Values of one sign run from black (0 or the least) to light; if any is negative, blue–white–red around 0.
 * @throws GradbookError when data is missing, of the wrong size, or an option is unknown
 *
 * @example
 * ```ts
 * import { activationSlices, channelMaps, conv2d, sequential, Tensor } from "gradbook";
 *
 * const model = sequential([conv2d({ in: 1, out: 4, kernel: 3, pad: 1 })], { input: [1, 8, 8], seed: 1 });
 * const x = Tensor.zeros([1, 1, 8, 8]);
 * x.data.fill(1, 24, 40); // two bright lines
 * const maps = channelMaps(model.activations(x).conv1, 0);
 * const figure = activationSlices({ title: "First convolution", rows: [{ label: "lines", maps }] });
 * console.log(figure.layout.meta.name); // first-convolution
 * ```
 */
export function activationSlices(config: ActivationSlicesConfig): Figure {
  const { options, rows, scale, range, quantity, columnName } = resolveOptions(
    "activationSlices",
    activationSlicesOptions,
    config,
  );
  const maps = checkRows(rows);
  const { size, theme } = options;

  const all = rows.flatMap((r) => r.maps.map((m) => m.data));
  if (range !== undefined && scale !== "shared")
    throw configError("activationSlices", `a range and scale: "${scale}"`, 'scale: "shared", or no range');
  const signed = (range?.[0] ?? finiteRange(all).low) < 0;
  const ramp = signed ? theme.diverging : theme.glow;
  const around0 = ({ low, high }: { low: number; high: number }) => {
    const limit = Math.max(-low, high);
    return signed ? { low: -limit, high: limit } : { low: Math.min(0, low), high };
  };
  const shared = range === undefined ? around0(finiteRange(all)) : { low: range[0], high: range[1] };

  // Where each map or row has a scale of its own, the bar has words for its ends in place of numbers.
  const ends = ({ low, high }: { low: number; high: number }): JsonObject => {
    if (scale === "shared") return {};
    const ticks: readonly (readonly [number, string])[] = signed
      ? [
          [low, "−max"],
          [0, "0"],
          [high, "max"],
        ]
      : [
          [low, low === 0 ? "0" : "min"],
          [high, "max"],
        ];
    return {
      tickmode: "array",
      tickvals: ticks.map(([at]) => short(at)),
      ticktext: ticks.map(([, words]) => words),
    };
  };
  const barTitle =
    scale === "shared" ? quantity : `${quantity} of each ${scale === "own" ? columnName : "row"}`;

  const withInput = rows.some((r) => r.input !== undefined);
  const first = withInput ? 1.25 : 0;
  const left = 14 + size.text * 0.55 * Math.max(...rows.map((r) => r.label.length));
  const right = 6 + size.text * 5.5;
  const gap = 0.08;
  const across = first + maps * (1 + gap) - gap;
  const cell = Math.min(size.width / 7, (size.width - left - right) / across);
  const down = rows.length * (1 + gap) - gap;
  const top = options.top + size.text * 1.5;
  const height = Math.round(top + down * cell + 14);
  const width = across * cell;

  const data: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  const images: JsonObject[] = [];
  const write = (content: string, at: JsonObject) =>
    annotations.push({
      text: plain(content),
      showarrow: false,
      xref: "x",
      yref: "y",
      font: { size: size.text, color: theme.muted },
      ...at,
    });
  rows.forEach((row, r) => {
    const y = r * (1 + gap);
    write(row.label, { x: 0, xanchor: "right", xshift: -6, y: y + 0.5 });
    if (row.input !== undefined && row.input.data.length === 3 * row.input.height * row.input.width) {
      images.push(picture(row.input, { x: 0, y, width: 1, height: 1 }));
    } else if (row.input !== undefined) {
      const range = finiteRange([row.input.data]);
      data.push(
        tile(
          row.input,
          { x: 0, y, width: 1, height: 1 },
          { ramp: theme.ink, ...range, label: `${plain(row.label)}, input` },
        ),
      );
    }
    row.maps.forEach((map, m) => {
      const own =
        scale === "shared"
          ? shared
          : around0(finiteRange(scale === "row" ? row.maps.map((x) => x.data) : [map.data]));
      const bar =
        r === 0 && m === 0 ? { bar: { ...colorBar(options, barTitle, down * cell), ...ends(own) } } : {};
      data.push(
        tile(
          map,
          { x: first + m * (1 + gap), y, width: 1, height: 1 },
          {
            ramp,
            low: short(own.low) ?? 0,
            high: short(own.high) ?? 1,
            label: `${plain(row.label)}, map ${m}`,
            ...bar,
          },
        ),
      );
    });
  });
  if (withInput) write("input", { x: 0.5, y: 0, yanchor: "bottom" });
  for (let m = 0; m < maps; m++) {
    write(maps > 12 ? String(m) : `${columnName} ${m}`, {
      x: first + m * (1 + gap) + 0.5,
      y: 0,
      yanchor: "bottom",
    });
  }

  const broken = countNotFinite(all);
  const note = broken === 0 ? "" : ` ${broken} values are not finite and left blank.`;
  const axis = { visible: false, fixedrange: false };
  return makeFigure(options, {
    data,
    layout: {
      xaxis: { ...axis, range: [0, across] },
      yaxis: { ...axis, range: [down, 0] },
      annotations,
      images,
      margin: { l: left, r: size.width - left - width, t: top, b: height - top - down * cell },
    },
    height,
    description:
      `${config.title}. ${rows.length} rows (${rows.map((r) => r.label).join(", ")}) of ${maps} maps of ` +
      `${rows[0].maps[0].height}×${rows[0].maps[0].width} pixels; ${quantity} from ${short(finiteRange(all).low)} to ` +
      `${short(finiteRange(all).high)}, ${scale === "shared" ? "one scale for all" : `a scale for each ${scale === "own" ? "map" : "row"}`}.${note}`,
  });
}

/** @returns the number of maps in each row */
function checkRows(rows: readonly ActivationRow[]): number {
  const what = "activationSlices";
  const maps = rows[0]?.maps.length ?? 0;
  if (maps === 0) {
    throw configError(what, "no maps", "at least one row with one map");
  }
  const [{ height, width }] = rows[0].maps;
  for (const row of rows) {
    const colour =
      row.input !== undefined && row.input.data.length === 3 * row.input.height * row.input.width;
    if (row.input !== undefined && !colour) checkBitmap(what, `the input of "${row.label}"`, row.input);
    if (row.maps.length !== maps) {
      throw shapeError(
        what,
        `"${row.label}" has ${row.maps.length} maps, "${rows[0].label}" ${maps}`,
        "the same number in each row",
      );
    }
    row.maps.forEach((map, m) => {
      checkBitmap(what, `map ${m} of "${row.label}"`, map);
      if (map.height !== height || map.width !== width) {
        throw shapeError(
          what,
          `maps of ${height}×${width} and ${map.height}×${map.width} pixels`,
          "all maps of one size",
          "Draw each layer as a figure of its own.",
        );
      }
    });
  }
  return maps;
}
