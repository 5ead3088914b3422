import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { assertWritableFile, GradbookError, removeDeadDrafts, sha256, shownPath } from "@gradbook/base";
import { readNotebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { assertOwnNotebook, stamp } from "../notebook/own-notebook.js";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import { writeNotebook } from "../notebook/write-ipynb.js";
import { notebookMetrics } from "../report/blocks.js";
import { runDigest } from "../report/build.js";
import { runVariables } from "../report/variables.js";
import { absolutePaths, datasetImages, type Finding } from "./findings.js";
import { hiddenState } from "./hidden-state.js";
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
  /** Whether the notebook may train on the stand-in where MNIST is missing. Default false: `loadMnist` throws there. */
  readonly standIn?: boolean;
  /** Write more than 10 MB. Default false. */
  readonly large?: boolean;
  /** Overwrite an earlier submission, when nobody has changed it. Default false. */
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
  /** What the saved file hid, which the fresh run has put right. */
  readonly hidden: readonly Finding[];
}

const elsewhere = "--out DIR";

/**
 * Runs a notebook from top to bottom in a fresh kernel and writes it, with its outputs, as the file to hand in:
 * `cs21b001-hw4.ipynb`. Everything that would make it useless is refused before or after the run, and then no file is
 * written.
 * @throws CellError when a cell fails
 * @throws GradbookError before the run, when a file of that name is there that may not be replaced
 */
export async function submit(options: SubmitOptions): Promise<Submission> {
  const { notebook: path, out, scale, data, standIn = false, force = false, onProgress, signal } = options;
  const file = join(out, `${parseRoll(options.roll)}-${basename(path, ".ipynb").toLowerCase()}.ipynb`);
  assertWritableFile(file, elsewhere);
  if (force) assertOwnNotebook(file, elsewhere);
  else refuseExisting(file);
  removeDeadDrafts(out);
  // Paths in the sources are known before the minutes of a run.
  const saved = await readNotebook(path);
  refuse(path, absolutePaths(stripOutputs(saved)));
  const hidden = await hiddenState(saved);
  const { notebook, seconds } = await runNotebook(path, {
    env: runVariables({ scale, standIn, data }),
    onProgress,
    signal,
  });
  refuse(path, [...absolutePaths(notebook), ...datasetImages(notebook)]);
  const text = stringifyNotebook(stamp(notebook));
  const bytes = Buffer.byteLength(text);
  const tooLarge = options.large === true ? undefined : largeSubmission(bytes);
  if (tooLarge !== undefined) refuse(path, [tooLarge]);
  await writeNotebook(file, notebook, elsewhere);
  return {
    file,
    bytes,
    hidden,
    digest: sha256(text),
    runs: runDigest(notebookMetrics(notebook)),
    seconds,
  };
}

/** Courses' servers take no files without end, and who grades has hundreds of them. */
const mostBytes = 10e6;

/** What is wrong with a file of that size; undefined where nothing is. */
export function largeSubmission(bytes: number): Finding | undefined {
  if (bytes <= mostBytes) return undefined;
  return {
    cell: 0,
    got: `${(bytes / 1e6).toFixed(1)} MB with its outputs, more than 10`,
    cure: "Show fewer or smaller pictures, or hand it in as it is: gradbook submit --large.",
  };
}

function refuseExisting(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  throw new GradbookError({
    code: "foreign",
    what: shownPath(file),
    got: "the file already exists",
    cure: "Hand it in, move it away, or overwrite it with --force.",
  });
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
    what: cell === 0 ? basename(notebook) : `${basename(notebook)}, cell ${cell}`,
    got: `${got}${more}`,
    cure,
  });
}
