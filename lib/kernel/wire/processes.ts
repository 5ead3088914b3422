import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The kernel's own children, which no interrupt may touch. */
const ownTools = /--service=\S+ --ping|--lsp -stdio/;

/** Ends, with everything below them, the kernel's children that are not in `spare`. @returns how many were told */
export function signalChildren(signal: NodeJS.Signals, spare: ReadonlySet<number>): number {
  const processes = listProcesses();
  const doomed = processes
    .filter(
      ({ pid, parent, command }) => parent === process.pid && !spare.has(pid) && !ownTools.test(command),
    )
    .map(({ pid }) => pid);
  // The list grows while it is walked: children of children.
  for (const pid of doomed) for (const child of processes) if (child.parent === pid) doomed.push(child.pid);
  for (const pid of doomed) signalProcess(pid, signal);
  return doomed.length;
}

/** False when there is no such process any more. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // Another user's process is there although it may not be signalled.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function listProcesses(): Process[] {
  if (process.platform === "linux") return listProc();
  if (process.platform === "win32") return [];
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  return table.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] }];
  });
}

function listProc(): Process[] {
  const found: Process[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // The command's name in parentheses may hold anything, so the fields are counted from its end.
      const stat = readFileSync(`/proc/${entry}/stat`, "latin1");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const command = readFileSync(`/proc/${entry}/cmdline`, "latin1").replaceAll("\0", " ");
      found.push({ pid: Number(entry), parent, command });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/**
 * Calls `gone` when the front end that started this kernel is no more, even if it was killed without a word. Jupyter
 * names itself in JPY_PARENT_PID; a kernel started by hand has no such parent and lives on.
 */
export function watchParent(gone: () => void): void {
  const parent = Number(process.env.JPY_PARENT_PID ?? 0);
  if (!Number.isInteger(parent) || parent <= 1) return;
  const direct = process.ppid === parent;
  setInterval(() => {
    if (direct ? process.ppid !== parent : !signalProcess(parent, 0)) gone();
  }, 500).unref();
}
