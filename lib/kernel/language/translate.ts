import {
  type AnyNode,
  type Expression,
  type FunctionDeclaration,
  type Program,
  parse,
  type VariableDeclaration,
} from "acorn";
import { type Message, stop, transform } from "esbuild";
import { codeFrame, red } from "../code-frame.js";
import type { CellImport, ErrorContent, PreparedCell } from "../protocol.js";
import { decodeMappings, originalPlace } from "./positions.js";
import { childrenOf, type Findings, findReferences, patternNames, varNames } from "./references.js";
import { Rewrite } from "./rewrite.js";

/** What the nearest tsconfig.json says about the meaning of code. */
export interface EmitOptions {
  readonly experimentalDecorators?: boolean;
  readonly useDefineForClassFields?: boolean;
  /** Keep imports that nothing uses: a later cell may. Default: true. */
  readonly verbatimModuleSyntax?: boolean;
}

export interface Translation {
  readonly prepared: PreparedCell;
  /** Names of values that the cell declares or imports: how they were declared. */
  readonly names: ReadonlyMap<string, "let" | "const" | "other">;
  /** Names bound in inner scopes. */
  readonly innerNames: ReadonlySet<string>;
}

/** The cell's text is not TypeScript. */
export class SyntaxFailure extends Error {
  readonly content: ErrorContent;
  /** Whether more text could make it right. */
  readonly incomplete: boolean;

  constructor(content: ErrorContent, incomplete: boolean) {
    super(content.evalue);
    this.content = content;
    this.incomplete = incomplete;
  }
}

/** JavaScript's own names, as far as they can stand free in a cell. */
const globals = new Set([
  ...Object.getOwnPropertyNames(globalThis),
  "undefined",
  "NaN",
  "Infinity",
  "arguments",
]);
/** Parameters of the function that a cell becomes. */
const given = new Set(["require", "__filename", "__dirname"]);

/**
 * Makes an async function of a cell. The cell's top-level names become properties of the scope object (`let x = 1` →
 * `$scope$.x = 1`), so that later cells see and redefine them and a cell that fails half-way keeps what it had; the
 * last expression becomes the function's value; imports are listed, to be done before; awaits can be interrupted.
 * @param known names that earlier cells have defined
 */
export async function translateCell(
  source: string,
  file: string,
  known: ReadonlySet<string>,
  options: EmitOptions,
): Promise<Translation> {
  // A comment of the same length.
  const text = source.replace(/^#!/, "//");
  const plain = plainExpression(source);
  if (plain !== undefined) {
    return new CellTranslator(source, file, source, tokenRuns(source), plain, known).translate(undefined);
  }
  const { code, runs } = await removeTypesOfCell(text, file, options);
  const program = parseModule(code, { file, source, runs });
  const constant = await constantAtEnd(text, code, options);
  return new CellTranslator(source, file, code, runs, program, known).translate(constant);
}

/**
 * The program of a cell that is a single expression of JavaScript, such as `await train(model)` or `rows.map((r) => r.loss)`:
 * the way through esbuild's process, which would change nothing, is spared. What TypeScript might read differently
 * (`f<T>(x)`), what esbuild rewrites, and what holds statements is left to esbuild.
 */
function plainExpression(source: string): Program | undefined {
  if (/<[\s\S]*>|@|\b(?:this|super|import|module|exports|class|function|using)\b/.test(source))
    return undefined;
  try {
    const program = parse(source, {
      ecmaVersion: 2022,
      sourceType: "module",
      allowAwaitOutsideFunction: true,
    });
    const [only, ...others] = program.body;
    const single = others.length === 0 && only?.type === "ExpressionStatement";
    return single && !holdsStatements(only.expression) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** As the body of a function does. */
function holdsStatements(node: AnyNode): boolean {
  return /Statement$|Declaration$/.test(node.type) || childrenOf(node).some(holdsStatements);
}

/** Runs of a text that stays what it is: every word and sign is its own place. */
function tokenRuns(source: string): number[] {
  return source
    .split("\n")
    .flatMap((text, line) =>
      Array.from(text.matchAll(/[\p{ID_Continue}$]+|\S/gu), ({ index }) => [line, index, line, index]).flat(),
    );
}

/** What esbuild computes by itself holds nothing but literals and signs. */
const computable =
  /^(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\b(?:undefined|void|typeof|true|false|null)\b|[\s\d.()!~+\-*/%<>=&|^?:,])+$/;

/**
 * The value of a last expression that esbuild has computed and thrown away, such as `"a" + "b"`, `-1` or `undefined`, as
 * JavaScript; the statement must begin a line or follow a semicolon.
 * @param code what esbuild has made of the source
 */
async function constantAtEnd(
  source: string,
  code: string,
  options: EmitOptions,
): Promise<string | undefined> {
  const text = source.replace(/[\s;]+$/, "");
  const starts = new Set([text.lastIndexOf("\n") + 1, text.lastIndexOf(";") + 1]);
  for (const start of starts) {
    const end = text.slice(start);
    if (!computable.test(end)) continue;
    try {
      const [alone, before] = await Promise.all([
        removeTypes(`x = (${end}\n)`, "", options),
        removeTypesOfCell(text.slice(0, start), "", options),
      ]);
      const [, value] =
        /^x = ("(?:[^"\\]|\\.)*"|true|false|void 0|-?[\d.]+(?:e[+-]?\d+)?);\n$/.exec(alone.code) ?? [];
      // Otherwise it has left a trace: in `a` and `-1` on two lines, for one, which are a subtraction.
      if (value !== undefined && before.code === code) return value;
    } catch {
      // Not a statement of its own.
    }
  }
  return undefined;
}

/** Keeps what esbuild would drop or wrap in a file: a cell's names are for later cells, and a cell is no CommonJS. */
async function removeTypesOfCell(
  source: string,
  file: string,
  options: EmitOptions,
): Promise<{ code: string; runs: readonly number[] }> {
  const aliases = new Set(Array.from(source.matchAll(importAlias), ([, name]) => name));
  if (aliases.size > 0) {
    try {
      return await removeTypes(`${source}\n;export { ${[...aliases].join(", ")} };`, file, options);
    } catch {
      // The words stand in a text or an inner block, or the cell has a mistake that is told below.
    }
  }
  const removed = await removeTypes(source, file, options);
  return isWrapped(removed.code) ? removeTypes(`${source}\n;export {};`, file, options) : removed;
}

/** `import Short = Long.Name`, which esbuild drops where nothing uses it. */
const importAlias = /(?:^|[;}])\s*import\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=/gmu;

/** `this`, `exports` and `module` make esbuild take a text for CommonJS, unless something in it says otherwise. */
export function isWrapped(code: string): boolean {
  return /^export default require_\w+\(\);$/m.test(code);
}

/** TypeScript → JavaScript with imports left alone. @returns the code and its places in the source, as in `Positions` */
export async function removeTypes(
  source: string,
  file: string,
  options: EmitOptions,
): Promise<{ code: string; runs: readonly number[] }> {
  try {
    const { code, map } = await withEsbuild(() =>
      transform(source, {
        loader: "ts",
        format: "esm",
        target: "node20",
        supported: { "import-attributes": true },
        sourcemap: "external",
        sourcesContent: false,
        sourcefile: "cell.ts",
        charset: "utf8",
        logLevel: "silent",
        tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: "ES2022", ...options } },
      }),
    );
    return { code, runs: decodeMappings(JSON.parse(map).mappings) };
  } catch (failure) {
    throw syntaxFailure(failure, source, file, await endsInString(source));
  }
}

/** Whether more text would go on inside of a string: in a template, and behind a backslash that ends a line. */
async function endsInString(source: string): Promise<boolean> {
  const lines = `${source}\n`;
  const first = await transform(lines, { loader: "ts", logLevel: "silent" }).then(
    () => undefined,
    firstMessage,
  );
  return /^Unterminated string/.test(first?.text ?? "") && first?.location?.line === lines.split("\n").length;
}

function firstMessage(failure: unknown): Message | undefined {
  return failure instanceof Error && "errors" in failure ? (failure.errors as Message[])[0] : undefined;
}

/** Again when esbuild's process has died, with a new one. */
async function withEsbuild<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (
      !(failure instanceof Error && /^The service (?:is no longer running|was stopped)/.test(failure.message))
    )
      throw failure;
    await stop();
    return work();
  }
}

export function parseModule(code: string, { file, source, runs }: TranslatedFrom): Program {
  try {
    return parse(code, { ecmaVersion: "latest", sourceType: "module", allowAwaitOutsideFunction: true });
  } catch (failure) {
    const message = failure instanceof Error ? failure.message.replace(/ \(\d+:\d+\)$/, "") : String(failure);
    const loc = failure instanceof Error ? Reflect.get(failure, "loc") : undefined;
    const place = loc && originalPlace({ runs }, loc.line - 1, loc.column);
    throw place === undefined
      ? new SyntaxFailure(
          { ename: "SyntaxError", evalue: message, traceback: [`${red("SyntaxError")}: ${message}`] },
          false,
        )
      : failureAt(message, { file, source, line: place.line + 1, column: place.column + 1 }, false);
  }
}

/** Where translated code comes from; `runs` as in `Positions`. */
interface TranslatedFrom {
  readonly file: string;
  readonly source: string;
  readonly runs: readonly number[];
}

/** Line and column from 1. */
interface SourcePlace {
  readonly file: string;
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

function failureAt(
  message: string,
  { file, source, line, column }: SourcePlace,
  incomplete: boolean,
): SyntaxFailure {
  const evalue = `${message} (${file}, line ${line}, column ${column})`;
  const traceback = [`${red("SyntaxError")}: ${evalue}`, ...codeFrame(source, line, column)];
  return new SyntaxFailure({ ename: "SyntaxError", evalue, traceback }, incomplete);
}

/** @param openString whether the source breaks off inside of a string that could go on in the next line */
function syntaxFailure(failure: unknown, source: string, file: string, openString: boolean): unknown {
  const first = firstMessage(failure);
  if (first === undefined || first.location === null) return failure;
  const { line, column: bytes, lineText } = first.location;
  const column = Buffer.from(lineText).subarray(0, bytes).toString().length + 1;
  const atEnd =
    source
      .split("\n")
      .slice(line - 1)
      .join("\n")
      .slice(column - 1)
      .trim() === "";
  const open = atEnd && /end of file|to terminate multi-line comment/.test(first.text);
  return failureAt(first.text, { file, source, line, column }, open || openString);
}

class CellTranslator {
  readonly #source: string;
  readonly #file: string;
  readonly #runs: readonly number[];
  readonly #program: Program;
  readonly #known: ReadonlySet<string>;
  readonly #code: string;
  readonly #rewrite: Rewrite;
  readonly #names = new Map<string, "let" | "const" | "other">();
  /** Helpers and temporary variables of esbuild: they stay inside the function. */
  readonly #locals = new Set<string>();
  /** Enums and namespaces already begun in this cell: a second block of the same name adds to the first. */
  readonly #begun = new Set<string>();
  readonly #scope: string;
  readonly #kit: string;

  constructor(
    source: string,
    file: string,
    code: string,
    runs: readonly number[],
    program: Program,
    known: ReadonlySet<string>,
  ) {
    this.#source = source;
    this.#file = file;
    this.#code = code;
    this.#runs = runs;
    this.#program = program;
    this.#known = known;
    this.#rewrite = new Rewrite(code);
    this.#scope = unusedName("$scope$", code);
    this.#kit = unusedName("$kernel$", code);
  }

  /** @param constant the value of a last expression that the code does not contain any more */
  translate(constant: string | undefined): Translation {
    const imports = this.#program.body.flatMap((statement) => this.#readImport(statement));
    for (const statement of this.#program.body) this.#declare(statement);
    const findings = findReferences(this.#program);
    // Declarations first: at the same place, what they insert stands outside of what references become.
    for (const statement of this.#program.body) this.#rewriteStatement(statement);
    if (constant === undefined) this.#returnLast(this.#program.body);
    this.#rewriteFindings(findings);
    const locals = this.#hoistedLocals.size === 0 ? "" : `var ${[...this.#hoistedLocals].join(", ")};`;
    const before = `(async function $cell$(${this.#scope}, ${this.#kit}, require, __filename, __dirname) {"use strict";${locals}`;
    const after = constant === undefined ? "\n})" : `\nreturn [${constant}];\n})`;
    const rendered = this.#rewrite.render(before, after, this.#file, this.#source, this.#runs);
    const imported = new Set(imports.flatMap(({ names }) => names.map(([local]) => local)));
    const declares = [...this.#names.keys()].filter((name) => !imported.has(name));
    return {
      prepared: { ...rendered, imports, declares },
      names: this.#names,
      innerNames: findings.innerNames,
    };
  }

  /** Temporary variables whose declaration became an assignment. */
  readonly #hoistedLocals = new Set<string>();

  #readImport(statement: AnyNode): CellImport[] {
    if (statement.type !== "ImportDeclaration") return [];
    const names = statement.specifiers.map((one): [string, string] => {
      this.#names.set(one.local.name, "other");
      if (one.type === "ImportDefaultSpecifier") return [one.local.name, "default"];
      if (one.type === "ImportNamespaceSpecifier") return [one.local.name, "*"];
      return [
        one.local.name,
        one.imported.type === "Identifier" ? one.imported.name : String(one.imported.value),
      ];
    });
    const type = statement.attributes.find(
      ({ key }) => (key.type === "Identifier" ? key.name : key.value) === "type",
    );
    const place = this.#placeOf(statement.start);
    return [
      {
        specifier: String(statement.source.value),
        names,
        ...(type === undefined ? {} : { type: String(type.value.value) }),
        line: place.line + 1,
        column: place.column + 1,
      },
    ];
  }

  #placeOf(offset: number): { line: number; column: number } {
    const lines = this.#code.slice(0, offset).split("\n");
    const place = originalPlace({ runs: this.#runs }, lines.length - 1, lines[lines.length - 1].length);
    return place ?? { line: 0, column: 0 };
  }

  // ---- which names there are ------------------------------------------------------------------------------------

  #declare(statement: AnyNode): void {
    switch (statement.type) {
      case "ExportNamedDeclaration":
        if (statement.declaration) this.#declare(statement.declaration);
        return;
      case "FunctionDeclaration":
      case "ClassDeclaration":
        if (statement.id) this.#declareName(statement.id.name, "other");
        return;
      case "VariableDeclaration": {
        const kind = this.#isAlias(statement) ? "other" : statement.kind === "const" ? "const" : "let";
        for (const { id } of statement.declarations)
          for (const name of patternNames(id)) this.#declareName(name, kind);
        return;
      }
      default:
        for (const name of varNames([statement])) this.#declareName(name, "let");
    }
  }

  /** Whether a `const` has been written as `import Short = Long.Name`, which carries types as well. */
  #isAlias({ start, declarations: [{ init }] }: VariableDeclaration): boolean {
    if (!/^(?:Identifier|MemberExpression)$/.test(init?.type ?? "")) return false;
    const { line, column } = this.#placeOf(start);
    const text = this.#source.split("\n").slice(line).join("\n").slice(column);
    return /^(?:export\s+)?import\s+[\p{ID_Continue}$]+\s*=/u.test(text);
  }

  #declareName(name: string, kind: "let" | "const" | "other"): void {
    // What the user has not written is esbuild's.
    if (new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).test(this.#source))
      this.#names.set(name, kind);
    else this.#locals.add(name);
  }

  // ---- statements -----------------------------------------------------------------------------------------------

  #rewriteStatement(statement: AnyNode): void {
    const { start, end } = statement;
    switch (statement.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
        this.#rewrite.replace(start, end, "");
        return;
      case "ExportNamedDeclaration":
        if (!statement.declaration) {
          this.#rewrite.replace(start, end, "");
          return;
        }
        this.#rewrite.replace(start, statement.declaration.start, "");
        this.#rewriteStatement(statement.declaration);
        return;
      case "FunctionDeclaration":
        this.#rewriteFunction(statement as FunctionDeclaration);
        return;
      case "ClassDeclaration":
        if (statement.id === null || this.#locals.has(statement.id.name)) return;
        this.#rewrite.wrap(start, end, `${this.#scope}.${statement.id.name} = `, ";");
        return;
      case "VariableDeclaration":
        this.#rewriteVariables(statement, "statement");
        return;
      case "ExpressionStatement":
        this.#resetNamespace(statement.expression);
        return;
      default:
        this.#rewriteVarsBelow(statement);
        return;
    }
  }

  /** Functions are defined before the cell's first statement, as JavaScript has it. */
  #rewriteFunction({ id, start, end }: FunctionDeclaration): void {
    if (this.#locals.has(id.name)) return;
    this.#rewrite.insert(start, `${this.#scope}.${id.name} = `);
    this.#rewrite.moveToFront(start, end);
  }

  /** `var` in blocks and loops at the cell's top level. */
  #rewriteVarsBelow(node: AnyNode): void {
    if (/Function|Class/.test(node.type)) return;
    for (const child of childrenOf(node)) {
      if (child.type === "VariableDeclaration" && child.kind === "var") {
        const inHead = /^For/.test(node.type) && (!("body" in node) || child !== node.body);
        this.#rewriteVariables(
          child,
          !inHead ? "statement" : node.type === "ForStatement" ? "init" : "target",
        );
      } else this.#rewriteVarsBelow(child);
    }
  }

  /** `let x = 1, y` → `($scope$.x = 1, $scope$.y = void 0)`; the identifiers themselves are references. */
  #rewriteVariables(statement: VariableDeclaration, role: "statement" | "init" | "target"): void {
    const { kind, declarations, start } = statement;
    const names = declarations.flatMap(({ id }) => patternNames(id));
    if (names.every((name) => this.#locals.has(name))) return;
    for (const name of names) if (this.#locals.has(name)) this.#hoistedLocals.add(name);
    this.#rewrite.replace(start, declarations[0].start, "");
    if (role === "statement") {
      this.#rewrite.wrap(declarations[0].start, declarations[declarations.length - 1].end, "(", ")");
    }
    for (const { id, init } of declarations) {
      const name = id.type === "Identifier" ? id.name : undefined;
      if (init) {
        if (name !== undefined && !this.#locals.has(name) && isAnonymous(init)) {
          this.#rewrite.wrap(init.start, init.end, `{ ${name}: `, ` }.${name}`);
        }
        // What has only types inside is not there when the cell runs.
        if (this.#isAlias(statement))
          this.#rewrite.wrap(init.start, init.end, "(() => { try { return ", " } catch {} })()");
        this.#resetNamespace(init);
      } else if (role !== "target" && name !== undefined && !this.#locals.has(name)) {
        // `var x` alone changes nothing when there is a value.
        const open = kind === "var" ? `"${name}" in ${this.#scope} || (` : "";
        this.#rewrite.wrap(id.start, id.end, open, kind === "var" ? " = void 0)" : " = void 0");
      }
    }
  }

  /** An enum or namespace begins empty, instead of with what an earlier run of the cell has put in. */
  #resetNamespace(node: Expression | AnyNode): void {
    const block = namespaceBlock(node);
    if (block === undefined || this.#locals.has(block.name)) return;
    const begun = this.#begun.has(block.name) || this.#names.get(block.name) === "other";
    this.#begun.add(block.name);
    if (!begun) this.#rewrite.replace(block.start, block.rest, "");
  }

  /** Puts the last expression of the cell into a box and returns it. */
  #returnLast(statements: readonly AnyNode[]): void {
    const last = statements.findLast(
      ({ type }) => type !== "EmptyStatement" && !/^Export|^Import/.test(type),
    );
    if (last === undefined) return;
    // What esbuild makes of `using`: a try around the rest of the cell.
    if (
      last.type === "TryStatement" &&
      this.#code.slice(last.finalizer?.start ?? last.end, last.end).includes("__callDispose")
    ) {
      this.#returnLast(last.block.body);
      return;
    }
    // `export default 5` has become `var cell_default = 5; export { cell_default as default }`.
    if (last.type === "VariableDeclaration" && last.kind === "var") {
      const [{ id, init }] = last.declarations;
      if (!init || id.type !== "Identifier" || !this.#locals.has(id.name) || !/^cell_default/.test(id.name))
        return;
      this.#rewrite.replace(last.start, init.start, "");
      this.#rewrite.wrap(init.start, init.end, "return [", "]");
      return;
    }
    if (last.type !== "ExpressionStatement" || this.#isGenerated(last.expression)) return;
    // To the end of the statement: a closing parenthesis is not part of the expression.
    const end = this.#code[last.end - 1] === ";" ? last.end - 1 : last.end;
    const several = last.expression.type === "SequenceExpression";
    this.#rewrite.wrap(last.start, end, several ? "return [(" : "return [", several ? ")]" : "]");
  }

  /** Statements that stand for decorators, enums and namespaces are no expressions of the user. */
  #isGenerated(node: Expression): boolean {
    if (namespaceBlock(node) !== undefined) return true;
    if (node.type === "AssignmentExpression") return this.#isGenerated(node.right);
    if (node.type === "SequenceExpression") return node.expressions.some((one) => this.#isGenerated(one));
    return (
      node.type === "CallExpression" &&
      node.callee.type === "Identifier" &&
      this.#locals.has(node.callee.name)
    );
  }

  // ---- expressions ----------------------------------------------------------------------------------------------

  #rewriteFindings({ references, awaits, forAwaits, dynamicImports, callbacks, metas }: Findings): void {
    for (const node of awaits) {
      this.#rewrite.insert(node.start, `${this.#kit}.resume(`);
      this.#rewrite.wrap(node.start + "await".length, node.end, ` ${this.#kit}.until(`, "))");
    }
    for (const { right } of forAwaits) {
      this.#rewrite.wrap(right.start, right.end, `${this.#kit}.steps((`, "))");
    }
    for (const { start, end } of callbacks) this.#rewrite.wrap(start, end, `${this.#kit}.bind(`, ")");
    for (const { start } of dynamicImports)
      this.#rewrite.replace(start, start + "import".length, `${this.#kit}.load`);
    for (const { start, end } of metas) this.#rewrite.replace(start, end, `${this.#kit}.meta`);
    // What esbuild's own helpers mean by `Object` and `Symbol` is not what a cell calls so.
    const helpers = this.#program.body.filter(
      (one) => one.type === "VariableDeclaration" && one.declarations.every(({ id }) => this.#isHelper(id)),
    );
    for (const { node, use } of references) {
      if (helpers.some(({ start, end }) => node.start >= start && node.end <= end)) continue;
      if (!this.#isScoped(node.name, use === "typeof")) continue;
      const path = `${this.#scope}.${node.name}`;
      // V8 places a call at its opening parenthesis, a reader at the function's name.
      if (use === "call" && this.#code[node.end] === "(")
        this.#rewrite.replace(node.start, node.end + 1, `(0, ${path})(`);
      else {
        const text = use === "call" ? `(0, ${path})` : use === "shorthand" ? `${node.name}: ${path}` : path;
        this.#rewrite.replace(node.start, node.end, text);
      }
    }
  }

  #isHelper(id: AnyNode): boolean {
    return id.type === "Identifier" && id.name.startsWith("__") && this.#locals.has(id.name);
  }

  /** Whether a free name is to be looked up in the scope object. */
  #isScoped(name: string, optional: boolean): boolean {
    if (this.#names.has(name) || this.#known.has(name)) return true;
    return !(this.#locals.has(name) || given.has(name) || globals.has(name) || optional);
  }
}

/** `((E2) => { … })(E || {})` and `((N2) => { … })(N || (N = {}))`: the blocks of enums and namespaces. */
function namespaceBlock(
  node: AnyNode | Expression,
): { name: string; start: number; rest: number } | undefined {
  if (node.type !== "CallExpression" || node.arguments.length !== 1 || !/Function/.test(node.callee.type))
    return undefined;
  const [argument] = node.arguments;
  if (
    argument.type !== "LogicalExpression" ||
    argument.operator !== "||" ||
    argument.left.type !== "Identifier"
  )
    return undefined;
  const { left, right } = argument;
  const isEmpty = (one: Expression): boolean =>
    one.type === "ObjectExpression" && one.properties.length === 0;
  const fits = isEmpty(right) || (right.type === "AssignmentExpression" && isEmpty(right.right));
  // `N = {}` stands in parentheses, which begin before it.
  return fits
    ? {
        name: left.name,
        start: argument.start,
        rest: right.type === "ObjectExpression" ? right.start : right.start - 1,
      }
    : undefined;
}

function isAnonymous(node: Expression): boolean {
  if (node.type === "ArrowFunctionExpression") return true;
  return (node.type === "FunctionExpression" || node.type === "ClassExpression") && !node.id;
}

function unusedName(name: string, code: string): string {
  return code.includes(name) ? unusedName(`${name}$`, code) : name;
}
