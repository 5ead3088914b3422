import { existsSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { FileSet } from "./folder.js";
import { filesBelow, type ReportInputs } from "./inputs.js";
import { sha256 } from "./sha256.js";

/** `manifest.json`: what a report was made from, and the digest of each of its files. */
export interface Manifest {
  readonly title: string;
  readonly facts: readonly string[];
  readonly inputs: ReportInputs;
  readonly files: Readonly<Record<string, string>>;
}

export const manifestName = "manifest.json";

export function manifestText(parts: Omit<Manifest, "files">, files: FileSet): string {
  const digests = [...files].map(([path, content]) => [path, sha256(content)] as const);
  const manifest: Manifest = {
    ...parts,
    files: Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The manifest of a report's folder; null when there is none that can be read. */
export function readManifest(folder: string): Manifest | null {
  const file = join(folder, manifestName);
  if (!existsSync(file)) return null;
  try {
    const manifest: Manifest = JSON.parse(readFileSync(file, "utf8"));
    const { inputs, files, facts, title } = manifest;
    const whole =
      typeof inputs === "object" &&
      typeof files === "object" &&
      Array.isArray(facts) &&
      typeof title === "string";
    return whole ? manifest : null;
  } catch {
    return null;
  }
}

/**
 * Why a report is not what its inputs would give now, one sentence each; empty when it is up to date.
 * @param now digests of the inputs as they are
 */
export function staleness(folder: string, now: ReportInputs): readonly string[] {
  if (!existsSync(folder)) return ["there is no report yet"];
  const manifest = readManifest(folder);
  if (manifest === null) return [`${manifestName} is missing or cannot be read`];
  const { inputs, files } = manifest;
  const reasons: string[] = [];
  if (inputs.notebook !== now.notebook) reasons.push("the notebook has changed");
  if (inputs.library !== now.library) reasons.push("the library has changed");
  if (inputs.scale !== now.scale) reasons.push(`it was made at ${inputs.scale} scale, not ${now.scale}`);
  // A data set that is not on this machine says nothing about the one that the report was made from.
  if (inputs.data !== now.data && !now.data.includes('"missing"')) reasons.push("the data has changed");
  const here = new Set(filesBelow(folder).map((file) => relative(folder, file).split(sep).join("/")));
  here.delete(manifestName);
  for (const [path, digest] of Object.entries(files)) {
    if (!here.delete(path)) reasons.push(`${path} is missing`);
    else if (sha256(readFileSync(join(folder, path))) !== digest) reasons.push(`${path} was changed by hand`);
  }
  for (const path of here) reasons.push(`${path} does not belong to it`);
  return reasons;
}
