import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GradbookError } from "../errors/error.js";
import { sha256 } from "./sha256.js";

/**
 * Digests of the library's own code, from the build (tests/tools/code-digests.mjs): what a change of the code concerns. They
 * know neither comments nor paths. The kernel and what drives it are in none of them: they carry what the cells compute,
 * on any kernel (the notebooks also run on stock tslab), and a mistake of theirs is no change of what a notebook says.
 */
export interface CodeDigests {
  /** For each name that the library exports the digest of all code that it reaches; the drawing of figures left out. */
  readonly exports: Readonly<Record<string, string>>;
  /** Everything that a training can use. */
  readonly training: string;
  /** The process that makes the runs of a sweep. */
  readonly worker: string;
  /** What turns an executed notebook into a report: the drawing of figures, page, PDF, tables. */
  readonly rendering: string;
}

/** What a text of code imports from gradbook by name; `"everything"` when it cannot be known. */
export type ImportedNames = ReadonlySet<string> | "everything";

let known: CodeDigests | undefined;

export function codeDigests(): CodeDigests {
  known ??= JSON.parse(readFileSync(digestsFile(), "utf8"));
  return known as CodeDigests;
}

function digestsFile(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, "digests.json");
    if (existsSync(file)) return file;
    if (dirname(folder) !== folder) continue;
    throw new GradbookError({
      code: "file",
      what: "digests.json",
      got: `it is not in ${start} or above`,
      expected: "the digests of the compiled code, which the build writes",
      cure: "npm run build.",
    });
  }
}

/**
 * One digest for all code of the library that these names reach. A name that the library does not export reaches
 * nothing: it is a type, or its import fails.
 */
export function executedDigest(names: ImportedNames, { exports } = codeDigests()): string {
  const digests = Object.entries(exports).flatMap(([name, digest]) =>
    names === "everything" || names.has(name) ? [digest] : [],
  );
  return sha256([...new Set(digests)].sort().join("\n"));
}

/**
 * Reads imports off code as esbuild prints it, where no comment is left and an import has one form. Every other mention
 * of the package, and what is imported by a name that is computed, may be anything.
 */
export function importedNames(printed: string): ImportedNames {
  const names = new Set<string>();
  const others = printed.replace(
    /\b(?:import|export)\s*(?:\{([^}]*)\}\s*from\s*)?"gradbook"/g,
    (_, list = "") => {
      for (const item of list.split(",")) names.add(item.trim().split(/\s/)[0]);
      return "";
    },
  );
  const isMentioned = /["'`]gradbook["'`/]/.test(others);
  const isComputed = /\b(?:import|require|__require)\((?!\s*(["'])[^"'\n]*\1\s*[,)])/.test(others);
  return isMentioned || isComputed ? "everything" : names;
}
