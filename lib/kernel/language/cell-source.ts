import { type ParseResult, type ParserPlugin, parse } from "@babel/parser";
import type { Expression, File, LVal, Statement, VoidPattern } from "@babel/types";

/** How a name is declared at the top level of a cell. */
export type NameKind =
  | "var"
  | "let"
  | "const"
  | "using"
  | "function"
  | "class"
  | "enum"
  | "namespace"
  | "import"
  /** `import Short = Long.Name`, which carries types as well. */
  | "alias";

/** A cell as its writer sees it, before types are removed and constants are folded. */
export interface CellSource {
  readonly loader: "ts" | "js";
  /** The same text, but that the last expression is the argument of a call of `mark`. */
  readonly marked: string;
  /** Name of the function that marks; `undefined` when the cell does not end in an expression. */
  readonly mark: string | undefined;
  /** Names of the top level that have a value, and `var` in its blocks. */
  readonly kinds: ReadonlyMap<string, NameKind>;
  /** From a place of the marked text (line and column from 0) to that of the cell. */
  readonly columnOf: (line: number, column: number) => number;
}

/** The text is none that the parser knows. Line and column from 1. */
export class UnreadableCell extends Error {
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
  }
}

/**
 * Reads what the translation has to know of a cell and can't see afterwards: esbuild computes `5n === 5n` and `this` by
 * itself and drops what is left over, so the last expression is marked in the source, and declarations are looked up there.
 * @param javascript a text that is valid JavaScript is taken as that: `f<a>(b)` compares
 * @throws UnreadableCell
 */
export function readCell(source: string, javascript: boolean): CellSource {
  const plain = javascript ? tryParse(source) : undefined;
  const { program } = plain ?? parseTypeScript(source);
  const kinds = new Map<string, NameKind>();
  for (const statement of program.body) declare(statement, kinds);
  const last = lastExpression(program);
  const unmarked = { marked: source, mark: undefined, columnOf: (_: number, column: number) => column };
  return {
    loader: plain === undefined ? "ts" : "js",
    kinds,
    ...(last === undefined ? unmarked : markExpression(source, last)),
  };
}

const plugins: ParserPlugin[] = [
  "decorators",
  "decoratorAutoAccessors",
  "explicitResourceManagement",
  "importAttributes",
  "deferredImportEvaluation",
  "sourcePhaseImports",
];
const options = {
  sourceType: "module",
  allowAwaitOutsideFunction: true,
  allowUndeclaredExports: true,
} as const;

function tryParse(source: string): ParseResult<File> | undefined {
  try {
    return parse(source, { ...options, plugins });
  } catch {
    // Its words would be of JavaScript, where a cell may hold types.
    return undefined;
  }
}

function parseTypeScript(source: string): ParseResult<File> {
  try {
    // Mistakes that leave the structure clear are left to esbuild and the checker, who have better words for them.
    return parse(source, { ...options, plugins: [...plugins, "typescript"], errorRecovery: true });
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
    const loc: unknown = Reflect.get(failure, "loc");
    const at = (name: string): number =>
      typeof loc === "object" && loc !== null ? Number(Reflect.get(loc, name)) : 0;
    throw new UnreadableCell(failure.message.replace(/ \(\d+:\d+\)$/, ""), at("line") || 1, at("column") + 1);
  }
}

/** Where an expression stands, and the text before it that goes (`export default`). */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly blankFrom: number;
}

/** The expression that the cell ends in: what is only for types, and imports, which are done before, may follow. */
function lastExpression({ body, directives }: File["program"]): Place | undefined {
  const last = body.findLast((statement) => !isPassedOver(statement));
  // A text that stands alone is a directive for the parser.
  if (last === undefined)
    return directives.length === 0 ? undefined : placeOf(directives[directives.length - 1]);
  if (last.type === "ExpressionStatement") return placeOf(last);
  if (last.type === "ExportDefaultDeclaration" && isExpression(last.declaration))
    return placeOf(last, startOf(last.declaration));
  return last.type === "TSExportAssignment" ? placeOf(last, startOf(last.expression)) : undefined;
}

function isPassedOver(statement: Statement): boolean {
  switch (statement.type) {
    case "EmptyStatement":
    case "ImportDeclaration":
    case "TSImportEqualsDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSDeclareFunction":
    case "TSNamespaceExportDeclaration":
    case "ExportAllDeclaration":
      return true;
    case "ExportNamedDeclaration":
      return statement.declaration ? isPassedOver(statement.declaration) : true;
    default:
      return "declare" in statement && statement.declare === true;
  }
}

function isExpression(node: { readonly type: string }): node is Expression {
  return !/Declaration$|^TSDeclareFunction$/.test(node.type);
}

/** With the parentheses around it. */
function startOf({ start, extra }: Expression): number {
  const outer = extra?.parenStart;
  return typeof outer === "number" ? outer : (start ?? 0);
}

function placeOf(
  statement: { readonly start?: number | null; readonly end?: number | null },
  from?: number,
): Place {
  const [start, end] = [statement.start ?? 0, statement.end ?? 0];
  return { start: from ?? start, end, blankFrom: start };
}

/** `value;` → `mark((value));`, every other sign where it was, so that lines stay the same. */
function markExpression(
  source: string,
  { start, end: statementEnd, blankFrom }: Place,
): Pick<CellSource, "marked" | "mark" | "columnOf"> {
  const mark = unusedName("$last$", source);
  const end = source[statementEnd - 1] === ";" ? statementEnd - 1 : statementEnd;
  const [open, close] = [`${mark}((`, "))"];
  const marked = [
    source.slice(0, blankFrom),
    source.slice(blankFrom, start).replace(/[^\n]/g, " "),
    open,
    source.slice(start, end),
    close,
    source.slice(end),
  ].join("");
  const opened = lineAndColumn(source, start);
  const closed = lineAndColumn(source, end);
  const columnOf = (line: number, column: number): number => {
    const before =
      line === opened.line && column >= opened.column ? Math.min(open.length, column - opened.column) : 0;
    const real = column - before;
    if (line !== closed.line || real <= closed.column) return real;
    return real - Math.min(close.length, real - closed.column);
  };
  return { marked, mark, columnOf };
}

function lineAndColumn(source: string, offset: number): { line: number; column: number } {
  const lines = source.slice(0, offset).split("\n");
  return { line: lines.length - 1, column: lines[lines.length - 1].length };
}

export function unusedName(name: string, code: string): string {
  return code.includes(name) ? unusedName(`${name}$`, code) : name;
}

// ---- declarations ---------------------------------------------------------------------------------------------------

function declare(statement: Statement, kinds: Map<string, NameKind>): void {
  // The first declaration decides: a `var` beside a function is the function.
  const add = (name: string, kind: NameKind): void => void (kinds.has(name) || kinds.set(name, kind));
  switch (statement.type) {
    case "ExportNamedDeclaration":
      if (statement.declaration) declare(statement.declaration, kinds);
      return;
    case "ExportDefaultDeclaration":
      if (
        statement.declaration.type === "FunctionDeclaration" ||
        statement.declaration.type === "ClassDeclaration"
      )
        declare(statement.declaration, kinds);
      return;
    case "VariableDeclaration": {
      const kind = statement.kind === "await using" ? "using" : statement.kind;
      for (const { id } of statement.declarations) for (const name of namesOf(id)) add(name, kind);
      return;
    }
    case "FunctionDeclaration":
      if (statement.id) add(statement.id.name, "function");
      return;
    case "ClassDeclaration":
      if (statement.id) add(statement.id.name, "class");
      return;
    case "TSEnumDeclaration":
      add(statement.id.name, "enum");
      return;
    case "TSModuleDeclaration":
      if (statement.id.type === "Identifier") add(statement.id.name, "namespace");
      return;
    case "TSImportEqualsDeclaration":
      add(statement.id.name, "alias");
      return;
    case "ImportDeclaration":
      for (const { local } of statement.specifiers) add(local.name, "import");
      return;
    case "ExpressionStatement":
      return;
    default:
      for (const name of varNames(statement)) add(name, "var");
  }
}

function namesOf(pattern: LVal | VoidPattern | null): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((one) =>
        namesOf(one.type === "RestElement" ? one.argument : (one.value as LVal)),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap((one) => namesOf(one as LVal | null));
    case "AssignmentPattern":
      return namesOf(pattern.left as LVal);
    case "RestElement":
      return namesOf(pattern.argument);
    default:
      return [];
  }
}

/** Names that `var` binds in a statement and the blocks inside it, but not in functions. */
function varNames(node: object): string[] {
  if (isVar(node)) return node.declarations.flatMap(({ id }) => namesOf(id));
  return Object.values(node).flatMap((value: unknown) =>
    (Array.isArray(value) ? value : [value]).flatMap((child: unknown) =>
      typeof child === "object" &&
      child !== null &&
      "type" in child &&
      !/Function|Class|Method/.test(String(child.type))
        ? varNames(child)
        : [],
    ),
  );
}

function isVar(node: object): node is Extract<Statement, { type: "VariableDeclaration" }> {
  return "type" in node && node.type === "VariableDeclaration" && "kind" in node && node.kind === "var";
}
