import { configError, valueInWords } from "./error.js";
import { isArrayLike, option, type RequiredOption } from "./options.js";

/** A kind of object, known by what it has: the library's own classes are not the only ones that will do. */
export interface Shape {
  /** `"a model"` */
  readonly expected: string;
  /** Names that it has to have. */
  readonly has: readonly string[];
  /** How one is made. */
  readonly cure: string;
}

/**
 * Looks at an argument, for callers without a compiler.
 * @param what the function that is called, and the argument's name
 * @throws GradbookError that names what is missing
 */
export function assertMembers(what: string, role: string, value: unknown, shape: Shape): void {
  const lacking = lacks(value, shape.has);
  if (lacking?.length === 0) return;
  const some = lacking !== undefined && lacking.length < shape.has.length;
  const got = `${valueInWords(role, value)}${some ? ` without ${lacking.join(", ")}` : ""}`;
  throw configError(what, got, shape.expected, cureOfFunction(value) ?? shape.cure);
}

/** @throws GradbookError when the value is no list, of whatever kind */
export function assertList(what: string, role: string, value: ArrayLike<unknown>, expected = "a list"): void {
  if (isArrayLike(value)) return;
  throw configError(what, valueInWords(role, value), expected);
}

/** What `assertMembers` looks at, as an option of a function. */
export function objectOption<T>({ expected, has, cure }: Shape): RequiredOption<T> {
  return option(
    expected,
    (value) => (lacks(value, has)?.length === 0 ? (value as T) : undefined),
    (value) => {
      const lacking = lacks(value, has) ?? [];
      const some = lacking.length > 0 && lacking.length < has.length;
      return (some ? `It lacks ${lacking.join(", ")}. ` : "") + (cureOfFunction(value) ?? cure);
    },
  );
}

function lacks(value: unknown, has: readonly string[]): string[] | undefined {
  return typeof value === "object" && value !== null ? has.filter((name) => !(name in value)) : undefined;
}

/** A maker was passed in place of what it makes. */
function cureOfFunction(value: unknown): string | undefined {
  if (typeof value !== "function") return undefined;
  const name = value.name || "f";
  return /^class\b/.test(String(value)) ? `Make one: new ${name}().` : `Call it: ${name}({ … }).`;
}
