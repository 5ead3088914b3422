import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onDisk } from "../errors/os-error.js";
import { host, isRunning } from "./owner.js";

const pattern = /^gradbook-[a-z]+-([0-9a-f]{8})-(\d+)-\w{6}$/;

/**
 * A new folder among the system's temporary ones that only this user can read; the caller removes it. Folders of
 * processes that were killed before they could are removed first.
 * @param kind one word for those who look into the folder: `"run"`
 */
export function temporaryFolder(kind: string): string {
  const parent = tmpdir();
  return onDisk({ path: parent, doing: "write", elsewhere: "the variable TMPDIR" }, () => {
    removeDeadFolders(parent);
    return mkdtempSync(join(parent, `gradbook-${kind}-${host}-${process.pid}-`));
  });
}

/** Removes what a process had among the system's temporary folders, after the caller has killed it. */
export function removeTemporaryFoldersOf(pid: number): void {
  try {
    removeFolders(tmpdir(), (owner) => owner === pid);
  } catch {
    // The folder of temporary files is gone, and with it what was in there.
  }
}

function removeDeadFolders(parent: string): void {
  removeFolders(parent, (owner, changed) => !isRunning(owner, changed));
}

/** Only this user's, and only real folders: a link of that name leads to somebody else's. */
function removeFolders(parent: string, isLeft: (pid: number, changed: number) => boolean): void {
  for (const name of readdirSync(parent)) {
    const [, owner, pid] = pattern.exec(name) ?? [];
    if (owner !== host) continue;
    const path = join(parent, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) continue;
    if (isLeft(Number(pid), found.mtimeMs)) rmSync(path, { recursive: true, force: true });
  }
}
