import { configError } from "@gradbook/base";

/** What happens where MNIST is missing: a warning and training images, the same on purpose, or an error. */
export type StandInPolicy = "warn" | "allow" | "refuse";

export const standInVariable = "GRADBOOK_STAND_IN";

/** What `$GRADBOOK_STAND_IN` says. Default: warn. */
export function standInPolicy(): StandInPolicy {
  const text = process.env[standInVariable] ?? "";
  if (text === "") return "warn";
  if (text === "warn" || text === "allow" || text === "refuse") return text;
  throw configError(standInVariable, JSON.stringify(text), "warn, allow or refuse");
}
