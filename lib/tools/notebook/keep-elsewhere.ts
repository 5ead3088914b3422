import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GradbookError } from "@gradbook/base";
import { type Notebook, stringifyNotebook } from "@gradbook/kernel/internal";

/**
 * Writes the result of a run. When its place does not take it (a full disk, a file of somebody's own that has appeared
 * there), the executed notebook is kept among the system's temporary files, and the error says where: the run may have
 * taken hours.
 */
export async function keepElsewhere(
  notebook: Notebook,
  name: string,
  write: () => void | Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof GradbookError)) throw error;
    const kept = keep(notebook, name);
    if (kept === undefined) throw error;
    const cure = `${error.cure ?? ""} The executed notebook is kept as ${kept}.`.trim();
    throw new GradbookError({ ...error, cure }, { cause: error });
  }
}

/** @returns undefined when not even this is possible: then the first error says why */
function keep(notebook: Notebook, name: string): string | undefined {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "gradbook-kept-"));
    writeFileSync(join(folder, name), stringifyNotebook(notebook));
    return join(folder, name);
  } catch {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}
