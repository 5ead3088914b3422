import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { GradbookError, sha256, writeAtomic } from "@gradbook/base";
import type { Job } from "../job.js";
import { canonical } from "../plain-data.js";
import type { Work } from "./work.js";

/** What a process on another machine needs to make any run of a sweep: one JSON file in the sweep's folder. */
export interface JobList {
  readonly module: string;
  readonly export: string;
  readonly folder: string;
  readonly todo: readonly Job[];
}

/** The file that makes runs, `node FILE LIST INDEX`. By its name in the package: this module may be part of a bundle. */
export function runnerPath(): string {
  return createRequire(import.meta.url).resolve("@gradbook/core/run-job");
}

/** @returns the list's path; two sweeps in one folder have two lists */
export function writeJobList({ module, export: name, todo, store }: Work): string {
  const list: JobList = { module, export: name, folder: store.folder, todo };
  const digest = sha256(canonical(list)).slice(0, 16);
  const path = join(store.folder, "lists", `${digest}.json`);
  writeAtomic(path, JSON.stringify(list));
  for (const { key } of todo) rmSync(failurePath(store.folder, key), { force: true });
  return path;
}

export function readJobList(path: string): JobList {
  try {
    const list: JobList = JSON.parse(readFileSync(path, "utf8"));
    if (Array.isArray(list.todo)) return list;
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error));
  }
  throw damaged(path, "no list of jobs in it");
}

function damaged(path: string, got: string): GradbookError {
  return new GradbookError({
    code: "file",
    what: path,
    got,
    expected: "a job list, as gradbook sweep writes it",
  });
}

/** Where a run that failed leaves its reason. */
export function failurePath(folder: string, key: string): string {
  return join(folder, "failures", `${key}.txt`);
}

/** Tells of every job of the work that has a result or a reason by now, and returns those that have neither. */
export function collect(work: Work, waiting: readonly Job[]): Job[] {
  return waiting.filter((job) => {
    if (work.store.has(job)) {
      work.onFinished(job);
      return false;
    }
    const failure = failurePath(work.store.folder, job.key);
    if (!existsSync(failure)) return true;
    work.onFailure(job, readFileSync(failure, "utf8"));
    return false;
  });
}
