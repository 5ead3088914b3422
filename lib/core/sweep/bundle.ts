import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  GradbookError,
  type ImportedNames,
  importedNames,
  makeIgnoredFolder,
  optionalPackage,
  sha256,
  writeAtomic,
} from "@gradbook/base";

/** A module as one file that Node can import. */
export interface Bundle {
  readonly file: string;
  /** Of everything in it, comments left out. */
  readonly digest: string;
  /** What it imports from gradbook. */
  readonly imported: ImportedNames;
}

/**
 * TypeScript or JavaScript with all its relative imports as one ES module; packages stay imports. It is kept under
 * .cache beside its source, where the project's node_modules are found, under its own digest: a sweep that is running
 * does not notice that the source is edited.
 */
export async function bundleModule(source: string): Promise<Bundle> {
  if (!existsSync(source)) {
    throw new GradbookError({
      code: "file",
      what: source,
      got: "there is no such file",
      expected: "a TypeScript or JavaScript module with a run function",
    });
  }
  const { build } = await optionalPackage("esbuild", "a sweep of a module", () => import("esbuild"));
  let text: string;
  try {
    const { outputFiles } = await build({
      entryPoints: [source],
      // so that the comments with file names do not depend on where it is called from
      absWorkingDir: dirname(source),
      bundle: true,
      write: false,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      legalComments: "none",
      logLevel: "silent",
    });
    text = outputFiles[0].text;
  } catch (error) {
    throw new GradbookError(
      {
        code: "file",
        what: source,
        got: error instanceof Error ? error.message.split("\n").slice(0, 2).join(" ") : String(error),
        expected: "a TypeScript or JavaScript module",
      },
      { cause: error },
    );
  }
  const digest = sha256(text);
  const folder = join(dirname(source), ".cache/sweeps");
  const file = join(folder, `${basename(source).replace(/\.\w+$/, "")}-${digest.slice(0, 16)}.mjs`);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    makeIgnoredFolder(folder);
    writeAtomic(file, text);
  }
  return { file, digest, imported: importedNames(text) };
}
