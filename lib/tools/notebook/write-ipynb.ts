import { basename } from "node:path";
import { writeAtomic } from "@gradbook/base";
import { type Notebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { keepElsewhere } from "./keep-elsewhere.js";
import { assertOwnNotebook, stamp } from "./own-notebook.js";

/**
 * Writes the result of a run: whole or not at all, stamped as ours (see `stamp`), over nothing but an earlier result
 * that nobody has changed. A result that its place does not take is kept elsewhere.
 * @param elsewhere how the reader names another place. Default `"--out FILE"`
 */
export async function writeNotebook(
  path: string,
  notebook: Notebook,
  elsewhere = "--out FILE",
): Promise<void> {
  await keepElsewhere(notebook, basename(path), () => {
    assertOwnNotebook(path, elsewhere);
    writeAtomic(path, stringifyNotebook(stamp(notebook)), { elsewhere });
  });
}
