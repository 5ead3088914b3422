import { lstatSync } from "node:fs";
import { join } from "node:path";
import { isDerived } from "./derived.js";
import type { ReportInputs } from "./inputs.js";
import { isFormer, manifestName, readManifest } from "./manifest.js";
import { strangers } from "./ownership.js";

/**
 * Why a report is not what its inputs would give now.
 *
 * - `input`: it has to run again
 * - `notebook`: it has to run again, unless only its text has changed
 * - `rendering`, `missing`, `derived`: it is made again from its executed notebook, without a run. `derived` says
 *   nothing against the report: git does not keep those files
 * - `changed`: somebody has edited a file
 * - `stranger`: something else stands in the folder, which says nothing about the report itself
 */
export interface Staleness {
  readonly kind: "input" | "notebook" | "rendering" | "missing" | "derived" | "changed" | "stranger";
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
  if (inputs.notebook !== now.notebook) reasons.push({ kind: "notebook", text: "the notebook has changed" });
  if (isFormer(inputs)) {
    reasons.push(
      input("an earlier gradbook made it, which did not say what code of the library it executed"),
    );
  } else {
    if (inputs.files !== now.files) reasons.push(input("a file that the notebook uses has changed"));
    if (inputs.executed !== now.executed) reasons.push(input("the code that the notebook uses has changed"));
    if (inputs.rendered !== now.rendered)
      reasons.push({ kind: "rendering", text: "the code that renders it has changed" });
  }
  if (inputs.scale !== now.scale)
    reasons.push(input(`it was made at ${inputs.scale} scale, not ${now.scale}`));
  if (inputs.kernel !== now.kernel) reasons.push(input("it was made with another kernel"));
  const isOver = ({ title, authors = [] }: Pick<ReportInputs, "title" | "authors">) =>
    JSON.stringify([title, authors]);
  if (isOver(inputs) !== isOver(now))
    reasons.push({ kind: "rendering", text: "its title or authors have changed" });
  if (isOtherData(inputs.data, now.data)) reasons.push(input("the data has changed"));
  const missing = Object.keys(files).filter(
    (path) => lstatSync(join(folder, path), { throwIfNoEntry: false }) === undefined,
  );
  for (const path of missing.filter((path) => !isDerived(path)))
    reasons.push({ kind: "missing", text: `${path} is missing` });
  const derived = missing.filter(isDerived).length;
  if (derived > 0)
    reasons.push({
      kind: "derived",
      text: `${derived} ${derived === 1 ? "file is" : "files are"} not derived yet`,
    });
  for (const { path, why } of strangers(folder)) {
    if (why === "changed") reasons.push({ kind: "changed", text: `${path} was changed by hand` });
    else reasons.push({ kind: "stranger", text: `${path} does not belong to it` });
  }
  return reasons;
}

/** A data set that is not on this machine says nothing about the one that the report was made from. */
function isOtherData(before: string, now: string): boolean {
  if (before === now) return false;
  if (!before.startsWith("[") || !now.startsWith("[")) return true;
  const known = new Map<string, string>(JSON.parse(before));
  const here: readonly (readonly [string, string])[] = JSON.parse(now);
  return here.some(([key, digest]) => digest !== "missing" && known.get(key) !== digest);
}

/** Whether the inputs lack MNIST, for which something else may have stood in. */
export function isMissing(data: string): boolean {
  return data.includes('["mnist","missing"]');
}
