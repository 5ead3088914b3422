import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { GradbookError } from "@gradbook/base";
import { collect, runnerPath, writeJobList } from "./job-list.js";
import type { Work } from "./work.js";

/** Milliseconds between two looks at the folder. */
const LOOK = 500;

/**
 * GNU parallel: the way between one machine and a cluster. With `--sshloginfile FILE` among its arguments the runs go
 * to several machines that see the same folder (O. Tange, "GNU Parallel 2018").
 */
export async function gnuParallel(work: Work): Promise<void> {
  const list = writeJobList(work);
  let waiting = [...work.todo];
  const look = setInterval(() => {
    waiting = collect(work, waiting);
  }, LOOK);
  let message: string;
  try {
    message = await call(work, list);
  } finally {
    clearInterval(look);
  }
  waiting = collect(work, waiting);
  if (work.signal.aborted) return;
  for (const job of waiting) work.onFailure(job, message === "" ? "parallel ended without it" : message);
}

/** @returns the last line of what it complained about */
function call(work: Work, list: string): Promise<string> {
  const jobs = work.jobs ?? availableParallelism();
  const args = [
    "--will-cite",
    `--jobs=${jobs}`,
    ...work.arguments,
    `GRADBOOK_THREADS=1 ${shellWord(process.execPath)} ${shellWord(runnerPath())} ${shellWord(list)} {}`,
    ":::",
    ...work.todo.map((_, i) => String(i)),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("parallel", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    let errors = "";
    child.stderr.on("data", (text: Buffer) => {
      errors = `${errors}${text}`.slice(-2000);
    });
    // a group of its own: killing parallel alone would leave its runs behind
    const kill = () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    };
    work.signal.addEventListener("abort", kill, { once: true });
    child.on("error", (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "ENOENT" ? missing("parallel", cause) : cause),
    );
    child.on("close", () => {
      work.signal.removeEventListener("abort", kill);
      resolve(errors.trim().split("\n").slice(-1)[0]);
    });
  });
}

function missing(program: string, cause: unknown): GradbookError {
  return new GradbookError(
    {
      code: "program",
      what: "sweep: engine parallel",
      got: `no program ${program} on this machine`,
      expected: "GNU parallel",
      cure: "Debian and Ubuntu: apt install parallel; macOS: brew install parallel. Engine local needs nothing.",
    },
    { cause },
  );
}

/** A word that a POSIX shell takes as it is. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
