import { type Picture, pictureUri, readPictureUri } from "../render/picture.js";
import { readSvg, type SvgPicture, svgUri } from "./svg-picture.js";

/** A raster picture or a drawing, after a look at it. */
export type AnyPicture = Picture | SvgPicture;

/** Looks at the picture of a data URI. @returns what is wrong, as words; every other address is wrong */
export async function readAnyUri(uri: string): Promise<AnyPicture | string> {
  const drawing = /^data:image\/svg\+xml(?:;charset=[\w-]+)?(;base64)?,(.*)$/is.exec(uri);
  if (drawing === null) return readPictureUri(uri);
  const [, base64, data] = drawing;
  const svg = await readSvg(base64 === undefined ? percentDecoded(data) : utf8(data));
  return typeof svg === "string" ? `a drawing (${svg})` : svg;
}

/** The data URI of a picture of either kind. */
export function anyUri(picture: AnyPicture): string {
  return picture.mime === "image/svg+xml" ? svgUri(picture) : pictureUri(picture);
}

/** What was taken out of a picture before it is shown; nothing of one that is no drawing. */
export function leftOf(picture: AnyPicture): readonly string[] {
  return picture.mime === "image/svg+xml" ? picture.left : [];
}

/** The text of base64. */
export function utf8(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** What is no percent encoding stays as it is. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
