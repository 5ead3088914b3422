import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TestKernel } from "./support/kernel.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-cells-"));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
const kernel = await TestKernel.start({ cwd: folder });

/** Runs cells one after the other and compares the last one's result. */
async function expectResult(cells: readonly string[], wanted: string | undefined): Promise<void> {
  for (const [i, code] of cells.entries()) {
    const { error, traceback, result } = await kernel.run(code);
    assert.equal(error, undefined, `${code}\n${traceback}`);
    if (i === cells.length - 1) assert.equal(result, wanted, code);
  }
}

const results: Readonly<Record<string, readonly [cells: readonly string[], wanted: string | undefined]>> = {
  "the last expression is the result": [["const one = 1; one + 1"], "2"],
  "a declaration has no result": [["let nothing = 5"], undefined],
  "a constant expression is a result": [['"a" + "b"'], "'ab'"],
  "a string alone is no directive": [['"use strict"; "text"'], "'text'"],
  "an object literal in parentheses": [["({ a: 1 })"], "{ a: 1 }"],
  "a promise as the last expression is shown, not awaited": [["Promise.resolve(1)"], "Promise { 1 }"],
  "a comment at the end": [["7 // seven"], "7"],
  "await an expression in parentheses": [["await (Promise.resolve(3))"], "3"],
  "await an async function called on the spot": [["await (async () => 4)()"], "4"],
  "await inside of an arrow function": [
    ["const wait = async (x: number) => (await Promise.resolve(x)) + 1; await wait(1)"],
    "2",
  ],
  "for await over an async generator": [
    [
      "async function* count() { yield 1; yield 2 }\nlet sum = 0\nfor await (const n of count()) sum += n\nsum",
    ],
    "3",
  ],
  "for await over promises": [
    ["let total = 0; for await (const n of [1, Promise.resolve(2)]) total += n; total"],
    "3",
  ],
  "functions are defined before the first statement": [
    ["early(); function early() { return 8 }; early()"],
    "8",
  ],
  "a function keeps its name": [
    ["function named() {}; const arrow = () => 1; [named.name, arrow.name]"],
    "[ 'named', 'arrow' ]",
  ],
  "functions see the newest definition of what they call": [
    [
      "function inner() { return 1 }\nfunction outer() { return inner() }",
      "function inner() { return 2 }",
      "outer()",
    ],
    "2",
  ],
  "a method is not called with the cells' scope as this": [
    ["function whose(this: unknown) { return this === undefined }", "whose()"],
    "true",
  ],
  destructuring: [
    ["const { a, b: [c, ...d], e = 5 } = { a: 1, b: [2, 3, 4] } as any; [a, c, d, e]"],
    "[ 1, 2, [ 3, 4 ], 5 ]",
  ],
  "destructuring by assignment": [
    ["let p = 1, q = 2; [p, q] = [q, p]; ({ p } = { p: 9 }); [p, q]"],
    "[ 9, 1 ]",
  ],
  "shorthand properties": [["let short = 1; const bag = { short }; bag"], "{ short: 1 }"],
  "var in blocks and loops": [
    ["// @ts-nocheck\nfor (var i = 0; i < 3; i++) { var inLoop = i }; [i, inLoop]"],
    "[ 3, 2 ]",
  ],
  "var in for-of and for-in": [
    ["// @ts-nocheck\nfor (var k in { x: 1 }); for (var v of [5]); [k, v]"],
    "[ 'x', 5 ]",
  ],
  "inner names hide outer ones": [
    ["let hidden = 1; { let hidden = 2 } ((hidden: number) => hidden)(3); hidden"],
    "1",
  ],
  "a name of an earlier cell beside an inner one that is called the same": [
    [
      "const outerName = 1",
      'const inside = () => { const outerName = "ab"; return outerName.length }',
      "[outerName, inside()]",
    ],
    "[ 1, 2 ]",
  ],
  "an earlier cell's name and an inner one in the same cell": [
    [
      "const sharedName = 40",
      'const size = () => { const sharedName = "ab"; return sharedName.length }; sharedName + size()',
    ],
    "42",
  ],
  "redefinition by a pattern, with another type": [
    ["const { spread } = { spread: 1 }", 'const { spread } = { spread: "text" }; spread.length'],
    "4",
  ],
  "several expressions in one": [["let first = 1, second = 2; first, second"], "2"],
  "a constant behind another expression": [["[1, 2].length\n-1"], "1"],
  "undefined at the end shows nothing": [["[1, 2]\nundefined"], undefined],
  "a shebang": [["#!/usr/bin/env node\n7"], "7"],
  "a thenable that gives a promise": [
    ["// @ts-nocheck\nawait { then(resolve) { resolve(Promise.resolve(5)) } }"],
    "5",
  ],
  "decorators with metadata": [
    [
      'function note(_: unknown, context: ClassFieldDecoratorContext) { context.metadata[context.name] = "noted" }\nclass Noted { @note a = 1 }\n(Noted as any)[(Symbol as any).metadata]',
    ],
    "[Object: null prototype] { a: 'noted' }",
  ],
  "redefinition with another type": [["let changing = 1", 'let changing = "text"; changing.length'], "4"],
  "a const can be defined again": [["const fixed = 1", "const fixed = 2; fixed"], "2"],
  "a class can be defined again": [
    ["class Thing { a = 1 }", "class Thing { b = 2 }; new Thing()"],
    "Thing { b: 2 }",
  ],
  "an assignment in a later cell": [["let later = 1", "later += 1; later"], "2"],
  "an own name for a global": [["const URL = 'mine'", "URL"], "'mine'"],
  enums: [["enum Colour { Red, Green = 5 }", "[Colour.Green, Colour[0]]"], "[ 5, 'Red' ]"],
  "an enum defined again forgets its old members": [
    ["enum Shape { Round, Square }", "enum Shape { Flat }; Object.keys(Shape)"],
    "[ '0', 'Flat' ]",
  ],
  namespaces: [["namespace Space { export const inside = 3 }", "Space.inside"], "3"],
  "types of a namespace with dots": [
    [
      "namespace Far.Away { export type Distance = number; export const light = 1 }",
      "const far: Far.Away.Distance = 2; far + Far.Away.light",
    ],
    "3",
  ],
  "an alias of a namespace, which its own cell does not use": [
    [
      "namespace Long { export namespace Name { export type Size = number; export const size = 3 } }",
      "import Short = Long.Name\n-1",
      "const size: Short.Size = Short.size; size",
    ],
    "3",
  ],
  "an alias of types alone": [
    [
      "namespace Only { export namespace Types { export type Size = number } }",
      "import Few = Only.Types",
      "const few: Few.Size = 4; few",
    ],
    "4",
  ],
  "an alias in a text": [["`\nimport Long = Nothing.There\n`.length"], "29"],
  "interfaces and type aliases flow on": [
    [
      "interface Point { x: number }\ntype Pair<T> = [T, T]",
      "const pair: Pair<Point> = [{ x: 1 }, { x: 2 }]; pair[1].x",
    ],
    "2",
  ],
  "private fields, static blocks, accessors": [
    [
      "class Full { #secret = 1; static made = 0; static { Full.made = 2 } get value() { return this.#secret } }\n[new Full().value, Full.made]",
    ],
    "[ 1, 2 ]",
  ],
  "parameter properties": [
    ["class Named { constructor(readonly name: string) {} }; new Named('n').name"],
    "'n'",
  ],
  decorators: [
    [
      "function twice(method: (this: any) => number, _: ClassMethodDecoratorContext) { return function (this: any) { return 2 * method.call(this) } }\nclass Decorated { @twice value() { return 21 } }\nnew Decorated().value()",
    ],
    "42",
  ],
  using: [
    [
      "const events: string[] = []\n{ using one = { [Symbol.dispose]() { events.push('closed') } }; events.push('open') }\nevents",
    ],
    "[ 'open', 'closed' ]",
  ],
  "using at the top of a cell, with a result": [
    [
      "let closed = 0\nusing handle = { [Symbol.dispose]() { closed++ }, size: 7 }\nhandle.size",
      "[closed, handle.size]",
    ],
    "[ 1, 7 ]",
  ],
  "await using": [
    ["let ended = 0\n{ await using x = { async [Symbol.asyncDispose]() { ended++ } } }\nended"],
    "1",
  ],
  "export is ignored": [
    ["export const exported = 1; export function also() { return exported }", "also()"],
    "1",
  ],
  "export default is ignored": [["export default 5"], "5"],
  "export lists are ignored": [["const listed = 3\nexport { listed }", "listed"], "3"],
  "tagged templates": [["const tag = (parts: TemplateStringsArray) => parts[0]; tag`raw`"], "'raw'"],
  "optional calls": [["const maybe: (() => number) | undefined = undefined as any; maybe?.()"], undefined],
  "typeof an undefined name": [["// @ts-nocheck\ntypeof neverDefined"], "'undefined'"],
  labels: [
    ["found: for (const a of [1, 2]) { for (const b of [1]) { if (a + b === 3) break found } } 'end'"],
    "'end'",
  ],
  "satisfies, as const, generics with a trailing comma": [
    ["const data = { a: 1 } as const satisfies { a: number }; const same = <T,>(x: T) => x; same(data.a)"],
    "1",
  ],
  "ES2023 methods and WebAssembly are known": [
    ["[3, 1].toSorted(); typeof WebAssembly.Module"],
    "'function'",
  ],
  "import.meta is the notebook's": [["import.meta.dirname === process.cwd()"], "true"],
  require: [['const { sep } = require("node:path"); sep'], "'/'"],
  globalThis: [["(globalThis as any).shared = 1; // @ts-ignore\nshared"], "1"],
  "declare global flows on": [
    [
      "declare global { interface Array<T> { last(): T | undefined } }\nArray.prototype.last = function () { return this[this.length - 1] }",
      "[1, 2].last()",
    ],
    "2",
  ],
  "a type and a value of one name": [
    ["const Both = 1 as number; type Both = string", "const both: Both = 'b'; [both, Both]"],
    "[ 'b', 1 ]",
  ],
};

for (const [title, [cells, wanted]] of Object.entries(results))
  test(title, () => expectResult(cells, wanted));

test("a type error refuses the cell and says where", async () => {
  const { error, status, traceback } = await kernel.run("let fine = 1\nconst wrong: string =\n  fine");
  assert.equal(status, "error");
  assert.match(
    error ?? "",
    /^TypeScript: Cell \[\d+\], line 2, column 7: Type 'number' is not assignable to type 'string'\. \(TS2322\)$/,
  );
  assert.match(traceback, /> 2 \| const wrong: string =\n {4}\| {7}\^/);
  const later = await kernel.run("fine");
  assert.match(later.error ?? "", /Cannot find name 'fine'/, "the refused cell must not have run");
});

test("@ts-nocheck runs a cell in spite of type errors", () =>
  expectResult(['// @ts-nocheck\nconst number: number = "text"; number'], "'text'"));

test("strict checking without a tsconfig.json", async () => {
  const { error } = await kernel.run("function untyped(x) { return x }");
  assert.match(error ?? "", /Parameter 'x' implicitly has an 'any' type/);
});

test("a syntax error says where", async () => {
  const { error } = await kernel.run("let ok = 1\nlet = 5 5");
  assert.match(error ?? "", /line 2, column/);
});

test("types of a variable that came through many cells", async () => {
  await kernel.run("let chain0 = 1");
  for (let i = 1; i < 20; i++) await kernel.run(`let chain${i} = chain${i - 1} + 1`);
  const { error } = await kernel.run("chain19.nothing");
  assert.match(error ?? "", /Property 'nothing' does not exist on type 'number'/);
});

test("a runtime error names the cell's line, and variables before it are kept", async () => {
  const { error, traceback } = await kernel.run(
    "let kept = 1\nlet text: string | undefined\n\ntext!.length\nkept = 2",
  );
  assert.match(error ?? "", /^TypeError: Cannot read properties of undefined/);
  assert.match(traceback, /> 4 \| text!\.length/);
  assert.match(traceback, /at Cell \[\d+\]:4:7/);
  await expectResult(["kept"], "1");
});

for (const [code, wanted] of [
  ["let o: any = {}; o.foo()", "o.foo is not a function"],
  ["let f: any = 1; f()", "f is not a function"],
  ["let n: any = 5; [...n]", "n is not iterable"],
  ["let c: any = 5; new c()", "c is not a constructor"],
  ["let u: any; u.deep.er", "Cannot read properties of undefined (reading 'deep')"],
  ["let text = '$scope$ and $scope$.'; throw new TypeError(text)", "$scope$ and $scope$."],
]) {
  test(`an error speaks of the cell's own names: ${wanted}`, async () => {
    const { error, traceback } = await kernel.run(code);
    assert.equal(error, `TypeError: ${wanted}`);
    assert.ok(traceback.startsWith(`TypeError: ${wanted}`));
  });
}

test("an error inside of a function shows the way to it, and its cause", async () => {
  await kernel.run(
    "function fails(): never {\n  throw new Error('outer', { cause: new RangeError('inner') })\n}",
  );
  const { traceback } = await kernel.run("const go = () => fails()\ngo()");
  assert.match(traceback, /> 2 \| {3}throw new Error/);
  assert.match(
    traceback,
    /at fails \(Cell \[\d+\]:2:9\)\n\s+at go \(Cell \[\d+\]:1:18\)\n\s+at Cell \[\d+\]:2:1/,
  );
  assert.match(traceback, /caused by\nRangeError: inner/);
});

test("an error behind awaits shows the whole way", async () => {
  const { traceback } = await kernel.run(
    'const nap = () => new Promise((r) => setTimeout(r, 1));\nasync function inner() { await nap(); throw new Error("deep") }\nasync function outer() { await inner() }\nawait outer()',
  );
  assert.match(
    traceback,
    /at inner \(Cell \[\d+\]:2:45\)\n.*at async outer \(Cell \[\d+\]:3:28\)\n.*at Cell \[\d+\]:4:1/,
  );
  const missing = await kernel.run(
    'import { readFile } from "node:fs/promises";\nawait readFile("/nowhere/at/all")',
  );
  assert.match(missing.traceback, /> 2 \| await readFile/);
});

test("both errors of a failed disposal are shown", async () => {
  const { traceback } = await kernel.run(
    'using x = { [Symbol.dispose]() { throw new Error("in disposal") } }; throw new Error("in the body")',
  );
  assert.match(traceback, /caused by\nError: in disposal[\s\S]*caused by\nError: in the body/);
});

test("an error of another realm", async () => {
  const { error } = await kernel.run('import { runInNewContext } from "node:vm"; runInNewContext("null.x")');
  assert.match(error ?? "", /^TypeError: Cannot read properties of null/);
});

test("a name defined twice is a syntax error with its place", async () => {
  const { error } = await kernel.run("// @ts-nocheck\nfunction f() {}\nfunction f() {}");
  assert.match(error ?? "", /already been declared \(Cell \[\d+\], line 3, column 10\)/);
});

test("error.stack shows the cell's lines", async () => {
  const { result } = await kernel.run("\n\nnew Error('here').stack");
  assert.match(result ?? "", /Cell \[\d+\]:3:1/);
});

test("anything can be thrown", async () => {
  assert.equal((await kernel.run("throw { code: 5 }")).error, "Thrown: { code: 5 }");
  const hostile = 'throw { [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("no") } }';
  assert.equal((await kernel.run(hostile)).error, "Thrown: object");
  assert.equal(
    (await kernel.run("const odd = new Error('odd'); odd.stack = 5 as any; throw odd")).error,
    "Error: odd",
  );
});

test("an error is told also where its stack cannot be had", async () => {
  const code = "Error.prepareStackTrace = () => { throw new Error('no') }; throw new Error('told')";
  assert.equal((await kernel.run(`const prepare = Error.prepareStackTrace; ${code}`)).error, "Error: told");
  await expectResult(["Error.prepareStackTrace = prepare; 1"], "1");
});

test("a rejection that nobody waits for fails its cell", async () => {
  const { error } = await kernel.run('void Promise.reject(new Error("forgotten"))');
  assert.equal(error, "Error: forgotten");
});

test("an exception in a timer fails the cell that waits", async () => {
  const { error } = await kernel.run(
    'setTimeout(() => { throw new Error("later") }, 5); await new Promise((resolve) => setTimeout(resolve, 1000))',
  );
  assert.equal(error, "Error: later");
});

test("an exception in a timer of an earlier cell is reported there", async () => {
  const from = kernel.heard.length;
  const first = kernel.start('setTimeout(() => { throw new Error("much later") }, 50)');
  await first.done;
  assert.equal((await kernel.run("await new Promise((resolve) => setTimeout(resolve, 150)); 1")).result, "1");
  const [late] = kernel.heard.slice(from).filter(({ type }) => type === "error");
  assert.equal(late.content.evalue, "much later");
  assert.ok(await first.seen(({ id }) => id === late.id));
});

for (const [what, code] of Object.entries({
  "a promise": 'new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 50)); 1',
  "an async function":
    '(async () => { await new Promise((r) => setTimeout(r, 50)); throw new Error("late") })(); 1',
})) {
  test(`a late rejection of ${what} belongs to the cell that started it`, async () => {
    const first = kernel.start(code);
    await first.done;
    const { result, error } = await kernel.run("await new Promise((r) => setTimeout(r, 150)); 'mine'");
    assert.deepEqual([result, error], ["'mine'", undefined]);
    await first.seen(({ type, content }) => type === "error" && content.evalue === "late");
  });
}

test("this is undefined, as in a module, and exports is not there", async () => {
  await expectResult(["const nobody = this\nnobody === undefined"], "true");
  assert.equal((await kernel.run("exports.x = 1")).error, "ReferenceError: exports is not defined");
});

test("a missing package is named with its cure, a missing file is not", async () => {
  const { error } = await kernel.run('import missing from "@not/installed/deep"');
  assert.match(error ?? "", /\(TS2307\) npm install @not\/installed in the notebook's folder installs it\.$/);
  assert.match((await kernel.run('import missing from "./missing"')).error ?? "", /\(TS2307\)$/);
});

test("process.exit is an error, not the end", async () => {
  assert.match((await kernel.run("process.exit(3)")).error ?? "", /process\.exit\(3\) would end the kernel/);
  assert.match((await kernel.run("process.abort()")).error ?? "", /process\.abort\(\) would end the kernel/);
  await expectResult(["1"], "1");
});

test("an array of records is a table as well", async () => {
  const { messages } = await kernel.run("[{ name: '<a>', n: 1 }, { name: 'b', n: 2.5 }]");
  const result = messages.find(({ type }) => type === "execute_result");
  const data = result?.content.data as Record<string, string>;
  assert.match(
    data["text/html"],
    /<th>name<\/th><th>n<\/th>.*<td>&lt;a&gt;<\/td><td style="text-align:right">1<\/td>/,
  );
  assert.match(data["text/plain"], /name: '<a>'/);
});

async function tableOf(code: string): Promise<{ html: string | undefined; plain: string | undefined }> {
  const { messages, error, result } = await kernel.run(code);
  assert.equal(error, undefined);
  const data = messages.find(({ type }) => type === "execute_result")?.content.data as Record<string, string>;
  return { html: data["text/html"], plain: result };
}

test("of a long table the first and the last rows are shown, and only these are looked at", async () => {
  const { html } = await tableOf(
    "let looked = 0; const row = (n: number) => new Proxy({ n }, { ownKeys: () => (looked++, ['n']) }); Array.from({ length: 1000 }, (_, n) => (n < 20 || n > 979 ? { n } : row(n)))",
  );
  const rows = [...(html ?? "").matchAll(/<tr><th>(\d+)<\/th><td [^>]*>(\d+)<\/td><\/tr>/g)];
  assert.deepEqual(
    rows.map(([, place, n]) => `${place} ${n}`),
    Array.from({ length: 40 }, (_, i) => (i < 20 ? `${i} ${i}` : `${i + 960} ${i + 960}`)),
  );
  assert.match(html ?? "", /<th>19<\/th>.*… 960 more rows ….*<th>980<\/th>/);
  assert.equal((await kernel.run("looked")).result, "0");
});

test("a long string in a table is cut as in a text", async () => {
  const { html } = await tableOf("[{ a: 'x' + '😀'.repeat(1e6) }]");
  assert.match(html ?? "", /<td>x(?:😀){4999}\.\.\. 1990002 more characters<\/td>/);
});

for (const [code, plain] of [
  ["[{ get a(): number { throw new Error('x') } }]", "[ { a: [Getter] } ]"],
  ["new Proxy({ a: 1 }, { get() { throw new Error('x') } })", "{ a: 1 }"],
  ["new Proxy({ a: 1 }, { get: () => () => 5 })", "{ a: 1 }"],
  ["new Proxy({ a: 1 }, { has() { throw new Error('x') } })", "{ a: 1 }"],
  ["[new Proxy({ a: 1 }, { ownKeys() { throw new Error('x') } })]", "[ { a: 1 } ]"],
  ["const gone = Proxy.revocable({}, {}); gone.revoke(); gone.proxy", "<Revoked Proxy>"],
  ["const none = Proxy.revocable([{ a: 1 }], {}); none.revoke(); [none.proxy]", "[ <Revoked Proxy> ]"],
  ["Object.defineProperty([{ a: 1 }], 0, { get() { throw new Error('x') } })", "[ [Getter] ]"],
] as const) {
  test(`what inspect can show does not fail its cell: ${code}`, async () => {
    assert.deepEqual(await tableOf(code), { html: undefined, plain });
  });
}

test("a column of a table is not taken from the prototype", async () => {
  const { html } = await tableOf("[{ toString: 1 }, { b: 2 }] as object[]");
  assert.match(html ?? "", /<tr><th>1<\/th><td><\/td><td [^>]*>2<\/td><\/tr>/);
});

test("an object that shows itself", async () => {
  const { messages } = await kernel.run(
    '({ async [Symbol.for("Jupyter.display")]() { return { "text/html": "<b>me</b>", "application/json": { a: 1 } } } })',
  );
  const result = messages.find(({ type }) => type === "execute_result");
  assert.deepEqual(result?.content.data, { "text/html": "<b>me</b>", "application/json": { a: 1 } });
});

test("a display that is no bundle is refused", async () => {
  const { error } = await kernel.run('({ [Symbol.for("Jupyter.display")]() { return { "text/html": 5 } } })');
  assert.match(error ?? "", /The MIME bundle's "text\/html" is 5, expected a string or bytes/);
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
  rmSync(folder, { recursive: true });
});
