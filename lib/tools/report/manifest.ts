import { readFileSync } from "node:fs";
import { join } from "node:path";
import { osError, sha256, systemCode } from "@gradbook/base";
import type { FileSet } from "./folder.js";
import type { ReportInputs } from "./inputs.js";

/** `manifest.json`: what a report was made from, and the digest of each of its files. */
export interface Manifest {
  readonly title: string;
  readonly facts: readonly string[];
  readonly inputs: ReportInputs | FormerInputs;
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of the manifest without this entry. Reports of 0.1.0 have none. */
  readonly self?: string;
}

/** As reports of 0.1.0 have them: one digest for all code of the library. */
export interface FormerInputs extends Omit<ReportInputs, "executed" | "rendered"> {
  readonly library: string;
}

export function isFormer(inputs: Manifest["inputs"]): inputs is FormerInputs {
  return !("executed" in inputs);
}

export const manifestName = "manifest.json";
/** The first figure, in one size: what a list of reports shows of this one. */
export const previewName = "preview.png";

export function manifestText(parts: Omit<Manifest, "files" | "self">, files: FileSet): string {
  const digests = [...files].map(([path, content]) => [path, sha256(content)] as const);
  return sealed({ ...parts, files: Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1))) });
}

function sealed({ self: _, ...manifest }: Manifest): string {
  return stringify({ ...manifest, self: sha256(stringify(manifest)) });
}

function stringify(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The manifest of a report's folder; null when there is none, or it is none of ours. */
export function readManifest(folder: string): Manifest | null {
  return parse(folder)?.manifest ?? null;
}

/** The same, when nobody has changed it since: byte for byte as it was written. */
export function readOwnManifest(folder: string): Manifest | null {
  const found = parse(folder);
  if (found === null) return null;
  const { manifest, text } = found;
  return text === (manifest.self === undefined ? stringify(manifest) : sealed(manifest)) ? manifest : null;
}

function parse(folder: string): { readonly manifest: Manifest; readonly text: string } | null {
  const path = join(folder, manifestName);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "EISDIR", "ELOOP"].includes(systemCode(cause) ?? "")) return null;
    throw osError(cause, { path, doing: "read" });
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    // no JSON: somebody else's, or a damaged one, which says nothing either
    return null;
  }
  return isManifest(manifest) ? { manifest, text } : null;
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false;
  const { title, facts, inputs, files, self, ...others } = value;
  return (
    Object.keys(others).length === 0 &&
    (self === undefined || isText(self)) &&
    typeof title === "string" &&
    Array.isArray(facts) &&
    facts.every(isText) &&
    isObject(inputs) &&
    ["notebook", "data", "scale"].every((key) => isText(inputs[key])) &&
    (isText(inputs.library) || (isText(inputs.executed) && isText(inputs.rendered))) &&
    isObject(files) &&
    Object.values(files).every(isText) &&
    Object.keys(files).every(isInside)
  );
}

/** A path that does not lead out of the folder. */
function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
