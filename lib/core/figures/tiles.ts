import {
  count,
  inWords,
  type Json,
  type JsonObject,
  list,
  numbers,
  object,
  type RequiredOption,
  readOption,
  shapeError,
} from "@gradbook/base";
import { pack, plain, type ResolvedOptions, short } from "./figure.js";
import { pngUri } from "./png.js";

/** One image or feature map: `data` holds `height × width` numbers, row by row from the top. */
export interface Bitmap {
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  /** The values, row by row from the top; [height · width], for colour [3 · height · width]. */
  readonly data: ArrayLike<number>;
}

/** A bitmap as an option, or as a part of one. */
export const bitmapOption = (): RequiredOption<Bitmap> =>
  object({ height: count(), width: count(), data: numbers() });

/** Where a tile stands; the units are those of the axes, y grows downwards. */
export interface GridCell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Ramp = readonly (readonly [number, string])[];

/** A bitmap as a heatmap of its own within shared axes: its hover text shows the true values. */
export function tile(
  bitmap: Bitmap,
  place: GridCell,
  colors: {
    readonly ramp: Ramp;
    readonly low: number;
    readonly high: number;
    readonly label: string;
    readonly bar?: JsonObject;
  },
): JsonObject {
  const { height: h, width: w, data } = bitmap;
  return {
    type: "heatmap",
    z: pack(Array.from(data, short), [h, w]),
    x0: place.x + place.width / w / 2,
    dx: place.width / w,
    y0: place.y + place.height / h / 2,
    dy: place.height / h,
    zmin: colors.low,
    zmax: colors.low === colors.high ? colors.low + 1 : colors.high,
    colorscale: colors.ramp as Json,
    hoverongaps: false,
    hovertemplate: `${colors.label}: %{z:.4g}<extra></extra>`,
    showscale: colors.bar !== undefined,
    ...(colors.bar === undefined ? {} : { colorbar: colors.bar }),
  };
}

/** Numbers with a shape: a tensor, or a record like one. */
export const arrayOption = (): RequiredOption<{
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}> => object({ shape: list(count(0), "a list of sizes"), data: numbers() });

/**
 * The channels of one sample of a batch, as bitmaps.
 * @param batch `[N, C, H, W]`, e.g. a layer's activations
 * @param sample from 0
 * @throws GradbookError when the batch does not have four axes or no such sample
 *
 * @example
 * ```ts
 * import { channelMaps, Tensor } from "gradbook";
 *
 * const maps = channelMaps(Tensor.zeros([10, 3, 32, 32]), 0);
 * console.log(maps.length, maps[0].width); // 3 32
 * ```
 */
export function channelMaps(
  batch: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  sample: number,
): Bitmap[] {
  const { shape, data } = readOption("channelMaps", "the batch", arrayOption(), batch);
  const [samples, channels, height, width] = shape;
  if (shape.length !== 4 || !Number.isInteger(sample) || sample < 0 || sample >= samples) {
    throw shapeError(
      "channelMaps",
      `sample ${inWords(sample)} of a batch [${shape.join(", ")}]`,
      "a batch [N, C, H, W] and a sample from 0 to N − 1",
    );
  }
  return Array.from({ length: channels }, (_, c) => {
    const start = (sample * channels + c) * height * width;
    return { height, width, data: Array.from({ length: height * width }, (_, i) => data[start + i]) };
  });
}

/** Refuses bitmaps whose data does not fit their size. */
export function checkBitmap(what: string, name: string, bitmap: Bitmap): void {
  const { height: h, width: w, data } = bitmap;
  if (!Number.isInteger(h) || !Number.isInteger(w) || h < 1 || w < 1 || data.length !== h * w) {
    throw shapeError(
      what,
      `${name} has ${data.length} values and size ${h}×${w}`,
      "height × width values, row by row",
    );
  }
}

/** A colour bar of at most 220 px, from the top of the plot. */
export function colorBar({ size, theme }: ResolvedOptions, title: string, length: number): JsonObject {
  return {
    title: { text: plain(title), side: "right", font: { size: size.text, color: theme.muted } },
    thickness: 10,
    outlinewidth: 0,
    len: Math.min(length, 220),
    lenmode: "pixels",
    x: 1,
    xpad: 10,
    y: 1,
    yanchor: "top",
    ypad: 0,
    nticks: length < 120 ? 4 : 6,
    ticks: "outside",
    ticklen: 3,
    tickcolor: theme.line,
  };
}

/** A grey or (with three times as many values) colour image as one of Plotly's layout images, stretched to 0…255. */
export function picture(bitmap: Bitmap, place: GridCell): JsonObject {
  const { height, width, data } = bitmap;
  const n = height * width;
  if (data.length !== n && data.length !== 3 * n) checkBitmap("picture", "the image", bitmap);
  const { low, high } = finiteRange([data]);
  const level = (v: number) => (Number.isFinite(v) ? Math.round(((v - low) / (high - low || 1)) * 255) : 0);
  const pixels = new Uint8Array(n * 4);
  for (let i = 0; i < n; i++) {
    const [red, green, blue] = data.length === n ? [i, i, i] : [i, n + i, 2 * n + i];
    pixels.set([level(data[red]), level(data[green]), level(data[blue]), 255], i * 4);
  }
  return {
    source: pngUri(width, height, pixels),
    x: place.x,
    y: place.y,
    xref: "x",
    yref: "y",
    sizex: place.width,
    sizey: place.height,
    xanchor: "left",
    yanchor: "top",
    sizing: "stretch",
    layer: "above",
  };
}

/** The least and the largest finite value; 0…0 when nothing is finite, so that a broken map is drawn empty. */
export function finiteRange(arrays: readonly ArrayLike<number>[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      if (!Number.isFinite(v)) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

export function countNotFinite(arrays: readonly ArrayLike<number>[]): number {
  let count = 0;
  for (const values of arrays)
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}
