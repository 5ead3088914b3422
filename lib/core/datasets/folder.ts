import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { dataError, findProject, GradbookError, isFolder, shownPath } from "@gradbook/base";
import { type DatasetKey, type PublishedDataset, type PublishedFile, readCatalogue } from "./catalogue.js";
import { compareWithPublished } from "./integrity.js";

/** Where a loader looks for its files. */
export interface DataFolder {
  readonly path: string;
  /** True when a person named it: it may then hold other files than the published ones. */
  readonly own: boolean;
  /** How an error names it: the folder, or the variable that names it. */
  readonly shown: string;
}

/** data/KEY of the project (see `findProject`): where `gradbook data` puts a data set and loaders look for it. */
export function standardFolder(key: DatasetKey, from?: string): string {
  return join(findProject(from), "data", key);
}

/** The named folder, else `$GRADBOOK_DATA`, else the standard one. */
export function dataFolder(key: DatasetKey, folder?: string): DataFolder {
  const standard = standardFolder(key);
  const fromVariable = process.env.GRADBOOK_DATA;
  if (folder === undefined && !fromVariable) {
    return { path: standard, own: false, shown: shownPath(standard) };
  }
  const path = resolve(folder ?? fromVariable ?? "");
  const shown = folder === undefined ? `GRADBOOK_DATA=${fromVariable}` : shownPath(path);
  return { path, own: path !== standard, shown };
}

/**
 * The paths of a data set's files, in the order of the catalogue: by the database's names, raw or .gz, also in the
 * other usual spelling (train-images.idx3-ubyte), in the folder or in the sub-folders that archives unpack into.
 * @returns undefined when none of them is there
 * @throws GradbookError when only some are there, or the folder itself is missing
 */
export function locateFiles(
  folder: DataFolder,
  key: DatasetKey,
  published: PublishedDataset,
): readonly string[] | undefined {
  if (folder.own && !isFolder(folder.path)) {
    throw dataError(
      folder.shown,
      "no such folder",
      `the folder that holds ${published.files.map((f) => f.name).join(", ")}`,
    );
  }
  const found = lookUp(folder.path, key, published);
  if (found === undefined) return undefined;
  const missing = published.files.filter((_, k) => found[k] === undefined).map((f) => f.name);
  if (missing.length === 0) return found.map((path) => path ?? "");
  throw dataError(
    folder.shown,
    `${missing.join(", ")} missing`,
    `all ${found.length} files of ${published.title}`,
    folder.own ? "Keep the original file names." : `gradbook data ${key} fetches them.`,
  );
}

/** The folder itself, and those in it that archives unpack into. */
export function innerFolders(key: DatasetKey): readonly string[] {
  return ["", key, "cifar-10-batches-bin"];
}

/** Each file's path in the first of these folders that has any of them. */
function lookUp(
  folder: string,
  key: DatasetKey,
  { files }: PublishedDataset,
): (string | undefined)[] | undefined {
  return innerFolders(key)
    .map((inner) => files.map(({ name }) => spelledPath(join(folder, inner), name)))
    .find((found) => found.some((path) => path !== undefined));
}

/** `locateFiles` for a folder that somebody named: there, nothing stands in for a missing data set. */
export function requireFiles(
  folder: DataFolder,
  key: DatasetKey,
  published: PublishedDataset,
): readonly string[] {
  const found = locateFiles(folder, key, published);
  if (found !== undefined) return found;
  throw dataError(
    folder.shown,
    `no file of ${published.title}`,
    published.files.map((file) => file.name).join(", "),
    folder.own ? "Keep the original file names." : `gradbook data ${key} fetches them.`,
  );
}

/**
 * Compares a loaded file with the published one.
 * @returns true for the published content, false for somebody's own (only in a folder of his own)
 * @throws GradbookError naming file and offset, when it is the published file with a fault
 */
export function checkContent(
  folder: DataFolder,
  key: DatasetKey,
  path: string,
  bytes: Uint8Array,
  published: PublishedFile,
): boolean {
  const verdict = compareWithPublished(bytes, published);
  if (verdict.kind === "same") return true;
  if (verdict.kind === "other" && folder.own) return false;
  const finding =
    verdict.kind === "damaged"
      ? { got: verdict.got, expected: verdict.expected }
      : { got: "another file", expected: `the published one (SHA-256 ${published.sha256.slice(0, 12)}…)` };
  throw new GradbookError({
    code: "data",
    what: shownPath(path),
    ...finding,
    cure: cureFor(folder, key, verdict.kind),
  });
}

function cureFor(folder: DataFolder, key: DatasetKey, kind: "other" | "damaged"): string {
  if (folder.own) return "Copy it again.";
  if (kind === "damaged") return `gradbook data ${key} fetches it again.`;
  return `Files of your own go to a folder of their own (--data DIR); then gradbook data ${key} fetches the published ones.`;
}

/**
 * Whether every file of a data set is in its standard folder; its content is not looked at.
 * @param from whose project: a notebook's folder. Default: the current folder
 */
export function isHere(key: DatasetKey, from?: string): boolean {
  const found = lookUp(standardFolder(key, from), key, readCatalogue()[key]);
  return found?.every((path) => path !== undefined) ?? false;
}

/** The path of a published file in `folder`, in whichever spelling it is there. */
export function spelledPath(folder: string, name: string): string | undefined {
  const dotted = name.replace(/-(idx\d-)/, ".$1");
  const spellings = dotted === name ? [name] : [name, `${name}.gz`, dotted, `${dotted}.gz`];
  return spellings.map((spelling) => join(folder, spelling)).find((path) => existsSync(path));
}
