import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { GradbookError } from "./error.js";

/**
 * Looks, before the hours of a run, whether its results can be written. Makes nothing: a folder that is missing needs
 * only a nearest one above it that is there.
 * @throws GradbookError when the folder is a file, lies under one, or may not be written
 */
export function assertWritableFolder(folder: string, cure = "Name another folder with --out DIR."): void {
  let nearest = resolve(folder);
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    if (statSync(nearest).isDirectory()) return;
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw refusal(folder, `nothing can be written there (${why})`, cure);
  }
  throw refusal(folder, `nothing can be written there (${nearest} is a file)`, cure);
}

/** The same for a file, which may be there already but not as a folder. */
export function assertWritableFile(file: string): void {
  if (existsSync(file) && statSync(file).isDirectory()) {
    throw refusal(file, "it is a folder", "Name a file in it with --out FILE.");
  }
  assertWritableFolder(dirname(resolve(file)), "Name another file with --out FILE.");
}

function refusal(what: string, got: string, cure: string): GradbookError {
  return new GradbookError({ code: "out", what, got, cure });
}
