import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Notebook, parseNotebook, readNotebook } from "@gradbook/kernel/internal";
import { hiddenState } from "#tools/homework/hidden-state.js";

const folder = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const found = async (notebook: Notebook) =>
  (await hiddenState(notebook)).map(({ cell, kind }) => [cell, kind] as const);

for (const name of readdirSync(folder("tests/fixtures/hidden-state")))
  test(`hidden state: ${name}`, async () => {
    const notebook = await readNotebook(join(folder("tests/fixtures/hidden-state"), name));
    const { expected } = notebook.metadata;
    const sorted = (list: unknown) => JSON.stringify([...Object(list)].map(String).sort());
    assert.equal(sorted(await found(notebook)), sorted(expected));
  });

for (const name of readdirSync(folder("notebooks")).filter((file) => file.endsWith(".ipynb")))
  test(`no hidden state in ${name}`, async () => {
    assert.deepEqual(await hiddenState(await readNotebook(join(folder("notebooks"), name))), []);
  });

/** Code cells, run in their order unless counts say otherwise. */
function notebookOf(sources: readonly string[], counts?: readonly (number | null)[]): Notebook {
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `c${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: counts === undefined ? i + 1 : counts[i],
  }));
  return parseNotebook(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }), "test.ipynb");
}

const clean: Readonly<Record<string, readonly string[]>> = {
  "shadowing by parameters, blocks, catch, loops": [
    "const f = (a: number, { b, c: [d = a] }: any, ...e: number[]) => a + b + d + e.length;\nfor (const g of [1]) { let h = g; h++; }\ntry { throw 1 } catch (i) { console.log(i) }\nfor (let j = 0; j < 1; j++) j;",
    "f(1, { b: 1, c: [2] })",
  ],
  "types, interfaces, import type, declare, generics, enums, satisfies": [
    'import type { Stats } from "node:fs";\ntype A<T> = T extends infer U ? U : Missing2;\ninterface Missing2 { x: Nowhere }\ntype Nowhere = 1;\ndeclare const global1: Missing2;\nenum Colour { Red }\nconst x = { a: 1 } satisfies Record<string, number>;',
    "Colour.Red + x.a",
  ],
  "classes: fields, statics, private names, getters, this": [
    "class A { #p = 1; static s = 2; x = this.#p; get y() { return B.z } m(this: A) { return this.x } }\nclass B { static z = A.s }",
    "new A().y + B.z",
  ],
  "async, generators, labels, template literals, optional chains, regular expressions": [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a cell
    "async function* g() { yield* [1]; await 0 }\nouter: for await (const v of g()) { if (v) continue outer; }\nconst s = `${[1, 2].map((n) => `${n}`).join()}`;\nconst t = /x$/u.test(s) ? s?.length : undefined;",
    "t",
  ],
  "functions that call each other, defined in any order within a cell": [
    "const a = () => b();\nfunction b() { return c }\nconst c = 1;\na()",
  ],
  "a function that needs what a later cell defines, called behind that": [
    "const area = (r: number) => tau * r;",
    "const tau = 6.28;",
    "area(2)",
  ],
  "other scripts of letters, $ and _": ["const größe = 1, 変数 = 2, $ = 3, _ = 4;", "größe + 変数 + $ + _"],
  "typeof of what is nowhere, shorthand, computed keys": [
    "const k = 'a'; const o = { k, [k]: 1, m() { return k } };",
    "typeof nowhere === 'undefined' && o.m()",
  ],
  "var in a block, destructuring with defaults, export": [
    "if (true) { var v = 1 }\nexport const [p, { q = v } = {}] = [v, {}] as any;",
    "v + p + q",
  ],
  "shell lines, magics, help, empty and comments alone": [
    "!ls -l | head",
    "%cd ..",
    "%%time\nconst timed = 1;",
    "Math.max?",
    "",
    "// nothing",
    "timed",
  ],
  "decorators, using, namespaces": [
    "function dec(x: any, _c: any) { return x }\n@dec class D {}\n{ using r = { [Symbol.dispose]() {} } as Disposable; void r }\nnamespace N { export const n = 1 }",
    "N.n; D",
  ],
  "a name that is redefined and then changed in place, run once": ["let n = 0;", "n += 1;", "n"],
  "globals of Node and the kernel": [
    "prompt; process.env; Buffer.from([1]); structuredClone({}); require('node:fs'); __dirname",
  ],
};
for (const [title, sources] of Object.entries(clean))
  test(`nothing is found: ${title}`, async () => assert.deepEqual(await found(notebookOf(sources)), []));

const hidden: readonly (readonly [
  string,
  readonly string[],
  readonly (number | null)[],
  readonly unknown[],
])[] = [
  [
    "a name of no cell, in a template and a default",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a cell
    ["const f = (a = nope) => `${nada}`;"],
    [1],
    [
      [1, "nowhere"],
      [1, "nowhere"],
    ],
  ],
  ["assigned but never defined", ["total = 1;"], [1], [[1, "nowhere"]]],
  [
    "destructured into what is nowhere",
    ["({ a: x1, b: [x2] } = { a: 1, b: [2] });"],
    [1],
    [
      [1, "nowhere"],
      [1, "nowhere"],
    ],
  ],
  [
    "a class that extends one of a later cell",
    ["class B extends A {}", "class A {}"],
    [2, 1],
    [
      [1, "later"],
      [2, "order"],
    ],
  ],
  [
    "a decorator, a static block and a computed key need names at once",
    ["class C { static { init() } [key] = 1 }", "const key = 'k'; function init() {}"],
    [2, 1],
    [
      [1, "later"],
      [1, "later"],
      [2, "order"],
    ],
  ],
  [
    "handed to map: needed at once",
    ["[1].map((v) => v * scale)", "const scale = 2;"],
    [2, 1],
    [
      [1, "later"],
      [2, "order"],
    ],
  ],
  [
    "an immediately invoked function",
    ["(() => later1)();", "const later1 = 1;"],
    [2, 1],
    [
      [1, "later"],
      [2, "order"],
    ],
  ],
  [
    "through two functions",
    ["const f = () => g();\nconst g = () => far;", "f()", "const far = 1;"],
    [1, 3, 2],
    [
      [2, "later"],
      [3, "order"],
    ],
  ],
  [
    "an element of another cell's list is changed, after a rerun",
    ["const list = [1, 2];", "list[0] += 1;"],
    [1, 3],
    [[2, "twice"]],
  ],
  ["pushed after a rerun", ["const list: number[] = [];", "list.push(1);"], [1, 4], [[2, "twice"]]],
  ["a built-in is replaced", ["Math = 1 as any;"], [1], [[1, "builtin"]]],
  ["a cell between has no number", ["1", "2", "3"], [1, null, 2], [[2, "unrun"]]],
  ["no TypeScript", ["def f():\n  pass", "1"], [1, 2], [[1, "syntax"]]],
];
for (const [title, sources, counts, expected] of hidden)
  test(`found: ${title}`, async () => {
    assert.deepEqual(
      (await found(notebookOf(sources, counts))).map(String).sort(),
      expected.map(String).sort(),
    );
  });

test("the words name the cell, the name and the cure", async () => {
  const [finding] = await hiddenState(notebookOf(["const a = rate;"]));
  assert.deepEqual(finding, {
    kind: "nowhere",
    cell: 1,
    got: "rate is used, but no cell defines it (a deleted cell?)",
    cure: "Define it above.",
  });
});

test("a notebook without cells, and one of 2,000 cells", async () => {
  assert.deepEqual(await found(notebookOf([])), []);
  const many = Array.from({ length: 2000 }, (_, i) =>
    i === 0 ? "let v0 = 0;" : `const v${i} = v${i - 1} + 1;`,
  );
  assert.deepEqual(await found(notebookOf(many)), []);
});
