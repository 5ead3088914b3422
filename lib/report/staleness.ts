import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { ReportInputs } from "./inputs.js";
import { manifestName, readManifest } from "./manifest.js";
import { strangers } from "./ownership.js";

/** Why a report is not what its inputs would give now. */
export interface Staleness {
  /** `stranger`: something else stands in the folder, which says nothing about the report itself. */
  readonly kind: "input" | "missing" | "changed" | "stranger";
  /** One sentence. */
  readonly text: string;
}

/**
 * Empty when the report is up to date.
 * @param now digests of the inputs as they are
 */
export function staleness(folder: string, now: ReportInputs): readonly Staleness[] {
  const input = (text: string): Staleness => ({ kind: "input", text });
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [input("there is no report yet")];
  const manifest = readManifest(folder);
  if (manifest === null) return [input(`${manifestName} is missing or cannot be read`)];
  const { inputs, files } = manifest;
  const reasons: Staleness[] = [];
  if (inputs.notebook !== now.notebook) reasons.push(input("the notebook has changed"));
  if (inputs.library !== now.library) reasons.push(input("the library has changed"));
  if (inputs.scale !== now.scale)
    reasons.push(input(`it was made at ${inputs.scale} scale, not ${now.scale}`));
  // A data set that is not on this machine says nothing about the one that the report was made from.
  if (inputs.data !== now.data && !isMissing(now.data)) reasons.push(input("the data has changed"));
  for (const path of Object.keys(files)) {
    if (lstatSync(join(folder, path), { throwIfNoEntry: false }) === undefined)
      reasons.push({ kind: "missing", text: `${path} is missing` });
  }
  for (const { path, why } of strangers(folder)) {
    if (why === "changed") reasons.push({ kind: "changed", text: `${path} was changed by hand` });
    else reasons.push({ kind: "stranger", text: `${path} does not belong to it` });
  }
  return reasons;
}

/** Whether the inputs lack a data set, for which something else may have stood in. */
export function isMissing(data: string): boolean {
  return data.includes('"missing"');
}
