import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { osError, systemCode } from "../errors/os-error.js";
import { host, isRunning } from "./owner.js";

/** A holder on another computer that has not been heard of for so long is gone; it touches the file ten times as often. */
const timeoutMs = 30_000;
const pollMs = 250;

export interface LockOptions {
  /** Told once, when another process is at work. */
  readonly onWait: () => void;
  /** How the reader chooses another location, for errors. Default: he cannot. */
  readonly elsewhere?: string;
}

/**
 * Lets only one process at a time do `work`: the file is made at the beginning and removed at the end. The lock of a
 * process that was killed is void.
 * @param path the lock file; its folder is there
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  for (let waits = 0; !acquire(path, options); waits++) {
    if (waits === 1) options.onWait(); // not at once: a process that was just killed may take a moment to be gone
    await sleep(pollMs);
  }
  const beat = setInterval(() => touch(path), timeoutMs / 10).unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(path, { force: true });
  }
}

function acquire(path: string, options: LockOptions): boolean {
  if (create(path, options)) return true;
  if (!isVoid(path)) return false;
  rmSync(path, { force: true });
  return create(path, options);
}

function create(path: string, { elsewhere }: LockOptions): boolean {
  try {
    writeFileSync(path, `${host} ${process.pid}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    // the lock is of no interest to anybody: what cannot be written to is the folder
    rmSync(path, { force: true });
    throw osError(error, {
      path: dirname(path),
      doing: "write",
      elsewhere,
    });
  }
}

function isVoid(path: string): boolean {
  try {
    const [owner, pid] = readFileSync(path, "utf8").split(" ");
    const age = Date.now() - statSync(path).mtimeMs;
    // between its creation and its content a lock is empty
    if (owner === host && pid !== undefined) return !isRunning(Number(pid));
    return age > timeoutMs;
  } catch (error) {
    // gone meanwhile: the next try gets it
    if (systemCode(error) === "ENOENT") return false;
    throw osError(error, { path, doing: "read" });
  }
}

/** The file may be gone: somebody who thought this process dead has taken it over. */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // an owner whose lock was taken goes on; what it does is whole by itself (renames)
  }
}
