import type { AnyNode, Expression, FunctionDeclaration, Program, VariableDeclaration } from "acorn";
import { originalPlace } from "../positions.js";
import type { CellImport } from "../threads.js";
import type { NameKind } from "./cell-source.js";
import { namespaceBlock } from "./namespace-block.js";
import {
  childrenOf,
  type Findings,
  findReferences,
  isAnonymous,
  patternNames,
  type Reference,
  unusedName,
  varNames,
} from "./references.js";
import { Rewrite } from "./rewrite.js";
import type { Stripped } from "./strip-types.js";
import type { Assignable, CellContext, Translation } from "./translation.js";

/** JavaScript's own names, as far as they can stand free in a cell. */
const globals = new Set([...Object.getOwnPropertyNames(globalThis), "undefined", "NaN", "Infinity"]);
/** Parameters of the function that a cell becomes. */
const given = new Set(["require", "__filename", "__dirname"]);

/** A cell without types. */
export interface CellCode extends Stripped {
  readonly source: string;
  readonly file: string;
  readonly context: CellContext;
  readonly program: Program;
  readonly kinds: ReadonlyMap<string, NameKind>;
  readonly declared: ReadonlySet<string>;
  /** Name of the function whose argument is the last expression. */
  readonly mark?: string | undefined;
  /** The whole cell is one expression. */
  readonly plain?: true;
}

/** Makes the function of one cell. */
export class CellTranslator {
  readonly #cell: CellCode;
  readonly #rewrite: Rewrite;
  readonly #names = new Map<string, NameKind>();
  /** Helpers and temporary variables of esbuild: they stay inside the function. */
  readonly #locals = new Set<string>();
  /** Enums and namespaces already begun in this cell: a second block of the same name adds to the first. */
  readonly #begun = new Set<string>();
  /** Of names that may not be used before they are declared: their declaration, and what their value is worked out from. */
  readonly #begins = new Map<string, { readonly start: number; readonly init: AnyNode | null | undefined }>();
  readonly #assigned = new Set<string>();
  readonly #scope: string;
  readonly #kit: string;

  constructor(cell: CellCode) {
    this.#cell = cell;
    this.#rewrite = new Rewrite(cell.code);
    this.#scope = unusedName("$scope$", cell.code);
    this.#kit = unusedName("$kernel$", cell.code);
  }

  translate(): Translation {
    const { program, file, source, runs } = this.#cell;
    const imports = program.body.flatMap((statement) => this.#readImport(statement));
    for (const statement of program.body) this.#declare(statement);
    const findings = findReferences(program);
    // Declarations first: at the same place, what they insert stands outside of what references become.
    for (const statement of program.body) this.#rewriteStatement(statement);
    this.#returnLast(program);
    this.#rewriteFindings(findings);
    const locals = this.#hoistedLocals.size === 0 ? "" : `var ${[...this.#hoistedLocals].join(", ")};`;
    const before = `(async function $cell$(${this.#scope}, ${this.#kit}, require, __filename, __dirname) {"use strict";${locals}`;
    const rendered = this.#rewrite.render(before, "\n})", file, source, runs);
    const names = new Map([...this.#names].map(([name, kind]) => [name, assignableOf(kind)] as const));
    const declares = [...this.#names].flatMap(([name, kind]) =>
      kind === "import" ? [] : [[name, kind === "var" ? kind : isConstant(kind) ? "const" : "let"] as const],
    );
    return {
      prepared: { ...rendered, imports, declares },
      names,
      declared: this.#cell.declared,
      assigned: this.#assigned,
    };
  }

  /** Temporary variables whose declaration became an assignment. */
  readonly #hoistedLocals = new Set<string>();

  #readImport(statement: AnyNode): CellImport[] {
    if (statement.type !== "ImportDeclaration") {
      // What is exported is nobody's; the file that it comes from does its work all the same.
      const source =
        statement.type === "ExportAllDeclaration" || statement.type === "ExportNamedDeclaration"
          ? statement.source
          : null;
      const place = this.#placeOf(statement.start);
      return source
        ? [{ specifier: String(source.value), names: [], line: place.line + 1, column: place.column + 1 }]
        : [];
    }
    const names = statement.specifiers.map((one): [string, string] => {
      this.#names.set(one.local.name, "import");
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
    const lines = this.#cell.code.slice(0, offset).split("\n");
    const place = originalPlace(this.#cell, lines.length - 1, lines[lines.length - 1].length);
    return place ?? { line: 0, column: 0 };
  }

  // ---- which names there are ------------------------------------------------------------------------------------

  #declare(statement: AnyNode): void {
    switch (statement.type) {
      case "ExportNamedDeclaration":
        if (statement.declaration) this.#declare(statement.declaration);
        return;
      case "FunctionDeclaration":
        if (statement.id) this.#declareName(statement.id.name);
        return;
      case "ClassDeclaration":
        if (statement.id) this.#declareName(statement.id.name, { start: statement.start, init: null });
        return;
      case "VariableDeclaration":
        for (const { id, start, init } of statement.declarations)
          for (const name of patternNames(id)) this.#declareName(name, { start, init });
        return;
      // What esbuild makes of `using`: a try around the rest of the cell.
      case "TryStatement":
        for (const inner of statement.block.body)
          if (inner.type === "VariableDeclaration" && inner.kind === "var") this.#declare(inner);
        for (const name of varNames([statement])) this.#declareName(name);
        return;
      default:
        for (const name of varNames([statement])) this.#declareName(name);
    }
  }

  #declareName(
    name: string,
    begins?: { readonly start: number; readonly init: AnyNode | null | undefined },
  ): void {
    const kind = this.#cell.kinds.get(name);
    // What the user has not written is esbuild's.
    if (kind === undefined) this.#locals.add(name);
    else this.#names.set(name, kind);
    if (begins !== undefined && /^(?:let|const|using|class)$/.test(kind ?? ""))
      this.#begins.set(name, begins);
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
    const { declarations, start } = statement;
    const names = declarations.flatMap(({ id }) => patternNames(id));
    if (names.every((name) => this.#locals.has(name))) return;
    for (const name of names) if (this.#locals.has(name)) this.#hoistedLocals.add(name);
    this.#rewrite.replace(start, declarations[0].start, "");
    if (role === "statement") {
      this.#rewrite.wrap(declarations[0].start, declarations[declarations.length - 1].end, "(", ")");
    }
    for (const { id, init, end } of declarations) {
      const name = id.type === "Identifier" && !this.#locals.has(id.name) ? id.name : undefined;
      const kind = name === undefined ? undefined : this.#names.get(name);
      if (init) {
        if (name !== undefined && isAnonymous(init)) {
          this.#rewrite.wrap(init.start, init.end, `{ ${name}: `, ` }.${name}`);
        }
        // What has only types inside is not there when the cell runs.
        if (kind === "alias")
          this.#rewrite.wrap(init.start, init.end, "(() => { try { return ", " } catch {} })()");
        this.#resetNamespace(init);
      } else if (role !== "target" && kind !== undefined && kind !== "var") {
        // `var x` alone changes nothing: it is there from the cell's start.
        this.#rewrite.wrap(id.start, id.end, "", " = void 0");
      }
      this.#fixConstants(patternNames(id), id.start, end);
    }
  }

  /** A function that assigned to a variable of this name, when it was none of the constants, may no longer. */
  #fixConstants(names: readonly string[], start: number, end: number): void {
    const { assigned } = this.#cell.context;
    const fixed = names.filter((name) => assigned.has(name) && isConstant(this.#names.get(name)));
    const list = fixed.map((name) => JSON.stringify(name)).join(", ");
    if (list !== "") this.#rewrite.wrap(start, end, "", `, ${this.#kit}.fix(${list})`);
  }

  /** An enum or namespace begins empty, instead of with what an earlier run of the cell has put in. */
  #resetNamespace(node: Expression | AnyNode): void {
    const block = namespaceBlock(node);
    if (block === undefined || this.#locals.has(block.name)) return;
    const begun =
      this.#begun.has(block.name) || /^(?:function|class|import)$/.test(this.#names.get(block.name) ?? "");
    this.#begun.add(block.name);
    if (!begun) this.#rewrite.replace(block.start, block.rest, "");
  }

  /** Puts the last expression of the cell into a box and returns it. */
  #returnLast({ body }: Program): void {
    const { mark, plain, code } = this.#cell;
    // What esbuild makes of `using` is a try around the rest of the cell.
    for (const statement of body.flatMap((one): AnyNode[] =>
      one.type === "TryStatement" ? one.block.body : [one],
    )) {
      if (statement.type !== "ExpressionStatement") continue;
      const { start, end, expression } = statement;
      if (plain === true) {
        // To the end of the statement: a closing parenthesis is not part of the expression.
        const several = expression.type === "SequenceExpression";
        const valueEnd = code[end - 1] === ";" ? end - 1 : end;
        this.#rewrite.wrap(start, valueEnd, several ? "return [(" : "return [", several ? ")]" : "]");
      } else if (
        expression.type === "CallExpression" &&
        expression.callee.type === "Identifier" &&
        expression.callee.name === mark
      ) {
        this.#rewrite.replace(expression.start, code.indexOf("(", expression.callee.end) + 1, "return [");
        this.#rewrite.replace(expression.end - 1, expression.end, "]");
      }
    }
  }

  // ---- expressions ----------------------------------------------------------------------------------------------

  #rewriteFindings({
    references,
    awaits,
    forAwaits,
    dynamicImports,
    callbacks,
    metas,
    named,
  }: Findings): void {
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
    const helpers = this.#cell.program.body.filter(
      (one) => one.type === "VariableDeclaration" && one.declarations.every(({ id }) => this.#isHelper(id)),
    );
    for (const reference of references) {
      const { node, use } = reference;
      if (helpers.some(({ start, end }) => node.start >= start && node.end <= end)) continue;
      if (!this.#isScoped(node.name, use === "typeof")) continue;
      const path = this.#pathOf(reference);
      // V8 places a call at its opening parenthesis, a reader at the function's name.
      if (use === "call" && this.#cell.code[node.end] === "(")
        this.#rewrite.replace(node.start, node.end + 1, `(0, ${path})(`);
      else {
        const text = use === "call" ? `(0, ${path})` : use === "shorthand" ? `${node.name}: ${path}` : path;
        this.#rewrite.replace(node.start, node.end, text);
      }
    }
    const free = new Set(references.map(({ node }) => node));
    for (const { target, value } of named) {
      if (free.has(target) && this.#isScoped(target.name, false))
        this.#rewrite.wrap(value.start, value.end, `{ ${target.name}: `, ` }.${target.name}`);
    }
  }

  /** What stands for a name of cells. Properties know neither constants nor declarations that come later. */
  #pathOf({ node: { name, start }, access, deferred }: Reference): string {
    const begins = this.#begins.get(name);
    const isEarly =
      begins !== undefined &&
      (start < begins.start || (begins.init && start >= begins.init.start && start < begins.init.end));
    if (isEarly && access !== "declare" && !deferred) {
      const early = `(${this.#kit}.early(${JSON.stringify(name)}))`;
      return access === "read" ? early : `${early}.value`;
    }
    if (access === "write") {
      const kind = this.#names.get(name);
      const constant =
        kind === undefined ? this.#cell.context.known.get(name)?.kind === "const" : isConstant(kind);
      if (constant) return `${this.#kit}.constant(${JSON.stringify(name)}).value`;
      if (deferred) this.#assigned.add(name);
    }
    return `${this.#scope}.${name}`;
  }

  #isHelper(id: AnyNode): boolean {
    return id.type === "Identifier" && id.name.startsWith("__") && this.#locals.has(id.name);
  }

  /** Whether a free name is to be looked up in the scope object. */
  #isScoped(name: string, optional: boolean): boolean {
    const { mark, context } = this.#cell;
    if (this.#names.has(name) || context.known.has(name)) return true;
    return !(name === mark || this.#locals.has(name) || given.has(name) || globals.has(name) || optional);
  }
}

function isConstant(kind: NameKind | undefined): boolean {
  return kind === "const" || kind === "using" || kind === "alias";
}

function assignableOf(kind: NameKind): Assignable {
  if (kind === "var" || kind === "let") return "let";
  return kind === "const" || kind === "using" ? "const" : "other";
}
