import { readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { datasetKeys, readCatalogue } from "../datasets/catalogue.js";
import { isHere } from "../datasets/folder.js";
import { onDisk } from "../errors/os-error.js";
import { canonical } from "../figures/canonical.js";
import { sha256 } from "../files/sha256.js";
import { filesBehind } from "../files/walk.js";
import { cellTags, type Notebook } from "../kernel/jupyter/nbformat.js";

/** Digests of everything that a report depends on; the same digests give the same report. */
export interface ReportInputs {
  /** The cells' sources and tags. */
  readonly notebook: string;
  /** The compiled library, without its tests, its commands and the kernel. */
  readonly library: string;
  /** The data sets that the notebook names. */
  readonly data: string;
  readonly scale: string;
  /** Present when MNIST was missing and training images were allowed to stand in. */
  readonly standIn?: true;
}

export interface InputOptions {
  /** Where the notebook runs, and so looks for its data. Default: the current folder. */
  readonly folder?: string;
  readonly standIn?: true;
}

/**
 * @param data folder of somebody's own data set; its files' contents count then
 */
export function reportInputs(
  notebook: Notebook,
  scale: string,
  data: string | undefined,
  { folder, standIn }: InputOptions = {},
): ReportInputs {
  return {
    notebook: sha256(canonical(notebook.cells.map((cell) => [cell.cell_type, cell.source, cellTags(cell)]))),
    library: libraryDigest(),
    data: data === undefined ? publishedData(notebook, folder) : folderDigest(data),
    scale,
    ...(standIn === undefined ? {} : { standIn }),
  };
}

let library: string | undefined;

function libraryDigest(): string {
  const dist = join(dirname(fileURLToPath(import.meta.url)), "..");
  library ??= sha256(
    canonical(
      filesBehind(dist)
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
function publishedData(notebook: Notebook, folder: string | undefined): string {
  const sources = notebook.cells.map((cell) => cell.source).join("\n");
  const used = datasetKeys.filter((key) => new RegExp(key.replace(/(\d)/, "-?$1"), "i").test(sources));
  const catalogue = readCatalogue();
  return canonical(
    used.map((key) => {
      return [
        key,
        isHere(key, folder)
          ? sha256(canonical(catalogue[key].files.map((f) => [f.name, f.sha256])))
          : "missing",
      ];
    }),
  );
}

function folderDigest(folder: string): string {
  const files = filesBehind(folder).map((path) => {
    const content = onDisk({ path, doing: "read" }, () => readFileSync(path));
    return [relative(folder, path), sha256(content)];
  });
  return sha256(canonical(files));
}
