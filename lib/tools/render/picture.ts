/** Raster pictures that every browser shows. */
export const pictureMimes = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const;
export type PictureMime = (typeof pictureMimes)[number];

/** A raster picture that was looked at: its bytes are one, of this kind and size. */
export interface Picture {
  readonly mime: PictureMime;
  readonly base64: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Pixels of a picture: four bytes each when it is decoded. */
const mostPixels = 64e6;

/**
 * Looks whether a text is the base64 of a picture, and decodes it once. What it claims to be does not count.
 * @returns what is wrong, as words, when it is none
 */
export async function readPicture(text: string): Promise<Picture | string> {
  const base64 = text.replace(/\s/g, "");
  if (base64 === "") return "no bytes";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 === 1) return "not base64";
  const bytes = Buffer.from(base64, "base64");
  const { imageSize } = await import("image-size");
  let found: { readonly type?: string; readonly width?: number; readonly height?: number };
  try {
    found = imageSize(bytes);
  } catch {
    return "neither PNG, JPEG, GIF nor WebP";
  }
  const { type = "", width = 0, height = 0 } = found;
  const mime = pictureMimes.find((m) => m === `image/${type === "jpg" ? "jpeg" : type}`);
  if (mime === undefined) return "neither PNG, JPEG, GIF nor WebP";
  if (!(width > 0 && height > 0)) return "no pixels";
  if (width * height > mostPixels)
    return `${width} × ${height} pixels, of at most ${mostPixels / 1e6} million`;
  const picture = { mime, base64: bytes.toString("base64"), width, height };
  if (mime === "image/webp") return isWholeWebp(bytes) ? picture : "cut off";
  return (await isSeen(picture)) ? picture : "damaged: it cannot be decoded";
}

/** The same for a data URI. */
export async function readPictureUri(uri: string): Promise<Picture | string> {
  const found = /^data:image\/[a-z+.-]+;base64,/i.exec(uri);
  if (found !== null) return readPicture(uri.slice(found[0].length));
  if (/^data:/i.test(uri)) return "a data URI that holds no picture in base64";
  return /^(?:[a-z]+:)?\/\//i.test(uri) ? "a picture on a network" : "a picture outside of the notebook";
}

/** The data URI of a picture. */
export function pictureUri({ mime, base64 }: Picture): string {
  return `data:${mime};base64,${base64}`;
}

/**
 * The picture as PNG, for what knows no other kind.
 * @param most pixels of its longer side; a larger one is drawn smaller
 * @returns null for WebP, which the rasterizer cannot read
 */
export async function asPng(picture: Picture, most = 3000): Promise<Picture | null> {
  const { mime, width, height } = picture;
  const scale = Math.min(1, most / Math.max(width, height));
  if (mime === "image/png" && scale === 1) return picture;
  if (mime === "image/webp") return null;
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const png = (await draw(picture, w, h)).asPng();
  return { mime: "image/png", base64: Buffer.from(png).toString("base64"), width: w, height: h };
}

/** Pixels of a picture: red, green, blue, alpha. WebP, and what is no picture, is empty. */
export async function picturePixels(picture: Picture): Promise<Uint8Array> {
  return (await draw(picture, picture.width, picture.height)).pixels;
}

async function draw(picture: Picture, width: number, height: number) {
  const { Resvg } = await import("@resvg/resvg-js");
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">` +
    `<image width="${width}" height="${height}" preserveAspectRatio="none" xlink:href="${pictureUri(picture)}"/></svg>`;
  return new Resvg(svg, { font: { loadSystemFonts: false } }).render();
}

/** The rasterizer draws nothing for a picture that it cannot decode; one of which nothing is seen is as good as none. */
async function isSeen(picture: Picture): Promise<boolean> {
  const { pixels } = await draw(picture, 32, 32);
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) return true;
  return false;
}

/** A WebP says its length in its head (RIFF, little-endian, without the head's eight bytes). */
function isWholeWebp(bytes: Buffer): boolean {
  return bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length;
}
