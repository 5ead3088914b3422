import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second, whatever the machine. */
const tick = 10;

/** Milliseconds that a process has computed so far; undefined where the system does not tell. */
export function cpuTimeOf(pid: number): number | undefined {
  if (process.platform === "linux") return fromProc(pid);
  return process.platform === "win32" ? undefined : fromPs(pid);
}

function fromProc(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name in brackets may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return undefined;
  }
}

/** Bytes of memory that a process holds; undefined where the system does not tell. */
export function memoryOf(pid: number): number | undefined {
  if (process.platform === "win32") return undefined;
  const kibibytes = Number(process.platform === "linux" ? residentIn(`/proc/${pid}/status`) : ps("rss", pid));
  return kibibytes > 0 ? 1024 * kibibytes : undefined;
}

function residentIn(status: string): string | undefined {
  try {
    return /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(status, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

function ps(field: string, pid: number): string {
  const { stdout } = spawnSync("ps", ["-o", `${field}=`, "-p", String(pid)], { encoding: "utf8" });
  return (stdout ?? "").trim();
}

/** `1-02:03:04`, `02:03.45` */
function fromPs(pid: number): number | undefined {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(ps("time", pid));
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
