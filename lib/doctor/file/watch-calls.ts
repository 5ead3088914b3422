import type { ChildProcess } from "node:child_process";
import { slots } from "./channel.js";
import { cpuTimeOf, memoryOf } from "./usage.js";

/** How often it is looked at whether a call still computes, in milliseconds. */
const lookMs = 100;

/** Megabytes that the heap of the process with the code may have, and bytes from which on it counts as full. */
export const heapMegabytes = 512;
const full = 0.75 * heapMegabytes * 1024 * 1024;

/** Why a call was given up. */
export type GivenUp = "endless" | "waits" | "memory";

/** A call that does not compute is given up after this many times its limit of computing. */
const slack = 10;

/**
 * Gives a call up that has computed for too long, by the CPU time of its process: what else the machine does is not
 * counted. One that waits is given up too, but proves nothing.
 */
export function watchCalls(
  child: ChildProcess,
  flag: Int32Array,
  { cpuMs }: { readonly cpuMs: number },
  giveUp: (how: GivenUp) => void,
): void {
  const { pid = 0 } = child;
  // collecting garbage in a full heap computes too, and on a busy machine for long; a process that is just ending holds
  // nothing any more, so the most that was seen counts
  let held = 0;
  let call = 0;
  let since = 0;
  let before: number | undefined;
  const timer = setInterval(() => {
    const now = Atomics.load(flag, slots.call);
    const cpu = now === 0 ? undefined : cpuTimeOf(pid);
    if (now !== call) {
      call = now;
      since = performance.now();
      before = cpu;
      held = 0;
      return;
    }
    if (call === 0) return;
    const limit = cpuMs * Atomics.load(flag, slots.patience);
    held = Math.max(held, memoryOf(pid) ?? 0);
    if (cpu !== undefined && before !== undefined && cpu - before > limit)
      giveUp(held > full ? "memory" : "endless");
    // where the system does not tell what is computed, the time on the wall is all there is
    else if (performance.now() - since > slack * limit) giveUp(cpu === undefined ? "endless" : "waits");
  }, lookMs);
  child.on("exit", () => clearInterval(timer));
}
