import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onDisk } from "../errors/os-error.js";
import { writeAtomic } from "./write-atomic.js";

/**
 * Makes a folder for what can be made again, with a .gitignore that keeps it out of anybody's repository. A folder
 * that is there is left as it is: it may be somebody's own.
 */
export function makeIgnoredFolder(path: string, elsewhere?: string): void {
  const place = elsewhere === undefined ? {} : { elsewhere };
  const made = onDisk({ path, doing: "write", ...place }, () => mkdirSync(path, { recursive: true }));
  if (made !== undefined) writeAtomic(join(path, ".gitignore"), "*\n", place);
}
