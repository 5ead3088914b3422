import { mkdirSync, statfsSync } from "node:fs";
import { GradbookError } from "../../errors/error.js";
import { shownPath } from "../read-file.js";

/** Makes the folder and refuses to begin what can't end: checked before the first byte is fetched. */
export function prepareFolder(folder: string, neededBytes: number): void {
  onDisk(folder, () => mkdirSync(folder, { recursive: true }));
  const { bavail, bsize } = onDisk(folder, () => statfsSync(folder));
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  throw new GradbookError({
    code: "disk",
    what: shownPath(folder),
    got: `${megabytes(free)} free`,
    expected: `${megabytes(neededBytes)} for the download and what it unpacks to`,
    cure: "Make room, or name another folder with --folder DIR.",
  });
}

/** Does `work`; what the disk refuses (full, read-only, no permission) becomes an error with the file's name. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(path, cause);
  }
}

export function diskError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause;
  return new GradbookError(
    {
      code: "disk",
      what: shownPath(path),
      got: `can't be written (${cause.message})`,
      cure: "Is the disk full or the folder read-only? --folder DIR names another one.",
    },
    { cause },
  );
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
