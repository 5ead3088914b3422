import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GradbookError, onDisk, removeDeadDrafts, sha256, shownPath, writeAtomic } from "@gradbook/base";
import type { Finished, Job } from "./job.js";
import { jobName } from "./job.js";

const elsewhere = "--out DIR";

/**
 * The folder of a sweep: one JSON file for each finished run, named by its content address, written atomically.
 * So a sweep may be killed at any moment, several processes or machines may fill the same folder, and a changed grid
 * takes over what it shares with the old one.
 *
 *     results/<key>.json        a finished run
 *     checkpoints/<key>.ckpt    where `run` may keep the state of an unfinished one
 *     table.csv                 all finished runs, and in .table.csv.sha256 what was written there
 */
export class Store {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The finished run of a job; undefined when there is none, or its file is damaged: then the run is made again. */
  read({ key }: Job): Finished | undefined {
    const path = this.#resultPath(key);
    if (!existsSync(path)) return undefined;
    const text = onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8"));
    try {
      const found: unknown = JSON.parse(text);
      return isFinished(found, key) ? found : undefined;
    } catch {
      // no JSON: written by a version that could be cut in the middle
      return undefined;
    }
  }

  has(job: Job): boolean {
    return this.read(job) !== undefined;
  }

  write(finished: Finished): void {
    writeAtomic(
      this.#resultPath(finished.key),
      `${JSON.stringify({ name: jobName(finished), ...finished })}\n`,
      { elsewhere },
    );
    rmSync(this.checkpoint(finished), { force: true });
  }

  /** A file for the state of an unfinished run; its folder is there. */
  checkpoint({ key }: Job): string {
    const folder = join(this.folder, "checkpoints");
    onDisk({ path: folder, doing: "write", elsewhere }, () => mkdirSync(folder, { recursive: true }));
    return join(folder, `${key}.ckpt`);
  }

  /** Removes what killed processes have left half-written. */
  clean(): void {
    for (const inner of ["", "results", "checkpoints", "lists", "slurm"])
      removeDeadDrafts(join(this.folder, inner));
  }

  get tablePath(): string {
    return join(this.folder, "table.csv");
  }

  /** @throws GradbookError when a table.csv is there that gradbook has not written, or that was changed since */
  assertOwnTable(): void {
    const path = this.tablePath;
    const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
    if (found === undefined || (found.isFile() && this.#writtenTables().includes(sha256(readFileSync(path)))))
      return;
    throw new GradbookError({
      code: "foreign",
      what: shownPath(path),
      got: "it is not the table as gradbook wrote it",
      cure: `It was not touched. Move it away, or choose another location with ${elsewhere}.`,
    });
  }

  writeTable(csv: string): void {
    this.assertOwnTable();
    // the old digest stays until the new table is there: whoever is killed in between still knows the one that is
    const digests = [sha256(csv), ...this.#writtenTables().slice(0, 1)];
    writeAtomic(this.#tableMark, `${digests.join("\n")}\n`, { elsewhere });
    writeAtomic(this.tablePath, csv, { elsewhere });
  }

  get #tableMark(): string {
    return join(this.folder, ".table.csv.sha256");
  }

  /** Digests of the table that was written last, and of the one before. */
  #writtenTables(): readonly string[] {
    const path = this.#tableMark;
    if (!existsSync(path)) return [];
    return onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8"))
      .split("\n")
      .filter(Boolean);
  }

  #resultPath(key: string): string {
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
