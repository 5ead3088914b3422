import { mkdirSync } from "node:fs";
import { freeBytes, GradbookError, megabytes, onDisk, osError, shownPath } from "@gradbook/base";

const elsewhere = "--folder DIR";

/** Makes the folder and refuses to begin what can't end: checked before the first byte is fetched. */
export function prepareFolder(folder: string, neededBytes: number): void {
  onDisk({ path: folder, doing: "write", elsewhere }, () => mkdirSync(folder, { recursive: true }));
  const free = freeBytes(folder);
  if (free === undefined || free >= neededBytes) return;
  throw new GradbookError({
    code: "file",
    what: shownPath(folder),
    got: `${megabytes(free)} free`,
    expected: `${megabytes(neededBytes)} for the download and what it unpacks to`,
    cure: `Make room, or choose another folder with ${elsewhere}.`,
  });
}

/** What the disk refuses (full, read-only, no permission), as an error with the file's name. */
export function diskError(path: string, cause: unknown, bytes?: number): unknown {
  return osError(cause, { path, doing: "write", elsewhere, bytes });
}
