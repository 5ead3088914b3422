import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ancestors, dependsOn, isFile, isInstalled, ownFolder, packageName } from "./packages.js";
import type { ProjectConfig } from "./tsconfig.js";

/** An entry of `paths` that a specifier fits, with what its targets become. */
export interface Alias {
  readonly pattern: string;
  readonly targets: readonly string[];
}

/** What may have been meant by a specifier. */
export interface Meaning {
  readonly config: ProjectConfig;
  readonly alias: Alias | undefined;
  /** What the importing file's folder is called. */
  readonly near: string;
}

/**
 * Why a module is not there and what to do about it, as the end of a sentence's line; empty for a relative path, which
 * says it all. Nobody is told to install a package but by a name that can be none of the project's own.
 * @param from path of the importing file
 */
export function whyMissing(specifier: string, from: string, { config, alias, near }: Meaning): string {
  if (/^\.{0,2}\/|^\.{1,2}$|^[A-Za-z]:[\\/]/.test(specifier))
    return typesAlone(resolve(dirname(from), specifier));
  if (/^[a-z]+:/i.test(specifier))
    return " Addresses are not fetched: a package is installed, and imported by its name.";
  const name = packageName(specifier);
  // What fits everything says little.
  if (alias !== undefined && alias.pattern !== "*") return ` ${leadsNowhere(alias, config)}`;
  if (isInstalled(name, dirname(from))) return ` Package ${name} is installed but does not provide it.`;
  if (specifier.startsWith("#")) return ` ${noInternal(from)}`;
  if (dependsOn(name, from)) return ` package.json lists ${name}: npm install in ${near} installs it.`;
  const own = projectFolders(from, config).find((folder) => existsSync(join(folder, name)));
  if (own !== undefined) return ` ${ownFile(name, own, dirname(from))} ${aliasCure(config)}`;
  if (!isPackageName(name)) return ` "${name}" is not a package name. ${aliasCure(config)}`;
  if (alias !== undefined) return ` ${leadsNowhere(alias, config)} No package ${name} is installed either.`;
  return ` npm install ${name} in ${near} installs it.`;
}

function leadsNowhere({ pattern, targets }: Alias, { path, options }: ProjectConfig): string {
  const { paths } = options;
  const named = typeof paths === "object" && paths !== null && pattern in paths;
  return `${named ? `"${pattern}" of "paths"` : '"baseUrl"'} in ${path} leads to ${targets.join(" or ")}, which is not there.${targets.map(typesAlone).join("")}`;
}

/** Declarations say what there is, and hold nothing to run. */
function typesAlone(path: string): string {
  const found = [".d.ts", "/index.d.ts"].map((ending) => path.replace(/\.js$/, "") + ending).find(isFile);
  return found === undefined ? "" : ` Only its types are installed (${found}).`;
}

/** The importing file's folder and those above it, as far as the project goes. */
function projectFolders(from: string, { path }: ProjectConfig): string[] {
  const ends = [ownFolder(from), path === undefined ? undefined : dirname(path)].filter(
    (one) => one !== undefined,
  );
  const all = ancestors(dirname(from));
  return all.slice(0, Math.max(1, ...ends.map((end) => all.indexOf(end) + 1)));
}

function noInternal(from: string): string {
  const folder = ownFolder(from);
  return folder === undefined
    ? 'Names with # are defined in "imports" of package.json, and there is none.'
    : `"imports" of ${join(folder, "package.json")} leads to no such file.`;
}

function ownFile(name: string, folder: string, importer: string): string {
  const way = relative(importer, join(folder, name)).replaceAll("\\", "/");
  return `${name} stands in ${folder}: "${way.startsWith(".") ? way : `./${way}`}" leads there from here.`;
}

function aliasCure({ path, options }: ProjectConfig): string {
  if (path === undefined)
    return 'Aliases are defined in "paths" of a tsconfig.json at or above the notebook, and there is none.';
  return options.paths === undefined
    ? `Aliases are defined in "paths" of ${path}, which has none.`
    : `No entry of "paths" in ${path} matches it.`;
}

/** As npm has it for new packages; `@`, `~` and `$lib` are none. */
function isPackageName(name: string): boolean {
  return /^(?:@[a-z0-9-][a-z0-9._-]*\/)?[a-z0-9-][a-z0-9._-]*$/.test(name) && name.length <= 214;
}
