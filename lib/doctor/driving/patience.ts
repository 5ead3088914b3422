/**
 * Milliseconds that this process has worked since `start`. A busy machine makes everything slow but leaves this number
 * as it is: what is found within some work must not depend on who else works.
 */
export function workedSince(start: NodeJS.CpuUsage): number {
  return process.cpuUsage(start).user / 1000;
}
