import { basename } from "node:path";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import { buildReport } from "./build.js";
import { writeFolder } from "./folder.js";
import type { ReportPlace } from "./project.js";

export type Scale = "quick" | "full";

export interface ReportOptions {
  /** Reaches the notebook as `GRADBOOK_SCALE`. Default `"quick"`. */
  readonly scale?: Scale;
  /** Somebody's own copy of the data; reaches the notebook as `GRADBOOK_DATA`. */
  readonly data?: string;
  readonly onProgress?: (progress: RunProgress) => void;
}

/**
 * Runs a notebook in a fresh kernel and writes its report. The old report stays whole until the new one is.
 * @throws CellError when a cell fails; nothing is written then
 */
export async function makeReport(place: ReportPlace, options: ReportOptions = {}): Promise<void> {
  const { scale = "quick", data, onProgress } = options;
  const { notebook } = await runNotebook(place.notebook, {
    env: { GRADBOOK_SCALE: scale, ...(data === undefined ? {} : { GRADBOOK_DATA: data }) },
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  await writeFolder(place.folder, await buildReport(notebook, { notebook: basename(place.notebook), scale }));
}
