import { relative } from "node:path";

/** A path as an error or a progress line shows it: from the current folder when that is shorter. */
export function shownPath(path: string): string {
  let here: string;
  try {
    here = process.cwd();
  } catch {
    // the current folder has been deleted: nothing can be shown relative to it
    return path;
  }
  const near = relative(here, path);
  return near.length > 0 && near.length < path.length ? near : path;
}
