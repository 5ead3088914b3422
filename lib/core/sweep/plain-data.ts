import { GradbookError, inWords } from "@gradbook/base";

/** What a run may return: anything that JSON holds without loss. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainRecord;
export interface PlainRecord {
  readonly [key: string]: PlainValue;
}

/**
 * A finished run is a JSON file, and JSON turns NaN into null and a typed array into an object without saying so: then
 * a resumed sweep would return something else than the first one did. So both are refused, with their place.
 * @param what whose result it is
 */
export function assertPlain(what: string, value: unknown, path = "result"): void {
  const refuse = (got: string, cure?: string): never => {
    throw new GradbookError({
      code: "sweep-result",
      what,
      got: `${path} is ${got}`,
      expected: "plain JSON (strings, finite numbers, booleans, null, arrays, objects)",
      cure,
    });
  };
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) refuse(String(value), "Write null for what could not be measured.");
    return;
  }
  if (ArrayBuffer.isView(value)) refuse(`a ${value.constructor.name}`, "Array.from(…) makes a list of it.");
  if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) assertPlain(what, inner, `${path}[${i}]`);
    return;
  }
  if (typeof value !== "object") {
    refuse(inWords(value), path === "result" && value === undefined ? "Is its return missing?" : undefined);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // a record made in another realm (a notebook's) has that realm's Object.prototype, whose own prototype is null
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    refuse(`an object of class ${value.constructor.name}`, "Return its numbers in a plain object.");
  }
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) assertPlain(what, inner, `${path}.${key}`);
  }
}

/** JSON with sorted keys: the same text for the same value, whatever order its keys were written in. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
