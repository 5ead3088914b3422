import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@gradbook/base";
import type { Cell } from "#kernel/jupyter/nbformat.js";
import { writeNotebook } from "#tools/notebook/write-ipynb.js";
import { workFolder } from "./support/jupyterlab.js";

// A notebook as somebody writes it who knows Plotly and Jupyter and nothing of us, through the real kernel and the
// command: every picture and output is in the report, or named in the terminal and on the page.

const root = fileURLToPath(new URL("../..", import.meta.url));
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";

const code = (source: string, metadata: JsonObject = {}) =>
  ({ cell_type: "code", source, metadata }) as const;
const cells: readonly (Pick<Cell, "source" | "metadata"> & {
  readonly cell_type: Cell["cell_type"];
  readonly attachments?: object;
})[] = [
  {
    cell_type: "markdown",
    source:
      "# A study\n\n![dot](attachment:dot.png) ![gone](attachment:nope.png) ![far](https://example.org/x.png)\n\n<details><summary>more</summary>inside</details>",
    metadata: {},
    attachments: { "dot.png": { "image/png": png } },
  },
  code(
    "import { show } from 'gradbook';\nimport * as tslab from 'tslab';\nconst fig = (name: string, data: object[], layout: object = {}) => show({ data, layout: { ...layout, meta: { name } } });",
  ),
  code("await show({ data: [{ x: [1, 2, 3], y: [2, 1, 3] }] });"),
  code(
    "await fig('box', [{ type: 'box', y: [1, 2, 9] }]);\nawait fig('box', [{ type: 'box', y: [1, 1, 1] }]);",
  ),
  code("await fig('../../escape', [{ x: Float32Array.of(1, 2), y: BigInt64Array.of(1n, 2n) }]);"),
  code(
    "await fig('cloud', [{ type: 'cone', x: [1, 2], y: [1, 2], z: [3, 4], u: [1, 1], v: [0, 0], w: [0, 0] }]);",
  ),
  code(
    "await fig('frames', [{ y: [1, 2] }], { updatemenus: [{ buttons: [{ label: 'a', method: 'skip' }] }] });",
  ),
  code("await fig('tex', [{ y: [1, 2], name: '$\\\\alpha$' }], { title: '$\\\\mathcal{L}$' });"),
  code(
    "tslab.display.raw('application/vnd.plotly.v1+json', JSON.stringify({ data: [{ y: [1, 2] }], layout: { title: { text: 'from elsewhere' } } }));",
  ),
  code(
    "tslab.display.html('<h3>Title</h3><table><tr><td onclick=\"x()\">cell</td></tr></table><script>alert(1)</script>');",
  ),
  code(
    'tslab.display.svg(\'<svg width="60" height="60"><circle cx="30" cy="30" r="20" fill="teal"/></svg>\');',
  ),
  code("tslab.display.latex('$$x^2$$');"),
  code("tslab.display.jpeg(new Uint8Array([255, 216, 255]));"),
  code(`tslab.display.png(Buffer.from("${png}", "base64"));`),
  code("tslab.display.raw('application/vnd.vegalite.v5+json', '{}');"),
  code(
    "console.log('\\u001b[31mred\\u001b[0m'); process.stdout.write('10%\\r100%\\n'); console.error('to stderr');",
  ),
  code("console.log('removed');", { tags: ["remove-output"] }),
  code("console.log('folded');", { tags: ["hide-output"] }),
  code("console.log('not run');", { tags: ["skip-execution"] }),
  code("throw new Error('expected');", { tags: ["raises-exception"] }),
  { cell_type: "raw", source: "raw \\LaTeX", metadata: {} },
];

let folder: Awaited<ReturnType<typeof workFolder>>;
let terminal = "";
let page = "";
let files: readonly string[] = [];

before(async () => {
  folder = await workFolder(root);
  const notebook = join(folder.path, "study.ipynb");
  const kernelspec = { name: "tslab", display_name: "TypeScript", language: "typescript" };
  await writeNotebook(notebook, {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec },
    cells: cells.map((cell, i): Cell => {
      const base = { id: `c${i}`, source: cell.source, metadata: cell.metadata };
      if (cell.cell_type === "code")
        return { ...base, cell_type: "code", execution_count: null, outputs: [] };
      const attachments: Record<string, JsonObject> = JSON.parse(JSON.stringify(cell.attachments ?? {}));
      return { ...base, cell_type: cell.cell_type, attachments };
    }),
  });
  const command = join(root, "lib/gradbook/gradbook.mjs");
  const run = spawnSync(process.execPath, [command, "report", notebook], {
    encoding: "utf8",
    timeout: 240_000,
  });
  assert.equal(run.status, 0, run.stderr);
  terminal = run.stdout;
  const report = join(folder.path, "reports/quick/study");
  page = readFileSync(join(report, "index.html"), "utf8");
  page = page.slice(page.indexOf("<main>"), page.indexOf("</main>"));
  files = readdirSync(report, { recursive: true }).map(String);
});
after(() => folder?.remove());

test("every figure has files of its own, whatever its name is", () => {
  const names = files.flatMap((file) => /^figures[\\/]([^@]*)\.svg$/.exec(file)?.[1] ?? []).sort();
  assert.deepEqual(names, [
    "box",
    "box-2",
    "cloud",
    "escape",
    "figure",
    "frames",
    "from-elsewhere",
    "picture",
    "tex",
  ]);
});

/** What must be seen on the page. */
const seen: readonly (readonly [string, RegExp])[] = [
  ["the attached picture", /<img src="data:image\/png;base64,[^"]*" alt="dot">/],
  ["HTML of the text", /<details><summary>more<\/summary>inside<\/details>/],
  ["HTML of an output, cleaned", /<h3>Title<\/h3><table><tbody><tr><td>cell<\/td>/],
  ["an SVG as an image", /<img src="data:image\/svg\+xml;base64,/],
  ["LaTeX", /<div class="math"><svg aria-label="x\^2"/],
  ["a PNG", /<figure><div class="picture"><img src="data:image\/png/],
  ["colours of the terminal", /<span class="ansi-color-red">red<\/span>/],
  ["the last state of a bar", />100%|\n100%/],
  ["what went to stderr", /<pre class="out stderr" tabindex="0">to stderr/],
  [
    "a folded output",
    /<details class="folded"><summary>Output of cell 17<\/summary>\s*<pre class="out stdout" tabindex="0">folded/,
  ],
  ["an expected error", /<pre class="out error" tabindex="0">.*Error<?.*: expected/s],
  ["a raw cell", /<pre class="out raw" tabindex="0">raw \\LaTeX/],
  ["a 3-D plot in words", /3-D cones, 2 values, x 1 to 2, y 1 to 2, z 3 to 4/],
  ["a formula in a figure", /gtitle-math/],
];
for (const [title, pattern] of seen) test(`the page shows ${title}`, () => assert.ok(pattern.test(page)));

/** What must be named, in the terminal and on the page. */
const named: readonly string[] = [
  "text before cell 1: picture gone: is not attached to its cell",
  "text before cell 1: picture far: a picture on a network",
  "cell 5: figure cloud: not drawn in SVG, PNG and PDF: 3-D cones (needs WebGL)",
  "cell 6: figure frames: not drawn in SVG, PNG and PDF: buttons (interactive only)",
  "cell 9: text/html: left out: onclick, script",
  "cell 12: image/jpeg: neither PNG, JPEG, GIF nor WebP",
  "cell 14: application/vnd.vegalite.v5+json needs Vega's own program; show it as an SVG or PNG too",
  "cell 16: its output (tag remove-output)",
  "cell 17: its output is folded on the page and left out of the PDF (tag hide-output)",
  "cell 18: not run (tag skip-execution)",
];
for (const what of named) {
  test(`named: ${what}`, () => {
    assert.ok(terminal.includes(what), terminal);
    const escaped = what.replace(/'/g, "&#39;");
    assert.ok(page.includes(`<li>${escaped}</li>`));
  });
}

test("nothing else is named, and nothing that was removed is there", () => {
  assert.equal(page.match(/<li>(?:text|cell) [^<]*<\/li>/g)?.length, named.length);
  assert.ok(!page.includes('">removed') && !page.includes("<script") && !page.includes(' onclick="'));
});
