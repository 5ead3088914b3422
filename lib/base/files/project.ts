import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * **Where is the project?** Every command and every loader asks here: reports and data stand in the folder that this
 * names, JupyterLab opens it, `gradbook report NAME` looks for notebooks/NAME.ipynb in it.
 *
 * It is the nearest folder, from `from` upwards, that has one of
 *
 * - a folder `notebooks`,
 * - gradbook installed: among the dependencies of its package.json, or in its node_modules,
 * - data that `gradbook data` has put there: a folder data/mnist or data/cifar10;
 *
 * and where there is none of these up to the root, `from` itself. So `gradbook data mnist` in an empty folder fills
 * data/mnist there, and `loadMnist()` finds it from any notebook below.
 *
 * @param from default: the current folder, which for a notebook is the notebook's own
 */
export function findProject(from: string = process.cwd()): string {
  const start = resolve(from);
  for (let folder = start; ; folder = dirname(folder)) {
    if (isProject(folder)) return folder;
    if (dirname(folder) === folder) return start;
  }
}

/** The data sets that loaders look for: each in a folder of this name in `data`. */
export const datasetFolders = ["mnist", "cifar10"] as const;

function isProject(folder: string): boolean {
  const folders = ["notebooks", "node_modules/gradbook", ...datasetFolders.map((name) => `data/${name}`)];
  return folders.some((name) => isFolder(join(folder, name))) || dependsOnGradbook(folder);
}

function dependsOnGradbook(folder: string): boolean {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    // no package.json, or none that npm could read
    return false;
  }
  return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].some(
    (key) => "gradbook" in Object(Object(manifest)[key]),
  );
}

/** Links are followed; what may not be looked at is not there. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // a link that leads in a circle, a file in its way, a folder that may not be entered
    return false;
  }
}
