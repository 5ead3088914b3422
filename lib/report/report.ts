import { basename } from "node:path";
import { readNotebook } from "../notebook/read-ipynb.js";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import { buildReport } from "./build.js";
import { writeFolder } from "./folder.js";
import { reportInputs } from "./inputs.js";
import { staleness } from "./manifest.js";
import type { Omission } from "./omissions.js";
import type { ReportPlace } from "./project.js";

export type Scale = "quick" | "full";

export interface ReportOptions {
  /** Reaches the notebook as `GRADBOOK_SCALE`. Default `"quick"`. */
  readonly scale?: Scale;
  /** Somebody's own copy of the data; reaches the notebook as `GRADBOOK_DATA`. */
  readonly data?: string;
  /** Run also when nothing has changed. Default false. */
  readonly force?: boolean;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Told what of the notebook the report does not hold. */
  readonly onLeftOut?: (omissions: readonly Omission[]) => void;
  /** Ends the run, and its kernel, when it is aborted; the old report stays. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a notebook in a fresh kernel and writes its report, when the report is stale. The old report stays whole until
 * the new one is.
 * @returns why it was stale, empty when it was up to date and nothing was done
 * @throws CellError when a cell fails; nothing is written then
 */
export async function makeReport(
  place: ReportPlace,
  options: ReportOptions = {},
): Promise<readonly string[]> {
  const { scale = "quick", data, force = false, onProgress, onLeftOut, signal } = options;
  const inputs = reportInputs(await readNotebook(place.notebook), scale, data);
  const stale = staleness(place.folder, inputs);
  if (stale.length === 0 && !force) return [];
  const { notebook } = await runNotebook(place.notebook, {
    env: { GRADBOOK_SCALE: scale, ...(data === undefined ? {} : { GRADBOOK_DATA: data }) },
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
  await writeFolder(
    place.folder,
    await buildReport(notebook, {
      notebook: basename(place.notebook),
      inputs,
      ...(onLeftOut === undefined ? {} : { onLeftOut }),
    }),
  );
  return stale.length === 0 ? ["it was asked for"] : stale;
}
