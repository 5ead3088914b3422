import { readFileSync } from "node:fs";
import { join } from "node:path";
import { osError, sha256, systemCode } from "@gradbook/base";
import { canonical } from "@gradbook/core/internal";
import { type CodeCell, cellTags, type Notebook, parseNotebook } from "@gradbook/kernel/internal";
import type { ReportInputs } from "./inputs.js";
import { isFormer, readOwnManifest } from "./manifest.js";

/** What a report is rendered from again. */
export interface Kept {
  readonly executed: Notebook;
  /** What it was executed with. A data set that is not on this machine was there then. */
  readonly inputs: ReportInputs;
}

/**
 * The executed notebook in a report's folder, when it is, byte for byte, the one that the manifest lists; null otherwise.
 * Nothing else proves that its outputs are those of the inputs in the manifest.
 * @param name its file name
 */
export function keptNotebook(folder: string, name: string): Kept | null {
  const manifest = readOwnManifest(folder);
  if (manifest === null || isFormer(manifest.inputs) || !Object.hasOwn(manifest.files, name)) return null;
  const path = join(folder, name);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return null;
    throw osError(cause, { path, doing: "read" });
  }
  if (sha256(content) !== manifest.files[name]) return null;
  return { executed: parseNotebook(content.toString("utf8"), path), inputs: manifest.inputs };
}

/**
 * A notebook whose text has changed since it was executed, with the outputs of then; null when any code has, which must
 * run again.
 */
export function withOutputs(now: Notebook, executed: Notebook): Notebook | null {
  const ran = codeOf(executed);
  const code = codeOf(now);
  const identity = (cells: readonly CodeCell[]) =>
    canonical(cells.map((cell) => [cell.source, cellTags(cell)]));
  if (identity(ran) !== identity(code)) return null;
  const { kernelspec, language_info } = executed.metadata;
  const known = Object.entries({ kernelspec, language_info }).filter(([, value]) => value !== undefined);
  return {
    ...now,
    metadata: { ...now.metadata, ...Object.fromEntries(known) },
    cells: now.cells.map((cell) => {
      if (cell.cell_type !== "code") return cell;
      const { outputs, execution_count } = ran[code.indexOf(cell)];
      return { ...cell, outputs, execution_count };
    }),
  };
}

function codeOf(notebook: Notebook): readonly CodeCell[] {
  return notebook.cells.filter((cell) => cell.cell_type === "code");
}
