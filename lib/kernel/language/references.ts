import type {
  AnyNode,
  AwaitExpression,
  CallExpression,
  Expression,
  ForOfStatement,
  Identifier,
  ImportExpression,
  MetaProperty,
  Pattern,
  Program,
} from "acorn";

/** An identifier that means a name of the program's top level, or a global. */
export interface Reference {
  readonly node: Identifier;
  /** What stands around it: `f()` must not get a `this`, `{ x }` needs its key spelled out, `typeof x` may not throw. */
  readonly use: "plain" | "call" | "shorthand" | "typeof";
  readonly access: "read" | "write" | "declare";
  /** Whether it stands in a function, and so may be reached at any time. */
  readonly deferred: boolean;
}

export interface Findings {
  readonly references: Reference[];
  readonly awaits: AwaitExpression[];
  readonly forAwaits: ForOfStatement[];
  readonly dynamicImports: ImportExpression[];
  /** Arguments of `.then(…)`, `.catch(…)` and `.finally(…)`. */
  readonly callbacks: Expression[];
  /** `import.meta` */
  readonly metas: MetaProperty[];
  /** Functions and classes that take the name they are assigned to. */
  readonly named: { readonly target: Identifier; readonly value: Expression }[];
}

/** The names of one function, block or class, and the scope around it. */
interface Scope {
  readonly names: Set<string>;
  readonly outer: Scope | undefined;
}

/** Looks through a program for everything that the translation of a cell has to touch. */
export function findReferences(program: Program): Findings {
  const walker = new Walker();
  for (const statement of program.body) walker.visit(statement, undefined);
  return walker.findings;
}

class Walker {
  /** Functions, and values of fields, around the node that is visited. */
  #functions = 0;
  readonly findings: Findings = {
    references: [],
    awaits: [],
    forAwaits: [],
    dynamicImports: [],
    callbacks: [],
    metas: [],
    named: [],
  };

  visit(node: AnyNode | null | undefined, scope: Scope | undefined): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case "Identifier":
        this.#refer(node, "plain", scope);
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#visitFunction(node, scope);
        return;
      case "ClassDeclaration":
      case "ClassExpression": {
        const inner = this.#open(scope, node.id === null || node.id === undefined ? [] : [node.id.name]);
        this.visit(node.superClass, inner);
        for (const member of node.body.body) this.visit(member, inner);
        return;
      }
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node.computed) this.visit(node.key as AnyNode, scope);
        // A field is worked out when an object is made, a static one with its class.
        if (!node.static) this.#functions++;
        this.visit(node.value, scope);
        if (!node.static) this.#functions--;
        return;
      case "AssignmentExpression":
        if (/^(?:=|&&=|\|\|=|\?\?=)$/.test(node.operator)) this.#noteName(node.left, node.right);
        this.#visitTarget(node.left, scope, "write");
        this.visit(node.right, scope);
        return;
      case "UpdateExpression":
        this.#visitTarget(node.argument, scope, "write");
        return;
      case "VariableDeclarator":
        this.#visitTarget(node.id, scope, "declare");
        this.visit(node.init, scope);
        return;
      case "StaticBlock":
        this.#visitAll(node.body, this.#open(scope, [...lexicalNames(node.body), ...varNames(node.body)]));
        return;
      case "Property":
        if (node.shorthand) {
          this.#visitShorthand(node.value, scope);
          return;
        }
        if (node.computed) this.visit(node.key, scope);
        this.visit(node.value, scope);
        return;
      case "MemberExpression":
        this.visit(node.object as AnyNode, scope);
        if (node.computed) this.visit(node.property as AnyNode, scope);
        return;
      case "CallExpression":
      case "TaggedTemplateExpression": {
        const callee = node.type === "CallExpression" ? node.callee : node.tag;
        if (callee.type === "Identifier") this.#refer(callee, "call", scope);
        else this.visit(callee as AnyNode, scope);
        if (node.type === "CallExpression") {
          this.#noteCallbacks(node);
          this.#visitAll(node.arguments, scope);
        } else this.visit(node.quasi, scope);
        return;
      }
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier") {
          this.#refer(node.argument, "typeof", scope);
          return;
        }
        this.visit(node.argument, scope);
        return;
      case "AwaitExpression":
        this.findings.awaits.push(node);
        this.visit(node.argument, scope);
        return;
      case "ImportExpression":
        this.findings.dynamicImports.push(node);
        this.visit(node.source, scope);
        this.visit(node.options, scope);
        return;
      case "MetaProperty":
        if (node.meta.name === "import") this.findings.metas.push(node);
        return;
      case "LabeledStatement":
        this.visit(node.body, scope);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "ImportDeclaration":
      case "ExportAllDeclaration":
        return;
      case "ExportNamedDeclaration":
        this.visit(node.declaration, scope);
        return;
      case "BlockStatement":
        this.#visitAll(node.body, this.#open(scope, lexicalNames(node.body)));
        return;
      case "SwitchStatement": {
        this.visit(node.discriminant, scope);
        const body = node.cases.flatMap(({ consequent }) => consequent);
        this.#visitAll(node.cases, this.#open(scope, lexicalNames(body)));
        return;
      }
      case "CatchClause": {
        const inner = this.#open(scope, node.param ? patternNames(node.param) : []);
        this.visit(node.param, inner);
        this.visit(node.body, inner);
        return;
      }
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement": {
        if (node.type === "ForOfStatement" && node.await) this.findings.forAwaits.push(node);
        const head = node.type === "ForStatement" ? node.init : node.left;
        const own = head?.type === "VariableDeclaration" && head.kind !== "var" ? lexicalNames([head]) : [];
        const inner = this.#open(scope, own);
        if (node.type === "ForStatement" || node.left.type === "VariableDeclaration")
          this.#visitChildren(node, inner);
        else {
          this.#visitTarget(node.left, inner, "write");
          this.visit(node.right, inner);
          this.visit(node.body, inner);
        }
        return;
      }
      default:
        this.#visitChildren(node, scope);
        return;
    }
  }

  #visitFunction(
    node: Extract<
      AnyNode,
      { type: "FunctionDeclaration" | "FunctionExpression" | "ArrowFunctionExpression" }
    >,
    scope: Scope | undefined,
  ): void {
    const body = node.body.type === "BlockStatement" ? node.body.body : [];
    const own = node.type === "FunctionExpression" && node.id ? [node.id.name] : [];
    const names = [...own, ...node.params.flatMap(patternNames), ...varNames(body), ...lexicalNames(body)];
    if (node.type !== "ArrowFunctionExpression") names.push("arguments");
    const inner = this.#open(scope, names);
    this.#functions++;
    this.#visitAll(node.params, inner);
    if (node.body.type === "BlockStatement") this.#visitAll(body, inner);
    else this.visit(node.body, inner);
    this.#functions--;
  }

  /** What is assigned to: a name, a pattern or a property. */
  #visitTarget(target: AnyNode | null, scope: Scope | undefined, access: "write" | "declare"): void {
    switch (target?.type) {
      case "Identifier":
        this.#refer(target, "plain", scope, access);
        return;
      case "ObjectPattern":
        for (const one of target.properties) this.#visitTarget(one, scope, access);
        return;
      case "Property":
        if (target.computed) this.visit(target.key, scope);
        if (target.shorthand) this.#visitShorthand(target.value, scope, access);
        else this.#visitTarget(target.value, scope, access);
        return;
      case "ArrayPattern":
        for (const one of target.elements) this.#visitTarget(one, scope, access);
        return;
      case "AssignmentPattern":
        this.#noteName(target.left, target.right);
        this.#visitTarget(target.left, scope, access);
        this.visit(target.right, scope);
        return;
      case "RestElement":
        this.#visitTarget(target.argument, scope, access);
        return;
      default:
        this.visit(target, scope);
    }
  }

  #noteCallbacks({ callee, arguments: given }: CallExpression): void {
    if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier" || callee.computed)
      return;
    if (!/^(?:then|catch|finally)$/.test(callee.property.name)) return;
    for (const one of given) if (one.type !== "SpreadElement") this.findings.callbacks.push(one);
  }

  /** `{ x }` and, in patterns, `{ x = 1 }`. */
  #visitShorthand(value: AnyNode, scope: Scope | undefined, access: Reference["access"] = "read"): void {
    if (value.type === "Identifier") {
      this.#refer(value, "shorthand", scope, access);
      return;
    }
    if (value.type !== "AssignmentPattern" || value.left.type !== "Identifier") {
      this.visit(value, scope);
      return;
    }
    this.#noteName(value.left, value.right);
    this.#refer(value.left, "shorthand", scope, access);
    this.visit(value.right, scope);
  }

  #noteName(target: AnyNode, value: Expression): void {
    if (target.type === "Identifier" && isAnonymous(value)) this.findings.named.push({ target, value });
  }

  #refer(
    node: Identifier,
    use: Reference["use"],
    scope: Scope | undefined,
    access: Reference["access"] = "read",
  ): void {
    for (let at = scope; at !== undefined; at = at.outer) if (at.names.has(node.name)) return;
    this.findings.references.push({ node, use, access, deferred: this.#functions > 0 });
  }

  #open(outer: Scope | undefined, names: readonly string[]): Scope | undefined {
    if (names.length === 0) return outer;
    return { names: new Set(names), outer };
  }

  #visitAll(nodes: readonly (AnyNode | null)[], scope: Scope | undefined): void {
    for (const node of nodes) this.visit(node, scope);
  }

  #visitChildren(node: AnyNode, scope: Scope | undefined): void {
    for (const child of childrenOf(node)) this.visit(child, scope);
  }
}

/** Whether a function or class has no name of its own. */
export function isAnonymous(node: Expression): boolean {
  if (node.type === "ArrowFunctionExpression") return true;
  return (node.type === "FunctionExpression" || node.type === "ClassExpression") && !node.id;
}

/** The nodes directly below a node, in the order of its properties, which is that of the text. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flatMap((value: unknown) =>
    (Array.isArray(value) ? value : [value]).filter(isNode),
  );
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** Names that `let`, `const`, `using`, `class` and `function` bind directly in a list of statements. */
function lexicalNames(statements: readonly AnyNode[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.type === "VariableDeclaration" && statement.kind !== "var") {
      return statement.declarations.flatMap(({ id }) => patternNames(id));
    }
    if ((statement.type === "ClassDeclaration" || statement.type === "FunctionDeclaration") && statement.id) {
      return [statement.id.name];
    }
    return [];
  });
}

/** Names that `var` binds in statements and the blocks inside them, but not in functions. */
export function varNames(nodes: readonly AnyNode[]): string[] {
  return nodes.flatMap((node) => {
    if (/Function|Class/.test(node.type)) return [];
    const own =
      node.type === "VariableDeclaration" && node.kind === "var"
        ? node.declarations.flatMap(({ id }) => patternNames(id))
        : [];
    return [...own, ...varNames(childrenOf(node))];
  });
}

/** Names that a pattern binds. */
export function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((one) =>
        patternNames(one.type === "RestElement" ? one.argument : one.value),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap((one) => (one === null ? [] : patternNames(one)));
    case "AssignmentPattern":
      return patternNames(pattern.left);
    case "RestElement":
      return patternNames(pattern.argument);
    default:
      return [];
  }
}

/** The name, or one like it, that stands nowhere in a text. */
export function unusedName(name: string, code: string): string {
  return code.includes(name) ? unusedName(`${name}$`, code) : name;
}
