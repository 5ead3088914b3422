/**
 * Milliseconds that this process, and the one with the examined code, have worked since `start`. A busy machine makes
 * everything slow but leaves this number as it is: what is found within some work must not depend on who else works.
 */
export function workedSince(start: number): number {
  return workedNow() - start;
}

let workedElsewhere = (): number => 0;

/** Milliseconds of work so far. */
export function workedNow(): number {
  return process.cpuUsage().user / 1000 + workedElsewhere();
}

export function setWorkedElsewhere(milliseconds: () => number): void {
  workedElsewhere = milliseconds;
}
