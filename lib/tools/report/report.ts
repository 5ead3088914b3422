import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  assertWritableFolder,
  GradbookError,
  makeIgnoredFolder,
  onDisk,
  removeDeadDrafts,
  shownPath,
} from "@gradbook/base";
import { type Notebook, readNotebook } from "@gradbook/kernel/internal";
import { keepElsewhere } from "../notebook/keep-elsewhere.js";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import type { Artist } from "./artist.js";
import { buildReport } from "./build.js";
import { writeFolder } from "./folder.js";
import { type ReportInputs, reportInputs } from "./inputs.js";
import { type Kept, keptNotebook, withOutputs } from "./kept-notebook.js";
import { readManifest } from "./manifest.js";
import type { Omission } from "./omissions.js";
import { assertOwnFolder } from "./ownership.js";
import type { ReportPlace, Scale } from "./place.js";
import { isMissing, type Staleness, staleness } from "./staleness.js";
import { needsStandIn, runVariables } from "./variables.js";

export interface ReportOptions {
  /** Reaches the notebook as `GRADBOOK_SCALE`. Default `"quick"`. */
  readonly scale?: Scale;
  /** Somebody's own copy of the data; reaches the notebook as `GRADBOOK_DATA`. */
  readonly data?: string;
  /** Run also when nothing has changed. Default false. */
  readonly force?: boolean;
  /**
   * Whether the notebook may train on the stand-in where MNIST is missing: held-out training images. Otherwise
   * `loadMnist` throws there. Default false.
   */
  readonly standIn?: boolean;
  /** Replace also a report of full scale with a quick one. Default false. */
  readonly replaceFull?: boolean;
  /** Name of the kernel. Default: the notebook's own. */
  readonly kernel?: string;
  /** In place of what the notebook says. */
  readonly title?: string;
  readonly authors?: readonly string[];
  /** Draws the figures and goes on living: one that is drawn again comes from its memory. */
  readonly artist?: Artist;
  /** Keep the PDF that is there, and say in the manifest that it is not the one of this page. Default false. */
  readonly isDraft?: boolean;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Told what of the notebook the report does not hold. */
  readonly onLeftOut?: (omissions: readonly Omission[]) => void;
  /** Ends the run, and its kernel, when it is aborted; the old report stays. */
  readonly signal?: AbortSignal;
}

/** What was done for a report, and why; nothing for one that is up to date. */
export interface MadeReport {
  /** `rendered`: from the executed notebook that was there, without a run. */
  readonly done: "nothing" | "rendered" | "run";
  readonly why: readonly string[];
}

/**
 * Runs a notebook in a fresh kernel and writes its report, when the report is stale; where only its text or what renders it has
 * changed, or files are missing that come out of the executed notebook, that one is rendered again and nothing runs.
 * The old report stays whole until the new one is; only what gradbook wrote itself is replaced, and never a report by
 * one that is worth less.
 * @throws CellError when a cell fails; nothing is written then
 * @throws GradbookError before the run, when the folder holds anything that is not ours, or a better report
 */
export async function makeReport(place: ReportPlace, options: ReportOptions = {}): Promise<MadeReport> {
  const { scale = "quick", data, force = false, standIn = false, replaceFull = false, onLeftOut } = options;
  const { kernel, title, authors } = options;
  removeDeadDrafts(dirname(place.folder));
  const needed = standIn && needsStandIn(place.notebook, data);
  const notebook = await readNotebook(place.notebook);
  const over = { ...(title === undefined ? {} : { title }), ...(authors === undefined ? {} : { authors }) };
  const inputs = await reportInputs(notebook, scale, data, {
    folder: dirname(place.notebook),
    ...(needed ? { standIn: true } : {}),
    ...(kernel === undefined ? {} : { kernel }),
    ...over,
  });
  const stale = staleness(place.folder, inputs);
  // what somebody has put beside an up-to-date report is no reason to make it again
  if (!force && stale.every(({ kind }) => kind === "stranger")) return { done: "nothing", why: [] };
  assertWritableFolder(place.folder);
  assertOwnFolder(place.folder);
  refuseLesser(place.folder, inputs, replaceFull);
  const kept = force ? null : keptFor(place, notebook, stale);
  const executed = kept?.executed ?? (await run(place, options, needed));
  const pdf = options.isDraft === true ? formerPdf(place) : undefined;
  const made =
    kept === null
      ? inputs
      : { ...executedInputs(kept), ...over, notebook: inputs.notebook, rendered: inputs.rendered };
  const files = await buildReport(executed, {
    notebook: basename(place.notebook),
    inputs: pdf === undefined ? made : { ...made, rendered: "draft" },
    onLeftOut,
    artist: options.artist,
    draftPdf: pdf,
  });
  if (place.provisional) makeIgnoredFolder(dirname(place.folder), "--out DIR");
  await keepElsewhere(executed, basename(place.notebook), () => writeFolder(place.folder, files));
  return {
    done: kept === null ? "run" : "rendered",
    why: stale.length === 0 ? ["forced"] : stale.map(({ text }) => text),
  };
}

/** What a report can be rendered from without a run; null when it has to run. */
export function keptFor(place: ReportPlace, notebook: Notebook, stale: readonly Staleness[]): Kept | null {
  if (stale.some(({ kind }) => kind === "input")) return null;
  const kept = keptNotebook(place.folder, basename(place.notebook));
  if (kept === null || stale.every(({ kind }) => kind !== "notebook")) return kept;
  const executed = withOutputs(notebook, kept.executed);
  return executed === null ? null : { ...kept, executed };
}

/** What the kept notebook was executed with: not what stands over the report. */
function executedInputs({ inputs: { title: _, authors: __, ...inputs } }: Kept): ReportInputs {
  return inputs;
}

function formerPdf({ folder, name }: ReportPlace): Uint8Array | undefined {
  const path = join(folder, `${name}.pdf`);
  return existsSync(path) ? onDisk({ path, doing: "read" }, () => readFileSync(path)) : undefined;
}

async function run(place: ReportPlace, options: ReportOptions, standIn: boolean) {
  const { scale = "quick", data, onProgress, signal, kernel } = options;
  const { notebook } = await runNotebook(place.notebook, {
    kernel,
    env: runVariables({ scale, standIn, data }),
    onProgress,
    signal,
  });
  return notebook;
}

/** A report is never replaced by one on worse data, nor unasked by one of a smaller scale. */
function refuseLesser(folder: string, now: ReportInputs, replaceFull: boolean): void {
  const before = readManifest(folder)?.inputs;
  if (before === undefined) return;
  const refused = (got: string, cure: string) =>
    new GradbookError({ code: "report-better", what: shownPath(folder), got, cure });
  if (now.standIn && !before.standIn && !isMissing(before.data)) {
    const cure = "gradbook data mnist fetches the real data; --out DIR chooses another location.";
    throw refused("it holds a report that was made without the stand-in", cure);
  }
  if (now.scale === "quick" && before.scale !== "quick" && !replaceFull) {
    throw refused(
      `it holds the report of ${before.scale} scale, and this run is quick`,
      "--scale full rebuilds that one, --replace-full replaces it with the quick one, --out DIR chooses another location.",
    );
  }
}
