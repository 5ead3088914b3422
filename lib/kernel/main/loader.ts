import { createRequire, isBuiltin } from "node:module";
import { sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { LoadedModule, ModuleMethods } from "../language/methods.js";
import type { CellImport } from "../protocol.js";
import type { Caller } from "../rpc.js";
import type { Awaits } from "./awaits.js";
import type { Scope } from "./scope.js";
import type { Tracebacks } from "./traceback.js";

type Namespace = Readonly<Record<string, unknown>>;

/** What a translated file of the project finds instead of `import()`, `import.meta` and `await`. */
export interface ModuleKit {
  readonly until: Awaits["until"];
  readonly resume: Awaits["resume"];
  readonly steps: Awaits["steps"];
  readonly bind: Awaits["bind"];
  readonly load: (specifier: unknown, options?: unknown) => Promise<unknown>;
  readonly meta: object;
  /** `require`, `__filename`, `__dirname` for files that use them although they are ES modules. */
  readonly commonjs: () => {
    readonly require: NodeJS.Require;
    readonly __filename: string;
    readonly __dirname: string;
  };
}

/** Imports packages, files of the project (always as they are on disk now), JSON, and what the kernel itself provides. */
export class Loader {
  readonly #language: Caller<ModuleMethods>;
  readonly #tracebacks: Tracebacks;
  /** Modules that the kernel provides, by specifier. */
  readonly #provided: Readonly<Record<string, Namespace>>;
  /** Evaluations under way. */
  readonly #evaluating = new Set<string>();
  /** Node remembers for good that these failed; they have to be evaluated under another name. */
  readonly #failed = new Set<string>();

  constructor(
    language: Caller<ModuleMethods>,
    tracebacks: Tracebacks,
    provided: Readonly<Record<string, Namespace>>,
  ) {
    this.#language = language;
    this.#tracebacks = tracebacks;
    this.#provided = provided;
  }

  /** @param from path of the importing file */
  async import(specifier: string, from: string, type?: string): Promise<Namespace> {
    const provided = this.#provided[specifier];
    if (provided !== undefined) return provided;
    if (isBuiltin(specifier)) return import(specifier);
    const failed = [...this.#failed];
    const request = { specifier, from, failed, ...(type === undefined ? {} : { type }) };
    const loaded = await this.#language.call("load", request);
    if (loaded.error !== undefined)
      throw Object.assign(new Error(loaded.error.evalue), { name: loaded.error.ename });
    return this.#evaluate(loaded);
  }

  async #evaluate({ url, positions, stale }: LoadedModule): Promise<Namespace> {
    for (const [file, map] of Object.entries(positions)) this.#tracebacks.add(file, map);
    const { cache } = createRequire(import.meta.url);
    for (const path of stale) delete cache[path];
    this.#evaluating.add(url);
    try {
      return await import(url);
    } catch (error) {
      this.#failed.add(url);
      throw error;
    } finally {
      this.#evaluating.delete(url);
    }
  }

  /** After an interrupt: a module in the middle of its evaluation stays there for ever. */
  abandon(): void {
    for (const url of this.#evaluating) this.#failed.add(url);
    this.#evaluating.clear();
  }

  /** `import` statements of a cell: the names become live views of the modules' exports. */
  async bind(imports: readonly CellImport[], from: string, scope: Scope): Promise<void> {
    for (const { specifier, names, type } of imports) {
      const namespace = await this.import(specifier, from, type);
      for (const [local, imported] of names) scope.bind(local, exportGetter(namespace, imported, specifier));
    }
  }

  /** `require` of cells: CommonJS packages and JSON, from the notebook's folder. */
  require(from: string): NodeJS.Require {
    const original = createRequire(from);
    const provided = this.#provided;
    const require = (specifier: string): unknown => {
      if (provided[specifier] !== undefined) return provided[specifier];
      try {
        return original(specifier);
      } catch (error) {
        // As with import: the package that this kernel is a part of, where no other is installed.
        if (specifier !== "gradbook" || !isMissing(error, specifier)) throw error;
        return createRequire(import.meta.url)(specifier);
      }
    };
    return Object.assign(require, {
      resolve: original.resolve,
      cache: original.cache,
      extensions: original.extensions,
      main: undefined,
    });
  }
}

function isMissing(error: unknown, specifier: string): boolean {
  if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) return false;
  return error.message.startsWith(`Cannot find module '${specifier}'`);
}

/** At most so many of a module's exports are named in an error. */
const namedExports = 12;

function exportGetter(namespace: Namespace, imported: string, specifier: string): () => unknown {
  if (imported === "*") return () => namespace;
  if (imported in namespace) return () => namespace[imported];
  const { default: whole } = namespace;
  // Node does not see every name that a CommonJS package exports; they all stand in its default export.
  if (whole !== null && typeof whole === "object" && imported in whole)
    return () => Reflect.get(whole, imported);
  if (typeof whole === "function" && imported in whole) return () => Reflect.get(whole, imported);
  // Types have no value, and the type checker has seen to it that nobody uses them as one.
  return () => {
    const names = Object.keys(namespace);
    const listed = names.slice(0, namedExports).join(", ");
    const more = names.length > namedExports ? `, … ${names.length - namedExports} more` : "";
    throw new SyntaxError(`"${specifier}" does not export "${imported}" (exports: ${listed}${more}).`);
  };
}

/** `import.meta` of a file. */
export function importMeta(path: string, resolve: (specifier: string) => string): object {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf(sep)));
  return { url: pathToFileURL(path).href, filename: path, dirname: folder, resolve };
}
