import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { codeDigests, executedDigest, filesBehind, type ImportedNames, onDisk, sha256 } from "@gradbook/base";
import { canonical, datasetKeys, isHere, readCatalogue } from "@gradbook/core/internal";
import { cellTags, type Notebook } from "@gradbook/kernel/internal";
import { notebookImports } from "./notebook-imports.js";

/** Digests of everything that a report depends on; the same digests give the same report. */
export interface ReportInputs {
  /** The cells' sources and tags. */
  readonly notebook: string;
  /** The notebook's own files of code; absent when it uses none. */
  readonly files?: string;
  /** The library's code that the notebook reaches by what it imports; a change of it asks for a run. */
  readonly executed: string;
  /** The code that draws figures and writes the report; a change of it asks for no run. */
  readonly rendered: string;
  /** The data sets whose loaders the notebook imports. */
  readonly data: string;
  readonly scale: string;
  /** Present when MNIST was missing and training images were allowed to stand in. */
  readonly standIn?: true;
  /** In place of what the notebook says. */
  readonly title?: string;
  readonly authors?: readonly string[];
  /** The kernel's name, when it is not the notebook's own. */
  readonly kernel?: string;
}

export interface InputOptions {
  /** Where the notebook runs, and so looks for its data and files. Default: the current folder. */
  readonly folder?: string;
  readonly standIn?: true;
  readonly title?: string;
  readonly authors?: readonly string[];
  readonly kernel?: string;
}

/**
 * @param data folder of somebody's own data set; its files' contents count then
 */
export async function reportInputs(
  notebook: Notebook,
  scale: string,
  data: string | undefined,
  { folder, ...given }: InputOptions = {},
): Promise<ReportInputs> {
  const { names, files } = await notebookImports(notebook, folder);
  const { title, authors, date } = notebook.metadata;
  const over = [title, authors, date].some((value) => value !== undefined) ? [{ title, authors, date }] : [];
  const cells = notebook.cells.map((cell) => [cell.cell_type, cell.source, cellTags(cell)]);
  return {
    notebook: sha256(canonical([...cells, ...over])),
    ...(files === undefined ? {} : { files }),
    executed: executedDigest(names),
    rendered: codeDigests().rendering,
    data: data === undefined ? publishedData(names, folder) : folderDigest(data),
    scale,
    ...given,
  };
}

/**
 * The published digests of the data sets whose loaders are imported: the loaders refuse every other content, so there
 * is no need to read them. A set that is not here, and for which something else may stand in, counts as missing.
 */
function publishedData(names: ImportedNames, folder: string | undefined): string {
  const catalogue = readCatalogue();
  const used = datasetKeys.filter((key) => names === "everything" || names.has(catalogue[key].loader));
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
