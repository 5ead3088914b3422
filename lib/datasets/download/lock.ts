import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { diskError } from "./disk.js";

/** A holder that has not been heard of for so long is gone (milliseconds); it touches the file ten times as often. */
const patience = 30_000;

/**
 * Lets only one process at a time write into `folder`: two notebooks that start together fetch the data once.
 * @param onWait told once, when another process is at work
 */
export async function withLock<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const path = join(folder, ".downloading");
  const own = `${hostname()} ${process.pid}`;
  for (let waits = 0; !acquire(path, own); waits++) {
    if (waits === 1) onWait(); // not at once: a process that was just killed may take a moment to be gone
    await sleep(250);
  }
  const beat = setInterval(() => touch(path), patience / 10).unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(path, { force: true });
  }
}

function acquire(path: string, own: string): boolean {
  if (create(path, own)) return true;
  if (!isStale(path)) return false;
  rmSync(path, { force: true });
  return create(path, own);
}

function create(path: string, own: string): boolean {
  try {
    writeFileSync(path, own, { flag: "wx" });
    return true;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST")
      throw diskError(path, error);
    return false;
  }
}

function isStale(path: string): boolean {
  try {
    const [host, pid] = readFileSync(path, "utf8").split(" ");
    if (host === hostname() && !isRunning(Number(pid))) return true;
    return Date.now() - statSync(path).mtimeMs > patience;
  } catch {
    return false; // gone meanwhile: the next try gets it
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The file may be gone: somebody who thought this process dead has taken it. The verified move stays harmless. */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    return;
  }
}
