import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onDisk } from "../errors/os-error.js";
import { host, isRunning } from "./owner.js";

/**
 * Everything that is written appears first under a name like this one, beside its place: `.gradbook-HOST-PID-RANDOM`.
 * It says whose it is, so that a later start can clear away what a killed process left, and nothing else. It does not
 * hold the name of the place, which may be as long as the file system allows.
 */
export function draftPath(folder: string): string {
  return join(folder, `.gradbook-${host}-${process.pid}-${randomBytes(6).toString("hex")}`);
}

const pattern = /^\.gradbook-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/;

/** Milliseconds after which a draft of another computer, whose processes cannot be looked at, is left over. */
const foreignAge = 24 * 3600_000;

/**
 * Removes the drafts of processes that are no more. What such a process had moved out of the way without putting
 * anything in its place (see `replaceFolder`) is moved back.
 */
export function removeDeadDrafts(folder: string): void {
  if (!existsSync(folder)) return;
  const names = onDisk({ path: folder, doing: "read" }, () => readdirSync(folder));
  for (const name of names) {
    const path = join(folder, name);
    if (!isDeadDraft(name, path)) continue;
    onDisk({ path: folder, doing: "write" }, () => {
      putBack(join(path, "old"), folder);
      rmSync(path, { recursive: true, force: true });
    });
  }
}

function isDeadDraft(name: string, path: string): boolean {
  const [, owner, pid] = pattern.exec(name) ?? [];
  if (owner === undefined) return false;
  if (owner === host) return !isRunning(Number(pid));
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > foreignAge;
}

function putBack(old: string, folder: string): void {
  if (!existsSync(old)) return;
  for (const name of readdirSync(old)) {
    if (!existsSync(join(folder, name))) renameSync(join(old, name), join(folder, name));
  }
}
