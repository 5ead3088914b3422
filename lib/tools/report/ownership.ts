import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, onDisk, sha256, shownPath, walk } from "@gradbook/base";
import { manifestName, readOwnManifest } from "./manifest.js";

/** Something in a report's folder that gradbook did not write, or that is no longer as it was written. */
export interface Stranger {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly why: "foreign" | "changed";
}

/**
 * Everything in a folder that is not ours. A file is ours when the folder's manifest, itself as it was written, lists
 * it with the digest that it has: no name and no place makes it so. Links are never ours.
 */
export function strangers(folder: string): readonly Stranger[] {
  const files = readOwnManifest(folder)?.files;
  return walk(folder).flatMap(({ path, kind }): Stranger[] => {
    if (isClutter(path)) return [];
    if (files !== undefined && path === manifestName && kind === "file") return [];
    if (files === undefined || !Object.hasOwn(files, path) || kind !== "file")
      return [{ path, why: "foreign" }];
    const file = join(folder, path);
    const content = onDisk({ path: file, doing: "read" }, () => readFileSync(file));
    return sha256(content) === files[path] ? [] : [{ path, why: "changed" }];
  });
}

/**
 * What file managers and Jupyter leave in every folder that they open. It says nothing about whose the folder is; it
 * is taken over into the new one.
 */
export function isClutter(path: string): boolean {
  return path
    .split("/")
    .some((name) => [".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"].includes(name));
}

/**
 * @param folder where a report is to go; it may be missing
 * @throws GradbookError naming what stands there that is not ours, or when it is no real folder
 */
export function assertOwnFolder(folder: string): void {
  const refusal = foreignFolder(folder);
  if (refusal !== undefined) throw refusal;
}

/**
 * The error of `assertOwnFolder`; undefined when the folder may be replaced.
 * @param shown the name that the reader knows the folder by, when it was moved away to be looked at
 */
export function foreignFolder(folder: string, shown = folder): GradbookError | undefined {
  const found = onDisk({ path: folder, doing: "read" }, () => lstatSync(folder, { throwIfNoEntry: false }));
  if (found === undefined) return undefined;
  const refused = (got: string, cure: string) =>
    new GradbookError({
      code: "foreign",
      what: shownPath(shown),
      got,
      cure: `Nothing was touched. ${cure}, or choose another location with --out DIR.`,
    });
  if (found.isSymbolicLink())
    return refused(`it is a symbolic link to ${readlinkSync(folder)}`, "Remove the link");
  if (!found.isDirectory()) return refused("it is a file", "Move it away");
  const others = strangers(folder);
  if (others.length === 0) return undefined;
  if (readOwnManifest(folder) === null) {
    return refused(
      `it is not a report of gradbook (no ${manifestName} of ours lists ${some(others)})`,
      "Rename the folder",
    );
  }
  const foreign = others.filter(({ why }) => why === "foreign");
  const changed = others.filter(({ why }) => why === "changed");
  const got = [
    ...(foreign.length === 0
      ? []
      : [`${some(foreign)} ${foreign.length === 1 ? "is" : "are"} not of the report`]),
    ...(changed.length === 0
      ? []
      : [
          `${some(changed)} ${changed.length === 1 ? "has" : "have"} been changed since gradbook wrote the report`,
        ]),
  ];
  return refused(got.join(", and "), "Move your files out of the folder");
}

/** The first three, and how many more. */
function some(others: readonly Stranger[]): string {
  const shown = others.slice(0, 3).map(({ path }) => path);
  const rest = others.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}
