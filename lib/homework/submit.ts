import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { GradbookError } from "../errors/error.js";
import { assertWritableFolder } from "../errors/writable.js";
import { readNotebook } from "../notebook/read-ipynb.js";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import { stringifyNotebook, writeNotebook } from "../notebook/write-ipynb.js";
import { notebookMetrics } from "../report/blocks.js";
import { runDigest } from "../report/build.js";
import { sha256 } from "../report/sha256.js";
import { absolutePaths, datasetImages, type Finding } from "./findings.js";
import { parseRoll } from "./roll.js";

export interface SubmitOptions {
  /** Path of the notebook, e.g. `notebooks/hw4.ipynb`. */
  readonly notebook: string;
  /** E.g. `CS21B001`. */
  readonly roll: string;
  /** Folder of the file to hand in; made when missing. */
  readonly out: string;
  readonly scale: "quick" | "full";
  /** Your own copy of the data set. */
  readonly data?: string;
  /** Overwrite what was written before. Default false. */
  readonly force?: boolean;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Ends the run when it is aborted; no file is written then. */
  readonly signal?: AbortSignal;
}

export interface Submission {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly digest: string;
  /** Digest of the training runs, when the notebook has any. */
  readonly runs: string | null;
  /** Time of the run in a fresh kernel. */
  readonly seconds: number;
}

/**
 * Runs a notebook from top to bottom in a fresh kernel and writes it, with its outputs, as the file to hand in:
 * `cs21b001-hw4.ipynb`. Everything that would make it useless is refused before or after the run, and then no file is
 * written.
 * @throws CellError when a cell fails
 */
export async function submit(options: SubmitOptions): Promise<Submission> {
  const { notebook: path, out, scale, data, force = false, onProgress, signal } = options;
  const file = join(out, `${parseRoll(options.roll)}-${basename(path, ".ipynb").toLowerCase()}.ipynb`);
  if (existsSync(file) && !force) {
    throw new GradbookError({
      code: "submission-exists",
      what: file,
      got: "the file is there already",
      cure: "Hand it in, move it away, or overwrite it with --force.",
    });
  }
  assertWritableFolder(out);
  // Paths in the sources are known before the minutes of a run.
  refuse(path, absolutePaths(stripOutputs(await readNotebook(path))));
  const { notebook, seconds } = await runNotebook(path, {
    env: { GRADBOOK_SCALE: scale, ...(data === undefined ? {} : { GRADBOOK_DATA: data }) },
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
  refuse(path, [...absolutePaths(notebook), ...datasetImages(notebook)]);
  await writeNotebook(file, notebook);
  const text = stringifyNotebook(notebook);
  return {
    file,
    bytes: Buffer.byteLength(text),
    digest: sha256(text),
    runs: runDigest(notebookMetrics(notebook)),
    seconds,
  };
}

function stripOutputs(notebook: Awaited<ReturnType<typeof readNotebook>>): typeof notebook {
  const cells = notebook.cells.map((cell) => (cell.cell_type === "code" ? { ...cell, outputs: [] } : cell));
  return { ...notebook, cells };
}

function refuse(notebook: string, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const [{ cell, got, cure }] = findings;
  const more = findings.length === 1 ? "" : ` (and ${findings.length - 1} more)`;
  throw new GradbookError({
    code: "submission",
    what: `${basename(notebook)}, cell ${cell}`,
    got: `${got}${more}`,
    cure,
  });
}
