import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  count,
  dataError,
  type Given,
  GradbookError,
  options,
  sha256,
  text,
  writeAtomic,
} from "@gradbook/base";
import { balancedSubset } from "./balanced.js";
import { ByteImages, withoutCopy } from "./byte-images.js";
import { readCatalogue } from "./catalogue.js";
import { cifarRecord, readCifarBatches } from "./cifar-binary.js";
import { checkContent, type DataFolder, dataFolder, locateFiles } from "./folder.js";
import { cifarSubset } from "./published.js";
import { readRaw } from "./read-file.js";

const cifar10Options = {
  /**
   * Holds the six binary batches.
   * @default the variable GRADBOOK_DATA, else data/cifar10 of the project
   */
  folder: text().optional(),
  /**
   * Only the first images of each class, as `balancedSubset` takes them; up to 50 without reading the 184 MB.
   * @default all
   */
  perClass: count().optional(),
};
/**
 * Options of `loadCifar10`.
 * @interface
 */
export type Cifar10Config = Given<typeof cifar10Options>;

/** What `loadCifar10` returns. */
export interface Cifar10 {
  /** 50,000 images [3, 32, 32], values 0 … 1; `perClass` · 10 when asked for. */
  readonly train: ByteImages;
  /** 10,000 images; `perClass` · 10 when asked for. */
  readonly test: ByteImages;
  /** Where both come from, in plain words. */
  readonly source: string;
}

export const cifarClassNames: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** Images of each class, of the training and of the test part, in the small file for quick runs. */
const subsetPerClass = 50;

/**
 * CIFAR-10 as bytes, 184 MB, from files on this computer: `gradbook data cifar10` fetches them.
 * Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 *
 * @throws GradbookError naming file and offset, when a batch is missing, cut short or damaged
 *
 * @example
 * ```ts
 * import { GradbookError, loadCifar10 } from "gradbook";
 *
 * try {
 *   const { train, test } = loadCifar10({ perClass: 50 });
 *   console.log(`${train}, ${test}`);
 * } catch (error) {
 *   // not on this computer yet: error.cure names the command that fetches it
 *   if (!(error instanceof GradbookError)) throw error;
 * }
 * ```
 */
export function loadCifar10(config: Cifar10Config = {}): Cifar10 {
  const { perClass, ...given } = options("loadCifar10", cifar10Options, config);
  const folder = dataFolder("cifar10", given.folder);
  if (perClass === undefined) return loadAll(folder);
  const quick = perClass <= subsetPerClass && !folder.own;
  const { train, test, source } = quick ? loadSubset(folder) : loadAll(folder);
  return {
    train: balancedSubset(train, { perClass, name: `CIFAR-10 train, ${perClass} per class` }),
    test: balancedSubset(test, { perClass, name: `CIFAR-10 test, ${perClass} per class` }),
    source,
  };
}

/** What lies there in place of CIFAR-10's binary version, where it can be told. */
function otherCifar(folder: string): string | undefined {
  for (const inner of [
    "",
    "cifar-10-batches-py",
    "cifar-100-binary",
    "cifar-100-python",
    "cifar-10-batches-mat",
  ]) {
    const has = (...names: readonly string[]) => names.every((name) => existsSync(join(folder, inner, name)));
    if (has("data_batch_1"))
      return "data_batch_1 without .bin is of the Python version, which is pickled: the binary version is needed (gradbook data cifar10 fetches it).";
    if (has("data_batch_1.mat"))
      return "data_batch_1.mat is of the Matlab version: the binary version is needed (gradbook data cifar10 fetches it).";
    if (has("train.bin", "test.bin") || has("train", "test", "meta"))
      return "train and test are CIFAR-100's files: CIFAR-10 has data_batch_1.bin … (gradbook data cifar10 fetches it).";
  }
  return undefined;
}

function loadAll(folder: DataFolder): Cifar10 {
  const published = readCatalogue().cifar10;
  const paths = locateFiles(folder, "cifar10", published);
  if (paths === undefined) {
    throw dataError(
      "CIFAR-10",
      `no batches in ${folder.shown}`,
      published.files.map((file) => file.name).join(", "),
      otherCifar(folder.path) ?? "gradbook data cifar10 fetches them (about 170 MB).",
    );
  }
  let same = true;
  const part = (name: string, from: number, to: number) => {
    const batches = readCifarBatches(paths.slice(from, to));
    batches.parts.forEach((bytes, k) => {
      same = checkContent(folder, "cifar10", paths[from + k], bytes, published.files[from + k]) && same;
    });
    return batchImages(name, batches.bytes, batches.labels, same ? "CIFAR-10" : ownSource(folder));
  };
  const train = part("train", 0, 5);
  const test = part("test", 5, 6);
  return { train, test, source: same ? "CIFAR-10" : ownSource(folder) };
}

function ownSource(folder: DataFolder): string {
  return `${folder.shown}, not the published CIFAR-10 files`;
}

function batchImages(name: string, pixels: Uint8Array, labels: Uint8Array, source: string): ByteImages {
  const { first, bytes: stride, shape } = cifarRecord;
  return new ByteImages({
    name: `CIFAR-10 ${name}`,
    source: source === "CIFAR-10" ? `${name} part of CIFAR-10` : source,
    shape,
    classNames: cifarClassNames,
    pixels: withoutCopy(pixels),
    labels,
    first,
    stride,
  });
}

/** The small file: records like a batch's, the training images before the test images. Made from the batches when needed. */
function loadSubset(folder: DataFolder): Cifar10 {
  const { subset = cifarSubset } = readCatalogue().cifar10;
  const path = join(folder.path, subset.name);
  if (!isSubset(path, subset.sha256)) return makeSubset(folder, path);
  const { bytes, labels } = readCifarBatches([path]);
  const cut = subsetPerClass * cifarRecord.classes;
  const part = (name: string, from: number, to: number) =>
    batchImages(
      name,
      bytes.subarray(from * cifarRecord.bytes, to * cifarRecord.bytes),
      labels.subarray(from, to),
      "CIFAR-10",
    );
  return { train: part("train", 0, cut), test: part("test", cut, 2 * cut), source: "CIFAR-10" };
}

function isSubset(path: string, expected: string): boolean {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return isFile && sha256(readRaw(path)) === expected;
}

function makeSubset(folder: DataFolder, path: string): Cifar10 {
  const all = loadAll(folder);
  const train = balancedSubset(all.train, { perClass: subsetPerClass });
  const test = balancedSubset(all.test, { perClass: subsetPerClass });
  const file = new Uint8Array((train.size + test.size) * cifarRecord.bytes);
  let at = 0;
  for (const part of [train, test]) {
    for (let i = 0; i < part.size; i++, at += cifarRecord.bytes) {
      file[at] = part.labels[i];
      file.set(part.bytes(i), at + cifarRecord.first);
    }
  }
  writeWhenPossible(path, file);
  return { train, test, source: all.source };
}

/**
 * A folder that can't be written costs the next quick run two tenths of a second, nothing else; so does a file of that
 * name that is not ours.
 */
function writeWhenPossible(path: string, bytes: Uint8Array): void {
  if (existsSync(path)) return;
  try {
    writeAtomic(path, bytes);
  } catch (error) {
    if (!(error instanceof GradbookError)) throw error;
  }
}
