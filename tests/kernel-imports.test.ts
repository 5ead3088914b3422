import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root, TestKernel } from "./support/kernel.js";

const project = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-imports-")));
const notebooks = join(project, "deep/notebooks");
function write(path: string, text: string): void {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

write("package.json", '{ "name": "project", "type": "module", "imports": { "#own/*": "./deep/*.ts" } }');
write(
  "tsconfig.json",
  '{ "compilerOptions": { "strict": true, "noUncheckedIndexedAccess": true, "lib": ["esnext"] } }',
);
write(
  "node_modules/only-esm/package.json",
  '{ "name": "only-esm", "type": "module", "exports": { ".": { "import": "./main.js" }, "./sub/*": "./parts/*.js" } }',
);
write("node_modules/only-esm/main.js", "export const kind = 'esm'; export default () => 'default';");
write("node_modules/only-esm/parts/one.js", "export const part = 1;");
write(
  "node_modules/common/index.js",
  "exports.plain = 1; Object.assign(exports, { hidden: 2 }); exports.hidden2 = exports.hidden;",
);
write("node_modules/callable/package.json", "{}");
write("node_modules/callable/index.js", "module.exports = () => 'called'; module.exports.extra = 5;");
write(
  "node_modules/callable/index.d.ts",
  "declare function call(): string; declare namespace call { const extra: number } export = call;",
);
write(
  "node_modules/instance/index.js",
  "class Thing { own = 1; method() { return 'of a class'; } } module.exports = new Thing();",
);
write("node_modules/instance/index.d.ts", "export const own: number; export function method(): string;");
write(
  "deep/notebooks/counts.ts",
  "const all = globalThis as any; all.counted = (all.counted ?? 0) + 1; export const counted = 1;",
);
write("deep/notebooks/text.txt", "text");
write("deep/notebooks/data.json", '{ "n": 1 }');
write("deep/notebooks/value.ts", "export const value: number = 1;\nexport type Shape = { a: number };");
write(
  "deep/notebooks/middle.ts",
  'import { value } from "./value.js";\nexport const twice = (): number => 2 * value;\nexport const loaded = Math.random();',
);
write("deep/notebooks/apart.ts", "export const loaded = Math.random();");
write("deep/inner.ts", "export const inner = import.meta.url;\nexport const here = import.meta.dirname;");
write("deep/notebooks/top-level.ts", "export const waited = await Promise.resolve(5);");
write(
  "deep/notebooks/throws.ts",
  "interface Padding { x: number }\nexport function fails(): never {\n  throw new Error('in a module');\n}",
);
write(
  "deep/notebooks/loop.ts",
  "export async function forever() {\n  for (;;) await new Promise((resolve) => setTimeout(resolve, 1));\n}",
);
write(
  "deep/notebooks/a.ts",
  'import { b } from "./b.ts";\nexport const a = () => "a" + b();\nexport const name = "A";',
);
write("deep/notebooks/b.ts", 'import { name } from "./a.ts";\nexport const b = () => "b" + name;');
write("deep/notebooks/old.cjs", "exports.n = 1;");
write("deep/notebooks/plain/package.json", "{}");
write("deep/notebooks/plain/old.js", "exports.n = require('./older.js').n + 1;");
write("deep/notebooks/plain/older.js", "module.exports = { n: 1 };");
write("deep/notebooks/broken.ts", "export const = 5;");
write(
  "deep/notebooks/once.ts",
  "if (!(globalThis as { ready?: boolean }).ready) throw new Error('not yet');\nexport const once = 1;",
);
const kernel = await TestKernel.start({ cwd: notebooks });

async function expectResult(code: string, wanted: string): Promise<void> {
  const { error, traceback, result } = await kernel.run(code);
  assert.equal(error, undefined, `${code}\n${traceback}`);
  assert.equal(result, wanted, code);
}

const cases: Readonly<Record<string, readonly [code: string, wanted: string]>> = {
  "a package of ES modules, found upwards": [
    'import make, { kind } from "only-esm"; [make(), kind]',
    "[ 'default', 'esm' ]",
  ],
  "a subpath by a pattern": ['import { part } from "only-esm/sub/one"; part', "1"],
  "the same, dynamically": ['(await import("only-esm")).kind', "'esm'"],
  "a CommonJS package": ['import common from "common"; common.plain', "1"],
  "a CommonJS package as a namespace": [
    'import * as whole from "common"; [whole.plain, whole.hidden, Object.keys(whole).sort().join()]',
    "[ 1, 2, 'default,hidden,hidden2,plain' ]",
  ],
  "a CommonJS package, dynamically": [
    'const dynamic = await import("common"); [dynamic.hidden, dynamic.default.plain]',
    "[ 2, 1 ]",
  ],
  "a CommonJS package that is a function": [
    'import * as fn from "callable"; import call, { extra } from "callable"; [call(), extra, fn.extra, typeof fn.default]',
    "[ 'called', 5, 5, 'function' ]",
  ],
  "a CommonJS package that is an object of a class": [
    'import { method } from "instance"; import * as instance from "instance"; [method(), instance.method(), Object.keys(instance)]',
    "[ 'of a class', 'of a class', [ 'default', 'own' ] ]",
  ],
  "an ES module is what it exports": [
    '// @ts-nocheck\nimport * as es from "only-esm"; [Object.keys(es), "name" in es]',
    "[ [ 'default', 'kind' ], false ]",
  ],
  "export … from runs the file": [
    'export * from "./counts.ts"; export { counted as again } from "./counts.ts"; (globalThis as any).counted',
    "1",
  ],
  "a name that Node does not see in a CommonJS package": ['import { hidden } from "common"; hidden', "2"],
  "a namespace": ['import * as path from "node:path"; path.basename("/a/b")', "'b'"],
  "a built-in without node:": ['import { sep } from "path"; sep', "'/'"],
  "an import for its effect": ['import "only-esm"; 1', "1"],
  JSON: ['import data from "./data.json"; data.n', "1"],
  "JSON with an attribute": ['import data2 from "./data.json" with { type: "json" }; data2.n', "1"],
  "a TypeScript file with its ending": ['import { value } from "./value.ts"; value', "1"],
  "a TypeScript file without its ending": ['import { value as plain } from "./value"; plain', "1"],
  "a TypeScript file as .js": ['import { value as js } from "./value.js"; js', "1"],
  "a file above the notebook's folder": ['import { here } from "../inner.ts"; here.endsWith("deep")', "true"],
  "import.meta.url of a file": [
    'import { inner } from "../inner.ts"; inner.endsWith("/deep/inner.ts")',
    "true",
  ],
  "import.meta.resolve": [
    '["only-esm", "#own/inner", "fs", "./nowhere.ts", "https://a.b/c"].map((it) => import.meta.resolve(it).split("/").slice(-2).join("/"))',
    "[ 'only-esm/main.js', 'deep/inner.ts', 'node:fs', 'notebooks/nowhere.ts', 'a.b/c' ]",
  ],
  "#imports of the package": ['import { inner as own } from "#own/inner"; own.endsWith("inner.ts")', "true"],
  "top-level await in a file": ['import { waited } from "./top-level.ts"; waited', "5"],
  "files that import each other": ['import { a } from "./a.ts"; a()', "'abA'"],
  "a CommonJS file": ['import old from "./old.cjs"; old.n', "1"],
  "require of a CommonJS file": ['require("./old.cjs").n', "1"],
  "a CommonJS file by its package": ['import { n as plainOld } from "./plain/old.js"; plainOld', "2"],
  "a type alone": ['import type { Shape } from "./value.ts"; const shape: Shape = { a: 3 }; shape.a', "3"],
  "a type among values": [
    'import { value as among, type Shape as S } from "./value.ts"; ({ a: among } satisfies S).a',
    "1",
  ],
  "a type that is not marked as one": [
    'import { value as v2, Shape as Shape2 } from "./value.ts"; ({ a: v2 } as Shape2).a',
    "1",
  ],
};

for (const [title, [code, wanted]] of Object.entries(cases)) test(title, () => expectResult(code, wanted));

test("imported names are there in later cells", async () => {
  await kernel.run('import { value } from "./value.ts"; import type { Shape } from "./value.ts"');
  await expectResult("const later: Shape = { a: value }; later.a", "1");
});

test("an imported name can be defined anew", async () => {
  await kernel.run('import { value } from "./value.ts"');
  await expectResult("let value = 'own'; value += '!'; value", "'own!'");
});

test("the nearest tsconfig.json is honoured", async () => {
  const { error } = await kernel.run("const list = [1]; const first: number = list[0]");
  assert.match(error ?? "", /Type 'number \| undefined' is not assignable/);
});

test("types of a file's exports are checked", async () => {
  const { error } = await kernel.run('import { value } from "./value.ts"; const text: string = value');
  assert.match(error ?? "", /Type 'number' is not assignable to type 'string'/);
});

test("what has changed is loaded again, what has not keeps its state", async () => {
  const look = async (): Promise<number[]> => {
    const { result, error } = await kernel.run(
      'import { twice, loaded } from "./middle.ts"; import { loaded as apart } from "./apart.ts"; JSON.stringify([twice(), loaded, apart])',
    );
    assert.equal(error, undefined);
    return JSON.parse(result?.slice(1, -1) ?? "");
  };
  const first = await look();
  write("deep/notebooks/value.ts", "export const value: number = 21;\nexport type Shape = { a: number };");
  const second = await look();
  assert.deepEqual([first[0], second[0]], [2, 42], "a changed file behind an unchanged one");
  assert.notEqual(first[1], second[1], "the importer is evaluated again");
  assert.equal(first[2], second[2], "a file apart keeps its state");
});

test("types of a changed file are read again", async () => {
  write(
    "deep/notebooks/value.ts",
    'export const value: string = "text";\nexport type Shape = { a: number };',
  );
  await expectResult('import { value } from "./value.ts"; value.length', "4");
});

test("a changed JSON and a changed CommonJS file", async () => {
  write("node_modules/callable/package.json", "{}");
  write("node_modules/callable/index.js", "module.exports = () => 'called'; module.exports.extra = 5;");
  write(
    "node_modules/callable/index.d.ts",
    "declare function call(): string; declare namespace call { const extra: number } export = call;",
  );
  write(
    "node_modules/instance/index.js",
    "class Thing { own = 1; method() { return 'of a class'; } } module.exports = new Thing();",
  );
  write("node_modules/instance/index.d.ts", "export const own: number; export function method(): string;");
  write(
    "deep/notebooks/counts.ts",
    "const all = globalThis as any; all.counted = (all.counted ?? 0) + 1; export const counted = 1;",
  );
  write("deep/notebooks/text.txt", "text");
  write("deep/notebooks/data.json", '{ "n": 2, "more": true }');
  write("deep/notebooks/old.cjs", "exports.n = 2; exports.more = true;");
  await expectResult(
    'import data from "./data.json"; import old from "./old.cjs"; [data.n, old.n]',
    "[ 2, 2 ]",
  );
});

test("a file that was not there", async () => {
  assert.match(
    (await kernel.run('import { fresh } from "./fresh.ts"')).error ?? "",
    /Cannot find module '\.\/fresh\.ts'/,
  );
  write("deep/notebooks/fresh.ts", "export const fresh = 1;");
  await expectResult('import { fresh } from "./fresh.ts"; fresh', "1");
});

test("a module whose evaluation failed is tried again", async () => {
  assert.match((await kernel.run('import { once } from "./once.ts"; once')).error ?? "", /not yet/);
  await expectResult(
    '(globalThis as any).ready = true; const { once } = await import("./once.ts"); once',
    "1",
  );
});

test("an error in a file shows the file's own lines", async () => {
  const { traceback } = await kernel.run('import { fails } from "./throws.ts"\nfails()');
  assert.match(traceback, /> 3 \| {3}throw new Error\('in a module'\)/);
  assert.match(traceback, /at (?:Module\.)?fails \(throws\.ts:3:9\)\n\s+at Cell \[\d+\]:2:1/);
});

test("a syntax error in a file", async () => {
  const { error } = await kernel.run('// @ts-nocheck\nimport "./broken.ts"');
  assert.match(error ?? "", /SyntaxError: .*broken\.ts, line 1, column/);
});

test("a package that is not there, with its cure", async () => {
  const { error } = await kernel.run('// @ts-nocheck\nimport "not-installed"');
  assert.match(
    error ?? "",
    /Cannot find "not-installed" from .*\. npm install not-installed in that folder installs it\./,
  );
});

test("a package that is installed while the kernel runs", async () => {
  const code = 'import { late } from "@late/package/sub"; late.toFixed(1)';
  const { error } = await kernel.run(code);
  assert.match(error ?? "", /npm install @late\/package in the notebook's folder installs it\.$/);
  write("node_modules/@late/package/package.json", '{ "exports": { "./sub": "./sub.js" } }');
  write("node_modules/@late/package/sub.js", "exports.late = 1;");
  write("node_modules/@late/package/sub.d.ts", "export const late: number;");
  await expectResult(code, "'1.0'");
});

test("import.meta.resolve of a package that is not there", async () => {
  const { error } = await kernel.run('import.meta.resolve("not-installed")');
  assert.match(error ?? "", /^ModuleNotFound: Cannot find "not-installed" from /);
});

test("a part that an installed package does not export", async () => {
  const cure = /Package only-esm is installed but does not provide it\.$/;
  assert.match((await kernel.run('import none from "only-esm/none"')).error ?? "", cure);
  assert.match((await kernel.run('// @ts-nocheck\nimport "only-esm/none"')).error ?? "", cure);
});

test("a default export lends its properties to nobody", async () => {
  write("node_modules/with-default/package.json", '{ "type": "module", "exports": "./index.js" }');
  write("node_modules/with-default/index.js", "export default { secret: 1 };");
  const { error } = await kernel.run('// @ts-nocheck\nimport { secret } from "with-default"\nsecret');
  assert.match(error ?? "", /"with-default" does not export "secret" \(exports: default\)\.$/);
});

for (const [code, wanted] of [
  [
    'import text from "./text.txt" with { type: "text" }',
    /GradbookError: import "\.\/text\.txt" with \{ type: "text" \}: the type is not supported, expected "json" for a \.json file\./,
  ],
  ['await import("./text.txt", { with: { type: "bytes" } })', /the type is not supported, expected "json"/],
  [
    'import value from "./value.ts" with { type: "json" }',
    /it is not a \.json file, expected "json" for a \.json file\./,
  ],
] as const) {
  test(`refused: ${code}`, async () => {
    assert.match((await kernel.run(`// @ts-nocheck\n${code}`)).error ?? "", wanted);
  });
}

test("a name that a package does not export", async () => {
  const { error } = await kernel.run('// @ts-nocheck\nimport { nothing } from "only-esm"\nnothing');
  assert.match(error ?? "", /"only-esm" does not export "nothing" \(exports: default, kind\)/);
  const many = await kernel.run('// @ts-nocheck\nimport { nothing } from "node:fs"\nnothing');
  assert.match(many.error ?? "", /"node:fs" does not export "nothing" \(exports: .*, … \d+ more\)\.$/);
});

test("an interrupted loop in a file of the project ends with its cell", async () => {
  const running = kernel.start('import { forever } from "./loop.ts"; console.log("go"); await forever()');
  await running.printed("go");
  await kernel.interrupt();
  assert.equal((await running.done).reply.ename, "Interrupted");
});

test("gradbook is found from anywhere in the repository, and outside of it", async () => {
  for (const cwd of [join(root, "tests"), notebooks]) {
    const elsewhere = await TestKernel.start({ cwd });
    const { error, result } = await elsewhere.run(
      'import { fit } from "gradbook"; [typeof fit, typeof require("gradbook").fit]',
    );
    await elsewhere.shutdown();
    assert.equal(error, undefined);
    assert.equal(result, "[ 'function', 'function' ]");
  }
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
  const left = readdirSync(tmpdir()).filter(
    (name) => name.startsWith("gradbook-kernel-") && name.includes(`-${kernel.pid}-`),
  );
  assert.deepEqual(left, [], "translated files stay behind");
  rmSync(project, { recursive: true });
});
