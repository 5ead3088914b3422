import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInThisContext } from "node:vm";
import { translateCell } from "./translate.js";
import { noContext } from "./translation.js";

/** Endings whose value a compiler can work out, or nearly; each means the same as an expression of plain JavaScript. */
const endings = [
  "undefined · NaN · Infinity · -Infinity · null · true · false · 0 · -0 · 1n · -1n · '' · 'use strict'",
  "\"text\" · `text` · `a\u0024{1}b\u0024{2}` · 'a' + 'b' · 'a' + 1 · 1 + 1 · 2 ** 10 · 2 ** 1000 · 1 / 0 · -1 / 0 · 0 / 0",
  "7 % 0 · 5 & 3 · 5 | 3 · 5 ^ 3 · ~5 · 1 << 31 · -1 >> 1 · -1 >>> 0 · +'7' · +'' · -'x' · +true · - -1",
  "5n === 5n · 5n == 5 · NaN === NaN · NaN !== NaN · null == undefined · null === undefined · 'a' === 'a'",
  "'a' < 'b' · 1 < 2 · 0 === -0 · !0 · !1 · !'' · !!'a' · !null · ![] · !{} · !NaN · typeof 1 · typeof 1n",
  "typeof null · typeof undefined · typeof void 0 · typeof 'a' · typeof (() => 1) · typeof {} · typeof neverDefined",
  "void 0 · void 'a' · void (1, 2) · this · typeof this · this === undefined · !this · this ?? 'none' · [this]",
  "1, 2 · 1, undefined · (1, 2), 3 · true && 5 · false && 5 · 0 || 's' · 's' || 0 · undefined ?? 5 · null ?? NaN",
  "true ? 1 : 2 · '' ? 1 : 2 · undefined ? 1 : NaN · (5) · ((NaN)) · (undefined) · (1, (2, NaN)) · [] · [1, 2]",
  "[NaN, undefined, -0] · ({}) · ({ a: NaN }) · /a+/g · 1_000 · 0xff · 0b101 · 0o17 · .5 · 5. · 1e3 · 1e400",
  "'a'.length · 'abc'[1] · [1, 2].length · Number.NaN · Math.PI · Number.MAX_SAFE_INTEGER + 2 · 0.1 + 0.2",
  "1 === 1 === true · 'b' + 'a' + +'a' + 'a' · '\\u0041' · '\\\n' · 'é😀' · `\n` · (/* inside */ NaN) · (NaN // inside\n)",
  "new Array(2) · Symbol.iterator · undefined?.a · null?.[0] · (void 0)?.b.c · delete [].a · 1 in [1, 2] · await 5",
  "await undefined · await NaN · await null · (await 1) + 1 · import.meta === 5 · eval('1 + 1') · parseInt('x')",
].flatMap((line) => line.split(" · "));

/** What may stand before it, with a value of its own that must not be shown. */
const befores = [
  "",
  "5\n",
  "'b'\n",
  "[1, 2];\n",
  "'use strict';\n",
  "'use strict'\n",
  "// a comment\n",
  "/* one */ /* two */\n",
  "let before = 1;\n",
  "const before = 'x'\n",
  "function before() { return 1 }\n",
  "class Before { a = 1 }\n",
  "if (true) { 7 }\n",
  "for (let i = 0; i < 2; i++) i\n",
  "let before; before = 5;\n",
  "label: { 8 }\n",
  "undefined;\n",
  "this;\n",
  "({ before: 1 });\n",
  "import { sep } from 'node:path'\n",
  "using before = { [Symbol.dispose]() {} };\n",
  "export const before = 5;\n",
  "\n\n;;;\n",
];

const typescript = [
  "type Before = string | number\n",
  "interface Before { a: number }\n",
  "enum Before { A = 5 }\n",
  "declare const before: string;\n",
  "namespace Before { export const a = 1 }\n",
  "abstract class Before { abstract a(): void }\n",
  "let before: number = 5 as number;\n",
  "const before = <T,>(x: T) => x\n",
  "function before(x: string): string\nfunction before(x: any) { return x }\n",
];

/** What may follow, and changes nothing. */
const afters = ["", ";", "\n", " // why", "\n/* end */\n", ";;\n", "\n\n;\n", " ; // why"];

const wrappings = [
  "$ as any",
  "($) as unknown",
  "($)!",
  "($) satisfies unknown",
  "<any>($)",
  "export default $",
  "export = $",
];

/** Node has not all of these yet. */
for (const name of ["dispose", "asyncDispose"])
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(name) });

async function shownBy(cell: string, javascript: boolean): Promise<unknown> {
  const { prepared } = await translateCell(cell, "cell", { ...noContext, javascript });
  const kit = { until: (value: unknown) => value, resume: (value: unknown) => value, meta: {} };
  const start: unknown = runInThisContext(prepared.code);
  assert.ok(typeof start === "function");
  const box: unknown = await start({}, kit);
  return Array.isArray(box) ? box[0] : "nothing was returned";
}

/** What JavaScript makes of it, in a module. */
async function plainly(expression: string): Promise<unknown> {
  const code = expression.replaceAll("import.meta", "({})");
  return runInThisContext(`(async function () { "use strict"; return (${code}\n) })`)();
}

async function compare(
  expression: string,
  cells: readonly (readonly [cell: string, javascript: boolean])[],
): Promise<void> {
  const wanted = inspect(await plainly(expression));
  for (const [cell, javascript] of cells)
    assert.equal(
      inspect(await shownBy(cell, javascript)),
      wanted,
      `${javascript ? "JavaScript" : "TypeScript"}: ${cell}`,
    );
}

for (const [i, ending] of endings.entries()) {
  test(`the value of a cell that ends in ${JSON.stringify(ending)}`, async () => {
    const cells = befores.flatMap((before, j) => {
      // A statement before it that has no semicolon would go on in some of these.
      const open = !/[;}]\n$|^$|^\n|\*\/\n$|^\/\//.test(before) && /^[([`/+-]/.test(ending);
      const cell = `${open ? before.replace(/\n$/, ";\n") : before}${ending}${afters[(i + j) % afters.length]}`;
      return [[cell, false] as const, [cell, true] as const];
    });
    await compare(ending, cells);
  });

  test(`the same in TypeScript's own forms: ${JSON.stringify(ending)}`, async () => {
    const cells = typescript.map((before, j) => {
      const cell = wrappings[(i + j) % wrappings.length].replace("$", () =>
        ending.includes(",") || /[?&|]/.test(ending) ? `(${ending}\n)` : ending,
      );
      return [`${before.replace(/\n$/, ";\n")}${cell}${afters[(i + j) % afters.length]}`, false] as const;
    });
    await compare(ending, cells);
  });
}

for (const [cell, wanted] of [
  ["enum E { A = 1, B = 'b' }\nE.A", 1],
  ["enum E { A = 1, B = 'b' }\nE.B", "b"],
  ["const enum E { A = 1 << 3 }\nE.A", 8],
  ["const enum E { A = 1 << 3 }\n5; E['A']", 8],
  ["namespace N { export const x = 3 }\n5\nN.x", 3],
  ["'use strict'; 'second'", "second"],
  ["'one'\n'two'\n'three'", "three"],
  ["5\ntype T = 1", 5],
  ["5\nimport { sep } from 'node:path'", 5],
  ["5\ninterface T {}\ndeclare const x: number", 5],
  ["export default NaN\n5", 5],
  ["5\nexport default NaN", Number.NaN],
  ["5\n\nexport\n  default /* x */\n(NaN)", Number.NaN],
] as const) {
  test(`the value of ${JSON.stringify(cell)}`, async () => {
    assert.equal(await shownBy(cell, false), wanted);
  });
}

for (const cell of [
  "5\nlet x = 1",
  "5\nfunction f() {}",
  "5\nclass C {}",
  "5\nenum E { A }",
  "5\nif (true) 6",
  "5\nexport const x = 1",
  "5\nconst enum E { A }",
  "5\nfor (const i of [1]) i",
  "5\n{ 6 }",
  "// nothing",
  "",
]) {
  test(`a cell that ends in no expression shows nothing: ${JSON.stringify(cell)}`, async () => {
    assert.equal(await shownBy(cell, false), "nothing was returned");
  });
}

for (const [cell, wanted] of [
  ["let f = 1, a = 0, b = 2; f<a>(b)", false],
  ["const a = 5\na", 5],
] as const) {
  test(`in a JavaScript cell ${JSON.stringify(cell)} is JavaScript`, async () => {
    assert.equal(await shownBy(cell, true), wanted);
  });
}
