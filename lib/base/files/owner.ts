import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { sha256 } from "./sha256.js";

/** This computer in eight hex digits: a folder on a network may be shared with processes of another one. */
export const host: string = sha256(hostname()).slice(0, 8);

/** By how much (milliseconds) the clock may have been set while a process ran. */
const clockChange = 600_000;

/**
 * Whether a process of this computer runs, also one of another user.
 * @param since when it was seen, in milliseconds: what has started later is another process with its number. Default: now
 */
export function isRunning(pid: number, since = Date.now()): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const { state, started } = statusOf(pid);
  // Of a zombie only the number is left. The clock may have been set in the meantime.
  return state !== "Z" && started <= since + clockChange;
}

/** What a process does, and when it was started in milliseconds: "" and 0 where the system does not tell. */
function statusOf(pid: number): { readonly state: string; readonly started: number } {
  try {
    // The command's name in parentheses may hold anything, so the fields are counted from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1]);
    // In hundredths of a second since the machine was started.
    return { state: fields[0], started: (boot + Number(fields[19]) / 100) * 1000 || 0 };
  } catch {
    // Not Linux, or it is gone: its number alone has to do.
    return { state: "", started: 0 };
  }
}
