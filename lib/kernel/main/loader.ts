import { createRequire, isBuiltin } from "node:module";
import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BlockingCaller } from "../blocking-caller.js";
import type { LoadedModule, ModuleMethods } from "../methods.js";
import type { Caller } from "../rpc.js";
import type { CellImport } from "../threads.js";
import type { Awaits } from "./awaits.js";
import { hookRequire, isMissing, requireFrom } from "./require-typescript.js";
import type { Scope } from "./scope.js";
import type { Tracebacks } from "./traceback.js";
import { patchWorkers } from "./user-workers.js";

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
  readonly #blocking: BlockingCaller<ModuleMethods>;
  readonly #tracebacks: Tracebacks;
  /** Modules that the kernel provides, by specifier. */
  readonly #provided: Readonly<Record<string, Namespace>>;
  /** Evaluations under way. */
  readonly #evaluating = new Set<string>();
  /** Node remembers for good that these failed; they have to be evaluated under another name. */
  readonly #failed = new Set<string>();

  constructor(
    language: Caller<ModuleMethods>,
    blocking: BlockingCaller<ModuleMethods>,
    tracebacks: Tracebacks,
    provided: Readonly<Record<string, Namespace>>,
  ) {
    this.#language = language;
    this.#blocking = blocking;
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
    return this.#evaluate(this.#take(loaded));
  }

  /** Notes what comes with a module. @returns its URL @throws the error that there is in its place */
  #take({ url, positions, stale, error }: LoadedModule): string {
    if (error !== undefined) throw Object.assign(new Error(error.evalue), { name: error.ename });
    for (const [file, map] of Object.entries(positions)) this.#tracebacks.add(file, map);
    const { cache } = createRequire(import.meta.url);
    for (const path of stale) delete cache[path];
    return url;
  }

  async #evaluate(url: string): Promise<Namespace> {
    this.#evaluating.add(url);
    try {
      return wholeNamespace(await import(url), url);
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

  /** `import.meta.resolve` of a file. */
  resolve(specifier: string, from: string): string {
    const found = this.#blocking.call("url", { specifier, from });
    if ("error" in found) throw Object.assign(new Error(found.error.evalue), { name: found.error.ename });
    return found.url;
  }

  /** Where a file of the project stands as JavaScript, translated if it needs to be, for Node to read at once. */
  translated(specifier: string, from: string): string {
    return this.#take(this.#blocking.call("load", { specifier, from, failed: [...this.#failed] }));
  }

  /** The same for what need not be of the project; `undefined` for what is Node's own business. */
  #own(specifier: string, from: string): string | undefined {
    const loaded = this.#blocking.call("require", { specifier, from, failed: [...this.#failed] });
    return loaded === undefined ? undefined : this.#take(loaded);
  }

  /** CommonJS files that require TypeScript, and worker threads that are written in it. */
  own(): void {
    hookRequire((path) => this.translated(path, path));
    patchWorkers((path) => this.#own(path, path));
  }

  /** `require` of cells and of files of the project: CommonJS packages, JSON, TypeScript. */
  require(from: string): NodeJS.Require {
    const required = requireFrom(
      from,
      (specifier) => this.#own(specifier, from),
      (specifier) => this.resolve(specifier, from),
    );
    const require = (specifier: string): unknown => {
      const provided = this.#provided[specifier];
      if (provided !== undefined) return provided;
      try {
        return required(specifier);
      } catch (error) {
        // As with import: the library that was installed with this kernel, where no other is.
        if (specifier !== "gradbook" || !isMissing(error)) throw error;
        return createRequire(import.meta.url)(specifier);
      }
    };
    return Object.assign(require, required);
  }
}

/**
 * What `import * as` and `import()` give of a module. Of CommonJS Node shows the names that it has found in the text; the
 * types, and compiled TypeScript, have all of them.
 */
function wholeNamespace(namespace: Namespace, url: string): Namespace {
  const path = url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*/, "")) : url;
  const { default: whole } = namespace;
  // The object decides: of a file that Node has loaded as CommonJS the default export is `module.exports`.
  const isCommonJs = createRequire(import.meta.url).cache[path]?.exports === whole;
  if (!isCommonJs || (typeof whole !== "object" && typeof whole !== "function") || whole === null)
    return namespace;
  const all = Object.create(null, { [Symbol.toStringTag]: { value: "Module" } });
  const define = (name: string, enumerable: boolean): void => {
    if (name in all) return;
    const get = (): unknown => (name in namespace ? namespace[name] : Reflect.get(whole, name));
    Object.defineProperty(all, name, { enumerable, get });
  };
  // Newer versions of Node list one name more, which is none of the package's.
  for (const name of [...Object.keys(namespace), ...Object.keys(whole)])
    define(name, name !== "module.exports");
  // What it inherits can be imported by its name, but is not listed.
  for (let one: unknown = whole; isOwnWork(one); one = Object.getPrototypeOf(one))
    for (const name of Object.getOwnPropertyNames(one)) define(name, false);
  return all;
}

/** Not one of the prototypes that everything has. */
function isOwnWork(value: unknown): value is object {
  return (
    value !== null &&
    value !== Object.prototype &&
    value !== Function.prototype &&
    typeof value !== "undefined"
  );
}

/** At most so many of a module's exports are named in an error. */
const namedExports = 12;

function exportGetter(namespace: Namespace, imported: string, specifier: string): () => unknown {
  if (imported === "*") return () => namespace;
  if (imported in namespace) return () => namespace[imported];
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
