import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  draftPath,
  GradbookError,
  onDisk,
  removeDeadDrafts,
  shownPath,
  systemCode,
  walk,
} from "@gradbook/base";
import { foreignFolder, isClutter } from "./ownership.js";

/** The files of a report: path inside its folder → content; one of them is its manifest. */
export type FileSet = ReadonlyMap<string, string | Uint8Array>;

const elsewhere = "--out DIR";

/**
 * Writes a folder as a whole: first beside its place, then by renaming. Whoever stops this half-way still has the old
 * folder; two writers at once end with the folder of one of them, never a mixture. What stands there is replaced only
 * when all of it is ours (see `strangers`).
 *
 * @throws GradbookError when it cannot be written, or something in the old folder is not ours: then the new one is
 *   kept beside it, because it may be the result of hours
 */
export async function writeFolder(folder: string, files: FileSet): Promise<void> {
  const parent = dirname(folder);
  removeDeadDrafts(parent);
  const draft = draftPath(parent);
  const fresh = join(draft, "new", basename(folder));
  const old = join(draft, "old", basename(folder));
  try {
    fill(folder, fresh, files);
    onDisk({ path: folder, doing: "write", elsewhere }, () => {
      mkdirSync(dirname(old), { recursive: true });
      try {
        exchange(folder, fresh, old);
      } catch (error) {
        putBack(old, folder);
        throw error;
      }
    });
  } finally {
    discard(draft);
  }
}

function fill(folder: string, fresh: string, files: FileSet): void {
  const bytes = [...files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  onDisk({ path: folder, doing: "write", bytes, elsewhere }, () => {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeFileSync(join(fresh, path), content, { flag: "wx" });
    }
  });
}

/** Looks whose the old folder is when nobody can put anything into it any more: after it was moved away. */
function exchange(folder: string, fresh: string, old: string): void {
  for (let attempt = 1; ; attempt++) {
    const refusal = moveAway(folder, old);
    if (refusal !== undefined) throw keepingFresh(refusal, fresh, `${folder}.new`);
    try {
      renameSync(fresh, folder);
      break;
    } catch (cause) {
      // Another writer put its folder there in between: that one becomes the old one.
      if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(systemCode(cause) ?? "") || attempt === 5) throw cause;
      rmSync(old, { recursive: true, force: true });
    }
  }
  if (existsSync(old)) takeOverClutter(old, folder);
}

/** @returns why it must stay: then it stands where it was */
function moveAway(folder: string, old: string): GradbookError | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return foreignFolder(folder);
  renameSync(folder, old);
  const refusal = foreignFolder(old, folder);
  if (refusal !== undefined) putBack(old, folder);
  return refusal;
}

/** To where it stood; when something else stands there by now, beside it under a name that can be seen. */
function putBack(old: string, folder: string): void {
  if (existsSync(old)) renameSync(old, existsSync(folder) ? unusedName(`${folder}.old`) : folder);
}

function keepingFresh(refusal: GradbookError, fresh: string, wanted: string): GradbookError {
  const kept = unusedName(wanted);
  renameSync(fresh, kept);
  return new GradbookError({
    ...refusal,
    cure: `${refusal.cure} The new report is kept as ${shownPath(kept)}.`,
  });
}

function takeOverClutter(old: string, folder: string): void {
  for (const { path } of walk(old)) {
    if (!isClutter(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    renameSync(join(old, path), join(folder, path));
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { recursive: true, force: true });
  } catch {
    // what is left of it (a file that a program on Windows holds open) goes with the next call: removeDeadDrafts
  }
}

function unusedName(path: string): string {
  if (!existsSync(path)) return path;
  for (let k = 2; ; k++) if (!existsSync(`${path}-${k}`)) return `${path}-${k}`;
}
