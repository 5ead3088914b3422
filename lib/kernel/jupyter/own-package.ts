import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemCode } from "@gradbook/base";

/** The package that this code lies in, from its package.json. */
export interface OwnPackage {
  /** Path of its folder, without a separator at the end. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

let found: OwnPackage | undefined;

/** The nearest package.json at or above this file. */
export function ownPackage(): OwnPackage {
  found ??= read(dirname(fileURLToPath(import.meta.url)));
  return found;
}

function read(folder: string): OwnPackage {
  try {
    const { name, version, bin = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { folder, name, version, bin };
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    return read(dirname(folder));
  }
}
