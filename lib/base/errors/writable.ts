import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { GradbookError } from "./error.js";
import { osError, systemCode } from "./os-error.js";
import { shownPath } from "./shown-path.js";

/**
 * Looks, before the hours of a run, whether its results can be written. Makes nothing: a folder that is missing needs
 * only a nearest one above it that is there.
 * @param elsewhere how the reader chooses another location
 * @throws GradbookError when the folder is a file, lies under one, has an impossible name, or may not be written
 */
export function assertWritableFolder(folder: string, elsewhere = "--out DIR"): void {
  assertPlace(folder, resolve(folder), elsewhere);
}

/** The same for a file, which may be there already but not as a folder. */
export function assertWritableFile(file: string, elsewhere = "--out FILE"): void {
  if (file === "") throw refusal('""', "it is not a path", elsewhere);
  const found = look(file, file, elsewhere);
  if (found?.isDirectory()) {
    throw refusal(shownPath(file), "it is a folder", elsewhere);
  }
  assertPlace(file, dirname(resolve(file)), elsewhere);
}

/** @param what the path that the reader knows; `folder` is the one that has to take it */
function assertPlace(what: string, folder: string, elsewhere: string): void {
  if (what === "") throw refusal('""', "it is not a path", elsewhere);
  let at = folder;
  let found = look(what, at, elsewhere);
  while (found === undefined && dirname(at) !== at) {
    at = dirname(at);
    found = look(what, at, elsewhere);
  }
  if (found !== undefined && !found.isDirectory()) {
    throw refusal(shownPath(what), `${shownPath(at)} is a file`, elsewhere);
  }
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw osError(cause, { path: what, doing: "write", elsewhere });
  }
}

/** What stands at a path, links followed; undefined when there is nothing, or a file is taken for a folder above it. */
function look(what: string, path: string, elsewhere: string): { isDirectory(): boolean } | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined || lstatSync(path, { throwIfNoEntry: false }) === undefined) return found;
  } catch (cause) {
    if (systemCode(cause) === "ENOTDIR") return undefined;
    throw osError(cause, { path: what, doing: "write", elsewhere });
  }
  throw refusal(shownPath(path), "it is a symbolic link to nothing", elsewhere);
}

function refusal(what: string, got: string, elsewhere: string): GradbookError {
  return new GradbookError({
    code: "file",
    what,
    got: `nothing can be written there (${got})`,
    cure: `Choose another location with ${elsewhere}.`,
  });
}
