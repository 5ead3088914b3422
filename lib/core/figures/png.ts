import { zlibSync } from "fflate";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * Writes a PNG in plain JavaScript. Node's own zlib would be faster, but its bytes differ between versions and
 * processors, and the figures' bytes must not.
 * @param pixels `height × width × 4` bytes: red, green, blue, alpha
 */
export function encodePng(width: number, height: number, pixels: ArrayLike<number>): Uint8Array {
  let opaque = true;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 255) opaque = false;
  const channels = opaque ? 3 : 4;
  const rows = new Uint8Array(height * (1 + width * channels));
  for (let i = 0; i < width * height; i++) {
    const at = Math.floor(i / width) + 1 + i * channels;
    for (let c = 0; c < channels; c++) rows[at + c] = pixels[i * 4 + c];
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, opaque ? 2 : 6, 0, 0, 0], 8); // 8 bits, RGB or RGBA, no interlace
  return concat([
    signature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", zlibSync(rows, { level: 9 })),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/**
 * Writes a PNG with at most 256 colours, a third of the size: lines, text and colour ramps lose nothing that an eye
 * can see. Falls back to all colours when more than one pixel in 200 would be visibly off (photographs).
 * @param pixels RGBA, opaque
 */
export function encodePalettePng(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const colors = pickColors(pixels);
  const nearest = new Map<number, number>();
  const rows = new Uint8Array(height * (1 + width));
  let off = 0;
  for (let i = 0; i < width * height; i++) {
    const color = (pixels[i * 4] << 16) | (pixels[i * 4 + 1] << 8) | pixels[i * 4 + 2];
    let entry = nearest.get(color);
    if (entry === undefined) {
      entry = nearestColor(colors, color);
      nearest.set(color, entry);
    }
    if (distance(colors[entry], color) > 600) off++;
    rows[Math.floor(i / width) + 1 + i] = entry;
  }
  if (off * 200 > width * height) return encodePng(width, height, pixels);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette, no interlace
  return concat([
    signature,
    pngChunk("IHDR", header),
    pngChunk("PLTE", Uint8Array.from(colors.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))),
    pngChunk("IDAT", zlibSync(rows, { level: 8 })),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
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

/** One chunk: length, type, data, CRC. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The data URI of an RGBA image. */
export function pngUri(width: number, height: number, pixels: ArrayLike<number>): string {
  return `data:image/png;base64,${Buffer.from(encodePng(width, height, pixels)).toString("base64")}`;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
