import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@gradbook/base";
import type { Cell, Notebook } from "@gradbook/kernel/internal";
import { contents } from "./blocks.js";
import { code, executedNotebook, prose } from "./fixture.test.helper.js";
import { Omissions } from "./omissions.js";

const read = async (notebook: Notebook) => {
  const omissions = new Omissions();
  const all = await contents(notebook, "x", omissions);
  return { ...all, left: omissions.list().map(({ place, what }) => `${place}: ${what}`) };
};
const notebookOf = (...cells: readonly Cell[]): Notebook => ({ ...executedNotebook(), cells });
const kinds = async (...cells: readonly Cell[]) =>
  (await read(notebookOf(...cells))).blocks.map(({ kind }) => kind);

test("the title is the first heading, else the file's name", async () => {
  assert.equal((await read(executedNotebook())).title, "A small report");
  assert.equal((await contents(notebookOf(prose("no heading")), "hw4", new Omissions())).title, "hw4");
});

test("two figures of one name get files of their own", async () => {
  const { blocks } = await read(executedNotebook());
  const names = blocks.flatMap((b) => (b.kind === "figure" ? [b.name] : []));
  assert.equal(names[1], `${names[0]}-2`);
});

test("cells are counted from 1 over the code cells", async () => {
  const { blocks } = await read(executedNotebook());
  assert.deepEqual(
    blocks.flatMap((b) => (b.kind === "code" ? [b.cell] : [])),
    [1, 2, 3],
  );
});

test("metrics are merged, a later key wins", async () => {
  const more = code("m", [{ "application/vnd.gradbook.metrics+json": { notebook: "later", x: 1 } }]);
  assert.deepEqual((await read(executedNotebook([more]))).metrics, {
    notebook: "later",
    runs: [{ digest: "abc" }],
    x: 1,
  });
});

test("the config is what the tagged cells say", async () => {
  assert.deepEqual((await read(executedNotebook())).config, ["const config = { seed: 1 };"]);
});

for (const name of ["../../x", "Name With Spaces & ü", "", "con", "x".repeat(200)]) {
  test(`a figure with the name ${JSON.stringify(name.slice(0, 30))} gets a safe one`, async () => {
    const layout = { meta: { name } };
    const cell = code("p", [{ "application/vnd.plotly.v1+json": { data: [{ y: [1, 2] }], layout } }]);
    const [, block] = (await read(notebookOf(cell))).blocks;
    assert.equal(block.kind, "figure");
    if (block.kind === "figure") assert.match(block.name, /^[a-z0-9][a-z0-9-]{0,79}$/);
  });
}

test("code is to be read in the PDF by a tag, or all of it by the front matter, which is no part of the text", async () => {
  const cells = [code("a", [], ["show_input"]), code("b"), code("c", [], ["show-input", "hide-input"])];
  const shown = async (notebook: Notebook) =>
    (await read(notebook)).blocks.flatMap((b) => (b.kind === "code" && b.isShown ? [b.source] : []));
  assert.deepEqual(await shown(notebookOf(...cells)), ["a"]);
  const front = prose("---\ncode: true\n---");
  assert.deepEqual(await shown(notebookOf(front, ...cells)), ["a", "b"]);
  assert.deepEqual((await read(notebookOf(front))).blocks, []);
});

/** Tags and metadata of a cell, which of its parts are there, and what the report says of it. */
const hidden: readonly (readonly [string, JsonObject, readonly string[], string])[] = [
  ["no tag", {}, ["code", "text"], ""],
  ["hide-input", { tags: ["hide-input"] }, ["code", "text"], ""],
  ["remove-input", { tags: ["remove-input"] }, ["text"], "cell 1: its code (tag remove-input)"],
  ["remove_input", { tags: ["remove_input"] }, ["text"], "cell 1: its code (tag remove-input)"],
  ["remove-output", { tags: ["remove-output"] }, ["code"], "cell 1: its output (tag remove-output)"],
  ["remove-cell", { tags: ["remove-cell"] }, [], "cell 1: the whole cell (tag remove-cell)"],
  [
    "hide-output",
    { tags: ["hide-output"] },
    ["code", "folded"],
    "cell 1: its output is folded on the page and left out of the PDF (tag hide-output)",
  ],
  [
    "hide-cell",
    { tags: ["hide-cell"] },
    ["code", "folded"],
    "cell 1: its output is folded on the page and left out of the PDF (tag hide-cell)",
  ],
  ["source_hidden", { jupyter: { source_hidden: true } }, ["code", "text"], ""],
  [
    "outputs_hidden",
    { jupyter: { outputs_hidden: true } },
    ["code", "folded"],
    "cell 1: its output is folded on the page and left out of the PDF (collapsed in the notebook)",
  ],
  [
    "collapsed",
    { collapsed: true },
    ["code", "folded"],
    "cell 1: its output is folded on the page and left out of the PDF (collapsed in the notebook)",
  ],
];
for (const [title, metadata, parts, left] of hidden) {
  test(`a cell with ${title}`, async () => {
    const cell = { ...code("1", [{ "text/plain": "1" }]), metadata };
    const result = await read(notebookOf(cell));
    assert.deepEqual(
      result.blocks.map(({ kind }) => kind),
      parts,
    );
    assert.equal(result.left.join("; "), left);
  });
}

test("a text with remove-cell is gone, and it is said where", async () => {
  const gone = { ...prose("secret"), metadata: { tags: ["remove-cell"] } };
  const { blocks, left } = await read(notebookOf(code("1"), gone));
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ["code"],
  );
  assert.deepEqual(left, ["text after cell 1: the text (tag remove-cell)"]);
});

test("raw cells are taken as what they say they are", async () => {
  const raw = (source: string, format?: string): Cell => ({
    ...prose(source),
    cell_type: "raw",
    metadata: format === undefined ? {} : { raw_mimetype: format },
  });
  assert.deepEqual(
    await kinds(
      raw("as typed"),
      raw("<b>bold</b>", "text/html"),
      raw("**b**", "text/markdown"),
      raw("\\x", "text/latex"),
    ),
    ["text", "html", "prose", "text"],
  );
});

test("colours of a terminal and lines that were overwritten are left out of the text", async () => {
  const cell = code("s", [{ "text/plain": "\u001b[31mred\u001b[0m\n10 %\r20 %\rdone\n\n" }]);
  const [, block] = (await read(notebookOf(cell))).blocks;
  assert.equal(block.kind === "text" && block.text.text, "red\ndone");
  assert.match(block.kind === "text" ? block.text.html : "", /<span class="ansi-color-red">red<\/span>/);
});
