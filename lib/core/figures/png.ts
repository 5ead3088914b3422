import { encode } from "fast-png";

/** Node's own zlib would be faster, but its bytes differ between versions and processors, and a figure's must not. */
const zlib = { level: 9 } as const;

/**
 * An image as PNG; without its fourth channel where nothing shines through.
 * @param pixels `height × width × 4` bytes: red, green, blue, alpha
 * @param text entries that are written into the file
 */
export function encodePng(
  width: number,
  height: number,
  pixels: ArrayLike<number>,
  text?: Readonly<Record<string, string>>,
): Uint8Array {
  let opaque = true;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 255) opaque = false;
  const channels = opaque ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < channels; c++) data[i * channels + c] = pixels[i * 4 + c];
  return encode({ width, height, data, channels, depth: 8, text }, { zlib });
}

/**
 * Writes a PNG with at most 256 colours, about half the size: lines, text and colour ramps lose nothing that an eye
 * can see. Falls back to all colours when more than one pixel in 200 would be visibly off (photographs).
 * @param pixels RGBA, opaque
 */
export function encodePalettePng(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const colors = pickColors(pixels);
  const nearest = new Map<number, number>();
  const data = new Uint8Array(width * height);
  let off = 0;
  for (let i = 0; i < data.length; i++) {
    const color = (pixels[i * 4] << 16) | (pixels[i * 4 + 1] << 8) | pixels[i * 4 + 2];
    let entry = nearest.get(color);
    if (entry === undefined) {
      entry = nearestColor(colors, color);
      nearest.set(color, entry);
    }
    if (distance(colors[entry], color) > 600) off++;
    data[i] = entry;
  }
  if (off * 200 > data.length) return encodePng(width, height, pixels);
  const palette = colors.map((c) => [c >> 16, (c >> 8) & 255, c & 255]);
  return encode({ width, height, data, channels: 1, depth: 8, palette }, { zlib });
}

/** All colours when there are at most 256, else the means of the 256 fullest cells of a 32×32×32 grid. */
function pickColors(pixels: Uint8Array): number[] {
  const exact = new Map<number, number>();
  for (let i = 0; i < pixels.length; i += 4) {
    const color = (pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2];
    exact.set(color, (exact.get(color) ?? 0) + 1);
  }
  if (exact.size <= 256) return [...exact.keys()].sort((a, b) => a - b);
  const cells = new Map<number, { n: number; red: number; green: number; blue: number }>();
  for (const [color, n] of exact) {
    const [red, green, blue] = [color >> 16, (color >> 8) & 255, color & 255];
    const key = ((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3);
    const cell = cells.get(key) ?? { n: 0, red: 0, green: 0, blue: 0 };
    cell.n += n;
    cell.red += n * red;
    cell.green += n * green;
    cell.blue += n * blue;
    cells.set(key, cell);
  }
  const fullest = [...cells].sort(([a, x], [b, y]) => y.n - x.n || a - b).slice(0, 256);
  return fullest.map(([, { n, red, green, blue }]) => {
    const [r, g, b] = [red, green, blue].map((sum) => Math.round(sum / n));
    return (r << 16) | (g << 8) | b;
  });
}

function nearestColor(colors: readonly number[], color: number): number {
  let best = 0;
  for (let i = 1; i < colors.length; i++) {
    if (distance(colors[i], color) < distance(colors[best], color)) best = i;
  }
  return best;
}

/** Squared distance in RGB; 600 is about 14 levels in each channel. */
function distance(a: number, b: number): number {
  const red = (a >> 16) - (b >> 16);
  const green = ((a >> 8) & 255) - ((b >> 8) & 255);
  const blue = (a & 255) - (b & 255);
  return red * red + green * green + blue * blue;
}

/** The data URI of an RGBA image. */
export function pngUri(width: number, height: number, pixels: ArrayLike<number>): string {
  return `data:image/png;base64,${Buffer.from(encodePng(width, height, pixels)).toString("base64")}`;
}
