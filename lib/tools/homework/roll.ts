import { usageError } from "@gradbook/base";

/**
 * A roll number as it stands in a file's name: letters and digits, at least one of each, in lower case.
 * `CS21B001` → `cs21b001`
 * @throws GradbookError for everything else, so that no path and no shell character gets into a name
 */
export function parseRoll(text: string): string {
  if (/^(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9]{5,15}$/.test(text)) return text.toLowerCase();
  throw usageError(
    "roll number",
    JSON.stringify(text),
    "5 to 15 letters and digits, at least one of each, e.g. CS21B001",
  );
}
