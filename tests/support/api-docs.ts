import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { isClassDeclaration } from "typescript/unstable/ast/is";
import {
  API,
  type Checker,
  type Project,
  SignatureKind,
  type Symbol as Sym,
  SymbolFlags,
  type Type,
} from "typescript/unstable/sync";

// What the compiler knows of the public names: it is asked for the declarations that an editor shows on hover, so a
// comment that it does not attach to its name counts as none.

const root = fileURLToPath(new URL("../../../", import.meta.url));
const declarations = createRequire(import.meta.url)
  .resolve("gradbook")
  .replace(/\.[cm]?js$/, ".d.ts");

/** A public name, or a member of one. */
export interface Documented {
  readonly name: string;
  readonly text: string;
  /** `@default`, `@throws`, `@example` … in their order, with their text. */
  readonly tags: readonly { readonly name: string; readonly text: string }[];
  readonly optional: boolean;
  /** Parameters of a function or of a class's constructor; 0 for everything else. */
  readonly parameters: number;
  /** Of a class, an interface or a record; those of JavaScript's own types are left out. */
  readonly members: readonly Documented[];
}

/** Every export of `gradbook`, by its declarations. */
export function readApi(): readonly Documented[] {
  return withProject({}, [declarations], ({ program, checker }) => {
    const file = program.getSourceFile(declarations);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${declarations} has no exports`);
    return checker.getExportsOfModule(module).map((symbol) => {
      const target = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return { ...documented(target, checker, membersOf(target, checker)), name: symbol.name };
    });
  });
}

/** @param contracts of the class that the symbol is a member of: they speak for what it does not document itself */
function documented(
  symbol: Sym,
  checker: Checker,
  members: readonly Sym[],
  contracts: readonly Type[] = [],
): Documented {
  const callable = symbol.flags & (SymbolFlags.Function | SymbolFlags.Class);
  const type = callable ? checker.getTypeOfSymbol(symbol) : undefined;
  const signatures = [SignatureKind.Call, SignatureKind.Construct].flatMap((kind) =>
    type === undefined ? [] : checker.getSignaturesOfType(type, kind),
  );
  const own = symbol.getDocumentationComment(checker).trim();
  const promised = contracts.map((contract) => checker.getPropertyOfType(contract, symbol.name));
  const inherited = promised.map((member) => member?.getDocumentationComment(checker).trim() ?? "");
  return {
    name: symbol.name,
    text: own === "" ? inherited.join("") : own,
    tags: symbol.getJsDocTags(checker).map(({ name, text = "" }) => ({ name, text })),
    optional: (symbol.flags & SymbolFlags.Optional) !== 0,
    parameters: Math.max(0, ...signatures.map(({ parameters }) => parameters.length)),
    members: members.map((member) => documented(member, checker, [], contractsOf(symbol, checker))),
  };
}

/** The interfaces that a class implements. */
function contractsOf(symbol: Sym, checker: Checker): readonly Type[] {
  const node = symbol.valueDeclaration?.resolve();
  if (node === undefined || !isClassDeclaration(node)) return [];
  const named = node.heritageClauses?.flatMap((clause) => [...clause.types]) ?? [];
  return named.flatMap((name) => checker.getTypeAtLocation(name) ?? []);
}

const withMembers = SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias;

/** Instance members, and what a class has of its own; those that start with "__" are the compiler's (`[Symbol.for(…)]`). */
function membersOf(symbol: Sym, checker: Checker): readonly Sym[] {
  if (!(symbol.flags & withMembers)) return [];
  const own = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  const ofClass = symbol.flags & SymbolFlags.Class ? [...symbol.getExports().values()] : [];
  return [...own, ...ofClass].filter(
    (member) =>
      !member.name.startsWith("__") &&
      !(member.flags & SymbolFlags.Prototype) &&
      member.declarations.some(({ path }) => !path.includes("/node_modules/")) &&
      !isPrivate(member),
  );
}

function isPrivate(member: Sym): boolean {
  const node = member.valueDeclaration?.resolve();
  return node !== undefined && /^\s*private\b/.test(node.getText());
}

/** One example of the documentation: where it stands, and its code. */
export interface Example {
  readonly of: string;
  readonly code: string;
}

/** What became of an example: the lines that it printed, and the error that ended it. */
export interface Outcome {
  readonly printed: readonly string[];
  readonly error?: string;
}

/** The compiler's complaints about each example, as a user's own strict project would see them. */
export function checkExamples(examples: readonly Example[]): readonly string[] {
  const files = Object.fromEntries(
    examples.map(({ code }, i) => [`example-${i}.ts`, `${code}\nexport {};\n`]),
  );
  return withProject(files, Object.keys(files), ({ program }) =>
    [
      ...program.getSyntacticDiagnostics(),
      ...program.getSemanticDiagnostics(),
      ...program.getConfigFileParsingDiagnostics(),
    ].map(({ fileName, text }) => {
      const number = /example-(\d+)\.ts$/.exec(fileName ?? "")?.[1];
      return `${number === undefined ? fileName : examples[Number(number)].of}: ${text}`;
    }),
  );
}

/** Runs all examples, one after another, in one plain Node, in a folder without any data. */
export async function runExamples(examples: readonly Example[]): Promise<readonly Outcome[]> {
  return await withFolder(async (folder) => {
    for (const [i, { code }] of examples.entries()) {
      const { code: script } = await transform(code, { loader: "ts", format: "esm", target: "node20" });
      writeFileSync(join(folder, `example-${i}.mjs`), script);
    }
    writeFileSync(join(folder, "run.mjs"), runner(examples.length));
    const { status, stderr } = spawnSync(process.execPath, ["run.mjs"], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`the examples' process ended with ${status}: ${stderr}`);
    return JSON.parse(readFileSync(join(folder, "outcomes.json"), "utf8")) as Outcome[];
  });
}

const runner = (count: number): string => `
import { writeFileSync } from "node:fs";
import { format } from "node:util";
const outcomes = [];
for (let i = 0; i < ${count}; i++) {
  const printed = [];
  console.log = (...values) => printed.push(...format(...values).split("\\n"));
  try {
    await import("./example-" + i + ".mjs");
    outcomes.push({ printed });
  } catch (error) {
    outcomes.push({ printed, error: String(error?.stack ?? error) });
  }
}
writeFileSync("outcomes.json", JSON.stringify(outcomes));
`;

/** A project of the compiler with these files, closed when `look` returns. */
function withProject<T>(
  texts: Readonly<Record<string, string>>,
  files: readonly string[],
  look: (project: Project) => T,
): T {
  const { folder, remove } = newFolder();
  const api = new API({ cwd: root });
  try {
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    const config = join(folder, "tsconfig.json");
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      lib: ["es2023"],
      types: ["node"],
      strict: true,
      noUnusedLocals: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    return look(project);
  } finally {
    api.close();
    remove();
  }
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const { folder, remove } = newFolder();
  try {
    return await use(folder);
  } finally {
    remove();
  }
}

/** Inside of the checkout, so that `import "gradbook"` finds the package as in a user's project. */
function newFolder(): { folder: string; remove: () => void } {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/api-docs-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
