import { realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CompilerOptions } from "./compiler-options.js";
import { type Alias, whyMissing } from "./missing.js";
import {
  ancestors,
  type Conditions,
  isFile,
  mainOf,
  nodeConditions,
  packageName,
  resolveInternal,
  resolvePackage,
} from "./packages.js";
import type { ProjectConfig } from "./tsconfig.js";

/** What a specifier means. */
export type Target =
  | { readonly kind: "builtin"; readonly specifier: string }
  /** A file of the project, which may change while the kernel runs. */
  | { readonly kind: "project"; readonly path: string }
  /** A file of an installed package. */
  | { readonly kind: "package"; readonly path: string };

const isDeclaration = (path: string): boolean => /\.d\.[cm]?ts$/.test(path);
export const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path);

/**
 * Finds modules as TypeScript does with `moduleResolution: "bundler"`, so that what the checker has looked at is what
 * runs: `paths`, `baseUrl`, `rootDirs`, `moduleSuffixes` and `customConditions` of tsconfig.json hold, endings may be
 * left out, and `./x.js` means `./x.ts` where that exists.
 */
export class Resolver {
  readonly #config: () => ProjectConfig;

  constructor(config: () => ProjectConfig) {
    this.#config = config;
  }

  /**
   * @param from path of the importing file
   * @throws Error `ModuleNotFound` with what was tried and the cure
   */
  resolve(specifier: string, from: string): Target {
    const found = this.find(specifier, from);
    if (found !== undefined) return found;
    // Cells are no files: of them the folder is known.
    const [importer, near] = isFile(from) ? [from, "its folder"] : [dirname(from), "that folder"];
    const message = `Cannot find "${specifier}" from ${importer}.${this.why(specifier, from, near)}`;
    throw Object.assign(new Error(message), { name: "ModuleNotFound" });
  }

  /** Why there is no such module. @param near what the importing file's folder is called */
  why(specifier: string, from: string, near: string): string {
    return whyMissing(specifier, from, { config: this.#config(), alias: this.alias(specifier), near });
  }

  /** What only tsconfig.json knows of: `undefined` for what Node finds without it. */
  resolveAlias(specifier: string): Target | undefined {
    if (isRelative(specifier)) return undefined;
    const alias = this.alias(specifier);
    return alias === undefined ? undefined : first(alias.targets, (target) => this.#project(target));
  }

  /** `import.meta.resolve`: like Node's it does not look whether a file is there, but whether a package is. */
  url(specifier: string, from: string): string {
    if (isBuiltin(specifier)) return specifier.replace(/^(?:node:)?/, "node:");
    const alias = this.resolveAlias(specifier);
    if (isPath(specifier) || URL.canParse(specifier)) return new URL(specifier, pathToFileURL(from)).href;
    const target = alias ?? this.resolve(specifier, from);
    return target.kind === "builtin" ? target.specifier : pathToFileURL(target.path).href;
  }

  /** Every file that may decide what a specifier means, also those that are not there yet. */
  candidates(specifier: string, from: string): string[] {
    if (isPath(specifier))
      return this.#roots(resolve(dirname(from), specifier)).flatMap((path) => this.#names(path));
    const own = (this.alias(specifier)?.targets ?? []).flatMap((target) => this.#names(target));
    if (isBuiltin(specifier)) return own;
    const name = packageName(specifier);
    return [
      ...own,
      ...ancestors(dirname(from)).map((one) => join(one, "node_modules", name, "package.json")),
    ];
  }

  /** What `paths` and `baseUrl` make of a specifier. */
  alias(specifier: string): Alias | undefined {
    if (isRelative(specifier) || isBuiltin(specifier)) return undefined;
    const table = aliasTable(this.#config().options);
    const pattern = bestPattern(Object.keys(table), specifier);
    if (pattern === undefined) return undefined;
    const [prefix, suffix = ""] = pattern.split("*");
    const star = specifier.slice(prefix.length, specifier.length - suffix.length);
    return { pattern, targets: table[pattern].map((target) => target.replace("*", () => star)) };
  }

  find(specifier: string, from: string): Target | undefined {
    if (specifier.startsWith("file:")) return this.#project(fileURLToPath(specifier));
    if (isRelative(specifier))
      return first(this.#roots(resolve(dirname(from), specifier)), (path) => this.#project(path));
    // Node's types declare these modules, which counts for more than a path.
    if (isBuiltin(specifier)) return { kind: "builtin", specifier };
    const alias = this.resolveAlias(specifier);
    if (alias !== undefined) return alias;
    if (isPath(specifier)) return this.#project(resolve(specifier));
    const conditions = this.#conditions();
    const path = specifier.startsWith("#")
      ? resolveInternal(specifier, from, conditions)
      : resolvePackage(specifier, from, conditions);
    if (path === undefined || !isFile(path)) return undefined;
    const target = targetOf(path);
    // A package of the same workspace may export TypeScript as it is; its JavaScript is as good as an installed one's.
    return isTypeScript(target.path) ? target : { ...target, kind: "package" };
  }

  #conditions(): Conditions {
    const { customConditions } = this.#config().options;
    return Array.isArray(customConditions)
      ? new Set([...nodeConditions, ...customConditions.map(String)])
      : nodeConditions;
  }

  #project(path: string): Target | undefined {
    const file = this.#file(path);
    return file === undefined ? undefined : targetOf(file);
  }

  #file(path: string): string | undefined {
    return this.#names(path).find((one) => !isDeclaration(one) && isFile(one));
  }

  /** What a path may mean, the likeliest first. Declarations (`.d.ts`) have nothing to run and are passed over. */
  #names(path: string): string[] {
    const main = mainOf(path);
    const index = (folder: string): string[] => this.#endings(join(folder, "index"));
    return [
      ...this.#replaced(path),
      path,
      ...this.#endings(path),
      ...(main === undefined ? [] : [...this.#replaced(main), main, ...this.#endings(main), ...index(main)]),
      ...index(path),
    ];
  }

  /** TypeScript's endings in the place of JavaScript's. */
  #replaced(path: string): string[] {
    const ending = extname(path);
    const stem = path.slice(0, path.length - ending.length);
    return this.#suffixed(stem, instead[ending] ?? []);
  }

  #endings(path: string): string[] {
    return this.#suffixed(path, [
      ".ts",
      ".tsx",
      ".d.ts",
      ".js",
      ".jsx",
      ".mts",
      ".mjs",
      ".cts",
      ".cjs",
      ".json",
    ]);
  }

  #suffixed(stem: string, endings: readonly string[]): string[] {
    const { moduleSuffixes } = this.#config().options;
    const suffixes = Array.isArray(moduleSuffixes) ? [...moduleSuffixes.map(String), ""] : [""];
    return endings.flatMap((ending) => suffixes.map((suffix) => stem + suffix + ending));
  }

  /** The same place in each of `rootDirs`, which count as one folder. */
  #roots(path: string): string[] {
    const { rootDirs } = this.#config().options;
    const roots = Array.isArray(rootDirs) ? rootDirs.map(String) : [];
    const inside = roots
      .map((root) => relative(root, path))
      .filter((way) => !way.startsWith("..") && resolve(way) !== way)
      .sort((a, b) => a.length - b.length)[0];
    return inside === undefined
      ? [path]
      : [path, ...roots.map((root) => join(root, inside)).filter((one) => one !== path)];
  }
}

const instead: Readonly<Record<string, readonly string[]>> = {
  ".ts": [".ts", ".tsx"],
  ".js": [".ts", ".tsx", ".js", ".jsx"],
  ".jsx": [".tsx", ".ts", ".jsx", ".js"],
  ".mjs": [".mts", ".mjs"],
  ".cjs": [".cts", ".cjs"],
};

/** `paths` of tsconfig.json, with `baseUrl` as the last resort of each, as TypeScript had it: checker and resolver share the table. */
export function aliasTable({ paths, baseUrl }: CompilerOptions): Readonly<Record<string, readonly string[]>> {
  const written =
    typeof paths === "object" && paths !== null && !Array.isArray(paths) ? Object.entries(paths) : [];
  const table = written.map(([pattern, targets]): [string, string[]] => [
    pattern,
    Array.isArray(targets) ? targets.map(String) : [],
  ]);
  if (typeof baseUrl === "string") {
    for (const [pattern, targets] of table) targets.push(join(baseUrl, pattern));
    if (!table.some(([pattern]) => pattern === "*")) table.push(["*", [join(baseUrl, "*")]]);
  }
  return Object.fromEntries(table);
}

/** `./x`, `../x`, `.` and `..`, of which `paths` know nothing. */
const isRelative = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier);

export const isPath = (specifier: string): boolean =>
  isRelative(specifier) || /^\/|^[A-Za-z]:[\\/]/.test(specifier);

/** A specifier itself, or the pattern with the longest text before its star. */
function bestPattern(patterns: readonly string[], specifier: string): string | undefined {
  if (patterns.includes(specifier) && !specifier.includes("*")) return specifier;
  return patterns
    .filter((pattern) => {
      const [prefix, suffix] = pattern.split("*");
      return (
        suffix !== undefined &&
        specifier.startsWith(prefix) &&
        specifier.endsWith(suffix) &&
        specifier.length >= prefix.length + suffix.length
      );
    })
    .sort((a, b) => b.indexOf("*") - a.indexOf("*"))[0];
}

function targetOf(path: string): Exclude<Target, { kind: "builtin" }> {
  const real = realpathSync(path);
  // Of what is installed only TypeScript needs us.
  const installed = real.includes(`${sep}node_modules${sep}`) && !isTypeScript(real);
  return { kind: installed ? "package" : "project", path: real };
}

function first<A, B>(values: readonly A[], find: (value: A) => B | undefined): B | undefined {
  for (const value of values) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
