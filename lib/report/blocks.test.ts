import assert from "node:assert/strict";
import { test } from "node:test";
import { contents } from "./blocks.js";
import { code, executedNotebook, prose } from "./fixture.js";

const kinds = (notebook = executedNotebook()) => contents(notebook, "x").blocks.map((block) => block.kind);

test("the title is the first heading, else the file's name", () => {
  assert.equal(contents(executedNotebook(), "x").title, "A small report");
  assert.equal(contents({ ...executedNotebook(), cells: [prose("no heading")] }, "hw4").title, "hw4");
});

test("two figures of one name get files of their own", () => {
  const names = contents(executedNotebook(), "x").blocks.flatMap((b) =>
    b.kind === "figure" ? [b.name] : [],
  );
  assert.equal(names[1], `${names[0]}-2`);
});

test("cells are counted from 1 over the code cells", () => {
  const cells = contents(executedNotebook(), "x").blocks.flatMap((b) => (b.kind === "code" ? [b.cell] : []));
  assert.deepEqual(cells, [1, 2, 3]);
});

test("metrics are merged, a later key wins", () => {
  const more = code("m", [{ "application/vnd.gradbook.metrics+json": { notebook: "later", x: 1 } }]);
  assert.deepEqual(contents(executedNotebook([more]), "x").metrics, {
    notebook: "later",
    runs: [{ digest: "abc" }],
    x: 1,
  });
});

test("the config is what the tagged cells say", () => {
  assert.deepEqual(contents(executedNotebook(), "x").config, ["const config = { seed: 1 };"]);
});

test("a plain HTML table is taken over without its attributes", () => {
  const html = contents(executedNotebook(), "x").blocks.flatMap((b) => (b.kind === "html" ? [b.html] : []));
  assert.deepEqual(html, ["<table><tr><td>cell</td></tr></table>"]);
});

for (const html of [
  "<script>alert(1)</script>",
  '<table><tr><td><img src=x onerror="alert(1)"></td></tr></table>',
  "<table><tr><td><script>alert(1)</script></td></tr></table>",
  "<table><tr><td>a < b</td></tr></table>",
  '<iframe src="https://example.org"></iframe>',
]) {
  test(`refuses the HTML ${html} and takes the text`, () => {
    const cell = code("h", [{ "text/html": html, "text/plain": "plain" }]);
    assert.deepEqual(contents({ ...executedNotebook(), cells: [cell] }, "x").blocks.at(-1), {
      kind: "text",
      text: "plain",
      stream: "result",
    });
  });
}

test("Plotly JSON of others, without our name and size, is left to its picture", () => {
  const cell = code("p", [
    { "application/vnd.plotly.v1+json": { data: [], layout: {} }, "image/png": "AAAA" },
  ]);
  assert.equal(kinds({ ...executedNotebook(), cells: [cell] }).at(-1), "picture");
});

test("a figure's name that would leave the folder is not taken for a figure", () => {
  const layout = { width: 1, height: 1, meta: { name: "../../x" } };
  const cell = code("p", [{ "application/vnd.plotly.v1+json": { data: [], layout }, "text/plain": "no" }]);
  assert.equal(kinds({ ...executedNotebook(), cells: [cell] }).at(-1), "text");
});

test("tags hide the input or the whole cell", () => {
  const cells = [
    code("a", [{ "text/plain": "a" }], ["hide-input"]),
    code("b", [{ "text/plain": "b" }], ["remove-cell"]),
  ];
  assert.deepEqual(kinds({ ...executedNotebook(), cells }), ["text"]);
});

test("colours of a terminal and lines that were overwritten are left out", () => {
  const cell = code("s", [{ "text/plain": "\u001b[31mred\u001b[0m\n10 %\r20 %\rdone\n\n" }]);
  const [, block] = contents({ ...executedNotebook(), cells: [cell] }, "x").blocks;
  assert.deepEqual(block, { kind: "text", text: "red\ndone", stream: "result" });
});
