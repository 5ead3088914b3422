import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GradbookError } from "@gradbook/base";
import { Artist } from "./artist.js";
import type { ReportPlace } from "./place.js";
import { type MadeReport, makeReport, type ReportOptions } from "./report.js";

/** How often it looks, and how long nothing must change before the PDF is made too. */
const pollMs = 200;
const quietMs = 5_000;

export interface WatchOptions extends ReportOptions {
  /** Ends the watch; the report is complete then. */
  readonly signal: AbortSignal;
  readonly onMade: (place: ReportPlace, made: MadeReport) => void;
  readonly onFailed: (place: ReportPlace, error: GradbookError) => void;
}

/**
 * Makes a report, and again whenever its notebook is saved: page and figures at once, from memory where they are the
 * same; the PDF, which takes seconds, when nothing has changed for a while. A notebook that fails is told and the watch
 * goes on.
 */
export async function watchReport(place: ReportPlace, options: WatchOptions): Promise<void> {
  const { signal, onMade, onFailed } = options;
  const artist = new Artist();
  const make = async (isDraft: boolean, stop?: AbortSignal): Promise<boolean> => {
    try {
      const made = await makeReport(place, { ...options, artist, isDraft, signal: stop });
      if (made.done !== "nothing") onMade(place, made);
      return isDraft;
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      if (!signal.aborted) onFailed(place, error);
      return false;
    }
  };
  let seen = "";
  let isDraft = false;
  let changedMs = 0;
  try {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const now = stamp(place.notebook);
      if (now !== seen) {
        seen = now;
        isDraft = await make(!isFirst, signal);
        changedMs = Date.now();
      } else if (isDraft && Date.now() - changedMs > quietMs) isDraft = await make(false, signal);
      await sleep(pollMs, undefined, { signal }).catch(() => {});
    }
    if (isDraft) await make(false);
  } finally {
    artist.end();
  }
}

/** Changes with every save; empty while an editor has put the file aside. */
function stamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.mtimeNs} ${stat.size} ${stat.ino}`;
}
