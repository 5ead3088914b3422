import { homedir } from "node:os";

/** The user's home folder; undefined for a user without one: HOME is not set, and the system does not know him. */
export function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    // the only way in which Node says it
    return undefined;
  }
}
