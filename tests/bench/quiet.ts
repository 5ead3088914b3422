import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Time that the cores were busy, in ticks of 10 ms: for whomever, and for our own processes. */
export interface Busy {
  readonly everyone: number;
  readonly own: number;
  readonly at: number;
}

/** Part of the cores' time that others may use before a round no longer counts. */
const TOLERANCE = 0.03;
/** Counters jump by whole ticks, one for each of our processes and each core. */
const ROUNDING_TICKS = 4;

/** @param pids the processes that take part in a measurement; undefined where the system does not count so */
export function readBusy(pids: readonly number[]): Busy | undefined {
  if (process.platform !== "linux") return undefined;
  // cpu user nice system idle iowait irq softirq steal: all but idle and iowait
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  let own = 0;
  for (const pid of pids) own += ticksOf(pid);
  return { everyone: user + nice + system + irq + softirq + steal, own, at: performance.now() };
}

/** User and system time of a process and of its children that have ended. */
function ticksOf(pid: number): number {
  try {
    // the name, second field, may hold spaces and parentheses
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  } catch {
    return 0;
  }
}

/** The part of all cores' time between two looks that somebody else used; 0 … 1. */
export function othersShare(before: Busy, after: Busy, cores: number = cpus().length): number {
  const capacity = ((after.at - before.at) / 10) * cores;
  const others = after.everyone - before.everyone - (after.own - before.own);
  return Math.max(0, others - ROUNDING_TICKS) / capacity;
}

export function isQuiet(before: Busy | undefined, after: Busy | undefined): boolean {
  return before === undefined || after === undefined || othersShare(before, after) <= TOLERANCE;
}
