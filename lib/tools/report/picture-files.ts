import { asPng, type Picture } from "../render/picture.js";
import type { AnyPicture } from "./any-picture.js";
import type { Artist } from "./artist.js";
import type { Block } from "./block.js";
import type { FileSet } from "./folder.js";
import type { Omissions } from "./omissions.js";

type PictureBlock = Extract<Block, { kind: "picture" }>;

/** The files of a picture: as it is, and as PNG where LaTeX would not take it. */
export async function pictureFiles(
  { name, picture, place }: PictureBlock,
  artist: Artist,
  omissions: Omissions,
): Promise<{ readonly files: FileSet /** The one that LaTeX takes. */; readonly tex: string | null }> {
  const endings = {
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
  };
  const own = `figures/${name}.${endings[picture.mime]}`;
  const bytes = picture.mime === "image/svg+xml" ? picture.svg : Buffer.from(picture.base64, "base64");
  const files = new Map<string, string | Uint8Array>([[own, bytes]]);
  if (picture.mime === "image/png" || picture.mime === "image/jpeg") return { files, tex: own };
  const png = await paperPicture(picture, artist);
  if (typeof png === "string") {
    omissions.add(place, `${name}: not in the PDF and in figures.tex (${png})`);
    return { files, tex: null };
  }
  files.set(`figures/${name}.png`, Buffer.from(png.base64, "base64"));
  return { files, tex: `figures/${name}.png` };
}

/** A picture as PNG, the one kind that the PDF takes; why there is none, as words. */
export async function paperPicture(picture: AnyPicture, artist: Artist): Promise<Picture | string> {
  if (picture.mime !== "image/svg+xml") {
    return (await asPng(picture)) ?? "WebP is shown by browsers only";
  }
  const { width, height } = picture;
  const scale = Math.min(2, 3000 / Math.max(width, height));
  try {
    const png = await artist.drawing(picture.svg, scale);
    return {
      mime: "image/png",
      base64: Buffer.from(png).toString("base64"),
      width: Math.max(1, Math.round(width * scale)),
      height: Math.max(1, Math.round(height * scale)),
    };
  } catch (error) {
    return `the drawing cannot be drawn: ${error instanceof Error ? error.message : String(error)}`;
  }
}
