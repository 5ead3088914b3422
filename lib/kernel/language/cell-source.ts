import { type AnyNode, type Program, parse } from "acorn";
import { parserOptions } from "./parser-options.js";
import { patternNames, unusedName, varNames } from "./references.js";

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
  /** Every name of the top level: those of `kinds`, and what is only declared or a type. */
  readonly declared: ReadonlySet<string>;
  /** Names of `import Short = Long.Name`, which esbuild drops where nothing uses or exports them. */
  readonly aliases: readonly string[];
  /** From a place of the marked text (line and column from 0) to that of the cell. */
  readonly columnOf: (line: number, column: number) => number;
}

/** The text is none that the parser knows. Line and column from 1. */
export class UnreadableCell extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/**
 * Reads what the translation has to know of a cell and can't see afterwards: esbuild computes `5n === 5n` and `this` by
 * itself and drops what is left over, so the last expression is marked in the source, and declarations are looked up there.
 * @param javascript a text that is valid JavaScript is taken as that: `f<a>(b)` compares
 * @throws UnreadableCell
 */
export async function readCell(source: string, javascript: boolean): Promise<CellSource> {
  // What is valid JavaScript has the same statements as TypeScript.
  const plain = tryJavaScript(source);
  const { body } = plain ?? (await readTypeScript(source));
  const kinds = new Map<string, NameKind>();
  for (const statement of body) declare(statement, kinds);
  const declared = new Set([...kinds.keys(), ...body.flatMap(typeNames)]);
  const aliases = body.filter((one) => kindOf[one.type] === "alias" && Reflect.get(one, "isExport") !== true);
  const last = lastExpression(body);
  const unmarked = { marked: source, mark: undefined, columnOf: (_: number, column: number) => column };
  return {
    loader: plain === undefined || !javascript ? "ts" : "js",
    kinds,
    declared,
    aliases: aliases.flatMap((one) => Reflect.get(childOf(one, "id") ?? one, "name") ?? []),
    ...(last === undefined ? unmarked : markExpression(source, last)),
  };
}

function tryJavaScript(source: string): Program | undefined {
  try {
    return parse(source, parserOptions);
  } catch {
    // Its words would be of JavaScript, where a cell may hold types.
    return undefined;
  }
}

async function readTypeScript(source: string): Promise<Program> {
  // It is large, and read when the first cell needs it, or when there is time.
  const { parseTypeScript } = await import("./typescript-parser.js");
  try {
    return parseTypeScript(source);
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
    const { line = 1, column = 0 }: { line?: number; column?: number } = Object(Reflect.get(failure, "loc"));
    throw new UnreadableCell(failure.message.replace(/ \(\d+:\d+\)$/, ""), line, column + 1);
  }
}

// ---- the last expression ----------------------------------------------------------------------------------------------

/** Where an expression stands, and the text before it that goes (`export default`). */
interface Position {
  readonly start: number;
  readonly end: number;
  readonly blankFrom: number;
}

/** The expression that the cell ends in: what is only for types, and imports, which are done before, may follow. */
function lastExpression(body: readonly AnyNode[]): Position | undefined {
  const last = body.findLast((statement) => !isPassedOver(statement));
  if (last === undefined) return undefined;
  const { type, start, end }: { type: string; start: number; end: number } = last;
  if (type === "ExpressionStatement") return { start, end, blankFrom: start };
  const value =
    type === "TSExportAssignment"
      ? childOf(last, "expression")
      : type === "ExportDefaultDeclaration"
        ? childOf(last, "declaration")
        : undefined;
  return value === undefined || isDeclaration(value)
    ? undefined
    : { start: value.start, end, blankFrom: start };
}

function isPassedOver(statement: AnyNode): boolean {
  const type: string = statement.type;
  if (type === "ExportNamedDeclaration") {
    const inner = childOf(statement, "declaration");
    return inner === undefined || isPassedOver(inner);
  }
  if (/^(?:EmptyStatement|ImportDeclaration|ExportAllDeclaration)$/.test(type)) return true;
  // Namespaces and enums do something, unless they are only declared.
  return (
    Reflect.get(statement, "declare") === true ||
    /^TS(?:Interface|TypeAlias|ImportEquals|NamespaceExport)Declaration$|^TSDeclareFunction$/.test(type)
  );
}

const isDeclaration = (node: AnyNode): boolean => /Declaration$|^TSDeclareFunction$/.test(node.type);

function childOf(node: AnyNode, name: string): AnyNode | undefined {
  const child: unknown = Reflect.get(node, name);
  return isNode(child) ? child : undefined;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** `value;` → `mark((value));`, every other sign where it was, so that lines stay the same. */
function markExpression(
  source: string,
  { start: written, end: statementEnd, blankFrom }: Position,
): Pick<CellSource, "marked" | "mark" | "columnOf"> {
  const mark = unusedName("$last$", source);
  const start = outerStart(source, written, blankFrom);
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

/** Behind `export default` and `export =`: a parenthesis before an expression is not part of it. */
function outerStart(source: string, start: number, from: number): number {
  const [word] = /^export\s*(?:=|default(?![\w$]))/.exec(source.slice(from, start)) ?? [""];
  return word === "" ? start : from + word.length;
}

function lineAndColumn(source: string, offset: number): { line: number; column: number } {
  const lines = source.slice(0, offset).split("\n");
  return { line: lines.length - 1, column: lines[lines.length - 1].length };
}

// ---- declarations -----------------------------------------------------------------------------------------------------

/** Statements that declare one name. */
const kindOf: Readonly<Record<string, NameKind>> = {
  FunctionDeclaration: "function",
  ClassDeclaration: "class",
  TSEnumDeclaration: "enum",
  TSModuleDeclaration: "namespace",
  TSImportEqualsDeclaration: "alias",
};

function declare(statement: AnyNode, kinds: Map<string, NameKind>): void {
  // The first declaration decides: a `var` beside a function is the function.
  const add = (name: string, kind: NameKind): void => void (kinds.has(name) || kinds.set(name, kind));
  const kind = kindOf[statement.type];
  if (kind !== undefined) {
    const id = childOf(statement, "id");
    if (id?.type === "Identifier") add(id.name, kind);
  } else if (/^Export(?:Named|Default)Declaration$/.test(statement.type)) {
    const inner = childOf(statement, "declaration");
    if (inner !== undefined) declare(inner, kinds);
  } else if (statement.type === "ImportDeclaration") {
    for (const { local } of statement.specifiers) add(local.name, "import");
  } else if (statement.type === "VariableDeclaration") {
    for (const { id } of statement.declarations)
      for (const name of patternNames(id))
        add(name, statement.kind === "await using" ? "using" : statement.kind);
  } else if (statement.type !== "ExpressionStatement") {
    for (const name of varNames([statement])) add(name, "var");
  }
}

/** What a statement declares that leaves no value behind. */
function typeNames(statement: AnyNode): readonly string[] {
  const type: string = statement.type;
  if (/^Export(?:Named|Default)Declaration$/.test(type)) {
    const inner = childOf(statement, "declaration");
    return inner === undefined ? [] : typeNames(inner);
  }
  if (!/^TS(?:Interface|TypeAlias|Module)Declaration$|^TSDeclareFunction$/.test(type)) return [];
  let id = childOf(statement, "id");
  // `namespace A.B { … }` declares A
  for (let left = id; left !== undefined; left = childOf(left, "left")) id = left;
  return id?.type === "Identifier" ? [id.name] : [];
}
