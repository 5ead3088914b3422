import { usageError } from "@gradbook/base";

/**
 * A roll number as it stands in a file's name: letters, digits and single hyphens between them, at least one digit, in lower
 * case. `CS21B001` → `cs21b001`, `CS-21-B-001` → `cs-21-b-001`, `2018000001` as it is
 * @throws GradbookError for everything else, so that no path and no shell character gets into a name
 */
export function parseRoll(text: string): string {
  if (/^(?=.*\d)(?=.{3,24}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(text)) return text.toLowerCase();
  throw usageError(
    "roll number",
    JSON.stringify(text),
    "3 to 24 letters, digits and hyphens between them, at least one digit, e.g. CS21B001",
  );
}
