import { existsSync, lstatSync, renameSync } from "node:fs";
import { join } from "node:path";
import { dataError, GradbookError, onDisk, shownPath } from "@gradbook/base";
import type { PublishedFile } from "../catalogue.js";
import { compareWithPublished } from "../integrity.js";
import { readRaw } from "../read-file.js";

/** What stands under the name of a published file. */
type Standing =
  /** Nothing, or nothing that is not in the published file as well: it may be replaced. */
  | "free"
  /** The published file with a fault, as far as can be told. */
  | "damaged"
  /** Somebody's own. */
  | "own";

function standing(path: string, published: PublishedFile): Standing {
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined || (found.isFile() && found.size === 0)) return "free";
  if (!found.isFile()) return "own";
  let bytes: Uint8Array;
  try {
    bytes = readRaw(path);
  } catch (error) {
    // a .gz that cannot be unpacked says nothing about whose it is
    if (error instanceof GradbookError && error.code === "data") return "damaged";
    throw error;
  }
  const verdict = compareWithPublished(bytes, published);
  if (verdict.kind === "same") return "free";
  if (verdict.kind === "damaged") return verdict.cut ? "free" : "damaged";
  return "own";
}

/** @throws GradbookError when somebody's own file stands where the published one would go */
export function refuseOthers(folder: string, published: Iterable<PublishedFile>): void {
  for (const file of published) {
    const path = join(folder, file.name);
    if (standing(path, file) !== "own") continue;
    throw dataError(
      shownPath(path),
      "a file that differs from the published one",
      `SHA-256 ${file.sha256.slice(0, 12)}…, or no file`,
      "It was not touched. Move files of your own to a folder of their own, and name that with --data DIR.",
    );
  }
}

/**
 * Makes the place of a published file free for it. A damaged one is kept beside it as NAME.damaged: a fault and a
 * change that somebody made on purpose look alike.
 * @returns where the damaged one went
 * @throws GradbookError when somebody's own file has appeared there
 */
export function makeFree(folder: string, published: PublishedFile): string | undefined {
  refuseOthers(folder, [published]);
  const path = join(folder, published.name);
  if (standing(path, published) === "free") return undefined;
  const kept = unusedName(`${path}.damaged`);
  onDisk({ path: kept, doing: "write" }, () => renameSync(path, kept));
  return kept;
}

function unusedName(path: string): string {
  if (!existsSync(path)) return path;
  for (let k = 2; ; k++) if (!existsSync(`${path}-${k}`)) return `${path}-${k}`;
}
