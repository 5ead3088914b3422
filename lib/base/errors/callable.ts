import { ownCodeError } from "./error.js";

/** @throws GradbookError when a function can only return a promise or an iterator, for which nobody waits */
export function assertPlainFunction(what: string, name: string, value: unknown): void {
  const tag = Object.prototype.toString.call(value);
  const refuse = (got: string, cure: string) => {
    throw ownCodeError(`${what}, ${name}`, got, "a plain function", cure);
  };
  if (tag === "[object AsyncFunction]" || tag === "[object AsyncGeneratorFunction]")
    refuse("is async", withoutAsync(name));
  if (tag === "[object GeneratorFunction]")
    refuse("is a generator", `Its body would never run: make ${name} a function without *.`);
}

/** The cure for a function that returns a promise. */
export const withoutAsync = (name: string): string =>
  `Training is one synchronous call and waits for nothing: make ${name} a function without async.`;
