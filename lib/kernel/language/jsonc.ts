import type { Json } from "@gradbook/base";
import { type Expression, getLineInfo, type Program, parse, type SpreadElement } from "acorn";

/** A text is no JSON. Line and column from 1. */
export class JsonMistake extends Error {
  readonly wrong: string;
  readonly line: number;
  readonly column: number;

  constructor(wrong: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${wrong}`);
    this.wrong = wrong;
    this.line = line;
    this.column = column;
  }
}

/**
 * Reads JSON as tsconfig.json has it: with comments and with commas behind the last element. An empty text is `{}`.
 * @throws JsonMistake
 */
export function parseJsonc(text: string): Json {
  // A byte order mark, of the same length.
  const source = text.replace(/^\ufeff/, " ");
  // JSON with comments is a part of JavaScript, within parentheses.
  const opening = "(";
  const { body } = parseProgram(`${opening}${source}\n)`, source);
  const [only, ...others] = body;
  if (only?.type !== "ExpressionStatement" || others.length > 0)
    throw mistakeAt(source, 0, "one value is expected");
  return jsonOf(only.expression, source);
}

function parseProgram(code: string, source: string): Program {
  try {
    return parse(code, { ecmaVersion: "latest" });
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
    if (isEmpty(source)) return parse("({})", { ecmaVersion: "latest" });
    const at: unknown = Reflect.get(failure, "pos");
    const offset = typeof at === "number" ? at - 1 : 0;
    throw mistakeAt(
      source,
      offset,
      offset >= source.trimEnd().length
        ? "something is missing at the end"
        : "a comma or a bracket is missing, or one too many",
    );
  }
}

function isEmpty(source: string): boolean {
  try {
    return parse(source, { ecmaVersion: "latest" }).body.length === 0;
  } catch {
    // It holds something, which is told of by whoever asked.
    return false;
  }
}

function jsonOf(node: Expression | SpreadElement | null, source: string): Json {
  if (node === null) throw mistakeAt(source, 0, "an element of a list is missing");
  switch (node.type) {
    case "ObjectExpression":
      return Object.fromEntries(
        node.properties.map((property) => {
          if (
            property.type !== "Property" ||
            property.kind !== "init" ||
            property.method ||
            property.computed ||
            property.shorthand
          )
            throw mistakeAt(source, property.start - 1, 'a property is written "name": value');
          if (property.key.type !== "Literal" || !property.key.raw?.startsWith('"'))
            throw mistakeAt(source, property.key.start - 1, "names need double quotes");
          return [String(property.key.value), jsonOf(property.value, source)];
        }),
      );
    case "ArrayExpression":
      return node.elements.map((element) => jsonOf(element, source));
    case "UnaryExpression":
      if (
        node.operator === "-" &&
        node.argument.type === "Literal" &&
        typeof node.argument.value === "number"
      )
        return -node.argument.value;
      break;
    case "Literal":
      if (typeof node.value === "string" && !node.raw?.startsWith('"'))
        throw mistakeAt(source, node.start - 1, "strings need double quotes");
      if (node.value === null || ["string", "number", "boolean"].includes(typeof node.value))
        return node.value as string | number | boolean | null;
      break;
    default:
  }
  throw mistakeAt(source, node.start - 1, "that is not JSON");
}

function mistakeAt(source: string, offset: number, wrong: string): JsonMistake {
  const { line, column } = getLineInfo(source, Math.max(0, Math.min(offset, source.length)));
  return new JsonMistake(wrong, line, column + 1);
}
