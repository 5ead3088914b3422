import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GradbookError } from "../errors/error.js";

/** The files of a report: path inside its folder → content. */
export type FileSet = ReadonlyMap<string, string | Uint8Array>;

/**
 * Writes a folder as a whole: first beside its place, then by renaming. Whoever stops this half-way still has the old
 * folder; two writers at once end with the folder of one of them, never a mixture.
 */
export async function writeFolder(folder: string, files: FileSet): Promise<void> {
  const parent = dirname(folder);
  const tag = randomBytes(6).toString("hex");
  const draft = join(parent, `.${basename(folder)}.${tag}.new`);
  const old = join(parent, `.${basename(folder)}.${tag}.old`);
  try {
    await mkdir(draft, { recursive: true });
    for (const [path, content] of files) {
      await mkdir(dirname(join(draft, path)), { recursive: true });
      await writeFile(join(draft, path), content);
    }
    for (let attempt = 1; ; attempt++) {
      await rename(folder, old).catch(ignoreMissing);
      try {
        await rename(draft, folder);
        break;
      } catch (error) {
        // Another writer put its folder there in between: that one becomes the old one.
        if (attempt === 5) throw error;
        await rm(old, { recursive: true, force: true });
      }
    }
  } catch (cause) {
    throw new GradbookError(
      {
        code: "report-folder",
        what: folder,
        got: `the report cannot be written (${errorCode(cause)})`,
        cure: "Check the folder's permissions, or name another one with --out.",
      },
      { cause },
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== "ENOENT") throw error;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
