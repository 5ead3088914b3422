import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What a specifier means. */
export type Target =
  | { readonly kind: "builtin"; readonly specifier: string }
  /** A file of the project, which may change while the kernel runs. */
  | { readonly kind: "project"; readonly path: string }
  /** A file of an installed package. */
  | { readonly kind: "package"; readonly path: string };

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

const conditions = new Set(["node", "import", "module-sync", "default"]);
const typescript = /\.[cm]?tsx?$/;
/** This package, which `import "gradbook"` finds even where it is not installed. */
const ownPackage = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Node's resolution of ES modules, plus what TypeScript allows: endings may be left out, and `./x.js` means `./x.ts`
 * when only that exists.
 * @param from path of the importing file
 */
export function resolveModule(specifier: string, from: string): Target {
  if (isBuiltin(specifier)) return { kind: "builtin", specifier };
  if (specifier.startsWith("file:")) return projectFile(fileURLToPath(specifier), specifier, from);
  if (isPath(specifier)) return projectFile(resolve(dirname(from), specifier), specifier, from);
  const path = specifier.startsWith("#") ? resolveInternal(specifier, from) : resolvePackage(specifier, from);
  if (path === undefined || !isFile(path)) throw notFound(specifier, from);
  const real = realpathSync(path);
  // A package of the same workspace may export TypeScript as it is; installed ones are JavaScript.
  const installed = real.includes(`${sep}node_modules${sep}`) || !typescript.test(real);
  return { kind: installed ? "package" : "project", path: real };
}

const isPath = (specifier: string): boolean => /^\.{0,2}\/|^\.{1,2}$|^[A-Za-z]:[\\/]/.test(specifier);

/** `import.meta.resolve`: like Node's it does not look whether a file is there, but whether a package is. */
export function resolveUrl(specifier: string, from: string): string {
  if (isBuiltin(specifier)) return specifier.replace(/^(?:node:)?/, "node:");
  if (isPath(specifier) || URL.canParse(specifier)) return new URL(specifier, pathToFileURL(from)).href;
  const target = resolveModule(specifier, from);
  return target.kind === "builtin" ? target.specifier : pathToFileURL(target.path).href;
}

function projectFile(path: string, specifier: string, from: string): Target {
  const endings = ["", ".ts", ".mts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];
  const written = path.replace(/\.([cm]?)js$/, ".$1ts");
  for (const candidate of [...endings.map((ending) => path + ending), written]) {
    if (isFile(candidate)) return { kind: "project", path: realpathSync(candidate) };
  }
  throw notFound(specifier, from);
}

function notFound(specifier: string, from: string): Error {
  // Cells are no files: of them the folder is known.
  const importer = isFile(from)
    ? { path: from, folder: "its folder" }
    : { path: dirname(from), folder: "that folder" };
  const name = packageName(specifier);
  const cure = /^[./#]|:/.test(specifier)
    ? ""
    : isInstalled(name, dirname(from))
      ? ` Package ${name} is installed but does not provide it.`
      : ` npm install ${name} in ${importer.folder} installs it.`;
  const message = `Cannot find "${specifier}" from ${importer.path}.${cure}`;
  return Object.assign(new Error(message), { name: "ModuleNotFound" });
}

/** Whether there is a package of that name for files of a folder. */
export function isInstalled(name: string, folder: string): boolean {
  return ancestors(folder).some((one) => existsSync(join(one, "node_modules", name)));
}

function packageName(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

function resolvePackage(specifier: string, from: string): string | undefined {
  const name = packageName(specifier);
  const subpath = `.${specifier.slice(name.length)}`;
  const own = ancestors(dirname(from)).find((folder) => readManifest(folder) !== undefined);
  const ownManifest = own === undefined ? undefined : readManifest(own);
  if (own !== undefined && ownManifest?.name === name && ownManifest.exports !== undefined) {
    return fromExports(own, ownManifest, subpath);
  }
  for (const folder of ancestors(dirname(from))) {
    const found = inPackage(join(folder, "node_modules", name), subpath);
    if (found !== undefined) return found;
  }
  return name === "gradbook" ? inPackage(ownPackage, subpath) : undefined;
}

function inPackage(folder: string, subpath: string): string | undefined {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const manifest = readManifest(folder) ?? {};
  if (manifest.exports !== undefined && manifest.exports !== null)
    return fromExports(folder, manifest, subpath);
  const path = subpath === "." ? join(folder, manifest.main ?? "index.js") : join(folder, subpath);
  return [path, `${path}.js`, `${path}.json`, join(path, "index.js"), join(folder, "index.js")].find(isFile);
}

function fromExports(folder: string, { exports }: Manifest, subpath: string): string | undefined {
  const table = isTable(exports) ? exports : { ".": exports };
  return lookUp(table, subpath, folder);
}

/** `#name` of the importing package. */
function resolveInternal(specifier: string, from: string): string | undefined {
  const folder = ancestors(dirname(from)).find((one) => readManifest(one) !== undefined);
  if (folder === undefined) return undefined;
  const { imports } = readManifest(folder) ?? {};
  return isRecord(imports) ? lookUp(imports, specifier, folder) : undefined;
}

/** The entry for a key, or for the longest pattern `prefix*suffix` that fits it. */
function lookUp(table: Readonly<Record<string, unknown>>, key: string, folder: string): string | undefined {
  if (key in table && !key.includes("*")) return choose(table[key], folder, "");
  const patterns = Object.keys(table)
    .filter((pattern) => pattern.includes("*"))
    .sort((a, b) => b.indexOf("*") - a.indexOf("*"));
  for (const pattern of patterns) {
    const [prefix, suffix] = pattern.split("*");
    if (!key.startsWith(prefix) || !key.endsWith(suffix) || key.length < prefix.length + suffix.length)
      continue;
    return choose(table[pattern], folder, key.slice(prefix.length, key.length - suffix.length));
  }
  return undefined;
}

/** Follows conditions; `null` means that there is nothing for anybody. */
function choose(target: unknown, folder: string, star: string): string | undefined {
  if (typeof target === "string") {
    const path = target.replaceAll("*", star);
    return path.startsWith("./") ? join(folder, path) : resolvePackage(path, join(folder, "package.json"));
  }
  if (Array.isArray(target)) {
    for (const one of target) {
      const found = choose(one, folder, star);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isRecord(target)) return undefined;
  for (const [condition, one] of Object.entries(target)) {
    if (!conditions.has(condition)) continue;
    const found = choose(one, folder, star);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether an `exports` field lists subpaths, and not conditions for the whole package. */
function isTable(exports: unknown): exports is Record<string, unknown> {
  return isRecord(exports) && Object.keys(exports).some((key) => key.startsWith("."));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A folder and everything above it. */
export function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, "package.json");
  return isFile(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Whether `.js` files at a path are CommonJS, as their package says. */
export function isCommonJsPackage(path: string): boolean {
  const folder = ancestors(dirname(path)).find((one) => readManifest(one) !== undefined);
  return folder === undefined || readManifest(folder)?.type !== "module";
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
