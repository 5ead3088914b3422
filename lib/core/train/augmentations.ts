import {
  configError,
  count,
  type Given,
  inWords,
  numberFrom,
  numberUpTo,
  option,
  options,
  shapeError,
} from "@gradbook/base";
import { cosPi } from "../tensor/portable.js";
import { formatShape } from "../tensor/shape.js";
import type { FloatArray, Tensor } from "../tensor/tensor.js";
import type { Augment } from "./augment.js";

/**
 * Several augmentations, one after the other, each with the draws of the sample's own stream.
 * @throws GradbookError when one of them is no function
 *
 * @example
 * ```ts
 * import { augmentations, flip, shift } from "gradbook";
 *
 * const augment = augmentations([shift({ pixels: 2 }), flip()]); // for fit(model, { augment, … })
 * console.log(typeof augment); // function
 * ```
 */
export function augmentations(list: readonly Augment[]): Augment {
  if (!Array.isArray(list) || !list.every((augment) => typeof augment === "function")) {
    const bad = Array.isArray(list) ? list.find((augment) => typeof augment !== "function") : list;
    throw configError(
      "augmentations",
      `${inWords(bad)} in the list`,
      "a list of augmentations",
      "[shift({ pixels: 2 }), flip()]",
    );
  }
  return (sample, rng) => {
    let changed = sample;
    for (const augment of list) changed = augment(changed, rng) ?? changed;
    return changed;
  };
}

const flipOptions = {
  /**
   * Which way: `"horizontal"` swaps left and right, `"vertical"` top and bottom.
   * @default "horizontal"
   */
  axis: option<"horizontal" | "vertical">('"horizontal" or "vertical"', (v) =>
    v === "horizontal" || v === "vertical" ? v : undefined,
  ).or("horizontal"),
  /**
   * Share of the samples that are flipped, in [0, 1].
   * @default 0.5
   */
  p: numberFrom(0, 1.0000001).or(0.5),
};
/**
 * Options of `flip`.
 * @interface
 */
export type FlipConfig = Given<typeof flipOptions>;

/**
 * Mirrors a share of the images, [C, H, W].
 * @throws GradbookError when an option is unknown or out of its range; when it is called for a sample that is no image
 *
 * @example
 * ```ts
 * import { flip, Rng, Tensor } from "gradbook";
 *
 * const image = Tensor.from([[[1, 2, 3]]]);
 * flip({ p: 1 })(image, new Rng(1));
 * console.log(image.data.join()); // 3,2,1
 * ```
 */
export function flip(config: FlipConfig = {}): Augment {
  const { axis, p } = options("flip", flipOptions, config);
  return (sample, rng) => {
    if (rng.uniform() >= p) return;
    redraw("flip", sample, ({ H, W }) =>
      axis === "horizontal" ? (h, w) => [h, W - 1 - w] : (h, w) => [H - 1 - h, w],
    );
  };
}

const shiftOptions = {
  /** The farthest way in pixels, in each direction. */
  pixels: count(0),
  /**
   * What comes in at the borders; by default the border's own pixels go on.
   * @default the nearest pixel
   */
  fill: numberOption().optional(),
};
/**
 * Options of `shift`.
 * @interface
 */
export type ShiftConfig = Given<typeof shiftOptions>;

/**
 * Moves each image, [C, H, W], by whole pixels: padded on all sides and cut out at a random place.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { Rng, shift, Tensor } from "gradbook";
 *
 * const image = Tensor.from([[[1, 2, 3]]]);
 * shift({ pixels: 1 })(image, new Rng(4));
 * console.log(image.data.join()); // 2,3,3
 * ```
 */
export function shift(config: ShiftConfig): Augment {
  const { pixels, fill } = options("shift", shiftOptions, config);
  return (sample, rng) => {
    const [dh, dw] = [rng.int(2 * pixels + 1) - pixels, rng.int(2 * pixels + 1) - pixels];
    redraw("shift", sample, () => (h, w) => [h - dh, w - dw], fill);
  };
}

const rotateOptions = {
  /** The largest angle in degrees, in both directions, in (0, 180]. */
  degrees: numberUpTo(0, 180),
  /**
   * What comes in at the borders; by default the border's own pixels go on.
   * @default the nearest pixel
   */
  fill: numberOption().optional(),
};
/**
 * Options of `rotate`.
 * @interface
 */
export type RotateConfig = Given<typeof rotateOptions>;

/**
 * Turns each image, [C, H, W], around its middle by a random angle; pixels between others are interpolated.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { Rng, rotate, Tensor } from "gradbook";
 *
 * const image = Tensor.zeros([1, 5, 5]);
 * image.data[12] = 1; // the middle stays where it is
 * rotate({ degrees: 15 })(image, new Rng(1));
 * console.log(image.data[12]); // 1
 * ```
 */
export function rotate(config: RotateConfig): Augment {
  const { degrees, fill } = options("rotate", rotateOptions, config);
  return (sample, rng) => {
    const turn = ((2 * rng.uniform() - 1) * degrees) / 180;
    const cos = cosPi(Math.abs(turn));
    const sin = (turn < 0 ? -1 : 1) * cosPi(Math.abs(0.5 - Math.abs(turn)));
    redraw(
      "rotate",
      sample,
      ({ H, W }) => {
        const [middleH, middleW] = [(H - 1) / 2, (W - 1) / 2];
        return (h, w) => [
          middleH + cos * (h - middleH) - sin * (w - middleW),
          middleW + sin * (h - middleH) + cos * (w - middleW),
        ];
      },
      fill,
    );
  };
}

const cropOptions = {
  /** Smallest share of height and width that is kept, in (0, 1]. */
  least: numberUpTo(0, 1),
};
/**
 * Options of `crop`.
 * @interface
 */
export type CropConfig = Given<typeof cropOptions>;

/**
 * Cuts a random part out of each image, [C, H, W], and enlarges it to the old size; pixels between others are interpolated.
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { crop, Rng, Tensor } from "gradbook";
 *
 * const image = Tensor.from([[[1, 2, 3, 4]]]);
 * crop({ least: 0.5 })(image, new Rng(1));
 * console.log(image.shape); // [ 1, 1, 4 ]
 * ```
 */
export function crop(config: CropConfig): Augment {
  const { least } = options("crop", cropOptions, config);
  return (sample, rng) => {
    const share = least + (1 - least) * rng.uniform();
    const [u, v] = [rng.uniform(), rng.uniform()];
    redraw("crop", sample, ({ H, W }) => {
      const [top, left] = [u * (1 - share) * (H - 1), v * (1 - share) * (W - 1)];
      return (h, w) => [top + share * h, left + share * w];
    });
  };
}

const noiseOptions = {
  /** Standard deviation, in the unit of the samples. */
  sigma: numberFrom(0),
};
/**
 * Options of `noise`.
 * @interface
 */
export type NoiseConfig = Given<typeof noiseOptions>;

/**
 * Adds normally distributed noise to each number; samples of any shape.
 * @throws GradbookError when sigma is not a number of at least 0
 *
 * @example
 * ```ts
 * import { noise, Rng, Tensor } from "gradbook";
 *
 * const sample = Tensor.zeros([3]);
 * noise({ sigma: 0.1 })(sample, new Rng(1));
 * console.log(sample.data.every((v) => v !== 0 && Math.abs(v) < 1)); // true
 * ```
 */
export function noise(config: NoiseConfig): Augment {
  const { sigma } = options("noise", noiseOptions, config);
  return ({ data }, rng) => {
    for (let i = 0; i < data.length; i++) data[i] += sigma * rng.normal();
  };
}

const cutoutOptions = {
  /** Side of the square in pixels. */
  size: count(),
  /**
   * What stands in it.
   * @default 0
   */
  fill: numberOption().or(0),
};
/**
 * Options of `cutout`.
 * @interface
 */
export type CutoutConfig = Given<typeof cutoutOptions>;

/**
 * Covers a square at a random place of each image, [C, H, W]; it may reach over the border (DeVries & Taylor 2017).
 * @throws GradbookError when an option is missing, unknown or out of its range
 *
 * @example
 * ```ts
 * import { cutout, Rng, Tensor } from "gradbook";
 *
 * const image = Tensor.from([[[1, 1, 1], [1, 1, 1], [1, 1, 1]]]);
 * cutout({ size: 1 })(image, new Rng(1));
 * console.log(image.data.filter((v) => v === 0).length); // 1
 * ```
 */
export function cutout(config: CutoutConfig): Augment {
  const { size, fill } = options("cutout", cutoutOptions, config);
  return (sample, rng) => {
    const { C, H, W } = imageOf("cutout", sample);
    const [top, left] = [rng.int(H) - Math.floor(size / 2), rng.int(W) - Math.floor(size / 2)];
    for (let c = 0; c < C; c++)
      for (let h = Math.max(top, 0); h < Math.min(top + size, H); h++)
        for (let w = Math.max(left, 0); w < Math.min(left + size, W); w++)
          sample.data[(c * H + h) * W + w] = fill;
  };
}

interface Image {
  readonly C: number;
  readonly H: number;
  readonly W: number;
}

function imageOf(what: string, { shape }: Tensor): Image {
  const [C, H, W] = shape;
  if (shape.length === 3) return { C, H, W };
  throw shapeError(what, `a sample of the shape ${formatShape(shape)}`, "an image [C, H, W]");
}

/**
 * Draws an image anew: each pixel is what stands at its source, between pixels by bilinear interpolation.
 * @param fill outside of the image; default: the nearest pixel
 */
function redraw(
  what: string,
  sample: Tensor,
  sourceOf: (image: Image) => (h: number, w: number) => readonly [number, number],
  fill?: number,
): void {
  const image = imageOf(what, sample);
  const { C, H, W } = image;
  const source = sourceOf(image);
  const before: FloatArray = sample.data.slice();
  const pixel = (c: number, h: number, w: number): number => {
    if (fill !== undefined && (h < 0 || h >= H || w < 0 || w >= W)) return fill;
    return before[(c * H + Math.min(Math.max(h, 0), H - 1)) * W + Math.min(Math.max(w, 0), W - 1)];
  };
  for (let h = 0; h < H; h++)
    for (let w = 0; w < W; w++) {
      const [y, x] = source(h, w);
      const [top, left] = [Math.floor(y), Math.floor(x)];
      const [dy, dx] = [y - top, x - left];
      for (let c = 0; c < C; c++) {
        const upper =
          dx === 0 ? pixel(c, top, left) : (1 - dx) * pixel(c, top, left) + dx * pixel(c, top, left + 1);
        let value = upper;
        if (dy > 0) {
          const lower =
            dx === 0
              ? pixel(c, top + 1, left)
              : (1 - dx) * pixel(c, top + 1, left) + dx * pixel(c, top + 1, left + 1);
          value = (1 - dy) * upper + dy * lower;
        }
        sample.data[(c * H + h) * W + w] = value;
      }
    }
}

function numberOption() {
  return option<number>("a finite number", (v) =>
    typeof v === "number" && Number.isFinite(v) ? v : undefined,
  );
}
