import { GradbookError, isPromise } from "../errors/error.js";

/**
 * What a callback answered.
 * @returns whether it asks to end the run
 * @throws GradbookError for a Promise, for which nobody waits, and for a word that means nothing
 */
export function isStop(callback: "onEpoch" | "onStep", answer: unknown): boolean {
  if (answer === "stop") return true;
  if (isPromise(answer)) throw refused(callback, "returned a Promise", asyncCure(callback));
  if (typeof answer === "string")
    throw refused(callback, `returned ${JSON.stringify(answer)}`, 'Return "stop" to end the run.');
  if (typeof answer === "boolean")
    warnOnce(`fit: ${callback} returned ${answer}, which has no effect: only "stop" ends a run.`);
  return false;
}

/** @throws GradbookError when a function can only return a promise or an iterator */
export function assertPlainFunction(name: string, value: unknown): void {
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object AsyncFunction]" || tag === "[object AsyncGeneratorFunction]")
    throw refused(name, "is async", asyncCure(name));
  if (tag === "[object GeneratorFunction]")
    throw refused(name, "is a generator", `Its body would never run: make ${name} a function without *.`);
}

const asyncCure = (name: string): string =>
  `Training is one synchronous call and waits for nothing: make ${name} a function without async.`;

function refused(name: string, got: string, cure: string): GradbookError {
  return new GradbookError({
    code: "callback",
    what: `fit, ${name}`,
    got,
    expected: "a plain function",
    cure,
  });
}

const warned = new Set<string>();

/** Says something once in a process: a notebook that trains in a loop is not filled with it. */
export function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  console.warn(text);
}

/** Likewise, for what is no more than worth knowing. */
export function tellOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  console.info(text);
}
