import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyNode, Literal, Program } from "acorn";
import type { Positions } from "../protocol.js";
import type { LoadedModule, LoadRequest } from "./methods.js";
import { findReferences } from "./references.js";
import { isCommonJsPackage, resolveModule, type Target } from "./resolve.js";
import { Rewrite } from "./rewrite.js";
import { type EmitOptions, isWrapped, stripTypes } from "./strip-types.js";
import { parseModule, SyntaxFailure } from "./syntax-failure.js";

/** One file of the project, as it was when it was last read. */
interface ProjectFile {
  readonly path: string;
  readonly stamp: string;
  readonly digest: string;
  readonly source: string;
  readonly kind: "module" | "commonjs" | "json";
  readonly code: string;
  readonly runs: readonly number[];
  readonly program: Program | undefined;
  readonly imports: readonly { readonly literal: Literal; readonly end: number; readonly target: Target }[];
}

/**
 * Turns files of the project into modules for Node. A module's file name carries a digest of everything that it
 * reaches, so a change anywhere below it makes it a new module, and what has not changed keeps its state.
 */
export class Modules {
  readonly #folder: string;
  readonly #options: () => EmitOptions;
  readonly #files = new Map<string, ProjectFile>();
  readonly #given = new Set<string>();
  /** Counts how often a file's evaluation has failed: Node never tries the same URL again. */
  readonly #attempts = new Map<string, number>();
  /** Digest with which a CommonJS file was last loaded. */
  readonly #loadedCommonJs = new Map<string, string>();

  /** @param folder where translated files stand while Node reads them */
  constructor(folder: string, options: () => EmitOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async load({ specifier, from, failed }: LoadRequest): Promise<LoadedModule> {
    try {
      const target = resolveModule(specifier, from);
      if (target.kind === "builtin") return { url: target.specifier, positions: {}, stale: [] };
      if (target.kind === "package" && !target.path.endsWith(".json")) {
        return { url: pathToFileURL(target.path).href, positions: {}, stale: [] };
      }
      return await this.#loadProject(target.path, new Set(failed));
    } catch (failure) {
      const content =
        failure instanceof SyntaxFailure
          ? failure.content
          : failure instanceof Error
            ? { ename: failure.name, evalue: failure.message, traceback: [] }
            : { ename: "Error", evalue: String(failure), traceback: [] };
      return { url: "", positions: {}, stale: [], error: content };
    }
  }

  async #loadProject(path: string, failed: ReadonlySet<string>): Promise<LoadedModule> {
    const root = await this.#read(path);
    if (root.kind === "commonjs") {
      const stale = this.#loadedCommonJs.get(path) === root.digest ? [] : [path];
      this.#loadedCommonJs.set(path, root.digest);
      return { url: `${pathToFileURL(path).href}?${root.digest}`, positions: {}, stale };
    }
    const reached = await this.#reach(path);
    if (failed.has(this.#url(path))) {
      for (const one of reached) this.#attempts.set(one, (this.#attempts.get(one) ?? 0) + 1);
    }
    const stale: string[] = [];
    const positions: Record<string, Positions> = {};
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const one of reached) {
      const file = this.#files.get(one);
      if (file === undefined) continue;
      if (file.kind === "commonjs") {
        if (this.#loadedCommonJs.get(one) !== file.digest) stale.push(one);
        this.#loadedCommonJs.set(one, file.digest);
        continue;
      }
      const url = this.#url(one);
      if (this.#given.has(url)) continue;
      this.#given.add(url);
      const { code, positions: map } = this.#render(file);
      const output = this.#outputPath(one);
      writeFileSync(output, code, { mode: 0o600 });
      positions[url] = map;
    }
    return { url: this.#url(path), positions, stale };
  }

  /** Everything of the project that a file imports, itself first. */
  async #reach(path: string): Promise<string[]> {
    const found = [path];
    for (const one of found) {
      for (const { target } of (await this.#read(one)).imports) {
        if (target.kind === "project" && !found.includes(target.path)) found.push(target.path);
      }
    }
    return found;
  }

  #reachKnown(path: string): string[] {
    const found = [path];
    for (const one of found) {
      for (const { target } of this.#files.get(one)?.imports ?? []) {
        if (target.kind === "project" && !found.includes(target.path)) found.push(target.path);
      }
    }
    return found;
  }

  async #read(path: string): Promise<ProjectFile> {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs} ${size}`;
    const known = this.#files.get(path);
    if (known?.stamp === stamp) return known;
    const source = readFileSync(path, "utf8");
    const digest = createHash("sha256").update(source).digest("hex").slice(0, 16);
    const file = { path, stamp, digest, source, ...(await this.#translate(path, source)) };
    this.#files.set(path, file);
    return file;
  }

  async #translate(
    path: string,
    source: string,
  ): Promise<Pick<ProjectFile, "kind" | "code" | "runs" | "program" | "imports">> {
    const none = { code: "", runs: [], program: undefined, imports: [] };
    if (path.endsWith(".json")) {
      JSON.parse(source);
      return { ...none, kind: "json" };
    }
    if (path.endsWith(".cjs")) return { ...none, kind: "commonjs" };
    const { code, runs } = await stripTypes(source, { file: path, loader: "ts", options: this.#options() });
    const program = parseModule(code, { file: path, source, runs });
    const isModule = !isWrapped(code) && program.body.some(({ type }) => /^(?:Import|Export)/.test(type));
    if (path.endsWith(".js") && !isModule && isCommonJsPackage(path)) return { ...none, kind: "commonjs" };
    const imports = program.body.flatMap((statement) => {
      const literal = sourceOf(statement);
      if (literal === undefined) return [];
      return [{ literal, end: statement.end, target: resolveModule(String(literal.value), path) }];
    });
    return { kind: "module", code, runs, program, imports };
  }

  #render(file: ProjectFile): { code: string; positions: Positions } {
    const { path, source, code, runs, program, imports } = file;
    const rewrite = new Rewrite(code);
    if (program === undefined) {
      rewrite.insert(0, `export default ${source}`);
      return rewrite.render("", "\n", path, source, []);
    }
    const { awaits, forAwaits, dynamicImports, callbacks, metas, references } = findReferences(program);
    for (const { literal, end, target } of imports) {
      // Attributes go: JSON becomes a module of its own.
      const attributes = target.kind === "builtin" ? literal.end : end - 1;
      rewrite.replace(literal.start, Math.max(attributes, literal.end), JSON.stringify(this.#urlOf(target)));
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
    const free = new Set(references.map(({ node }) => node.name));
    const kit = `const $kernel$ = globalThis[Symbol.for("gradbook.kernel.kit")](${JSON.stringify(path)});`;
    const given = ["require", "__filename", "__dirname"].filter((name) => free.has(name));
    const before = given.length === 0 ? kit : `${kit}const { ${given.join(", ")} } = $kernel$.commonjs();`;
    return rewrite.render(before, "\n", path, source, runs);
  }

  #urlOf(target: Target): string {
    if (target.kind === "builtin") return target.specifier;
    if (target.kind === "package") return pathToFileURL(target.path).href;
    const file = this.#files.get(target.path);
    if (file?.kind === "commonjs") return `${pathToFileURL(target.path).href}?${file.digest}`;
    return this.#url(target.path);
  }

  #url(path: string): string {
    return pathToFileURL(this.#outputPath(path)).href;
  }

  #outputPath(path: string): string {
    const hash = createHash("sha256");
    for (const one of this.#reachKnown(path).sort()) {
      hash.update(`${one}\0${this.#files.get(one)?.digest}\0${this.#attempts.get(one) ?? 0}\0`);
    }
    hash.update(path);
    return join(
      this.#folder,
      `${hash.digest("hex").slice(0, 24)}-${basename(path).replace(/\.[^.]*$/, "")}.mjs`,
    );
  }
}

function sourceOf(statement: AnyNode): Literal | undefined {
  if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration")
    return statement.source;
  if (statement.type === "ExportNamedDeclaration") return statement.source ?? undefined;
  return undefined;
}
