import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { datasetKeys, readCatalogue } from "../datasets/catalogue.js";
import { dataFolder, locateFiles } from "../datasets/folder.js";
import { canonical } from "../figures/canonical.js";
import { cellTags, type Notebook } from "../notebook/nbformat.js";
import { sha256 } from "./sha256.js";

/** Digests of everything that a report depends on; the same digests give the same report. */
export interface ReportInputs {
  /** The cells' sources and tags. */
  readonly notebook: string;
  /** The compiled library, without its tests, its commands and the kernel. */
  readonly library: string;
  /** The data sets that the notebook names. */
  readonly data: string;
  readonly scale: string;
}

/**
 * @param ownData folder of somebody's own data set; its files' contents count then
 */
export function reportInputs(notebook: Notebook, scale: string, ownData: string | undefined): ReportInputs {
  return {
    notebook: sha256(canonical(notebook.cells.map((cell) => [cell.cell_type, cell.source, cellTags(cell)]))),
    library: libraryDigest(),
    data: ownData === undefined ? publishedData(notebook) : folderDigest(ownData),
    scale,
  };
}

let library: string | undefined;

function libraryDigest(): string {
  const dist = join(dirname(fileURLToPath(import.meta.url)), "..");
  library ??= sha256(
    canonical(
      filesBelow(dist)
        .map((file) => relative(dist, file).split(sep).join("/"))
        .filter(
          (file) => /\.js$/.test(file) && !/\.test(?:\.helper)?\.js$|^(?:cli|kernel|homework)\//.test(file),
        )
        .map((file) => [file, sha256(readFileSync(join(dist, file)))]),
    ),
  );
  return library;
}

/**
 * The published digests of the data sets that the notebook names: the loaders refuse every other content, so there
 * is no need to read them. A set that is not here, and for which something else may stand in, counts as missing.
 */
function publishedData(notebook: Notebook): string {
  const sources = notebook.cells.map((cell) => cell.source).join("\n");
  const used = datasetKeys.filter((key) => new RegExp(key.replace(/(\d)/, "-?$1"), "i").test(sources));
  const catalogue = readCatalogue();
  return canonical(
    used.map((key) => {
      const here = locateFiles(dataFolder(key), key, catalogue[key]) !== undefined;
      return [key, here ? sha256(canonical(catalogue[key].files.map((f) => [f.name, f.sha256]))) : "missing"];
    }),
  );
}

function folderDigest(folder: string): string {
  const files = filesBelow(folder).map((file) => [relative(folder, file), sha256(readFileSync(file))]);
  return sha256(canonical(files));
}

/** All files of a folder and the folders in it, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((entry) => join(folder, String(entry)))
    .filter((path) => statSync(path).isFile())
    .sort();
}
