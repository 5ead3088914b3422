import { readFileSync } from "node:fs";
import type { Exit } from "./kernel-process.js";

/** What is known of a process that has ended. */
export interface Death {
  readonly exit: Exit;
  /** What it wrote to its own stdout and stderr at the end. */
  readonly lastWords: string;
  /** What Node said of memory that had run out, behind its last account of the heap. */
  readonly memoryWords: string;
  /** Processes that the system has killed for their memory since the kernel was started. */
  readonly memoryKills: number;
}

/** Why a kernel has ended, as far as there is proof, and what can be done. */
export function explainDeath(death: Death): { readonly got: string; readonly cure: string } {
  const { exit, lastWords } = death;
  const how = exitText(exit);
  const memory = memoryCause(death);
  if (memory !== undefined)
    return { got: `${memory.why}, and the kernel's process ended (${how})`, cure: memory.cure };
  const words = lastWords === "" ? "" : `; its last output:\n${lastWords}\n`;
  return { got: `the kernel's process ended (${how})${words}`, cure: usualCure(death) };
}

/** How a process ended: `signal SIGKILL`, `exit code 1`. */
export function exitText({ code, signal }: Exit): string {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? "it could not be started" : `exit code ${code}`;
}

function memoryCause({ exit, memoryWords, memoryKills }: Death): { why: string; cure: string } | undefined {
  if (/heap out of memory|ERR_WORKER_OUT_OF_MEMORY/i.test(memoryWords)) {
    const limit = Math.round(Number(/\(([\d.]+)\) MB/.exec(memoryWords)?.[1]) || 0);
    const full = limit === 0 ? "" : ` at ${limit} MB`;
    return {
      why: `JavaScript's heap was full${full}`,
      cure: `Keep less in memory (typed arrays do not count), or let it have more: NODE_OPTIONS=--max-old-space-size=${2 * (limit || 4096)} (MB).`,
    };
  }
  if (memoryWords !== "")
    return {
      why: "the system gave it no more memory",
      cure: "Keep less in memory; ulimit -v shows a limit, free -m what there is.",
    };
  if (isKilled(exit) && memoryKills > 0)
    return {
      why: "the system has killed a process for its memory",
      cure: "Keep less in memory, or give the machine, the container or the job more.",
    };
  return undefined;
}

function usualCure({ exit, lastWords }: Death): string {
  const { code, signal } = exit;
  if (isKilled(exit))
    return "It was killed from outside: by a user, or by a limit of the machine, the container or the job.";
  if (signal !== null && /^SIG(?:ABRT|SEGV|BUS|ILL|FPE|TRAP|SYS)$/.test(signal))
    return "Native code has failed, that of a package or Node's own; running the cell's parts one by one shows which.";
  if (signal !== null) return "Another process asked it to terminate.";
  if (code === null) return "Is the kernel's program installed?";
  return lastWords === ""
    ? "If a cell, or a package that it uses, calls process.exit: leave that out."
    : "Its last output says why.";
}

/** A shell between reports a signal as 128 and its number. */
const isKilled = ({ code, signal }: Exit): boolean => signal === "SIGKILL" || code === 137;

/** What Node, V8 and C++ say when memory runs out. */
export const memoryWord = /out of memory|std::bad_alloc|OUT_OF_MEMORY/i;

/** How many processes the system has killed for their memory since it was started; 0 where it doesn't tell. */
export function countMemoryKills(): number {
  return Math.max(...["/proc/vmstat", "/sys/fs/cgroup/memory.events"].map(readCount));
}

function readCount(path: string): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
  } catch {
    // Not Linux, or not its newer way of counting.
    return 0;
  }
}
