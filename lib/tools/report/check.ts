import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "@gradbook/base";
import { readNotebook } from "@gradbook/kernel/internal";
import { buildReport } from "./build.js";
import { isDerived } from "./derived.js";
import type { FileSet } from "./folder.js";
import { reportInputs } from "./inputs.js";
import { isFormer, type Manifest, manifestName, readManifest } from "./manifest.js";
import type { ReportPlace } from "./place.js";
import { keptFor } from "./report.js";
import { staleness } from "./staleness.js";

/** What `--check` finds out about a report. */
export interface Checked {
  /** One sentence for each finding. */
  readonly findings: readonly string[];
  /** Files that git does not keep and that are not here; their digests were compared all the same. */
  readonly notDerived: number;
}

/**
 * Everything in which a report differs from what it should be: inputs that have changed, files that were changed, and
 * bytes that come out differently when the page and the figures are made again from the executed notebook.
 */
export async function checkReport(
  place: ReportPlace,
  scale: string,
  data: string | undefined,
): Promise<Checked> {
  const manifest = readManifest(place.folder);
  const notebook = await readNotebook(place.notebook);
  const { standIn, title, authors, kernel } = manifest?.inputs ?? {};
  const inputs = await reportInputs(notebook, manifest?.inputs.scale ?? scale, data, {
    folder: dirname(place.notebook),
    ...(standIn === undefined ? {} : { standIn }),
    ...(title === undefined ? {} : { title }),
    ...(authors === undefined ? {} : { authors }),
    ...(kernel === undefined ? {} : { kernel }),
  });
  const stale = staleness(place.folder, inputs).filter(({ kind }) => kind !== "derived");
  const isKept = keptFor(place, notebook, stale) !== null;
  const findings = stale.map(({ kind, text }) => {
    if (kind === "input" || (kind === "notebook" && !isKept)) return `${text}: it has to run again`;
    const isRendered = kind === "rendering" || kind === "notebook";
    return isRendered ? `${text}: gradbook report renders it again, without a run` : text;
  });
  const executed = join(place.folder, basename(place.notebook));
  if (manifest === null || isFormer(manifest.inputs) || !existsSync(executed))
    return { findings, notDerived: 0 };
  const again = await buildReport(await readNotebook(executed), {
    notebook: basename(place.notebook),
    inputs: manifest.inputs,
  });
  const isGone = (path: string) => isDerived(path) && !existsSync(join(place.folder, path));
  return {
    findings: [...findings, ...differences(place.folder, again, manifest.files)],
    notDerived: Object.keys(manifest.files).filter(isGone).length,
  };
}

/**
 * Files whose bytes are not those on the disk, each with the first byte that differs; of one that is not there, whether
 * it has the digest that is listed.
 */
export function differences(folder: string, files: FileSet, listed: Manifest["files"]): string[] {
  const found = Object.keys(listed)
    .filter((path) => !files.has(path))
    .map((path) => `${path} is no longer produced`);
  for (const [path, content] of files) {
    if (path === manifestName) continue;
    if (!Object.hasOwn(listed, path)) found.push(`${path} is produced, but ${manifestName} does not list it`);
    else if (!existsSync(join(folder, path))) {
      if (sha256(content) !== listed[path]) found.push(`${path} differs from what was derived before`);
    } else {
      const old = readFileSync(join(folder, path));
      const fresh = Buffer.from(content);
      if (old.equals(fresh)) continue;
      const at = fresh.findIndex((byte, i) => byte !== old[i]);
      const first = at < 0 ? Math.min(fresh.length, old.length) : at;
      found.push(
        `${path} differs when rebuilt: ${fresh.length} bytes, was ${old.length}; first difference at byte ${first}`,
      );
    }
  }
  return found;
}
