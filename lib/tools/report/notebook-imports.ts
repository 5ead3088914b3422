import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type ImportedNames, importedNames, sha256 } from "@gradbook/base";
import type { Notebook } from "@gradbook/kernel/internal";

/** What the code of a notebook brings in from elsewhere. */
export interface NotebookImports {
  /** What it imports from gradbook, itself or through files of its own. */
  readonly names: ImportedNames;
  /** Digest of the code in files beside the notebook, comments left out; undefined when it uses none. */
  readonly files?: string;
}

/**
 * Reads the imports of all cells, and of every file of code that they name: by an import, or as a text, as for
 * `new Worker("job.mjs")` and `sweep({ run: { module: "run.ts" } })`. Of a cell that is no TypeScript nothing is known.
 * @param folder the notebook's. Default: the current folder
 */
export async function notebookImports(notebook: Notebook, folder = "."): Promise<NotebookImports> {
  const sources = notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? [cell.source] : []));
  const cells = await Promise.all(sources.map((source) => readCell(source, folder)));
  const found = cells.map(({ names }) => names);
  const files = await filesOf([...new Set(cells.flatMap(({ specifiers }) => specifiers))], folder);
  if (files !== undefined) found.push(files.names);
  return { names: union(found), ...(files === undefined ? {} : { files: files.digest }) };
}

function union(all: readonly ImportedNames[]): ImportedNames {
  const names = new Set<string>();
  for (const one of all) {
    if (one === "everything") return one;
    for (const name of one) names.add(name);
  }
  return names;
}

async function readCell(source: string, folder: string) {
  try {
    const printed = await print(source);
    return { names: importedNames(printed), specifiers: await specifiersIn(printed, folder) };
  } catch {
    // esbuild can make nothing of it
    return { names: "everything" as const, specifiers: [] };
  }
}

/** A cell as JavaScript in one spelling. An import that only other cells use stays. */
async function print(source: string): Promise<string> {
  const { transform } = await import("esbuild");
  const { code } = await transform(source, {
    loader: "ts",
    format: "esm",
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "silent",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return code;
}

/** Whatever a cell imports or requires, and the files of code that its texts name. */
async function specifiersIn(printed: string, folder: string): Promise<readonly string[]> {
  const { build } = await import("esbuild");
  const found = new Set<string>();
  await build({
    stdin: { contents: printed, resolveDir: resolve(folder) },
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
    plugins: [
      {
        name: "specifiers",
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path }) => {
            found.add(path);
            return { path, external: true };
          });
        },
      },
    ],
  });
  for (const [, , text] of printed.matchAll(/(["'`])([^"'`\n]+\.[cm]?[jt]s)\1/g)) {
    const path = resolve(folder, text);
    if (isFile(path)) found.add(`./${relative(resolve(folder), path).replaceAll("\\", "/")}`);
  }
  return [...found];
}

/** What these specifiers lead to without leaving for a package: all of it as one text without comments. */
async function filesOf(
  specifiers: readonly string[],
  folder: string,
): Promise<{ readonly names: ImportedNames; readonly digest: string } | undefined> {
  const ours = specifiers.filter((path) => path !== "gradbook").sort();
  if (ours.length === 0) return undefined;
  const { build } = await import("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      // every export counts: what a cell uses of a namespace cannot be seen
      stdin: {
        contents: ours.map((path, i) => `export * as m${i} from ${JSON.stringify(path)};`).join("\n"),
        resolveDir: resolve(folder),
      },
      absWorkingDir: resolve(folder),
      bundle: true,
      write: false,
      metafile: true,
      packages: "external",
      platform: "node",
      format: "esm",
      minifyWhitespace: true,
      legalComments: "none",
      logLevel: "silent",
    });
    if (Object.keys(metafile.inputs).every((path) => path === "<stdin>")) return undefined;
    return { names: importedNames(outputFiles[0].text), digest: sha256(outputFiles[0].text) };
  } catch {
    // one that is missing or no code: a run will say so, and until then the files count as they are
    const raw = ours.filter((path) => isFile(join(folder, path)));
    return {
      names: "everything",
      digest: sha256(raw.map((path) => sha256(readFileSync(join(folder, path)))).join("\n")),
    };
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
