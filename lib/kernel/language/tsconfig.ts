import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { GradbookError, isJsonObject, type Json, type JsonObject } from "@gradbook/base";
import { type CompilerOptions, checkOptions } from "./compiler-options.js";
import { JsonMistake, parseJsonc } from "./jsonc.js";
import { ancestors, isFile, resolveConfig } from "./packages.js";

/** What the project says about its code, for the checker, esbuild and the resolver alike. */
export interface ProjectConfig {
  /** The nearest tsconfig.json; `undefined` when there is none. */
  readonly path: string | undefined;
  readonly options: CompilerOptions;
  /** Says, when it changes, that something of it has changed on the disk. */
  readonly stamp: string;
}

/**
 * The nearest tsconfig.json with everything that it extends, as tsc reads it. It is read again when one of its files
 * has changed, or a nearer one has appeared.
 */
export class ConfigReader {
  readonly #folder: string;
  #known: { readonly config: ProjectConfig; readonly files: readonly string[] } | undefined;

  /** @param folder the notebook's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws GradbookError naming the file, when one of them is broken, missing or asks for what is not there */
  read(): ProjectConfig {
    const path = nearestConfig(this.#folder);
    const known = this.#known;
    if (known !== undefined && known.config.path === path && stampOf(known.files) === known.config.stamp)
      return known.config;
    this.#known = undefined;
    const files: string[] = [];
    const options = path === undefined ? {} : absolute(readChain(path, files, []), dirname(path));
    if (path !== undefined) checkOptions(options, path);
    this.#known = { config: { path, options, stamp: stampOf(files) }, files };
    return this.#known.config;
  }
}

/** The nearest tsconfig.json at or above a folder. */
function nearestConfig(folder: string): string | undefined {
  return ancestors(folder)
    .map((one) => join(one, "tsconfig.json"))
    .find(isFile);
}

function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return `${file} ${stat?.mtimeMs} ${stat?.size}`;
    })
    .join("\n");
}

interface Chain {
  /** `null` takes back what has been said before: the file's own, not those of what it extends. */
  readonly options: JsonObject;
  /** Folder of the file that `paths` stand in. */
  readonly pathsFolder: string;
}

/** Options of a file over those of what it extends; the last one named counts most. @param above files that have led here */
function readChain(path: string, files: string[], above: readonly string[]): Chain {
  if (above.includes(path)) {
    const way = [...above.slice(above.indexOf(path)), path].join(" → ");
    throw new GradbookError({ code: "tsconfig", what: path, got: `it extends itself (${way})` });
  }
  files.push(path);
  const config = readFile(path);
  const folder = dirname(path);
  let merged: Chain = { options: {}, pathsFolder: folder };
  for (const base of basesOf(config, path)) {
    const below = readChain(base, files, [...above, path]);
    const pathsFolder = "paths" in below.options ? below.pathsFolder : merged.pathsFolder;
    merged = { options: { ...merged.options, ...below.options }, pathsFolder };
  }
  const { compilerOptions = {} } = config;
  if (!isJsonObject(compilerOptions)) throw wrongKind(path, "compilerOptions", compilerOptions, "an object");
  const own = Object.entries(compilerOptions).map(([name, value]) => [name, fromFolder(name, value, folder)]);
  return {
    options: { ...withoutNull(merged.options), ...Object.fromEntries(own) },
    pathsFolder: "paths" in compilerOptions ? folder : merged.pathsFolder,
  };
}

function withoutNull(options: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function readFile(path: string): JsonObject {
  let config: Json;
  try {
    config = parseJsonc(readFileSync(path, "utf8"));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const got = cause instanceof JsonMistake ? cause.message : `it cannot be read (${cause.message})`;
    throw new GradbookError(
      { code: "tsconfig", what: path, got, expected: "JSON, comments allowed" },
      { cause },
    );
  }
  if (!isJsonObject(config)) throw wrongKind(path, "the whole file", config, "an object");
  return config;
}

function basesOf({ extends: extended = [] }: JsonObject, path: string): string[] {
  const named: readonly Json[] = Array.isArray(extended) ? extended : [extended];
  return named.map((base) => {
    if (typeof base !== "string" || base === "")
      throw wrongKind(path, '"extends"', base, "the name of a file or a list of such");
    const found =
      /^\.{1,2}(?:\/|$)/.test(base) || isAbsolute(base)
        ? relativeBase(resolve(dirname(path), base))
        : resolveConfig(base, path);
    if (found !== undefined) return found;
    throw new GradbookError({
      code: "tsconfig",
      what: path,
      got: `"extends": ${JSON.stringify(base)}, which is not there`,
      expected: "a tsconfig.json to take options from",
      cure: cureFor(base, path),
    });
  });
}

function relativeBase(path: string): string | undefined {
  return [path, ...(path.endsWith(".json") ? [] : [`${path}.json`])].find(isFile);
}

function cureFor(base: string, path: string): string {
  if (isFile(resolve(dirname(path), base))) return `A file beside it is named with "./": "./${base}".`;
  return /^[./]/.test(base)
    ? "Is it spelled right?"
    : "A package that package.json lists is installed by npm install.";
}

/** Paths mean what they mean where they are written; what `paths` start from is decided when `baseUrl` is known. */
function fromFolder(name: string, value: Json, folder: string): Json {
  const place = (path: Json): Json =>
    typeof path === "string" && !path.startsWith(configDir) ? resolve(folder, path) : path;
  if (name === "baseUrl") return place(value);
  return (name === "rootDirs" || name === "typeRoots") && Array.isArray(value) ? value.map(place) : value;
}

/** A placeholder for the folder of the tsconfig.json that all begins with. */
const configDir = "$\u007bconfigDir}";

/** @param folder of the tsconfig.json that all begins with */
function absolute({ options, pathsFolder }: Chain, folder: string): CompilerOptions {
  const place = (path: Json): Json =>
    typeof path === "string" && path.startsWith(configDir)
      ? resolve(folder, `./${path.slice(configDir.length)}`)
      : path;
  const { baseUrl, rootDirs, typeRoots, paths, ...others } = withoutNull(options);
  const base = baseUrl === undefined ? undefined : place(baseUrl);
  const list = (value: Json): Json => (Array.isArray(value) ? value.map(place) : value);
  return {
    ...others,
    ...(base === undefined ? {} : { baseUrl: base }),
    ...(rootDirs === undefined ? {} : { rootDirs: list(rootDirs) }),
    ...(typeRoots === undefined ? {} : { typeRoots: list(typeRoots) }),
    ...(paths === undefined ? {} : { paths: absolutePaths(paths, base ?? pathsFolder, place) }),
  };
}

function absolutePaths(paths: Json, base: Json, place: (path: Json) => Json): Json {
  if (!isJsonObject(paths)) return paths;
  const target = (path: Json): Json => {
    const placed = place(path);
    return typeof placed === "string" ? resolve(String(base), placed) : placed;
  };
  const entries = Object.entries(paths).map(([pattern, targets]) => [
    pattern,
    Array.isArray(targets) ? targets.map(target) : targets,
  ]);
  return Object.fromEntries(entries);
}

function wrongKind(path: string, what: string, value: Json, expected: string): GradbookError {
  return new GradbookError({
    code: "tsconfig",
    what: path,
    got: `${what} is ${JSON.stringify(value)}`,
    expected,
  });
}
