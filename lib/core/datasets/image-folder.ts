import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import {
  configError,
  dataError,
  type Given,
  inWords,
  onDisk,
  oneOf,
  options,
  pair,
  shownPath,
  text,
} from "@gradbook/base";
import { ByteImages, withoutCopy } from "./byte-images.js";
import { type Normalisation, normalisationOption, unitScale } from "./normalisation.js";
import { readPicture, resized } from "./picture.js";

const imageFolderOptions = {
  /** Height × width that every picture is brought to, in pixels; one number, or `[height, width]`. */
  size: pair(1),
  /**
   * One channel, or three.
   * @default "rgb"
   */
  colour: oneOf("grey", "rgb").or("rgb"),
  /**
   * What a caption calls the set.
   * @default the folder's name
   */
  name: text().optional(),
  /**
   * How a byte becomes a number.
   * @default unitScale
   */
  normalisation: normalisationOption().or(unitScale),
};
/**
 * Options of `loadImageFolder`.
 * @interface
 */
export type ImageFolderConfig = Omit<Given<typeof imageFolderOptions>, "normalisation"> & {
  /**
   * How a byte becomes a number.
   * @default unitScale
   */
  readonly normalisation?: Normalisation | undefined;
};

/**
 * A set of pictures: a folder with a folder for each class, whose PNG and JPEG files are its samples. Pictures are brought to one
 * size (the shape is not kept), what is transparent is shown on white; they stay bytes. Classes and files are taken in the order
 * of their names; hidden files and other kinds of files are left out.
 * @param folder that holds a folder for each class
 * @throws GradbookError when there is no class, a class has no picture, or a picture is damaged
 *
 * @example
 * ```ts
 * import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
 * import { loadImageFolder } from "gradbook";
 *
 * const folder = mkdtempSync("/tmp/pictures-");
 * const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";
 * for (const name of ["cats", "dogs"]) {
 *   mkdirSync(`${folder}/${name}`);
 *   writeFileSync(`${folder}/${name}/1.png`, Buffer.from(dot, "base64"));
 * }
 * const set = loadImageFolder(folder, { size: 8, colour: "grey" });
 * console.log(set.size, set.shape, set.classNames); // 2 [ 1, 8, 8 ] [ 'cats', 'dogs' ]
 * ```
 */
export function loadImageFolder(folder: string, config: ImageFolderConfig): ByteImages {
  const { size, colour, name, normalisation } = options("loadImageFolder", imageFolderOptions, config);
  if (typeof folder !== "string" || folder === "")
    throw configError("loadImageFolder", `folder is ${inWords(folder)}`, "a folder's path");
  const shown = shownPath(resolve(folder));
  const classNames = entriesOf(folder).filter((entry) => statSync(join(folder, entry)).isDirectory());
  if (classNames.length === 0)
    throw dataError(
      shown,
      "no folder in it",
      "a folder of pictures for each class",
      "Its name becomes the class's.",
    );
  const files = classNames.map((inner) =>
    entriesOf(join(folder, inner))
      .filter((file) => /\.(?:png|jpe?g)$/i.test(file))
      .map((file) => join(folder, inner, file)),
  );
  const empty = files.findIndex((list) => list.length === 0);
  if (empty >= 0)
    throw dataError(
      `${shown}/${classNames[empty]}`,
      "no .png or .jpg file",
      "at least one picture of the class",
    );
  const [height, width] = size;
  const shape = [colour === "grey" ? 1 : 3, height, width];
  const each = shape[0] * height * width;
  const paths = files.flat();
  const pixels = new Uint8Array(paths.length * each);
  for (const [i, path] of paths.entries())
    pixels.set(resized(readPicture(path), size, colour === "grey"), i * each);
  return new ByteImages({
    ...{ name: name ?? basename(resolve(folder)), source: shown, shape, classNames, normalisation },
    pixels: withoutCopy(pixels),
    labels: Uint8Array.from(files.flatMap((list, c) => list.map(() => c))),
  });
}

/** In the order of their names by code units: the same on every machine. */
function entriesOf(folder: string): string[] {
  const names = onDisk({ path: folder, doing: "read" }, () => readdirSync(folder));
  return names.filter((name) => !name.startsWith(".")).sort((a, b) => (a < b ? -1 : 1));
}
