import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cellDocument,
  type Definition,
  draftDocument,
  portableType,
  scopeDocument,
  visibleNames,
} from "./documents.js";

const none = { has: () => false };

const portable = [
  "number",
  "string | undefined",
  "Map<string, number[]>",
  "{ a: number; b?: string; }",
  '"left" | "right"',
  "(a: number, b: string) => Promise<void>",
  "readonly [number, string]",
  "Float32Array<ArrayBufferLike>",
];
for (const type of portable)
  test(`written down: ${type}`, () => assert.equal(portableType(`let x: ${type}`, none), type));

const others = [
  "Tensor",
  "Map<string, Tensor>",
  "typeof Foo",
  "unique symbol",
  "{ a: number; ... 5 more ...; }",
  'import("x").Y',
];
for (const type of others)
  test(`not written down: ${type}`, () => assert.equal(portableType(`let x: ${type}`, none), undefined));

test("not written down: a global name that a cell has taken", () => {
  assert.equal(portableType("const x: Map<string, number>", { has: (name) => name === "Map" }), undefined);
});

const definitions = new Map<string, Definition>([
  ["x", { slot: 0, kind: "let", type: "number" }],
  ["tensor", { slot: 0, kind: "let" }],
  ["f", { slot: 1, kind: "other" }],
]);

test("only names that the code mentions and does not define are visible", () => {
  assert.deepEqual(
    [...visibleNames("f(tensor); let x = 1", definitions, new Set(["x"])).keys()],
    ["tensor", "f"],
  );
  assert.deepEqual([...visibleNames("const fx = 'xf'", definitions, none).keys()], []);
});

test("a draft has the cell's text first and imports one file only", () => {
  const text = draftDocument("x + f()", definitions);
  assert.ok(text.startsWith("x + f()\n"));
  assert.deepEqual(text.match(/from "[^"]*"/g), ['from "./.gradbook-cell-scope"']);
  assert.match(text, /declare let x: number;/);
  assert.match(text, /declare let tensor: typeof import\("\.\/\.gradbook-cell-scope"\)\.tensor;/);
});

test("the scope names those definitions that need a file", () => {
  assert.equal(
    scopeDocument(definitions),
    'export { tensor } from "./.gradbook-cell-0";\nexport { f } from "./.gradbook-cell-1";\n',
  );
});

test("a cell that others refer to names the files of what it refers to", () => {
  assert.match(
    cellDocument("let y = f()", definitions, ["y"]),
    /import \{ f \} from "\.\/\.gradbook-cell-1";[\s\S]*export \{ y \};/,
  );
});
