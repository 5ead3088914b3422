import { type GradbookError, isPromise, ownCodeError, withoutAsync } from "@gradbook/base";

/**
 * What a callback answered.
 * @returns whether it asks to end the run
 * @throws GradbookError for a Promise, for which nobody waits, and for a word that means nothing
 */
export function isStop(callback: "onEpoch" | "onStep", answer: unknown): boolean {
  if (answer === "stop") return true;
  if (isPromise(answer)) throw refused(callback, "returned a Promise", withoutAsync(callback));
  if (typeof answer === "string")
    throw refused(callback, `returned ${JSON.stringify(answer)}`, 'Return "stop" to end the run.');
  if (typeof answer === "boolean")
    warnOnce(`fit: ${callback} returned ${answer}, which has no effect: only "stop" ends a run.`);
  return false;
}

function refused(name: string, got: string, cure: string): GradbookError {
  return ownCodeError(`fit, ${name}`, got, "a plain function", cure);
}

const warned = new Set<string>();

/** Says something once in a process: a notebook that trains in a loop is not filled with it. */
export function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  console.warn(text);
}

/** Likewise, for what is no more than worth knowing. */
export function informOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  console.info(text);
}
