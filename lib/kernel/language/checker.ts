import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeFrame, red } from "../code-frame.js";
import type { ErrorContent } from "../jupyter/messages.js";
import { cureForName, cureForText } from "../other-languages.js";
import type { PreparedCell, RefusedCell } from "../threads.js";
import { emitOptions } from "./compiler-options.js";
import {
  cellConfig,
  cellDocument,
  cellFileName,
  type Definition,
  type Definitions,
  draftDocument,
  globalsFileName,
  namesDeclared,
  overlayConfig,
  portableType,
  scopeDocument,
  visibleNames,
} from "./documents.js";
import { globalDeclarations } from "./globals.js";
import { LanguageServer, ServerEnded } from "./language-server.js";
import { readMagic } from "./magics.js";
import { ProjectFiles } from "./project-files.js";
import type { Resolver } from "./resolve.js";
import { Slots } from "./slots.js";
import { SyntaxFailure } from "./syntax-failure.js";
import { translateCell } from "./translate.js";
import type { Translation } from "./translation.js";
import type { ConfigReader, ProjectConfig } from "./tsconfig.js";

interface Position {
  readonly line: number;
  readonly character: number;
}

interface Diagnostic {
  readonly range: { readonly start: Position };
  readonly severity?: number;
  readonly code?: number | string;
  readonly message: string;
}

interface DocumentSymbol {
  readonly name: string;
  readonly kind: number;
  readonly selectionRange: { readonly start: Position };
}

/** A cell that others refer to. */
interface KeptCell {
  readonly needs: readonly number[];
  /** Adds to global types, so that it is needed whoever refers to it. */
  readonly permanent: boolean;
  /** As stack traces call it. */
  readonly count: number;
}

const namespaceKind = 3;
/** Kinds of symbols that are types: namespace, class (also type aliases), enum, interface. */
const typeKinds = new Set([namespaceKind, 5, 10, 11]);
/** Functions and variables; what has no value in JavaScript is only declared, or imported as a type. */
const valueKinds = new Set([12, 13, 14]);
/** Errors that are no mistake in a notebook: a package without type declarations is used as `any`. */
const forgiven = new Set([7016]);
const missingModule = /^Cannot find module (?:or type declarations for side-effect import of )?'([^']+)'/;
/** At most so many errors are shown of one cell. */
const maximumErrors = 10;

/** Checks cells, translates them, and remembers what they define. */
export class Checker {
  readonly #folder: string;
  readonly #strict: boolean;
  readonly #loose: boolean;
  readonly #config: ConfigReader;
  readonly #resolver: Resolver;
  #files: ProjectFiles;
  readonly #definitions = new Map<string, Definition>();
  /** Names to which functions of cells assign. */
  readonly #assigned = new Set<string>();
  readonly #slots = new Slots((slot) => this.path(slot));
  readonly #kept = new Map<number, KeptCell>();
  #server: Promise<LanguageServer> | undefined;
  /** What the server was told of the project. */
  #told: ProjectConfig | undefined;
  /** The names of the last cell are being written down. */
  #naming: Promise<unknown> = Promise.resolve();
  /** What follows from them for the next check, which waits for it. */
  #remembering: Promise<unknown> = Promise.resolve();

  /**
   * @param folder the notebook's
   * @param checks strict: whether a type error refuses a cell; otherwise only what is no TypeScript at all does. loose: without
   *   TypeScript's own `strict`, where no project says otherwise
   */
  constructor(
    folder: string,
    checks: { readonly strict: boolean; readonly loose: boolean },
    config: ConfigReader,
    resolver: Resolver,
  ) {
    this.#folder = folder;
    this.#strict = checks.strict;
    this.#loose = checks.loose;
    this.#config = config;
    this.#resolver = resolver;
    this.#files = new ProjectFiles(resolver);
  }

  /** Starts the language server and lets it read Node's declarations, so that the first cell need not wait for it. */
  async warmUp(): Promise<void> {
    const server = await this.server();
    server.setText(this.path("draft"), draftDocument("", new Map()));
    await this.#diagnose(server);
  }

  /** The language server; a new one with everything it has to know if the last one has died. */
  async server(): Promise<LanguageServer> {
    const current = await this.#server?.catch(() => undefined);
    if (current !== undefined && !current.ended) return current;
    this.#server = this.#startServer();
    return this.#server;
  }

  path(name: number | string): string {
    return join(this.#folder, cellFileName(name));
  }

  get definitions(): Definitions {
    return this.#definitions;
  }

  /** Whoever asks right behind a cell asks about its names too: resolves when they are in `definitions`. */
  async named(): Promise<void> {
    await this.#naming;
  }

  /** Without looking at types. */
  async translate(code: string, file: string): Promise<Translation> {
    const { options, path } = this.#config.read();
    const context = {
      known: this.#definitions,
      assigned: this.#assigned,
      options: emitOptions(options, path),
      javascript: !this.#strict,
    };
    return translateCell(code, file, context);
  }

  /** @param count the cell's execution counter */
  async prepare(written: string, count: number): Promise<PreparedCell | RefusedCell> {
    // !name may be the negation of what the last cell defined
    if (/^\s*!/.test(written)) await this.#naming;
    const magic = readMagic(written, (name) => this.#definitions.has(name));
    if (magic === undefined) return this.#prepareAgain(written, count);
    const prepared = await this.#prepareAgain(magic.code, count);
    if ("error" in prepared) return prepared;
    if (magic.timed) return { ...prepared, timed: true };
    // nobody has written this code: its lines are nobody's
    return { ...prepared, positions: { ...prepared.positions, runs: new Int32Array(0), source: written } };
  }

  async #prepareAgain(code: string, count: number): Promise<PreparedCell | RefusedCell> {
    try {
      return await this.#prepare(code, count);
    } catch (failure) {
      if (!(failure instanceof ServerEnded)) throw failure;
      // A new one is started, and knows what the last one knew.
      return this.#prepare(code, count);
    }
  }

  async #prepare(code: string, count: number): Promise<PreparedCell | RefusedCell> {
    const remembering = this.#remembering;
    this.#remembering = Promise.resolve();
    await remembering;
    const file = `Cell [${count}]`;
    const config = this.#config.read();
    // A new server knows nothing of what it was told before.
    if (this.#told !== undefined && this.#told !== config) this.#forgetServer();
    const server = await this.server();
    this.#reportChanges(code, server);
    const lines = code.split("\n").length;
    // One round trip for everything. Which names the cell itself defines is only known behind it, so that a guess
    // decides what is brought into view; where it was wrong, the diagnostics are asked for again.
    const guessed = visibleNames(code, this.#definitions, new Set(namesDeclared(code)));
    server.setText(this.path("draft"), draftDocument(code, guessed));
    const [symbols, early, translation] = await Promise.all([
      this.#symbols(server, lines),
      this.#diagnose(server),
      this.translate(code, file).catch(syntaxFailureOf),
    ]);
    const own = translation instanceof SyntaxFailure ? new Map() : ownNames(translation, symbols);
    const visible = visibleNames(code, this.#definitions, own);
    const right = visible.size === guessed.size && [...visible.keys()].every((name) => guessed.has(name));
    if (!right) server.setText(this.path("draft"), draftDocument(code, visible));
    // Of a text that is no TypeScript only the syntax errors (numbers below 2000) are worth reading.
    const typed = this.#strict && !(translation instanceof SyntaxFailure);
    const below = typed ? Number.POSITIVE_INFINITY : 2000;
    const errors = (right ? early : await this.#diagnose(server)).filter(
      ({ severity, code: number, range }) =>
        severity === 1 && Number(number) < below && !forgiven.has(Number(number)) && range.start.line < lines,
    );
    if (errors.length > 0) return { error: this.#typeError(code, file, errors) };
    if (translation instanceof SyntaxFailure) return { error: withHabit(translation.content, code) };
    for (const name of translation.assigned) this.#assigned.add(name);
    const remembered = this.#remember({ code, count, visible, own, symbols }, server);
    // TypeScript works out now what has changed, while the cell runs.
    const diagnosed = remembered.then((changed) => (changed ? this.#diagnose(server) : undefined));
    this.#naming = remembered.catch(ignoreEnded);
    this.#remembering = diagnosed.catch(ignoreEnded);
    return translation.prepared;
  }

  #forgetServer(): void {
    this.#server?.then(
      (server) => server.end(),
      // It has never come up: there is nothing to end.
      () => undefined,
    );
    this.#server = undefined;
    this.#files = new ProjectFiles(this.#resolver);
  }

  /** Says which files of the project have changed on the disk. */
  #reportChanges(code: string, server: LanguageServer): void {
    const changes = this.#files.changes(code, this.#folder);
    if (changes.length === 0) return;
    const list = changes.map(({ path, type }) => ({ uri: pathToFileURL(path).href, type }));
    server.notify("workspace/didChangeWatchedFiles", { changes: list });
  }

  get #draft(): { textDocument: { uri: string } } {
    return { textDocument: { uri: pathToFileURL(this.path("draft")).href } };
  }

  /** What the draft's own lines declare. */
  async #symbols(server: LanguageServer, lines: number): Promise<readonly DocumentSymbol[]> {
    const method = "textDocument/documentSymbol";
    const symbols = (await server.request<DocumentSymbol[] | null>(method, this.#draft)) ?? [];
    return symbols.filter(({ selectionRange }) => selectionRange.start.line < lines);
  }

  async #diagnose(server: LanguageServer): Promise<readonly Diagnostic[]> {
    const answer = await server.request<{ items?: Diagnostic[] }>("textDocument/diagnostic", this.#draft);
    return answer.items ?? [];
  }

  async #startServer(): Promise<LanguageServer> {
    const config = this.#config.read();
    this.#told = config;
    const server = new LanguageServer();
    await server.initialize(this.#folder);
    server.setText(
      overlayConfig(this.#folder),
      JSON.stringify(cellConfig(this.#folder, config, this.#loose)),
      "jsonc",
    );
    server.setText(join(this.#folder, globalsFileName), globalDeclarations);
    this.#slots.announce(server);
    server.setText(this.path("scope"), scopeDocument(this.#definitions));
    return server;
  }

  /** From now on later cells see this one. The draft still holds it. Returns whether there was anything to see. */
  async #remember(
    cell: {
      readonly code: string;
      readonly count: number;
      readonly visible: Definitions;
      readonly own: ReadonlyMap<string, Definition["kind"]>;
      readonly symbols: readonly DocumentSymbol[];
    },
    server: LanguageServer,
  ): Promise<boolean> {
    const { code, count, visible, own, symbols } = cell;
    const permanent = /\bdeclare\s+(?:global|module)\b/.test(code);
    if (own.size === 0 && !permanent) return false;
    const slot = this.#slots.next();
    // Whatever becomes of the server, the names are there.
    const types = await this.#writeDown(own, symbols, server).catch(noTypes);
    for (const [name, kind] of own) {
      const type = types.get(name);
      this.#definitions.set(name, { slot, kind, ...(type === undefined ? {} : { type }) });
    }
    if (permanent || [...own.keys()].some((name) => !types.has(name))) {
      const needs = [...visible.values()].filter(({ type }) => type === undefined).map((one) => one.slot);
      this.#kept.set(slot, { needs, permanent, count });
      this.#slots.fill(slot, cellDocument(code, visible, own.keys()), server);
    }
    this.#forgetUnneeded(server);
    server.setText(this.path("scope"), scopeDocument(this.#definitions));
    return true;
  }

  /** Types of variables that can be written down: they keep the way to a variable's type short, however many cells it has come through. */
  async #writeDown(
    own: ReadonlyMap<string, Definition["kind"]>,
    symbols: readonly DocumentSymbol[],
    server: LanguageServer,
  ): Promise<Map<string, string>> {
    const types = new Map<string, string>();
    const known = { has: (name: string) => own.has(name) || this.#definitions.has(name) };
    const look = async ({ name, selectionRange }: DocumentSymbol): Promise<void> => {
      const place = { ...this.#draft, position: selectionRange.start };
      const hover = await server.request<{ contents?: { value?: string } } | null>(
        "textDocument/hover",
        place,
      );
      const [, printed] = /```\w*\n([\s\S]*?)\n```/.exec(hover?.contents?.value ?? "") ?? [];
      const type = printed === undefined ? undefined : portableType(printed, known);
      if (type !== undefined) types.set(name, type);
    };
    await Promise.all(symbols.filter(({ name }) => own.has(name) && own.get(name) !== "other").map(look));
    return types;
  }

  /** Cells whose names have all been redefined, and that no other cell refers to, are dropped. */
  #forgetUnneeded(server: LanguageServer): void {
    const needed = new Set<number>();
    for (const { slot, type } of this.#definitions.values()) if (type === undefined) needed.add(slot);
    for (const [slot, { permanent }] of this.#kept) if (permanent) needed.add(slot);
    for (const slot of needed) for (const other of this.#kept.get(slot)?.needs ?? []) needed.add(other);
    for (const slot of this.#kept.keys()) {
      if (needed.has(slot)) continue;
      this.#kept.delete(slot);
      this.#slots.free(slot, server);
    }
  }

  #typeError(code: string, file: string, errors: readonly Diagnostic[]): ErrorContent {
    const shown = errors.slice(0, maximumErrors).map(({ range, code: number, message }) => {
      const [line, column] = [range.start.line + 1, range.start.character + 1];
      const text = message.replaceAll(/import\("[^"]*\.gradbook-cell-(\w+)"\)\./g, (_, slot: string) => {
        const count = this.#kept.get(Number(slot))?.count;
        return count === undefined ? "(this cell) " : `(Cell [${count}]) `;
      });
      const [, missing] = missingModule.exec(text) ?? [];
      const cure =
        missing === undefined
          ? cureOfName(text)
          : this.#resolver.why(missing, this.path("draft"), "the notebook's folder");
      return {
        line,
        column,
        headline: `${file}, line ${line}, column ${column}: ${text} (TS${number})${cure}`,
      };
    });
    const traceback = shown.flatMap(({ line, column, headline }, i) => [
      ...(i === 0 ? [] : [""]),
      `${red("TypeScript")} ${headline}`,
      ...codeFrame(code, line, column, 1),
    ]);
    if (errors.length > shown.length) traceback.push("", `… and ${errors.length - shown.length} more errors`);
    const isSyntax = errors.some(({ code: number }) => Number(number) < 2000);
    const habit = isSyntax ? cureForText(code) : undefined;
    const why = isSyntax
      ? "The cell is not TypeScript, and did not run."
      : "The cell did not run. `// @ts-nocheck` as its first line runs it despite type errors.";
    traceback.push("", habit === undefined ? why : `${why} ${habit}`);
    const evalue = [...shown.map(({ headline }) => headline), ...(habit === undefined ? [] : [habit])].join(
      "\n",
    );
    return { ename: "TypeScript", evalue, traceback };
  }
}

function withHabit(error: ErrorContent, code: string): ErrorContent {
  const habit = cureForText(code);
  if (habit === undefined) return error;
  const { ename, evalue, traceback } = error;
  return { ename, evalue: `${evalue}\n${habit}`, traceback: [...traceback, "", habit] };
}

/** For a name that TypeScript cannot find, and another language has. */
function cureOfName(message: string): string {
  const [, name] = /^Cannot find name '([^']+)'/.exec(message) ?? [];
  const cure = name === undefined ? undefined : cureForName(name);
  return cure === undefined ? "" : ` ${cure}`;
}

/**
 * What a cell defines: its values, and the types that leave no trace in JavaScript. What a block of it declares, which the
 * language server lists too, hides nothing outside of the block.
 */
function ownNames(
  { names, declared }: Translation,
  symbols: readonly DocumentSymbol[],
): Map<string, Definition["kind"]> {
  const own = new Map<string, Definition["kind"]>(names);
  for (const { name: path, kind } of symbols) {
    // `namespace A.B { … }` declares A.
    const name = kind === namespaceKind ? path.replace(/\..*/, "") : path;
    if (!declared.has(name) || name === "global") continue;
    // A name can be a type and a value; then only an import carries both.
    if (typeKinds.has(kind) || (valueKinds.has(kind) && !own.has(name))) own.set(name, "other");
  }
  return own;
}

/** A new server is told what the last one knew. */
function ignoreEnded(failure: unknown): void {
  if (!(failure instanceof ServerEnded)) throw failure;
}

function noTypes(failure: unknown): Map<string, string> {
  ignoreEnded(failure);
  return new Map();
}

function syntaxFailureOf(failure: unknown): SyntaxFailure {
  if (failure instanceof SyntaxFailure) return failure;
  throw failure;
}
