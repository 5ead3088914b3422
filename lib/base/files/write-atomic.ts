import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { onDisk } from "../errors/os-error.js";
import { draftPath } from "./drafts.js";

export interface AtomicOptions {
  /** How the reader chooses another location, for errors: `"--out FILE"`. Default: he cannot. */
  readonly elsewhere?: string;
  /** Access rights of the file. Default: what the process gives to all its files. */
  readonly mode?: number;
}

/**
 * Writes a file as a whole: beside its place, on the disk, then renamed. Whoever reads it sees the old content or the
 * new one, also after a crash; when it cannot be written nothing is left and the old content stays. Folders that are
 * missing are made. Whether a file that is there may be replaced is for the caller to know.
 *
 * @param content a list is written part by part, so that a large file is not held in memory once more
 * @throws GradbookError with the cure of what the operating system says
 */
export function writeAtomic(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  options: AtomicOptions = {},
): void {
  const parts = isList(content) ? content : [content];
  const bytes = parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  const { mode, ...elsewhere } = options;
  onDisk({ path, doing: "write", bytes, ...elsewhere }, () => {
    mkdirSync(dirname(path), { recursive: true });
    const draft = draftPath(dirname(path));
    try {
      const file = openSync(draft, "wx", mode);
      try {
        for (const part of parts) writeFileSync(file, part);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  });
}

function isList(content: string | Uint8Array | readonly Uint8Array[]): content is readonly Uint8Array[] {
  return Array.isArray(content);
}
