import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { GradbookError, onDisk } from "@gradbook/base";
import type { AnyNode, Literal, Program } from "acorn";
import type { Loader } from "esbuild";
import type { LoadedModule, LoadRequest, ModuleMethods } from "../methods.js";
import type { Positions } from "../threads.js";
import { emitOptions } from "./compiler-options.js";
import { isCommonJsPackage } from "./packages.js";
import { findReferences } from "./references.js";
import { isPath, type Resolver, type Target } from "./resolve.js";
import { Rewrite } from "./rewrite.js";
import { type EmitOptions, isWrapped, stripTypes } from "./strip-types.js";
import { contentOf, parseModule } from "./syntax-failure.js";
import type { ConfigReader, ProjectConfig } from "./tsconfig.js";

/** One file of the project, as it was when it was last read. */
interface ParsedFile {
  readonly path: string;
  readonly stamp: string;
  readonly digest: string;
  readonly source: string;
  readonly kind: "module" | "commonjs" | "json";
  readonly code: string;
  readonly runs: readonly number[];
  readonly program: Program | undefined;
  readonly imports: readonly ImportPlace[];
}

interface ImportPlace {
  readonly specifier: string;
  /** Where the specifier begins and ends in the code, and where the statement ends. */
  readonly start: number;
  readonly end: number;
  readonly statementEnd: number;
}

interface ProjectFile extends ParsedFile {
  /** What the imports lead to, in their order; for CommonJS only what was found. */
  readonly targets: readonly Target[];
}

/**
 * Turns files of the project into modules for Node. A module's file name carries a digest of everything that it
 * reaches, so a change anywhere below it makes it a new module, and what has not changed keeps its state.
 */
export class Modules {
  readonly #folder: string;
  readonly #config: ConfigReader;
  readonly #resolver: Resolver;
  readonly #files = new Map<string, ProjectFile>();
  /** Positions of what has been rendered, by URL. */
  readonly #given = new Map<string, Positions>();
  /** Counts how often a file's evaluation has failed: Node never tries the same URL again. */
  readonly #attempts = new Map<string, number>();
  /** Digest of all that a CommonJS file reaches, as it was last loaded. */
  readonly #loadedCommonJs = new Map<string, string>();

  /** @param folder where translated files stand while Node reads them */
  constructor(folder: string, config: ConfigReader, resolver: Resolver) {
    this.#folder = folder;
    this.#config = config;
    this.#resolver = resolver;
  }

  async load({ specifier, from, failed, type }: LoadRequest): Promise<LoadedModule> {
    try {
      const target = this.#resolver.resolve(specifier, from);
      refuseType(specifier, target, type);
      return await this.#loadTarget(target, failed);
    } catch (failure) {
      return { url: "", positions: {}, stale: [], error: contentOf(failure) };
    }
  }

  /** Paths and aliases; packages and built-in modules are Node's own business, and so is what only it may find. */
  async require(request: LoadRequest): Promise<LoadedModule | undefined> {
    const { specifier, from } = request;
    const isAlias = this.#resolver.alias(specifier) !== undefined;
    if (!isPath(specifier) && !isAlias) return undefined;
    const target = this.#resolver.find(specifier, from);
    if (target?.kind === "project" && !isCode(target.path)) return undefined;
    const own = isPath(specifier)
      ? target !== undefined
      : target === undefined || this.#resolver.resolveAlias(specifier) !== undefined;
    return own ? this.load(request) : undefined;
  }

  positions(url: string): Positions | undefined {
    return this.#given.get(url);
  }

  url(specifier: string, from: string): ModuleMethods["url"][1] {
    try {
      return { url: this.#resolver.url(specifier, from) };
    } catch (failure) {
      return { error: contentOf(failure) };
    }
  }

  async #loadTarget(target: Target, failed: readonly string[]): Promise<LoadedModule> {
    if (target.kind === "builtin") return { url: target.specifier, positions: {}, stale: [] };
    if (target.kind === "package" && !target.path.endsWith(".json"))
      return { url: pathToFileURL(target.path).href, positions: {}, stale: [] };
    return this.#loadProject(target.path, new Set(failed));
  }

  async #loadProject(path: string, failed: ReadonlySet<string>): Promise<LoadedModule> {
    const reached = await this.#reach(path);
    if (failed.has(this.#url(path))) {
      for (const one of reached) this.#attempts.set(one, (this.#attempts.get(one) ?? 0) + 1);
    }
    const stale: string[] = [];
    const positions: Record<string, Positions> = {};
    onDisk({ path: this.#folder, doing: "write", elsewhere }, () =>
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 }),
    );
    for (const one of reached) {
      const file = this.#files.get(one);
      if (file === undefined) continue;
      if (file.kind === "commonjs") {
        const digest = this.#digest(one);
        if (this.#loadedCommonJs.get(one) !== digest) stale.push(one);
        this.#loadedCommonJs.set(one, digest);
        continue;
      }
      const url = this.#url(one);
      if (this.#given.has(url)) continue;
      const { code, positions: map } = this.#render(file);
      const output = this.#outputPath(one);
      onDisk({ path: output, doing: "write", bytes: Buffer.byteLength(code), elsewhere }, () =>
        writeFileSync(output, code, { mode: 0o600 }),
      );
      positions[url] = map;
      this.#given.set(url, map);
    }
    return { url: this.#url(path), positions, stale };
  }

  /** Everything of the project that a file imports, itself first. */
  async #reach(path: string): Promise<string[]> {
    const found = [path];
    for (const one of found) {
      for (const target of (await this.#read(one)).targets) {
        if (target.kind === "project" && !found.includes(target.path)) found.push(target.path);
      }
    }
    return found;
  }

  #reachKnown(path: string): string[] {
    const found = [path];
    for (const one of found) {
      for (const target of this.#files.get(one)?.targets ?? []) {
        if (target.kind === "project" && !found.includes(target.path)) found.push(target.path);
      }
    }
    return found;
  }

  async #read(path: string): Promise<ProjectFile> {
    const { mtimeMs, size } = statSync(path);
    const config = this.#config.read();
    const stamp = `${mtimeMs} ${size} ${config.stamp}`;
    const known = this.#files.get(path);
    const parsed = known?.stamp === stamp ? known : await this.#parse(path, stamp, config);
    // What a name leads to may change without the file that says it.
    const file = { ...parsed, targets: this.#targetsOf(parsed) };
    this.#files.set(path, file);
    return file;
  }

  async #parse(
    path: string,
    stamp: string,
    { options, path: configPath }: ProjectConfig,
  ): Promise<ParsedFile> {
    const source = onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8"));
    const emit = emitOptions(options, configPath);
    // The same text under other options is another module.
    const meaning = JSON.stringify(emit.compilerOptions);
    const digest = createHash("sha256").update(`${meaning}\0${source}`).digest("hex").slice(0, 16);
    return { path, stamp, digest, source, ...(await this.#translate(path, source, emit)) };
  }

  #targetsOf({ path, kind, imports }: ParsedFile): Target[] {
    // What `require` cannot find may never be asked for.
    if (kind === "commonjs")
      return imports.flatMap(({ specifier }) => this.#resolver.find(specifier, path) ?? []);
    return imports.map(({ specifier }) => this.#resolver.resolve(specifier, path));
  }

  async #translate(
    path: string,
    source: string,
    options: EmitOptions,
  ): Promise<Pick<ParsedFile, "kind" | "code" | "runs" | "program" | "imports">> {
    if (!isCode(path)) throw noCode(path);
    const none = { code: "", runs: [], program: undefined, imports: [] };
    if (path.endsWith(".json")) {
      JSON.parse(source);
      return { ...none, kind: "json" };
    }
    if (path.endsWith(".cjs")) return { ...none, kind: "commonjs", imports: requiresOf(source) };
    const loader = loaders[extname(path)] ?? "ts";
    const { code, runs } = await stripTypes(source, {
      file: path,
      loader,
      options: loader.endsWith("x") ? await this.#jsxOptions(source, path, loader, options) : options,
    });
    const program = parseModule(code, { file: path, source, runs });
    const isModule = !isWrapped(code) && program.body.some(({ type }) => /^(?:Import|Export)/.test(type));
    if (path.endsWith(".js") && !isModule && isCommonJsPackage(path))
      return { ...none, kind: "commonjs", imports: requiresOf(source) };
    const imports = program.body.flatMap((statement) => {
      const literal = sourceOf(statement);
      if (literal === undefined) return [];
      const { start, end } = literal;
      return [{ specifier: String(literal.value), start, end, statementEnd: statement.end }];
    });
    return { kind: "module", code, runs, program, imports };
  }

  /** Without `jsx`, and with one that leaves JSX as it is, a file can only be run when it has none. */
  async #jsxOptions(
    source: string,
    path: string,
    loader: Loader,
    options: EmitOptions,
  ): Promise<EmitOptions> {
    const { jsx = "" } = options.compilerOptions;
    if (typeof jsx === "string" && /^react(?:-jsx(?:dev)?)?$/i.test(jsx)) return options;
    const probe = { ...options.compilerOptions, jsx: "react-jsx", jsxImportSource: "jsx-probe" };
    const { code } = await stripTypes(source, { file: path, loader, options: { compilerOptions: probe } });
    if (!/from "jsx-probe\/jsx-runtime";$/m.test(code)) return options;
    const config = this.#config.read().path;
    throw new GradbookError({
      code: "tsconfig",
      what: path,
      got: `it has JSX, and ${jsx === "" ? 'there is no "jsx"' : `"jsx" is ${JSON.stringify(jsx)}, which leaves it as it is,`} in ${config ?? "a tsconfig.json"}`,
      expected: '"react", "react-jsx" or "react-jsxdev"',
      cure: '"compilerOptions": { "jsx": "react-jsx" } makes calls of react/jsx-runtime of it.',
    });
  }

  #render(file: ProjectFile): { code: string; positions: Positions } {
    const { path, source, code, runs, program, imports, targets } = file;
    const rewrite = new Rewrite(code);
    if (program === undefined) {
      rewrite.insert(0, `export default ${source}`);
      return rewrite.render("", "\n", path, source, []);
    }
    const { awaits, forAwaits, dynamicImports, callbacks, metas, references } = findReferences(program);
    for (const [i, { start, end, statementEnd }] of imports.entries()) {
      // Attributes go: JSON becomes a module of its own.
      const attributes = targets[i].kind === "builtin" ? end : statementEnd - 1;
      rewrite.replace(start, Math.max(attributes, end), JSON.stringify(this.#urlOf(targets[i])));
    }
    for (const node of awaits) {
      rewrite.insert(node.start, "$kernel$.resume(");
      rewrite.wrap(node.start + "await".length, node.end, " $kernel$.until(", "))");
    }
    for (const { right } of forAwaits) {
      rewrite.wrap(right.start, right.end, "$kernel$.steps((", "))");
    }
    for (const { start, end } of callbacks) rewrite.wrap(start, end, "$kernel$.bind(", ")");
    for (const { start } of dynamicImports) rewrite.replace(start, start + "import".length, "$kernel$.load");
    for (const { start, end } of metas) rewrite.replace(start, end, "$kernel$.meta");
    if (isWrapped(code)) exportWhole(program, rewrite);
    const free = new Set(references.map(({ node }) => node.name));
    const kit = `const $kernel$ = globalThis[Symbol.for("gradbook.kernel.kit")](${JSON.stringify(path)});`;
    const given = ["require", "__filename", "__dirname"].filter((name) => free.has(name));
    const before = given.length === 0 ? kit : `${kit}const { ${given.join(", ")} } = $kernel$.commonjs();`;
    return rewrite.render(before, "\n", path, source, runs);
  }

  #urlOf(target: Target): string {
    if (target.kind === "builtin") return target.specifier;
    if (target.kind === "package") return pathToFileURL(target.path).href;
    return this.#url(target.path);
  }

  #url(path: string): string {
    if (this.#files.get(path)?.kind === "commonjs")
      return `${pathToFileURL(path).href}?${this.#digest(path)}`;
    return pathToFileURL(this.#outputPath(path)).href;
  }

  #outputPath(path: string): string {
    return join(this.#folder, `${this.#digest(path)}-${basename(path).replace(/\.[^.]*$/, "")}.mjs`);
  }

  /** Of everything that decides what a file is when it is evaluated. */
  #digest(path: string): string {
    const hash = createHash("sha256");
    for (const one of this.#reachKnown(path).sort()) {
      const { digest, targets = [] } = this.#files.get(one) ?? {};
      hash.update(`${one}\0${digest}\0${this.#attempts.get(one) ?? 0}\0${JSON.stringify(targets)}\0`);
    }
    return hash.update(path).digest("hex").slice(0, 24);
  }
}

/** `with { type }`, which Node knows for JSON alone. */
function refuseType(specifier: string, target: Target, type: string | undefined): void {
  if (type === undefined) return;
  const isJson = target.kind !== "builtin" && target.path.endsWith(".json");
  if (type === "json" && isJson) return;
  throw new GradbookError({
    code: "import",
    what: `import "${specifier}" with { type: "${type}" }`,
    got: type === "json" ? "it is not a .json file" : "the type is not supported",
    expected: '"json" for a .json file',
    cure: "fs.readFileSync reads any other file.",
  });
}

const elsewhere = "the variable TMPDIR and a new start";

const required = /\brequire\s*\(\s*["']([^"'\n]+)["']/g;

function requiresOf(source: string): ImportPlace[] {
  return Array.from(source.matchAll(required), ([, specifier]) => ({
    specifier,
    start: 0,
    end: 0,
    statementEnd: 0,
  }));
}

/** What a file in the style of CommonJS exports is `default` for `import`, and the whole for `require`. */
function exportWhole({ body }: Program, rewrite: Rewrite): void {
  const last = body[body.length - 1];
  if (last.type !== "ExportDefaultDeclaration") return;
  rewrite.replace(last.start, last.declaration.start, "const $exports$ = ");
  rewrite.insert(last.end, '\nexport { $exports$ as default, $exports$ as "module.exports" };');
}

const loaders: Readonly<Record<string, Loader>> = { ".js": "js", ".mjs": "js", ".jsx": "jsx", ".tsx": "tsx" };

const isCode = (path: string): boolean => /\.(?:[cm]?[jt]s|[jt]sx|json)$/.test(path);

function noCode(path: string): GradbookError {
  return new GradbookError({
    code: "import",
    what: path,
    got: `${extname(path) || "a name without an ending"} is not a kind of module`,
    expected: "TypeScript, JavaScript or JSON",
    cure: "fs.readFileSync reads any other file.",
  });
}

function sourceOf(statement: AnyNode): Literal | undefined {
  if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration")
    return statement.source;
  if (statement.type === "ExportNamedDeclaration") return statement.source ?? undefined;
  return undefined;
}
