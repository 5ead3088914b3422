import { readFileSync } from "node:fs";
import { join } from "node:path";
import { osError, systemCode } from "../errors/os-error.js";
import { sha256 } from "../files/sha256.js";
import type { Notebook } from "../notebook/nbformat.js";
import { parseNotebook } from "../notebook/read-ipynb.js";
import { readOwnManifest } from "./manifest.js";

/**
 * The executed notebook in a report's folder, when it is, byte for byte, the one that the manifest lists; null otherwise.
 * Nothing else proves that its outputs are those of the inputs in the manifest.
 * @param name its file name
 */
export function keptNotebook(folder: string, name: string): Notebook | null {
  const digest = readOwnManifest(folder)?.files[name];
  if (digest === undefined) return null;
  const path = join(folder, name);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return null;
    throw osError(cause, { path, doing: "read" });
  }
  return sha256(content) === digest ? parseNotebook(content.toString("utf8"), path) : null;
}
