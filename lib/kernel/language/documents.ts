import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompilerOptions, emitOptions } from "./compiler-options.js";
import { configName } from "./language-server.js";
import { ancestors, isInstalled, resolvePackage } from "./packages.js";
import { aliasTable } from "./resolve.js";
import type { ProjectConfig } from "./tsconfig.js";

/** What a name means to later cells. */
export interface Definition {
  /** Number of the file in which TypeScript finds the cell that defines it. */
  readonly slot: number;
  /** Variables can be assigned by later cells, so they are declared there; everything else is imported. */
  readonly kind: "let" | "const" | "other";
  /** A variable's type, where it can be written down in a few words that mean the same everywhere. */
  readonly type?: string;
}

export type Definitions = ReadonlyMap<string, Definition>;

/** Files that a cell is for TypeScript; in the notebook's folder, so that relative imports are right. */
export const cellFileName = (name: number | string): string => `.gradbook-cell-${name}.ts`;
const cellModule = (name: number | string): string => `./.gradbook-cell-${name}`;

/** Where the declarations of what the kernel adds stand; in memory, like the cells. */
export const globalsFileName = ".gradbook-kernel-globals.d.ts";

/**
 * The file for a cell that is being written or checked: its text, and below it what brings the names of earlier cells
 * into view. Below, so that lines and columns are the cell's. It always imports the same one file: TypeScript is slow
 * only where the imports between files change.
 */
export function draftDocument(code: string, visible: Definitions): string {
  const imported: string[] = [];
  const declared: string[] = [];
  for (const [name, { kind, type }] of visible) {
    if (kind === "other") imported.push(name);
    else
      declared.push(`declare ${kind} ${name}: ${type ?? `typeof import("${cellModule("scope")}").${name}`};`);
  }
  return `${code}\n;import { ${imported.join(", ")} } from "${cellModule("scope")}";\n${declared.join("\n")}\nexport {};\n`;
}

/** The file through which drafts see all names that need a file: those whose types are not written down. */
export function scopeDocument(definitions: Definitions): string {
  const bySlot = namesBySlot(definitions);
  return [...bySlot]
    .map(([slot, names]) => `export { ${names.join(", ")} } from "${cellModule(slot)}";\n`)
    .join("");
}

/** The file of a cell that later cells refer to. It names the cells that it refers to itself, not their successors. */
export function cellDocument(code: string, visible: Definitions, own: Iterable<string>): string {
  const imports = [...namesBySlot(visible)].flatMap(([slot, names]) => {
    const others = names.filter((name) => visible.get(name)?.kind === "other");
    return others.length === 0 ? [] : [`import { ${others.join(", ")} } from "${cellModule(slot)}";`];
  });
  const declared = [...visible].flatMap(([name, { slot, kind, type }]) =>
    kind === "other"
      ? []
      : [`declare ${kind} ${name}: ${type ?? `typeof import("${cellModule(slot)}").${name}`};`],
  );
  return `${code}\n;${[...imports, ...declared].join("\n")}\nexport { ${[...own].join(", ")} };\n`;
}

function namesBySlot(definitions: Definitions): Map<number, string[]> {
  const bySlot = new Map<number, string[]>();
  for (const [name, { slot, type }] of definitions) {
    if (type === undefined) bySlot.set(slot, [...(bySlot.get(slot) ?? []), name]);
  }
  return bySlot;
}

/** Names of `known` that occur in the code, but for those that the cell defines itself. */
export function visibleNames(
  code: string,
  known: Definitions,
  own: { has(name: string): boolean },
): Definitions {
  const words = new Set(code.match(/[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu) ?? []);
  return new Map([...known].filter(([name]) => words.has(name) && !own.has(name)));
}

/** Names behind a word that declares, wherever it stands: a guess at what a cell defines, before anything is parsed. */
export function namesDeclared(code: string): string[] {
  const declaration =
    /\b(?:let|const|var|function\s*\*?|class|enum|interface|type|namespace)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu;
  return Array.from(code.matchAll(declaration), ([, name]) => name);
}

const wordsOfTypes = new Set(
  (
    "number string boolean bigint symbol undefined null void unknown never any object true false readonly keyof " +
    "Array ReadonlyArray Map ReadonlyMap Set ReadonlySet WeakMap WeakSet Promise Date RegExp Error Record Partial " +
    "ArrayBuffer SharedArrayBuffer ArrayBufferLike DataView Int8Array Uint8Array Uint8ClampedArray Int16Array " +
    "Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array"
  ).split(" "),
);

/**
 * The type in a declaration as the language server prints it (`let x: number`), if its words mean the same in every
 * cell: TypeScript's own and the names of properties and parameters.
 * @param known names of cells, which may hide the global ones
 */
export function portableType(printed: string, known: { has(name: string): boolean }): string | undefined {
  const [, type] = /^(?:let|const|var) [^\s:]+: ([\s\S]+)$/.exec(printed.trim()) ?? [];
  if (type === undefined || type.length > 400 || /\.\.\.|unique symbol|`/.test(type)) return undefined;
  const bare = type.replaceAll(/"(?:[^"\\]|\\.)*"/g, "0");
  for (const { 0: word, index } of bare.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) {
    const named = /^\??:/.test(bare.slice(index + word.length));
    if (!named && (!wordsOfTypes.has(word) || known.has(word))) return undefined;
  }
  return type;
}

/** Options that say where files are written and what is looked at, which cells decide otherwise, or that only esbuild and the resolver know. */
const notForCells = [
  ...[
    "baseUrl",
    "paths",
    "plugins",
    "outDir",
    "outFile",
    "rootDir",
    "declarationDir",
    "tsBuildInfoFile",
    "sourceRoot",
  ],
  ...[
    "mapRoot",
    "importsNotUsedAsValues",
    "preserveValueImports",
    "typeRoots",
    "types",
    "emitDeclarationOnly",
  ],
];

/**
 * The configuration for cells: what the project says, or strict checking, with what a cell needs in any case.
 * @param folder the notebook's
 * @param loose without a project, not strict
 */
export function cellConfig(folder: string, { path, options }: ProjectConfig, loose = false): object {
  const own = Object.entries(options).filter(([name]) => !notForCells.includes(name));
  return {
    compilerOptions: {
      ...(path === undefined ? { strict: !loose, lib: ["esnext"] } : Object.fromEntries(own)),
      target: "esnext",
      useDefineForClassFields: emitOptions(options).compilerOptions.useDefineForClassFields,
      module: "preserve",
      moduleResolution: "bundler",
      moduleDetection: "force",
      resolvePackageJsonExports: true,
      resolvePackageJsonImports: true,
      preserveSymlinks: false,
      resolveJsonModule: true,
      allowImportingTsExtensions: true,
      allowJs: true,
      checkJs: false,
      esModuleInterop: true,
      skipLibCheck: true,
      noEmit: true,
      noResolve: false,
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
      ...nodeTypes(folder, options),
      paths: { ...ownLibrary(folder), ...aliasTable(options) },
    },
    files: [globalsFileName],
    include: [cellFileName("*")],
    references: [],
  };
}

/** The notebook's own @types/node if it has one, else the kernel's; and what the project names. */
function nodeTypes(folder: string, { types, typeRoots }: CompilerOptions): object {
  const named = Array.isArray(types) ? types : [];
  const roots = Array.isArray(typeRoots) ? typeRoots : undefined;
  const listed = {
    types: [...new Set(["node", ...named])],
    ...(roots === undefined ? {} : { typeRoots: roots }),
  };
  if (isInstalled("@types/node", folder)) return listed;
  const own = createRequire(import.meta.url).resolve("@types/node/package.json");
  const usual = ancestors(folder).map((one) => join(one, "node_modules", "@types"));
  return { ...listed, typeRoots: [...(roots ?? usual), dirname(dirname(own))] };
}

/** `import "gradbook"` means the library that came with this kernel, where no other is installed. */
function ownLibrary(folder: string): object {
  if (isInstalled("gradbook", folder)) return {};
  const types = resolvePackage("gradbook", fileURLToPath(import.meta.url), new Set(["types", "import"]));
  return types === undefined ? {} : { gradbook: [types] };
}

export const overlayConfig = (folder: string): string => join(folder, configName);
