// What a cell shows, and what its names are, compared with plain JavaScript; in TypeScript, behind // @ts-nocheck and under
// the name jslab.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import { TestKernel } from "./support/kernel.js";

const kernels = {
  typescript: await TestKernel.start(),
  javascript: await TestKernel.start({ argv: kernelSpec("jslab").argv }),
};
/** How a cell that TypeScript would refuse is run. */
const unchecked = [
  [kernels.typescript, "// @ts-nocheck\n"],
  [kernels.javascript, ""],
] as const;

for (const [cell, wanted] of [
  ["5\nInfinity", "Infinity"],
  ["'b'\nNaN", "NaN"],
  ["'b'\n5n === 5n", "true"],
  ["[1,2]\nNaN === NaN", "false"],
  ["'before'\ntypeof this", "'undefined'"],
  ["'before'\nthis === undefined", "true"],
  ["'before'\n!this", "true"],
  ["this === undefined", "true"],
  ["typeof this", "'undefined'"],
  ["'before'\nthis", undefined],
  ["'before'\nvoid 0;", undefined],
  ["'use strict'\nlet five = 5\n;(NaN); // why", "NaN"],
] as const) {
  test(`shows ${wanted ?? "nothing"}: ${JSON.stringify(cell)}`, async () => {
    for (const [kernel, above] of unchecked) {
      const { error, result } = await kernel.run(`${above}${cell}`);
      assert.deepEqual([error, result], [undefined, wanted], above);
    }
  });
}

test("what a block declares hides nothing outside of it: neither for the checker nor at run time", async () => {
  const kernel = kernels.typescript;
  const before =
    "const outer: number = 15;\nclass Held { a = 1 }\ninterface Form { a: number }\ntype Short = 15;\nfunction given() { return 15; }";
  assert.equal((await kernel.run(before)).error, undefined);
  for (const block of [
    "{ const outer = 'b'; String(outer); }",
    "{ let outer = 'b'; String(outer); }",
    "for (const outer of ['b']) String(outer);",
    "for (const [n, { outer }] of [['b', { outer: 'b' }]] as const) String(n + outer);",
    "for (let outer = 0; outer < 1; outer++);",
    "for (const outer in { b: 1 }) String(outer);",
    "if (true) { const outer = 'b'; String(outer); }",
    "try { throw 'b'; } catch (outer) { String(outer); }",
    "switch (1 as number) { case 1: { const outer = 'b'; String(outer); } }",
    "for (const { outer = 'b', ...rest } of [{ outer: 'b', c: 1 }]) String(outer + rest.c);",
    "{ function given() { return 'b'; } given(); }",
    "{ class Held { b = 2 } String(new Held().b); }",
    "{ interface Form { b: string } const f: Form = { b: 'b' }; String(f.b); }",
    "{ type Short = 'b'; const s: Short = 'b'; String(s); }",
    "(() => { const outer = 'b'; return outer; })();",
    "outer: for (;;) { break outer; }",
  ]) {
    const uses = "outer + given() + new Held().a + ({ a: 1 } satisfies Form).a + (15 satisfies Short)";
    for (const cell of [`const sum: number = ${uses};\n${block}\nsum`, `${block}\n${uses}`]) {
      const { error, result } = await kernel.run(cell);
      assert.deepEqual([error, result], [undefined, "47"], cell);
      assert.deepEqual((await kernel.run(uses)).result, "47", `after ${cell}`);
    }
  }
});

test("what only the top level declares is known to later cells: types, namespaces, mere declarations", async () => {
  const kernel = kernels.typescript;
  for (const [cell, later, wanted] of [
    ["interface I1 { a: 1 }", "({ a: 1 } satisfies I1).a", "1"],
    ["export type T1 = 'x';", "('x' satisfies T1)", "'x'"],
    [
      "namespace N1.Inner { export type U = 2; export const v = 2 }",
      "(N1.Inner.v satisfies N1.Inner.U)",
      "2",
    ],
    ["declare const d1: number;", "typeof (null as unknown as typeof d1)", "'object'"],
    ["declare function f1(x: number): string;", "typeof (null as unknown as typeof f1)", "'object'"],
    ["function o1(x: number): number;\nfunction o1(x: unknown) { return x; }", "o1(3)", "3"],
    ["abstract class C1 { abstract m(): number }", "(class extends C1 { m() { return 4; } }).name", "''"],
    ["import type { Stats } from 'node:fs';", "(undefined as Stats | undefined)?.size === undefined", "true"],
    ["enum E1 { A = 7 }", "(E1.A satisfies E1)", "7"],
  ]) {
    assert.equal((await kernel.run(cell)).error, undefined, cell);
    const { error, result } = await kernel.run(later);
    assert.deepEqual([error, result], [undefined, wanted], `${cell} … ${later}`);
  }
});

test("a constant ending passes the type check as well", async () => {
  for (const [cell, wanted] of [
    ["5\nInfinity", "Infinity"],
    ["enum Level { Low = 3 }\nLevel.Low", "3"],
    ["const enum Inlined { A = 1 << 4 }\n'x'\nInlined.A", "16"],
    ["'x';\n(NaN as number)", "NaN"],
  ]) {
    const { error, result } = await kernels.typescript.run(cell);
    assert.deepEqual([error, result], [undefined, wanted], cell);
  }
});

/** Each assigns to the constant `c`, which is `[1, 2]`, and shows it where JavaScript would get so far. */
const assignments = [
  "c = 2 · c += 2 · c -= 1 · c **= 2 · c <<= 1 · c++ · c-- · ++c · --c · c &&= 2 · (c) = 2 · 5, c = 2 · c = c",
  "[c] = [2] · [, c] = [1, 2] · [...c] = [2] · [c = 5] = [] · [{ c }] = [{ c: 2 }] · let x = c = 2",
  "({ c } = { c: 2 }) · ({ a: c } = { a: 2 }) · ({ a: [c] } = { a: [2] }) · ({ ...c } = { a: 2 })",
  "({ c = 5 } = {}) · ({ a: c = 5 } = {}) · for (c of [2]); · for (c in { a: 1 }); · for ([c] of [[2]]);",
  "for (c = 0; ; ); · for ({ c } of [{ c: 1 }]); · (() => { c = 2 })() · (function () { c++ })()",
  "(async () => { c = 2 })(); await 5; await 5 · [1].forEach((one) => { c = one }) · class A { static { c = 2 } }",
  "new (class { field = (c = 2) })() · { { c = 2 } } · if (true) c = 2 · try { c = 2 } finally { }",
  "label: c = 2 · switch (1) { case 1: c = 2 } · `$\u007bc = 2}` · void (c = 2) · [c = 2] · await (c = 2)",
].flatMap((line) => line.split(" · "));
/** What no name is changed by. */
const harmless = [
  "c ??= 5 · { let c = 5; c = 6 } · ((c) => { c = 2 })(1) · for (let c of [1]) c++ · c[0] = 1 · ({ c: 2 })",
  "c.length = 2 · try { throw 1 } catch (c) { c = 2 }",
].flatMap((line) => line.split(" · "));

const constant = "Assignment to constant variable.";
for (const assignment of assignments) {
  test(`refuses to assign to a constant: ${assignment}`, async () => {
    for (const [kernel, above] of unchecked) {
      const same = await kernel.run(`${above}const c = [1, 2]\n;${assignment}`);
      assert.equal(same.error, `TypeError: ${constant}`, "in its own cell");
      const later = await kernel.run(`${above};${assignment}`);
      assert.equal(later.error, `TypeError: ${constant}`, "in a later cell");
      assert.equal((await kernel.run("c")).result, "[ 1, 2 ]");
    }
  });
}
for (const assignment of harmless) {
  test(`assigns to no constant: ${assignment}`, async () => {
    for (const [kernel, above] of unchecked) {
      assert.equal((await kernel.run(`${above}const c = [1, 2]\n;${assignment}`)).error, undefined);
      assert.equal((await kernel.run("c")).result, "[ 1, 2 ]");
    }
  });
}

/** Cells, the last of which shows the value or ends with the error. */
const stories: Readonly<Record<string, readonly [cells: readonly string[], wanted: string]>> = {
  "a constant may be defined anew": [["const a = 1", "const a = 2; a"], "2"],
  "a constant may become a variable": [["const a = 1", "let a = 2; a = 3; a"], "3"],
  "a variable may become a constant": [["let a = 1; a = 2", "const a = 3", "a = 4"], constant],
  "a closure of an earlier cell": [["const a = 1; const set = () => { a = 2 }", "set()"], constant],
  "a closure over a variable that has become a constant": [
    ["let a = 1; function set() { a = 2 }", "const a = 5", "set()"],
    constant,
  ],
  "the same, whose cell did not know the name yet": [
    ["function set() { newName = 2 }", "const newName = 5", "set()"],
    constant,
  ],
  "a closure over a constant that has become a variable": [
    ["const a = 1; function set() { a = 2 }", "let a = 5", "set(); a"],
    "2",
  ],
  "a constant of a pattern": [["const { p: [q] } = { p: [1] }", "q = 2"], constant],
  "a constant beside a using": [["using u = null; const a = 1; let b = 2; b = 3", "a = 2"], constant],
  "a using": [["using u = null", "u = 2"], constant],
  "a variable beside a using": [["using u = null; let b = 2; b = 3", "b += 1; b"], "4"],
  "an imported name": [["import { sep } from 'node:path'", "sep = 2"], constant],
  "an imported namespace": [["import * as path from 'node:path'", "path = 1"], constant],
  "an imported name that is defined anew": [
    ["import { sep } from 'node:path'", "let sep = 1; sep = 2; sep"],
    "2",
  ],
  "a name that a failing cell would have defined anew": [
    ["import { sep } from 'node:path'", "throw 1; let sep = 5", "sep"],
    "'/'",
  ],
  "a constant that a failing cell would have defined anew": [
    ["const a = 1", "throw 1; const a = 2", "a"],
    "1",
  ],
  "the name of a class inside of it": [["class K { set() { K = 1 } }", "new K().set()"], constant],
  "the name of a class outside": [["class K {}", "K = 1; K"], "1"],
  "the name of a function": [["function fn() { fn = 1 }", "fn(); fn"], "1"],
  "the name of a function expression": [["const g = function inner() { inner = 1 }", "g()"], constant],
  "a constant in a block": [["{ const a = 1; a = 2 }"], constant],
  "a constant of a loop": [["for (const a of [1]) a = 2"], constant],
  "an exported constant": [["export const a = 1", "a = 2"], constant],
  "what was assigned before stays": [["let first = 1; const a = 2", "first = 5; a = 3", "first"], "5"],
  "a name before its declaration": [
    ["early1; let early1 = 1"],
    "Cannot access 'early1' before initialization",
  ],
  "the same for one of an earlier cell": [
    ["let again = 1", "again; let again = 2"],
    "Cannot access 'again' before initialization",
  ],
  "a name in its own declaration": [
    ["let own = 1", "let own = own + 1"],
    "Cannot access 'own' before initialization",
  ],
  "an assignment before the declaration": [
    ["early2 = 5; let early2 = 1"],
    "Cannot access 'early2' before initialization",
  ],
  "typeof a name before its declaration": [
    ["typeof early3; const early3 = 1"],
    "Cannot access 'early3' before initialization",
  ],
  "a class before its declaration": [
    ["class Later { old = 1 }", "new Later(); class Later {}"],
    "Cannot access 'Later' before initialization",
  ],
  "a call before the declaration": [
    ["early4(); const early4 = () => 1"],
    "Cannot access 'early4' before initialization",
  ],
  "a function that uses what is declared later": [["const use = () => after; const after = 5; use()"], "5"],
  "a var before its declaration": [
    ["const seen = hoisted; var hoisted = 1; [seen, hoisted]"],
    "[ undefined, 1 ]",
  ],
  "a var of an inner block before it": [
    ["const none = deepVar; if (true) { var deepVar = 1 }; [none, deepVar]"],
    "[ undefined, 1 ]",
  ],
  "a var again keeps its value": [["var kept = 1", "var kept; kept"], "1"],
  "a let again has none": [["let gone = 1", "let gone; gone === undefined"], "true"],
  "a default may use an earlier part of its pattern": [
    ["const { x = 1, y = x + 1 } = {}; [x, y]"],
    "[ 1, 2 ]",
  ],
  "arguments, of which a module has none": [["arguments"], "arguments is not defined"],
  "an assignment to what nobody has declared": [["never1 = 5"], "never1 is not defined"],
  "the same in a function": [["function spill() { never2 = 5 }", "spill()"], "never2 is not defined"],
  "the same in a pattern": [["[never3] = [5]"], "never3 is not defined"],
  "an assignment to a global": [
    ["globalThis.shared = 1", "shared = 2; shared += 1; [shared, globalThis.shared]"],
    "[ 3, 3 ]",
  ],
  "a name of a cell in the place of a global": [
    ["let shared = 'own'; shared += '!'", "[shared, typeof globalThis.shared]"],
    "[ 'own!', 'number' ]",
  ],
  "functions take the names they are assigned to": [
    [
      "let f1, f2; f1 = () => 1; f2 ??= function () {}; const { f3 = class {} } = {}; [f1.name, f2.name, f3.name]",
    ],
    "[ 'f1', 'f2', 'f3' ]",
  ],
};

for (const [title, [cells, wanted]] of Object.entries(stories)) {
  test(title, async () => {
    for (const [kernel, above] of unchecked) {
      let last = "";
      for (const cell of cells) {
        const { error, result, reply } = await kernel.run(above + cell);
        last = error === undefined ? (result ?? "") : String(reply.evalue);
      }
      assert.equal(last, wanted, above);
    }
  });
}

test("a change of tsconfig.json keeps variables and their types", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-values-"));
  const kernel = await TestKernel.start({ cwd: folder });
  assert.equal(
    (await kernel.run("const kept: number | undefined = 5; class Kept { a = 1 }; let shown = new Kept()"))
      .error,
    undefined,
  );
  for (const strict of [false, true]) {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict } }));
    assert.equal((await kernel.run("[kept, shown.a]")).result, "[ 5, 1 ]");
    assert.equal((await kernel.run("function untyped(x) { return x }")).error === undefined, !strict);
    assert.match((await kernel.run("const text: string = kept")).error ?? "", /Type 'number/);
    const { content } = await kernel.request("shell", "complete_request", { code: "shown.", cursor_pos: 6 })
      .reply;
    assert.deepEqual(content.matches, ["a"]);
  }
  assert.equal(await kernel.shutdown(), 0);
  rmSync(folder, { recursive: true });
});

test("a constant is a constant for the type check too", async () => {
  const { typescript } = kernels;
  await typescript.run("const checked = 1; using used = { [Symbol.dispose]() {} }");
  assert.match(
    (await typescript.run("checked = 2")).error ?? "",
    /Cannot assign to 'checked' because it is a constant/,
  );
  assert.match(
    (await typescript.run("used = null")).error ?? "",
    /Cannot assign to 'used' because it is a constant/,
  );
  assert.equal((await typescript.run("(checked as any) = 2")).error, `TypeError: ${constant}`);
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernels end when they are told", async () => {
  for (const kernel of Object.values(kernels)) assert.equal(await kernel.shutdown(), 0);
});
