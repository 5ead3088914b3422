// How `require` reads TypeScript, on the main thread and in worker threads of the user.
import { createRequire, isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * From now on whoever requires a TypeScript file, CommonJS files of the project included, gets the module that `import`
 * would get: one file is one module.
 * @param load translates a file, and returns where Node finds it
 */
export function hookRequire(load: (path: string) => string): void {
  const { extensions, cache } = createRequire(import.meta.url);
  for (const ending of [".ts", ".tsx", ".mts", ".cts", ".jsx"]) {
    extensions[ending] = (module, path) => {
      module.exports = requireUrl(load(path), createRequire(path));
      // Whether it has changed is seen when it is asked for again.
      delete cache[path];
    };
  }
}

/**
 * `require` of one file.
 * @param own what tsconfig.json or TypeScript's endings make of a path or an alias; `undefined` for what is Node's business
 * @param find `import.meta.resolve`, for what Node does not find
 */
export function requireFrom(
  from: string,
  own: (specifier: string) => string | undefined,
  find: (specifier: string) => string,
): NodeJS.Require {
  const original = createRequire(from);
  const require = (specifier: string): unknown => {
    // Node has the words for what is no text.
    const url = typeof specifier !== "string" || isBuiltin(specifier) ? undefined : own(specifier);
    return url === undefined ? original(specifier) : requireUrl(url, original);
  };
  const resolve = (specifier: string, options?: NodeJS.RequireResolveOptions): string => {
    try {
      return original.resolve(specifier, options);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return fileURLToPath(find(specifier));
    }
  };
  return Object.assign(require, {
    resolve: Object.assign(resolve, { paths: original.resolve.paths }),
    cache: original.cache,
    extensions: original.extensions,
    main: undefined,
  });
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND";
}

/** What a module is for `require`. */
function requireUrl(url: string, require: NodeJS.Require): unknown {
  if (!url.startsWith("file:")) return require(url);
  const path = fileURLToPath(url.replace(/\?.*/, ""));
  if (!path.endsWith(".mjs")) return require(path);
  try {
    const namespace: object = require(path);
    // Newer versions of Node look for it by themselves.
    return "module.exports" in namespace ? namespace["module.exports"] : namespace;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_REQUIRE_ASYNC_MODULE")
      throw new Error(
        "It waits at its top level, or something that it imports does: import can load it, require cannot.",
        { cause: error },
      );
    if (code !== "ERR_REQUIRE_ESM") throw error;
    const message = `Node ${process.versions.node} cannot require TypeScript, 20.19 and newer can; import can here too.`;
    throw new Error(message, { cause: error });
  }
}
