import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished, Job } from "./job.js";
import { jobName } from "./job.js";

/**
 * The folder of a sweep: one JSON file for each finished run, named by its content address, written atomically.
 * So a sweep may be killed at any moment, several processes or machines may fill the same folder, and a changed grid
 * takes over what it shares with the old one.
 *
 *     results/<key>.json        a finished run
 *     checkpoints/<key>.ckpt    where `run` may keep the state of an unfinished one
 */
export class Store {
  constructor(readonly folder: string) {}

  /** The finished run of a job; undefined when there is none, or its file is damaged: then the run is made again. */
  read({ key }: Job): Finished | undefined {
    const path = this.resultPath(key);
    if (!existsSync(path)) return undefined;
    try {
      const found: unknown = JSON.parse(readFileSync(path, "utf8"));
      return isFinished(found, key) ? found : undefined;
    } catch {
      return undefined;
    }
  }

  has(job: Job): boolean {
    return this.read(job) !== undefined;
  }

  write(finished: Finished): void {
    mkdirSync(join(this.folder, "results"), { recursive: true });
    writeAtomic(
      this.resultPath(finished.key),
      `${JSON.stringify({ name: jobName(finished), ...finished })}\n`,
    );
    rmSync(this.checkpoint(finished), { force: true });
  }

  /** A file for the state of an unfinished run; its folder is there. */
  checkpoint({ key }: Job): string {
    mkdirSync(join(this.folder, "checkpoints"), { recursive: true });
    return join(this.folder, "checkpoints", `${key}.ckpt`);
  }

  private resultPath(key: string): string {
    return join(this.folder, "results", `${key}.json`);
  }
}

function isFinished(value: unknown, key: string): value is Finished {
  return (
    typeof value === "object" &&
    value !== null &&
    "result" in value &&
    "setting" in value &&
    "seconds" in value &&
    "key" in value &&
    value.key === key
  );
}

/** Whoever reads the file sees the old content or the new one, never a part. */
export function writeAtomic(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
