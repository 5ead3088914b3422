import { rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { configError, GradbookError, writeAtomic } from "@gradbook/base";
import { execute, type RunFunction } from "../execute.js";
import type { Job } from "../job.js";
import { Store } from "../store.js";
import { failurePath, readJobList } from "./job-list.js";

/**
 * The process that makes runs. As a child of a sweep it is told its jobs by messages; GNU parallel and Slurm call it
 * with a job list: `node run-job.js LIST INDEX [STRIDE]` makes the runs INDEX, INDEX + STRIDE, … (by default only
 * INDEX) and leaves each result, or the reason of a failure, in the sweep's folder.
 */
export interface RunnerRequest {
  readonly module: string;
  readonly export: string;
  readonly folder: string;
  readonly job: Job;
}

export type RunnerReply =
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly reason: string };

const threads = Number(process.env.GRADBOOK_THREADS ?? 1);

async function makeRun(request: RunnerRequest, progress: (done: number) => void): Promise<void> {
  const store = new Store(request.folder);
  const loaded: Record<string, unknown> = await import(pathToFileURL(request.module).href);
  const run = loaded[request.export];
  if (!isRun(run)) {
    throw configError(
      request.module,
      `no function ${request.export} among its exports (${Object.keys(loaded).join(", ") || "none"})`,
      `export function ${request.export}(setting, seed, context)`,
    );
  }
  store.write(
    await execute(request.job, run, { checkpoint: store.checkpoint(request.job), threads, progress }),
  );
}

function isRun(value: unknown): value is RunFunction {
  return typeof value === "function";
}

function reasonOf(error: unknown): string {
  if (error instanceof GradbookError) return error.message;
  return error instanceof Error
    ? (error.stack ?? error.message).split("\n").slice(0, 3).join(" ")
    : String(error);
}

/** Every run of the list from `first` in steps of `stride`; one that is there already is not made again. */
async function runList(path: string, first: number, stride: number): Promise<number> {
  const { module, export: name, folder, todo } = readJobList(path);
  let failures = 0;
  for (let i = first; i < todo.length; i += stride) {
    const job = todo[i];
    const failure = failurePath(folder, job.key);
    rmSync(failure, { force: true });
    if (new Store(folder).has(job)) continue;
    try {
      await makeRun({ module, export: name, folder, job }, () => {});
    } catch (error) {
      failures++;
      writeAtomic(failure, reasonOf(error));
      console.error(reasonOf(error));
    }
  }
  return failures === 0 ? 0 : 1;
}

function serve(reply: (message: RunnerReply) => void): void {
  process.on("message", (request: RunnerRequest) => {
    makeRun(request, (done) => reply({ kind: "progress", done })).then(
      () => reply({ kind: "finished" }),
      (error) => reply({ kind: "failed", reason: reasonOf(error) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
}

const [list, first, stride] = process.argv.slice(2);
if (process.send !== undefined && list === undefined) serve((message) => process.send?.(message));
else process.exitCode = await runList(list, Number(first), Number(stride ?? Number.POSITIVE_INFINITY));
