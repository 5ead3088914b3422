import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configName } from "./language-server.js";

/** What a name means to later cells. */
export interface Definition {
  /** The cell's number, as its file is called. */
  readonly cell: number;
  /** Variables can be assigned by later cells, so they are declared there; everything else is imported. */
  readonly kind: "let" | "const" | "other";
}

/** Name of the file that a cell is for TypeScript; in the notebook's folder, so that relative imports are right. */
export const cellFileName = (cell: number | string): string => `.gradbook-cell-${cell}.ts`;

/** Where the declarations of what the kernel adds stand; in memory, like the cells. */
export const globalsFileName = ".gradbook-kernel-globals.d.ts";

/**
 * The file for a cell: its text, and below it what brings the names of earlier cells into view and what makes the
 * cell's own names visible to later ones. Below, so that lines and columns are the cell's.
 */
export function documentOf(
  code: string,
  visible: ReadonlyMap<string, Definition>,
  exported: readonly string[],
): string {
  const imports = new Map<number, string[]>();
  const declarations: string[] = [];
  for (const [name, { cell, kind }] of visible) {
    if (kind === "other") imports.set(cell, [...(imports.get(cell) ?? []), name]);
    else declarations.push(`declare ${kind} ${name}: typeof import("./${moduleName(cell)}").${name};`);
  }
  const lines = [...imports].map(
    ([cell, names]) => `import { ${names.join(", ")} } from "./${moduleName(cell)}";`,
  );
  return `${code}\n;${[...lines, ...declarations, `export { ${exported.join(", ")} };`].join("\n")}\n`;
}

const moduleName = (cell: number): string => cellFileName(cell).replace(/\.ts$/, "");

/** Names of `known` that occur in the code, but for those that the cell defines itself. */
export function visibleNames(
  code: string,
  known: ReadonlyMap<string, Definition>,
  own: { has(name: string): boolean },
): Map<string, Definition> {
  const words = new Set(code.match(/[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu) ?? []);
  return new Map([...known].filter(([name]) => words.has(name) && !own.has(name)));
}

/** The nearest tsconfig.json at or above a folder. */
export function nearestConfig(folder: string): string | undefined {
  const path = join(folder, "tsconfig.json");
  if (existsSync(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestConfig(parent);
}

/**
 * The configuration for cells: the nearest tsconfig.json with strict checking as the default, and with what a cell
 * needs in any case.
 * @param folder the notebook's
 */
export function cellConfig(folder: string): object {
  const base = nearestConfig(folder);
  const usual = base === undefined ? { strict: true, lib: ["esnext"] } : {};
  return {
    ...(base === undefined ? {} : { extends: base }),
    compilerOptions: {
      ...usual,
      target: "esnext",
      module: "preserve",
      moduleResolution: "bundler",
      moduleDetection: "force",
      resolveJsonModule: true,
      allowImportingTsExtensions: true,
      allowJs: true,
      checkJs: false,
      esModuleInterop: true,
      skipLibCheck: true,
      noEmit: true,
      composite: false,
      incremental: false,
      declaration: false,
      isolatedModules: false,
      isolatedDeclarations: false,
      verbatimModuleSyntax: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowUnreachableCode: true,
      allowUnusedLabels: true,
      ...nodeTypes(folder),
    },
    files: [globalsFileName],
    include: [cellFileName("*")],
    references: [],
  };
}

/** The notebook's own @types/node if it has one, else the kernel's. */
function nodeTypes(folder: string): object {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules/@types/node"))) return { types: ["node"] };
    if (dirname(at) === at) break;
  }
  const own = fileURLToPath(import.meta.resolve("@types/node/package.json"));
  return { types: ["node"], typeRoots: [dirname(dirname(own))] };
}

export const overlayConfig = (folder: string): string => join(folder, configName);
