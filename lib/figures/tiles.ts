import { GradbookError } from "../errors/error.js";
import { type Json, type JsonObject, pack, short } from "./figure.js";

/** One image or feature map: `data` holds `height × width` numbers, row by row from the top. */
export interface Bitmap {
  readonly height: number;
  readonly width: number;
  readonly data: ArrayLike<number>;
}

/** Where a tile stands; the units are those of the axes, y grows downwards. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Ramp = readonly (readonly [number, string])[];

/** A bitmap as a heatmap of its own within shared axes: its hover text shows the true values. */
export function tile(
  bitmap: Bitmap,
  place: Place,
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

/**
 * The channels of one sample of a batch, as bitmaps.
 * @param batch `[N, C, H, W]`, e.g. a layer's activations
 * @param sample from 0
 */
export function channelMaps(
  batch: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  sample: number,
): Bitmap[] {
  const { shape, data } = batch;
  const [samples, channels, height, width] = shape;
  if (shape.length !== 4 || !Number.isInteger(sample) || sample < 0 || sample >= samples) {
    throw new GradbookError({
      code: "shape",
      what: "channelMaps",
      got: `sample ${sample} of a batch [${shape.join(", ")}]`,
      expected: "a batch [N, C, H, W] and a sample from 0 to N − 1",
    });
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
    throw new GradbookError({
      code: "shape",
      what,
      got: `${name} has ${data.length} values and size ${h}×${w}`,
      expected: "height × width values, row by row",
    });
  }
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
