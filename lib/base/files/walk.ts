import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { onDisk } from "../errors/os-error.js";
import { isFolder } from "./project.js";

export interface Found {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly kind: "file" | "link" | "empty folder" | "other";
}

/** Everything in a folder and the folders in it, sorted by path. Links are found, not followed. */
export function walk(folder: string): Found[] {
  return [...entries(folder, "")].sort(byPath);
}

function* entries(folder: string, inner: string): Generator<Found> {
  for (const entry of list(join(folder, inner))) {
    const path = inner === "" ? entry.name : `${inner}/${entry.name}`;
    if (!entry.isDirectory()) yield { path, kind: kindOf(entry) };
    else if (list(join(folder, path)).length === 0) yield { path, kind: "empty folder" };
    else yield* entries(folder, path);
  }
}

function list(folder: string): Dirent[] {
  return onDisk({ path: folder, doing: "read" }, () => readdirSync(folder, { withFileTypes: true }));
}

function kindOf(entry: Dirent): Found["kind"] {
  if (entry.isFile()) return "file";
  return entry.isSymbolicLink() ? "link" : "other";
}

/** The regular files of a folder, links followed, each real folder once; sorted. */
export function filesBehind(folder: string, seen: ReadonlySet<string> = new Set()): string[] {
  const real = realpathSync(folder);
  if (seen.has(real)) return [];
  const known = new Set([...seen, real]);
  return list(folder)
    .flatMap(({ name }) => {
      const path = join(folder, name);
      if (isFolder(path)) return filesBehind(path, known);
      return isRegularFile(path) ? [path] : [];
    })
    .sort();
}

function isRegularFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // a link that leads nowhere or in a circle
    return false;
  }
}

function byPath(a: Found, b: Found): number {
  return a.path < b.path ? -1 : 1;
}
