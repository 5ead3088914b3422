import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { GradbookError, isSealed, seal, shellComment, writeAtomic } from "@gradbook/base";
import type { Job } from "../job.js";
import { shellWord } from "./gnu-parallel.js";
import { collect, runnerPath, writeJobList } from "./job-list.js";
import type { Work } from "./work.js";

const execute = promisify(execFile);

/** Slurm's default limit is an array of 1001 tasks; a longer list is dealt out to 1000 tasks in turns. */
const MOST_TASKS = 1000;
/** Milliseconds between two looks at the queue and the folder. */
const LOOK = 2000;

/**
 * A Slurm job array: writes the script, submits it, waits and collects. The folder and the project have to be on a file
 * system that the nodes see. A call that is stopped leaves the array running, and the next one waits for it.
 */
export async function slurm(work: Work): Promise<void> {
  const folder = join(work.store.folder, "slurm");
  mkdirSync(folder, { recursive: true });
  let waiting: Job[] = [...work.todo];
  const earlier = submitted(folder);
  if (earlier !== undefined && (await isQueued(earlier))) {
    work.onNote(`array job ${earlier} of an earlier call is still there: waiting for it`);
    waiting = await wait(work, waiting, earlier, false);
  }
  rmSync(join(folder, "submitted"), { force: true });
  if (waiting.length === 0 || work.signal.aborted) return;
  const id = await submit({ ...work, todo: waiting }, folder);
  await wait(work, waiting, id, true);
  if (!work.signal.aborted) rmSync(join(folder, "submitted"), { force: true });
}

/** @param last whether a job that the array leaves without a result has failed */
async function wait(work: Work, todo: Job[], id: string, last: boolean): Promise<Job[]> {
  let waiting = todo;
  for (;;) {
    // first the queue, then the folder: a run that ends in between is seen
    const queued = await isQueued(id);
    waiting = collect(work, waiting);
    if (waiting.length === 0) return waiting;
    if (work.signal.aborted) {
      work.onNote(`array job ${id} goes on: the same call collects its results, scancel ${id} ends it`);
      return waiting;
    }
    if (!queued) break;
    await sleep(LOOK, undefined, { signal: work.signal }).catch(() => {});
  }
  if (last) {
    for (const job of waiting)
      work.onFailure(job, `array job ${id} ended without it; see ${work.store.folder}/slurm`);
  }
  return waiting;
}

/** The script of the array; a person can read it, change it and submit it again. */
export function arrayScript(
  work: Pick<Work, "name" | "todo" | "jobs">,
  list: string,
  folder: string,
): string {
  const tasks = Math.min(work.todo.length, MOST_TASKS);
  return `#!/bin/sh
# ${work.todo.length} runs of the sweep ${work.name}; each leaves its result in the sweep's folder.
#SBATCH --job-name=${work.name.replace(/[^\w.-]/g, "_")}
#SBATCH --array=0-${tasks - 1}${work.jobs === undefined ? "" : `%${work.jobs}`}
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --output=${folder}/%A_%a.log
export GRADBOOK_THREADS="\${SLURM_CPUS_PER_TASK:-1}"
exec ${shellWord(process.execPath)} ${shellWord(runnerPath())} ${shellWord(list)} "$SLURM_ARRAY_TASK_ID" ${tasks}
`;
}

async function submit(work: Work, folder: string): Promise<string> {
  const script = join(folder, "array.sh");
  refuseChangedScript(script);
  writeAtomic(script, seal(arrayScript(work, writeJobList(work), folder), shellComment));
  const { stdout } = await program("sbatch", ["--parsable", ...work.arguments, script]);
  const id = stdout.trim().split(";")[0];
  writeAtomic(join(folder, "submitted"), id);
  work.onNote(`submitted array job ${id} with ${work.todo.length} runs; its script: ${script}`);
  return id;
}

/** A person may change the script and submit it again: that change is not ours to undo. */
function refuseChangedScript(script: string): void {
  if (!existsSync(script) || isSealed(readFileSync(script, "utf8"), shellComment)) return;
  throw new GradbookError({
    code: "foreign",
    what: script,
    got: "it is not the script as gradbook wrote it",
    cure: "It was not touched. Move it away, or choose another location with --out DIR.",
  });
}

function submitted(folder: string): string | undefined {
  const path = join(folder, "submitted");
  if (!existsSync(path)) return undefined;
  const id = readFileSync(path, "utf8").trim();
  return /^\d+$/.test(id) ? id : undefined;
}

async function isQueued(id: string): Promise<boolean> {
  try {
    const { stdout } = await program("squeue", ["--noheader", "--format=%T", `--jobs=${id}`]);
    return stdout.trim() !== "";
  } catch (error) {
    // Slurm forgets a job some minutes after its end
    if (error instanceof GradbookError && error.got.includes("Invalid job id")) return false;
    throw error;
  }
}

async function program(name: string, args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await execute(name, [...args]);
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new GradbookError(
      {
        code: "program",
        what: `sweep: engine slurm (${name})`,
        got: missing ? `no program ${name} on this machine` : said,
        expected: missing ? "a machine that can submit to Slurm" : "Slurm to answer",
        cure: missing ? "Engines local and parallel need no cluster." : undefined,
      },
      { cause },
    );
  }
}
