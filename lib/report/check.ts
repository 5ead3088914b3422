import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readNotebook } from "../notebook/read-ipynb.js";
import { buildReport } from "./build.js";
import type { FileSet } from "./folder.js";
import { reportInputs } from "./inputs.js";
import { manifestName, readManifest } from "./manifest.js";
import type { ReportPlace } from "./place.js";
import { staleness } from "./staleness.js";

/**
 * Everything in which a report differs from what it should be: inputs that have changed, files that were changed, and
 * bytes that come out differently when the page and the figures are made again from the executed notebook.
 * @returns one sentence for each finding
 */
export async function checkReport(
  place: ReportPlace,
  scale: string,
  data: string | undefined,
): Promise<readonly string[]> {
  const manifest = readManifest(place.folder);
  const inputs = reportInputs(await readNotebook(place.notebook), manifest?.inputs.scale ?? scale, data, {
    folder: dirname(place.notebook),
    ...(manifest?.inputs.standIn === undefined ? {} : { standIn: true }),
  });
  const stale = staleness(place.folder, inputs).map(({ text }) => text);
  const executed = join(place.folder, basename(place.notebook));
  if (manifest === null || !existsSync(executed)) return stale;
  const again = await buildReport(await readNotebook(executed), {
    notebook: basename(place.notebook),
    inputs: manifest.inputs,
  });
  return [...stale, ...differences(place.folder, again)];
}

/** Files whose bytes are not those on the disk, each with the first byte that differs. */
export function differences(folder: string, files: FileSet): string[] {
  const found: string[] = [];
  for (const [path, content] of files) {
    if (path === manifestName || !existsSync(join(folder, path))) continue;
    const old = readFileSync(join(folder, path));
    const fresh = Buffer.from(content);
    if (old.equals(fresh)) continue;
    const at = fresh.findIndex((byte, i) => byte !== old[i]);
    const first = at < 0 ? Math.min(fresh.length, old.length) : at;
    found.push(
      `${path} differs when rebuilt: ${fresh.length} bytes, was ${old.length}; first difference at byte ${first}`,
    );
  }
  return found;
}
