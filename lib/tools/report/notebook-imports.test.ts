import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { executedDigest } from "@gradbook/base";
import { code, prose } from "./fixture.test.helper.js";
import { reportInputs } from "./inputs.js";
import { notebookImports } from "./notebook-imports.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-imports-"));
after(() => rmSync(root, { recursive: true, force: true }));

const notebook = (...sources: readonly string[]) => ({
  nbformat: 4 as const,
  nbformat_minor: 5 as const,
  metadata: {},
  cells: [prose('import { tsne } from "gradbook" // in a text'), ...sources.map((source) => code(source))],
});

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(root, "f-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Cells and what they import from gradbook. */
const cells: readonly (readonly [string, readonly string[] | "everything"])[] = [
  ["1 + 1", []],
  ['import { fit, conv2d as layer } from "gradbook";', ["conv2d", "fit"]],
  ["import {\n  fit, // the loop\n  sgd,\n} from 'gradbook'\nfit(sgd)", ["fit", "sgd"]],
  ['import type { Layer } from "gradbook"; import { type Loss, mse } from "gradbook";', ["mse"]],
  ['export { relu } from "gradbook";', ["relu"]],
  ['// import * as all from "gradbook";\nimport { tanh } from "gradbook";', ["tanh"]],
  ['await import("node:fs"); require("node:os"); import * as tslab from "tslab";', []],
  ['console.log("no MNIST: `gradbook data mnist` gets it")', []],
  ['import "gradbook";', []],
  ['import * as all from "gradbook";', "everything"],
  ['import all, { fit } from "gradbook";', "everything"],
  ['export * from "gradbook";', "everything"],
  ['const { fit } = await import("gradbook");', "everything"],
  ['const { fit } = require("gradbook");', "everything"],
  ['import gradbook = require("gradbook");', "everything"],
  ['import { fit } from "gradbook/internal";', "everything"],
  ['createRequire(import.meta.url)("gradbook")', "everything"],
  ["const name = 'gradbook'; await import(name)", "everything"],
  ["await import(`gradbook`)", "everything"],
  ['require(["grad", "book"].join(""))', "everything"],
  ["new Worker(`import { fit } from 'gradbook'`, { eval: true })", "everything"],
  ["%%html", "everything"],
  ['import { fit } from "gradbook"; fit = 1;', "everything"],
];
for (const [cell, expected] of cells)
  test(`${cell.replaceAll("\n", "⏎")} imports ${typeof expected === "string" ? expected : expected.join(", ") || "nothing"}`, async () => {
    const { names, files } = await notebookImports(notebook(cell), root);
    assert.deepEqual(names === "everything" ? names : [...names].filter(Boolean).sort(), expected);
    assert.equal(files, undefined);
  });

test("what one cell imports and another uses counts", async () => {
  const { names } = await notebookImports(
    notebook('import { fit } from "gradbook";', "fit()", 'import { sgd } from "gradbook";'),
  );
  assert.deepEqual(names, new Set(["fit", "sgd"]));
});

/** A cell and how it names util.ts. */
for (const cell of [
  'import { train } from "./util";',
  'import * as util from "./util.ts";',
  'const { train } = await import("./util.ts");',
  'const { train } = require("./util");',
  'sweep({ grid, run: { module: "util.ts" } })',
  'new Worker("./util.ts")',
])
  test(`${cell}: the file counts by its code, and by what it imports through others`, async () => {
    const files = {
      "util.ts":
        'import { deep } from "./deep.js";\nexport const train = (x: number) => deep(x);\nexport const other = 1;',
      "deep.js": 'import { fit } from "gradbook"; export const deep = (x) => fit(x);',
    };
    const of = (more: Readonly<Record<string, string>>) =>
      notebookImports(notebook(cell), folderOf({ ...files, ...more }));
    const first = await of({});
    assert.deepEqual(first.names, new Set(["fit"]));
    assert.ok(first.files);
    const commented = `// a comment\n${files["util.ts"].replace("1;", "1; /* one */")}\n`;
    assert.deepEqual(await of({ "util.ts": commented, "unused.ts": "export {}" }), first);
    assert.notEqual((await of({ "util.ts": files["util.ts"].replace("1;", "2;") })).files, first.files);
    const deeper = await of({ "deep.js": 'import * as all from "gradbook"; export const deep = all.fit;' });
    assert.equal(deeper.names, "everything");
    assert.notEqual(deeper.files, first.files);
  });

test("a file that cannot be read as code counts as it is, and may use everything", async () => {
  const of = (text: string) =>
    notebookImports(notebook('import "./broken.ts";'), folderOf({ "broken.ts": text }));
  const first = await of("export const = 1;");
  assert.equal(first.names, "everything");
  assert.notEqual((await of("export const = 2;")).files, first.files);
  assert.equal((await notebookImports(notebook('import "./none.ts";'), root)).names, "everything");
});

test("a notebook that imports nothing from gradbook has no code of it and no data", async () => {
  const inputs = await reportInputs(
    notebook('console.log("loadMnist, CIFAR-10") // loadMnist()'),
    "quick",
    undefined,
  );
  assert.equal(inputs.executed, executedDigest(new Set()));
  assert.equal(inputs.data, "[]");
  assert.ok(!("files" in inputs));
});

test("the data are those whose loaders are imported, by the notebook or a file of its own", async () => {
  const keys = async (cell: string) => {
    const { data } = await reportInputs(notebook(cell), "quick", undefined, {
      folder: folderOf({
        "data.ts": 'import { loadCifar10 } from "gradbook"; export const read = loadCifar10;',
      }),
    });
    const found: readonly (readonly [string, string])[] = JSON.parse(data);
    return found.map(([key]) => key);
  };
  assert.deepEqual(await keys('import { loadMnist } from "gradbook";'), ["mnist"]);
  assert.deepEqual(await keys('import { read } from "./data.ts"; // MNIST'), ["cifar10"]);
  assert.deepEqual(await keys('const all = await import("gradbook");'), ["mnist", "cifar10"]);
});
