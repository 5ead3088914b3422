import type { AnyNode, Pattern } from "acorn";
import { parse } from "acorn";
import { readMagic } from "./magics.js";
import { findReferences } from "./references.js";

/** What a cell does with the names of the notebook, by its text alone. */
export interface CellNames {
  /** Names that it defines: imports, variables, functions, classes, enums. */
  readonly defines: ReadonlySet<string>;
  /** Names of other cells, or globals, that it reads while it runs. */
  readonly eager: ReadonlySet<string>;
  /** Those that its functions read when they are called. */
  readonly later: ReadonlySet<string>;
  /** The same for each of its named functions. */
  readonly bodies: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of other cells that it changes while it runs: anew (`x = 1`), or by what they were (`x += 1`, `x.push(1)`). */
  readonly writes: ReadonlyMap<string, "anew" | "in place">;
}

const changing = /^(?:push|pop|shift|unshift|splice|sort|reverse|set|add|delete|clear|fill|copyWithin)$/;

/**
 * Reads a cell without running it.
 * @throws SyntaxFailure when it is no TypeScript
 */
export async function cellNames(source: string): Promise<CellNames> {
  // esbuild is a large thing to load for whoever never asks
  const { stripTypes } = await import("./strip-types.js");
  const text = (readMagic(source, () => false)?.code ?? source).replace(/^#!/, "//");
  const how = {
    file: "the cell",
    loader: "ts",
    options: { compilerOptions: { verbatimModuleSyntax: true } },
  } as const;
  // a marker keeps esbuild from taking a text without imports for CommonJS, and its names from being renamed
  const { code } = await stripTypes(`${text}\n;export {};`, how);
  const program = parse(code, {
    ecmaVersion: "latest",
    sourceType: "module",
    allowAwaitOutsideFunction: true,
    allowHashBang: true,
  });
  const reader = new Reader();
  for (const statement of program.body) reader.define(statement);
  reader.walk(program, undefined);
  return reader.names(findReferences(program).references);
}

type Range = readonly [start: number, end: number];
const within = (at: number, ranges: readonly Range[]) =>
  ranges.some(([start, end]) => at >= start && at < end);
const isFunction = (node: AnyNode): boolean =>
  node.type === "FunctionDeclaration" ||
  node.type === "FunctionExpression" ||
  node.type === "ArrowFunctionExpression";

class Reader {
  readonly #defines = new Set<string>();
  /** Functions that nobody calls while the cell runs, as far as one can see. */
  readonly #deferred: Range[] = [];
  readonly #named = new Map<string, Range>();
  /** Where names are changed, and whether by what they were. */
  readonly #changes = new Map<number, { readonly name: string; readonly inPlace: boolean }>();

  define(statement: AnyNode): void {
    const inner =
      statement.type === "ExportNamedDeclaration" ? (statement.declaration ?? statement) : statement;
    if (inner.type === "ImportDeclaration")
      for (const { local } of inner.specifiers) this.#defines.add(local.name);
    if ((inner.type === "FunctionDeclaration" || inner.type === "ClassDeclaration") && inner.id)
      this.#defines.add(inner.id.name);
    if (inner.type === "VariableDeclaration")
      for (const { id } of inner.declarations) for (const name of namesOf(id)) this.#defines.add(name);
  }

  walk(node: AnyNode, parent: AnyNode | undefined): void {
    if (isFunction(node)) this.#function(node, parent);
    if (
      (node.type === "MethodDefinition" || node.type === "PropertyDefinition") &&
      node.value &&
      !isStatic(node)
    )
      this.#deferred.push([node.value.start, node.value.end]);
    this.#change(node);
    // var is the whole cell's, whatever block it stands in
    if (node.type === "VariableDeclaration" && node.kind === "var" && !within(node.start, this.#functions))
      for (const { id } of node.declarations) for (const name of namesOf(id)) this.#defines.add(name);
    for (const child of childrenOf(node)) this.walk(child, node);
  }

  readonly #functions: Range[] = [];

  #function(node: AnyNode, parent: AnyNode | undefined): void {
    this.#functions.push([node.start, node.end]);
    // called at once, or handed to something that may call it: sort, map, onEpoch
    const isHanded =
      parent !== undefined &&
      (parent.type === "CallExpression" || parent.type === "NewExpression" || parent.type === "Property");
    if (!isHanded) this.#deferred.push([node.start, node.end]);
    const own = "id" in node && node.id && "name" in node.id ? node.id.name : undefined;
    const assigned =
      parent?.type === "VariableDeclarator" && parent.id.type === "Identifier" ? parent.id.name : undefined;
    const name = own ?? assigned;
    if (name !== undefined) this.#named.set(name, [node.start, node.end]);
  }

  #change(node: AnyNode): void {
    const add = (target: AnyNode, name: string, inPlace: boolean) =>
      this.#changes.set(target.start, { name, inPlace });
    if (node.type === "AssignmentExpression") {
      if (node.left.type === "Identifier") add(node.left, node.left.name, node.operator !== "=");
      else if (node.left.type === "MemberExpression") {
        const object = rootOf(node.left);
        if (object !== undefined) add(object, object.name, node.operator !== "=");
      } else for (const target of identifiersOf(node.left)) add(target, target.name, false);
    }
    if (node.type === "UpdateExpression" && node.argument.type === "Identifier")
      add(node.argument, node.argument.name, true);
    if (
      node.type === "CallExpression" &&
      node.callee.type === "MemberExpression" &&
      node.callee.object.type === "Identifier" &&
      node.callee.property.type === "Identifier" &&
      changing.test(node.callee.property.name)
    )
      add(node.callee.object, node.callee.object.name, true);
  }

  names(references: ReturnType<typeof findReferences>["references"]): CellNames {
    const [eager, later] = [new Set<string>(), new Set<string>()];
    const bodies = new Map<string, Set<string>>([...this.#named.keys()].map((name) => [name, new Set()]));
    const writes = new Map<string, "anew" | "in place">();
    for (const { node, use, access } of references) {
      if (access === "declare") continue;
      const isDeferred = within(node.start, this.#deferred);
      const change = this.#changes.get(node.start);
      if (change !== undefined && !isDeferred && writes.get(node.name) !== "in place")
        writes.set(node.name, change.inPlace ? "in place" : "anew");
      // typeof asks whether a name is there; an assignment does not read
      if (use === "typeof" || (access === "write" && change?.inPlace !== true)) continue;
      (isDeferred ? later : eager).add(node.name);
      if (isDeferred)
        for (const [name, range] of this.#named)
          if (within(node.start, [range])) bodies.get(name)?.add(node.name);
    }
    return { defines: this.#defines, eager, later, bodies, writes };
  }
}

/** x of `x.a[i].b`. */
function rootOf(node: AnyNode): ({ readonly name: string; readonly start: number } & AnyNode) | undefined {
  let object = node;
  while (object.type === "MemberExpression") object = object.object;
  return object.type === "Identifier" ? object : undefined;
}

const isStatic = (node: AnyNode): boolean => "static" in node && node.static === true;

function identifiersOf(pattern: Pattern | AnyNode): Extract<AnyNode, { type: "Identifier" }>[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        identifiersOf(property.type === "RestElement" ? property.argument : property.value),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : identifiersOf(element)));
    case "AssignmentPattern":
      return identifiersOf(pattern.left);
    case "RestElement":
      return identifiersOf(pattern.argument);
    default:
      return [];
  }
}

const namesOf = (pattern: Pattern): string[] => identifiersOf(pattern).map(({ name }) => name);

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flatMap((value: unknown) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
