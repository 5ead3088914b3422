import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Job } from "../job.js";
import { runnerPath } from "./job-list.js";
import type { RunnerReply, RunnerRequest } from "./run-job.js";
import type { Work } from "./work.js";

/** Processes of this machine, each with one thread and one run at a time; a process that dies is replaced. */
export async function local(work: Work): Promise<void> {
  const waiting = [...work.todo];
  const most = Math.min(work.jobs ?? availableParallelism(), waiting.length);
  await Promise.all(Array.from({ length: most }, () => lane(work, waiting)));
}

/** Takes one job after another from the common list, in a process of its own. */
async function lane(work: Work, waiting: Job[]): Promise<void> {
  let child: ChildProcess | undefined;
  const kill = () => child?.kill("SIGKILL");
  work.signal.addEventListener("abort", kill);
  try {
    while (!work.signal.aborted) {
      const job = waiting.shift();
      if (job === undefined) break;
      if (child === undefined || hasEnded(child)) child = start();
      const reason = await runIn(child, work, job);
      if (reason === undefined) work.onFinished(job);
      else if (!work.signal.aborted) work.onFailure(job, reason);
    }
  } finally {
    work.signal.removeEventListener("abort", kill);
    kill();
  }
}

/** Its channel may close later than it ends: a job that is sent meanwhile would be lost with it. */
function hasEnded({ exitCode, signalCode, connected }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null || !connected;
}

function start(): ChildProcess {
  return fork(runnerPath(), [], {
    env: { ...process.env, GRADBOOK_THREADS: "1" },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** @returns why it failed; undefined when its result is in the store */
function runIn(child: ChildProcess, work: Work, job: Job): Promise<string | undefined> {
  return new Promise((resolve) => {
    let errors = "";
    const onText = (text: Buffer) => {
      errors = `${errors}${text}`.slice(-2000);
    };
    const end = (reason: string | undefined) => {
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      child.stderr?.off("data", onText);
      resolve(reason);
    };
    const onMessage = (message: RunnerReply) => {
      if (message.kind === "progress") work.onProgress(job, message.done);
      else end(message.kind === "finished" ? undefined : message.reason);
    };
    const onExit = (code: number | null, signal: string | null) => {
      const last = errors.trim().split("\n").slice(-1)[0];
      end(`its process ended with ${signal ?? `code ${code}`}${last === "" ? "" : ` (${last})`}`);
    };
    const onError = (error: Error) => end(error.message);
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
    child.stderr?.on("data", onText);
    const request: RunnerRequest = {
      module: work.module,
      export: work.export,
      folder: work.store.folder,
      job,
    };
    child.send(request);
  });
}
