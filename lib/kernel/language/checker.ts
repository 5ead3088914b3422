import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeFrame, red } from "../code-frame.js";
import type { ErrorContent, PreparedCell, RefusedCell } from "../protocol.js";
import {
  cellConfig,
  cellFileName,
  type Definition,
  documentOf,
  globalsFileName,
  nearestConfig,
  overlayConfig,
  visibleNames,
} from "./documents.js";
import { globalDeclarations } from "./globals.js";
import { LanguageServer } from "./language-server.js";
import { ProjectFiles } from "./project-files.js";
import { type EmitOptions, SyntaxFailure, type Translation, translateCell } from "./translate.js";

interface Diagnostic {
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
  readonly severity?: number;
  readonly code?: number | string;
  readonly message: string;
}

interface DocumentSymbol {
  readonly name: string;
  readonly kind: number;
}

/** Kinds of symbols that are types: namespace, class (also type aliases), enum, interface. */
const typeKinds = new Set([3, 5, 10, 11]);
/** Errors that are no mistake in a notebook: a package without type declarations is used as `any`. */
const forgiven = new Set([7016]);
/** At most so many errors are shown of one cell. */
const maximumErrors = 10;

/** Checks cells, translates them, and remembers what they define. */
export class Checker {
  readonly #folder: string;
  readonly #files = new ProjectFiles();
  readonly #definitions = new Map<string, Definition>();
  /** What each cell that is still needed looks like to TypeScript, and which cells it refers to. */
  readonly #cells = new Map<
    number,
    { readonly document: string; readonly needs: readonly number[]; readonly permanent: boolean }
  >();
  #server: Promise<LanguageServer> | undefined;
  #options: EmitOptions | undefined;

  /** @param folder the notebook's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts the language server and lets it read Node's declarations, so that the first cell need not wait for it. */
  async warmUp(): Promise<void> {
    const server = await this.server();
    const draft = this.path("draft");
    server.setText(draft, "export {}\n");
    await server.request("textDocument/diagnostic", { textDocument: { uri: pathToFileURL(draft).href } });
  }

  /** The language server; a new one with everything it has to know if the last one has died. */
  async server(): Promise<LanguageServer> {
    const current = await this.#server?.catch(() => undefined);
    if (current !== undefined && !current.ended) return current;
    this.#server = this.#startServer();
    return this.#server;
  }

  path(cell: number | string): string {
    return join(this.#folder, cellFileName(cell));
  }

  get definitions(): ReadonlyMap<string, Definition> {
    return this.#definitions;
  }

  async prepare(code: string, cell: number): Promise<PreparedCell | RefusedCell> {
    const file = `Cell [${cell}]`;
    const server = await this.server();
    const changes = this.#files.changes(code, this.#folder);
    if (changes.length > 0) {
      const list = changes.map(({ path, type }) => ({ uri: pathToFileURL(path).href, type }));
      server.notify("workspace/didChangeWatchedFiles", { changes: list });
    }
    const draft = this.path("draft");
    server.setText(draft, `${code}\n;export {}\n`);
    const uri = pathToFileURL(draft).href;
    const [translation, symbols] = await Promise.all([
      this.translate(code, file).catch(syntaxFailureOf),
      server.request<DocumentSymbol[] | null>("textDocument/documentSymbol", { textDocument: { uri } }),
    ]);
    const own = translation instanceof SyntaxFailure ? new Map() : ownNames(translation, symbols ?? []);
    const visible = visibleNames(code, this.#definitions, own);
    if (visible.size > 0) server.setText(draft, documentOf(code, visible, []));
    const answer = await server.request<{ items?: Diagnostic[] }>("textDocument/diagnostic", {
      textDocument: { uri },
    });
    const lines = code.split("\n").length;
    // Of a text that is no TypeScript only the syntax errors (numbers below 2000) are worth reading.
    const below = translation instanceof SyntaxFailure ? 2000 : Number.POSITIVE_INFINITY;
    const errors = (answer.items ?? []).filter(
      ({ severity, code: number, range }) =>
        severity === 1 && Number(number) < below && !forgiven.has(Number(number)) && range.start.line < lines,
    );
    if (errors.length > 0) return { error: typeError(code, file, errors) };
    if (translation instanceof SyntaxFailure) return { error: translation.content };
    this.#remember(cell, code, visible, own, server);
    return translation.prepared;
  }

  /** Without looking at types. */
  translate(code: string, file: string): Promise<Translation> {
    return translateCell(code, file, new Set(this.#definitions.keys()), this.options);
  }

  get options(): EmitOptions {
    this.#options ??= readEmitOptions(this.#folder);
    return this.#options;
  }

  async #startServer(): Promise<LanguageServer> {
    const server = new LanguageServer();
    await server.initialize(this.#folder);
    server.setText(overlayConfig(this.#folder), JSON.stringify(cellConfig(this.#folder)), "jsonc");
    server.setText(join(this.#folder, globalsFileName), globalDeclarations);
    for (const [cell, { document }] of this.#cells) server.setText(this.path(cell), document);
    return server;
  }

  /** From now on later cells see this one. */
  #remember(
    cell: number,
    code: string,
    visible: ReadonlyMap<string, Definition>,
    own: ReadonlyMap<string, Definition["kind"]>,
    server: LanguageServer,
  ): void {
    const permanent = /\bdeclare\s+(?:global|module)\b/.test(code);
    if (own.size === 0 && !permanent) return;
    for (const [name, kind] of own) this.#definitions.set(name, { cell, kind });
    const document = documentOf(code, visible, [...own.keys()]);
    const needs = [...new Set([...visible.values()].map((definition) => definition.cell))];
    this.#cells.set(cell, { document, needs, permanent });
    server.setText(this.path(cell), document);
    this.#forgetUnneeded(server);
  }

  /** Cells whose names have all been redefined, and that no other cell refers to, are dropped. */
  #forgetUnneeded(server: LanguageServer): void {
    const needed = new Set([...this.#definitions.values()].map(({ cell }) => cell));
    for (const [cell, { permanent }] of this.#cells) if (permanent) needed.add(cell);
    for (const cell of needed) for (const other of this.#cells.get(cell)?.needs ?? []) needed.add(other);
    for (const cell of this.#cells.keys()) {
      if (needed.has(cell)) continue;
      this.#cells.delete(cell);
      server.dropText(this.path(cell));
    }
  }
}

/** What a cell defines: its values, and the types that leave no trace in JavaScript. */
function ownNames(
  { names, innerNames }: Translation,
  symbols: readonly DocumentSymbol[],
): Map<string, Definition["kind"]> {
  const own = new Map<string, Definition["kind"]>(names);
  for (const { name, kind } of symbols) {
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) || name === "global" || name === "default")
      continue;
    // A name can be a type and a value; then only an import carries both.
    if (typeKinds.has(kind)) own.set(name, "other");
    else if (!own.has(name) && !innerNames.has(name)) own.set(name, "other");
  }
  return own;
}

function syntaxFailureOf(failure: unknown): SyntaxFailure {
  if (failure instanceof SyntaxFailure) return failure;
  throw failure;
}

function typeError(code: string, file: string, errors: readonly Diagnostic[]): ErrorContent {
  const shown = errors.slice(0, maximumErrors).map(({ range, code: number, message }) => {
    const [line, column] = [range.start.line + 1, range.start.character + 1];
    const text = message.replaceAll(/import\("[^"]*\.gradbook-cell-(\d+)"\)\./g, "(Cell [$1]) ");
    return { line, column, text, headline: `${file}, line ${line}, column ${column}: ${text} (TS${number})` };
  });
  const traceback = shown.flatMap(({ line, column, headline }, i) => [
    ...(i === 0 ? [] : [""]),
    `${red("TypeScript")} ${headline}`,
    ...codeFrame(code, line, column, 1),
  ]);
  if (errors.length > shown.length) traceback.push("", `… and ${errors.length - shown.length} more errors`);
  traceback.push(
    "",
    "The cell did not run. `// @ts-nocheck` as its first line runs it in spite of type errors.",
  );
  return { ename: "TypeScript", evalue: shown.map(({ headline }) => headline).join("\n"), traceback };
}

/** The options of the nearest tsconfig.json that change what code does, not only what is accepted. */
function readEmitOptions(folder: string): EmitOptions {
  const path = nearestConfig(folder);
  if (path === undefined) return {};
  const text = readFileSync(path, "utf8");
  const flag = (name: string): boolean | undefined => {
    const match = new RegExp(`^[^/]*"${name}"\\s*:\\s*(true|false)`, "m").exec(text);
    return match === null ? undefined : match[1] === "true";
  };
  const experimentalDecorators = flag("experimentalDecorators");
  const useDefineForClassFields = flag("useDefineForClassFields");
  return {
    ...(experimentalDecorators === undefined ? {} : { experimentalDecorators }),
    ...(useDefineForClassFields === undefined ? {} : { useDefineForClassFields }),
  };
}
