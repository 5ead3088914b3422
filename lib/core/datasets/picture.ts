import { readFileSync } from "node:fs";
import { dataError, onDisk, shownPath } from "@gradbook/base";
import { type DecodedPng, decode as decodePng } from "fast-png";
import { decode as decodeJpeg } from "jpeg-js";

/** A decoded picture: red, green, blue of each pixel, 0 … 255, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Float32Array;
}

/**
 * Reads a PNG or JPEG file, known by its first bytes. What is transparent is shown on white, as a page shows it.
 * @throws GradbookError when it is neither, or damaged
 */
export function readPicture(path: string): Picture {
  const bytes = onDisk({ path, doing: "read" }, () => readFileSync(path));
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg)
    throw dataError(shownPath(path), "neither PNG nor JPEG by its first bytes", "a PNG or JPEG picture");
  try {
    return isPng ? fromPng(decodePng(bytes)) : fromJpeg(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw dataError(
      shownPath(path),
      `a damaged ${isPng ? "PNG" : "JPEG"} picture (${why})`,
      "a whole one",
      "Copy it again.",
    );
  }
}

function fromJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(bytes, { useTArray: true });
  const rgb = new Float32Array(3 * width * height);
  for (let p = 0; p < width * height; p++) for (let c = 0; c < 3; c++) rgb[3 * p + c] = data[4 * p + c];
  return { width, height, rgb };
}

function fromPng(png: DecodedPng): Picture {
  const { width, height, channels, depth, palette } = png;
  const full = (1 << depth) - 1;
  const rgb = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const value = (c: number) => sampleOf(png, y, x * channels + c);
      if (palette !== undefined) {
        const [r = 0, g = 0, b = 0, alpha = 255] = palette[value(0)] ?? [];
        for (const [c, v] of [r, g, b].entries()) rgb[at + c] = onWhite(v, alpha / 255);
        continue;
      }
      const hasAlpha = channels === 2 || channels === 4;
      const alpha = hasAlpha ? value(channels - 1) / full : 1;
      for (let c = 0; c < 3; c++) rgb[at + c] = onWhite((255 * value(channels < 3 ? 0 : c)) / full, alpha);
    }
  return { width, height, rgb };
}

/** Number k of a row: fewer than 8 bits stand packed in bytes, the first in the highest bits. */
function sampleOf({ data, depth, width, channels }: DecodedPng, row: number, k: number): number {
  if (depth >= 8) return data[row * width * channels + k];
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const bit = k * depth;
  const byte = data[row * rowBytes + Math.floor(bit / 8)];
  return (byte >> (8 - depth - (bit % 8))) & ((1 << depth) - 1);
}

const onWhite = (value: number, alpha: number): number => alpha * value + (1 - alpha) * 255;

/**
 * A picture in another size, as planes of bytes [C, H, W]: each new pixel is the mean of what it covers, so that nothing
 * flickers when pictures shrink.
 * @param grey one plane of luma, 0.299 R + 0.587 G + 0.114 B, instead of three
 */
export function resized(
  { width, height, rgb }: Picture,
  [H, W]: readonly [number, number],
  grey: boolean,
): Uint8Array {
  const planes = grey ? 1 : 3;
  const out = new Uint8Array(planes * H * W);
  for (let h = 0; h < H; h++)
    for (let w = 0; w < W; w++) {
      const mean = meanOf(
        rgb,
        width,
        (h * height) / H,
        ((h + 1) * height) / H,
        (w * width) / W,
        ((w + 1) * width) / W,
      );
      const [r, g, b] = mean;
      const values = grey ? [0.299 * r + 0.587 * g + 0.114 * b] : mean;
      for (const [c, v] of values.entries()) out[(c * H + h) * W + w] = Math.round(v);
    }
  return out;
}

/** Mean colour of a part of the picture, pixels at its border counted by their share. */
function meanOf(
  rgb: Float32Array,
  width: number,
  top: number,
  bottom: number,
  left: number,
  right: number,
): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  let area = 0;
  for (let y = Math.floor(top); y < bottom; y++)
    for (let x = Math.floor(left); x < right; x++) {
      const share =
        (Math.min(y + 1, bottom) - Math.max(y, top)) * (Math.min(x + 1, right) - Math.max(x, left));
      if (share <= 0) continue;
      area += share;
      for (let c = 0; c < 3; c++) sums[c] += share * rgb[3 * (y * width + x) + c];
    }
  return [sums[0] / area, sums[1] / area, sums[2] / area];
}
