import { lstatSync, readFileSync } from "node:fs";
import { GradbookError, type JsonObject, onDisk, sha256, shownPath } from "@gradbook/base";
import { type Notebook, parseNotebook, record, stringifyNotebook } from "@gradbook/kernel/internal";

/**
 * A notebook that can be known again as a result that gradbook wrote and nobody changed since: its metadata hold the
 * SHA-256 of its text without that entry (`metadata.gradbook.written`).
 */
export function stamp(notebook: Notebook): Notebook {
  const bare = withoutStamp(notebook);
  const gradbook = { ...record(bare.metadata.gradbook), written: sha256(stringifyNotebook(bare)) };
  return { ...bare, metadata: { ...bare.metadata, gradbook } };
}

function withoutStamp(notebook: Notebook): Notebook {
  const { gradbook, ...metadata } = notebook.metadata;
  const { written: _, ...others }: JsonObject = record(gradbook);
  const kept: JsonObject = Object.keys(others).length === 0 ? {} : { gradbook: others };
  return { ...notebook, metadata: { ...metadata, ...kept } };
}

/** Whether the text of a file is a result as gradbook wrote it. */
export function isStamped(text: string): boolean {
  let notebook: Notebook;
  try {
    notebook = parseNotebook(text, "");
  } catch (error) {
    if (error instanceof GradbookError) return false;
    throw error;
  }
  return text === stringifyNotebook(stamp(notebook));
}

/**
 * @param path where a result is to go; the file may be missing
 * @param elsewhere how the reader names another place
 * @throws GradbookError when something stands there that gradbook has not written, or that was changed since
 */
export function assertOwnNotebook(path: string, elsewhere: string): void {
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  const text = found.isFile() ? onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")) : undefined;
  if (text !== undefined && isStamped(text)) return;
  const got = found.isSymbolicLink()
    ? "it is a symbolic link"
    : found.isFile()
      ? "gradbook did not write it, or it has been changed since"
      : "it is not a file";
  throw new GradbookError({
    code: "foreign",
    what: shownPath(path),
    got,
    cure: `It was not touched. Move it away, or choose another location with ${elsewhere}.`,
  });
}
