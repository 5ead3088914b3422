import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GradbookError, isJsonObject } from "@gradbook/base";

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly tsconfig?: unknown;
  readonly exports?: unknown;
  readonly imports?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
}

/** From here `import "gradbook"` finds the library where the notebook has none: the kernel's own or its neighbour. */
const here = fileURLToPath(import.meta.url);

/** What decides among the entries of `exports` and `imports`. */
export type Conditions = ReadonlySet<string>;

/** The name in `name/path` and `@scope/name/path`. */
export function packageName(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

/** Whether there is a package of that name for files of a folder. */
export function isInstalled(name: string, folder: string): boolean {
  return ancestors(folder).some((one) => existsSync(join(one, "node_modules", name)));
}

/** The file of a package, as Node finds it. @param from path of the importing file */
export function resolvePackage(specifier: string, from: string, conditions: Conditions): string | undefined {
  const name = packageName(specifier);
  const subpath = `.${specifier.slice(name.length)}`;
  const own = ownFolder(from);
  const ownManifest = own === undefined ? undefined : readManifest(own);
  if (own !== undefined && ownManifest?.name === name && ownManifest.exports !== undefined) {
    return fromExports(own, ownManifest, subpath, conditions);
  }
  for (const folder of ancestors(dirname(from))) {
    const found = inPackage(join(folder, "node_modules", name), subpath, conditions);
    if (found !== undefined) return found;
  }
  return name === "gradbook" && from !== here ? resolvePackage(specifier, here, conditions) : undefined;
}

/** `#name` of the importing package. */
export function resolveInternal(specifier: string, from: string, conditions: Conditions): string | undefined {
  const folder = ownFolder(from);
  if (folder === undefined) return undefined;
  const { imports } = readManifest(folder) ?? {};
  return isJsonObject(imports) ? lookUp(imports, specifier, folder, conditions) : undefined;
}

/** The file that `extends` of a tsconfig.json means by the name of a package. */
export function resolveConfig(specifier: string, from: string): string | undefined {
  const name = packageName(specifier);
  const subpath = specifier.slice(name.length + 1);
  for (const folder of ancestors(dirname(from)).map((one) => join(one, "node_modules", name))) {
    const { exports, tsconfig } = readManifest(folder) ?? {};
    const named = subpath === "" && typeof tsconfig === "string" ? tsconfig : subpath;
    const path = join(folder, named);
    const exported = isJsonObject(exports)
      ? [named, `${named}.json`].map((one) => fromExports(folder, { exports }, `./${one}`, nodeConditions))
      : [];
    const found = [...exported, path, `${path}.json`, join(path, "tsconfig.json")].find(
      (one) => one !== undefined && isFile(one),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

export const nodeConditions: Conditions = new Set(["node", "import", "module-sync", "default"]);

/** The file that `main` of the manifest in a folder names. */
export function mainOf(folder: string): string | undefined {
  const main = readManifest(folder)?.main;
  return typeof main === "string" ? join(folder, main) : undefined;
}

function inPackage(folder: string, subpath: string, conditions: Conditions): string | undefined {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const manifest = readManifest(folder) ?? {};
  if (manifest.exports !== undefined && manifest.exports !== null)
    return fromExports(folder, manifest, subpath, conditions);
  const path = subpath === "." ? join(folder, manifest.main ?? "index.js") : join(folder, subpath);
  return [path, `${path}.js`, `${path}.json`, join(path, "index.js"), join(folder, "index.js")].find(isFile);
}

function fromExports(
  folder: string,
  { exports }: Manifest,
  subpath: string,
  conditions: Conditions,
): string | undefined {
  const table = isTable(exports) ? exports : { ".": exports };
  return lookUp(table, subpath, folder, conditions);
}

/** The entry for a key, or for the longest pattern `prefix*suffix` that fits it. */
function lookUp(
  table: Readonly<Record<string, unknown>>,
  key: string,
  folder: string,
  conditions: Conditions,
): string | undefined {
  if (key in table && !key.includes("*")) return choose(table[key], folder, "", conditions);
  const patterns = Object.keys(table)
    .filter((pattern) => pattern.includes("*"))
    .sort((a, b) => b.indexOf("*") - a.indexOf("*"));
  for (const pattern of patterns) {
    const [prefix, suffix] = pattern.split("*");
    if (!key.startsWith(prefix) || !key.endsWith(suffix) || key.length < prefix.length + suffix.length)
      continue;
    return choose(table[pattern], folder, key.slice(prefix.length, key.length - suffix.length), conditions);
  }
  return undefined;
}

/** Follows conditions; `null` means that there is nothing for anybody. */
function choose(target: unknown, folder: string, star: string, conditions: Conditions): string | undefined {
  if (typeof target === "string") {
    const path = target.replaceAll("*", star);
    return path.startsWith("./")
      ? join(folder, path)
      : resolvePackage(path, join(folder, "package.json"), conditions);
  }
  if (Array.isArray(target)) {
    for (const one of target) {
      const found = choose(one, folder, star, conditions);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isJsonObject(target)) return undefined;
  for (const [condition, one] of Object.entries(target)) {
    if (!conditions.has(condition)) continue;
    const found = choose(one, folder, star, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether an `exports` field lists subpaths, and not conditions for the whole package. */
function isTable(exports: unknown): exports is Record<string, unknown> {
  return isJsonObject(exports) && Object.keys(exports).some((key) => key.startsWith("."));
}

/** A folder and everything above it. */
export function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** The folder of the package that a file belongs to. */
export function ownFolder(file: string): string | undefined {
  return ancestors(dirname(file)).find((folder) => readManifest(folder) !== undefined);
}

/** Whether the package of a file says that it needs another one. */
export function dependsOn(name: string, file: string): boolean {
  const folder = ownFolder(file);
  const { dependencies, devDependencies } = (folder === undefined ? undefined : readManifest(folder)) ?? {};
  return [dependencies, devDependencies].some((list) => isJsonObject(list) && Object.hasOwn(list, name));
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, "package.json");
  if (!isFile(path)) return undefined;
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isJsonObject(manifest) ? manifest : {};
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new GradbookError({ code: "import", what: path, got, expected: "JSON" }, { cause });
  }
}

/** Whether `.js` files at a path are CommonJS, as their package says. */
export function isCommonJsPackage(path: string): boolean {
  const folder = ownFolder(path);
  return folder === undefined || readManifest(folder)?.type !== "module";
}

export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // It lies behind a file, or where nobody may look.
    return false;
  }
}
