import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@gradbook/base";
import { resultsTable } from "@gradbook/core";
import { examples, tableBundle } from "@gradbook/core/internal";
import type { Cell, Notebook } from "@gradbook/kernel/internal";
import { buildReport } from "../build.js";
import { code, figureOutput, prose, toJson } from "../fixture.test.helper.js";
import { reportInputs } from "../inputs.js";
import { elements, faults, type ReadPdf, readPdf } from "./read-pdf.test.helper.js";

async function pdfOf(cells: readonly Cell[], metadata: Record<string, Json> = {}): Promise<Uint8Array> {
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript" }, ...metadata },
    cells,
  };
  const inputs = await reportInputs(notebook, "quick", undefined);
  const files = await buildReport(notebook, { notebook: "n.ipynb", inputs });
  const pdf = files.get("n.pdf");
  assert.ok(pdf instanceof Uint8Array);
  return pdf;
}

const read = async (...args: Parameters<typeof pdfOf>) => readPdf(await pdfOf(...args));
const words = ({ pages }: ReadPdf) => pages.flatMap(({ texts }) => texts.map(({ text }) => text)).join(" ");

function table(
  title: string,
  columns: number,
  rows: number,
  cell: (row: number, column: number) => string | number,
) {
  const keys = Array.from({ length: columns }, (_, c) => `c${c}`);
  const content = Array.from({ length: rows }, (_, r) =>
    Object.fromEntries(keys.map((key, c) => [key, cell(r, c)])),
  );
  return toJson(
    tableBundle(
      resultsTable({ title, rows: content, columns: keys.map((key) => ({ key, title: `column ${key}` })) }),
    ),
  );
}

const scripts =
  "Latin naïve ✗✓; Ελληνικά μάθηση; Кириллица; עברית שלום עולם; العربية مرحبا بالعالم; हिन्दी क्षत्रिय; ภาษาไทย การเรียนรู้; " +
  "漢字 機械学習; かな カタカナ; 𝔼 ℝ ∈; 🎉 👍🏽; 95\u206098 a\u200bb \ufeffc";

const scriptsPdf = pdfOf([
  prose(`# Scripts, שלום\n\n${scripts}\n\n**${scripts}** *${scripts}* \`${scripts}\`\n\n- ${scripts}`),
  prose(
    `${"משפט ארוך בעברית (סוגריים) עם 123 ועם English. ".repeat(6)}\n\n${"機械学習「訓練データ」".repeat(12)}`,
  ),
  prose(
    `| ${scripts} | b |\n|---|---:|\n| a | ${scripts} |\n\n$\\text{損失 שלום}$\n\n\`\`\`\n${scripts}\n\`\`\``,
  ),
  code("1", [
    figureOutput({
      ...examples["error-curves-seeds"](),
      layout: { ...examples["error-curves-seeds"]().layout, title: { text: "損失 שלום हिन्दी ✗" } },
    }),
    table("שלום 漢字 ✗", 3, 3, () => "العربية ✗"),
  ]),
]);

test("ten scripts, signs and emoji: each letter has a shape, no text lies on another, nothing is outside", async () => {
  assert.deepEqual(faults(await readPdf(await scriptsPdf)), []);
});

test("a letter that no font here has is a box that is said, with the package that has it", async () => {
  const pdf = await read([prose("# T\n\n한글 in the text")]);
  assert.deepEqual(faults(pdf), []);
  assert.match(words(pdf), /□□ in the text/);
  assert.match(
    words(pdf),
    /PDF: boxes in place of □□ \(npm install @expo-google-fonts\/noto-sans-kr adds them\)/,
  );
});

test("the same in every process: two builds have the same bytes", async () => {
  const cells = [prose(`# T\n\n${scripts}`), code("1", [figureOutput(examples["confusion-figure"]())])];
  assert.ok(Buffer.from(await pdfOf(cells)).equals(Buffer.from(await pdfOf(cells))));
});

for (const columns of [4, 8, 16, 40])
  test(`${columns} columns with long words and with sentences stand beside each other`, async () => {
    const cell = (r: number, c: number) =>
      c % 3 === 0
        ? `settingname_${c}`
        : c % 3 === 1
          ? r * 1000 + c
          : "a sentence that takes several lines ".repeat(2);
    const pdf = await read([
      prose("# T"),
      code("1", [table("Wide", columns, 12, cell)]),
      prose("after ".repeat(40)),
    ]);
    assert.deepEqual(faults(pdf), []);
    const isTurned = pdf.pages.some(({ width, height }) => width > height);
    assert.equal(isTurned, columns >= 16);
    assert.match(words(pdf), /settingname_0/);
  });

test("long words, addresses, code, printed lines and formulas with numbers stay inside the page", async () => {
  const sum = Array.from({ length: 40 }, (_, i) => `a_{${i}}x^{${i}}`).join(" + ");
  const pdf = await read([
    prose(
      `# ${"long".repeat(60)}\n\nA ${"x".repeat(400)} and https://example.org/${"a".repeat(200)}.\n\n- ${"y".repeat(200)}`,
    ),
    prose(
      `Inline $${sum}$ end.\n\n$$${sum}\\tag{12}$$\n\n$$\\begin{align} a &= b \\tag{1}\\\\ c &= d \\tag{2}\\end{align}$$`,
    ),
    prose(`\`\`\`\n${"z".repeat(500)}\n    ${"word ".repeat(80)}\n\`\`\``),
  ]);
  assert.deepEqual(faults(pdf), []);
  assert.match(words(pdf), /\(12\)/);
});

test("a document says its title, author and language, and has an outline", async () => {
  const raw: Cell = {
    cell_type: "raw",
    id: "front",
    metadata: {},
    source: "---\nauthor: Ada Lovelace\nlang: de\n---",
  };
  const { info, outline, pages } = await read([
    raw,
    prose("# Titel\n\nText\n\n## Eins\n\n### Tief\n\n## Zwei"),
  ]);
  assert.deepEqual([info.Title, info.Author, info.Language], ["Titel", "Ada Lovelace", "de"]);
  const tree = outline.map((a) => [a.title, a.items.map((b) => [b.title, b.items.map((c) => c.title)])]);
  assert.deepEqual(tree, [
    [
      "Titel",
      [
        ["Eins", ["Tief"]],
        ["Zwei", []],
      ],
    ],
  ]);
  assert.ok(!pages[0].texts.some(({ text }) => text.includes("---")));
});

test("a screen reader hears headings, lists, tables with heads, formulas, and each figure in words", async () => {
  const figure = examples["error-curves-seeds"]();
  const pdf = await read([
    prose("# T\n\nText $a^2$\n\n- one\n\n> said"),
    code("1", [figureOutput(figure), table("A", 2, 2, () => "x")]),
  ]);
  const all = pdf.pages.flatMap(({ structure }) => elements(structure));
  const roles = new Set(all.map(({ role }) => role));
  for (const role of ["H1", "P", "L", "LI", "LBody", "BlockQuote", "Table", "TR", "TH", "TD", "Caption"])
    assert.ok(roles.has(role), role);
  const alt = (role: string) => all.filter((e) => e.role === role).map((e) => e.alt);
  assert.deepEqual(alt("Figure"), [figure.layout.meta.description]);
  assert.deepEqual(alt("Formula"), ["a^2"]);
});

test("code stands in the PDF where its author wants it: tag show-input, or `code: true` for all", async () => {
  const cells = [prose("# T"), code("const shown = 1;", [], ["show-input"]), code("const other = 2;")];
  const tagged = words(await read(cells));
  assert.ok(tagged.includes("const shown") && !tagged.includes("const other"));
  const all = words(await read(cells, { code: true }));
  assert.ok(all.includes("const shown") && all.includes("const other"));
  const hidden = code("const hidden = 3;", [], ["hide-input"]);
  assert.ok(!words(await read([prose("# T"), hidden], { code: true })).includes("hidden"));
});

test("figures go to the top of the next page while the text goes on, in their order", async () => {
  const figures = ["error-curves-seeds", "activation-slices", "confusion-figure"] as const;
  const cells = figures.flatMap((name, i) => [
    prose(`## Part ${i}\n\n${"word ".repeat(230)}`),
    code("1", [figureOutput(examples[name]())]),
  ]);
  const pdf = await read([prose("# T"), ...cells, prose(`## End\n\n${"word ".repeat(200)}`)]);
  assert.deepEqual(faults(pdf), []);
  const captions = pdf.pages
    .flatMap(({ texts }) => texts.map(({ text }) => text))
    .filter((text) => text === "Figure");
  assert.equal(captions.length, 3);
  // all pages but the last are filled to two thirds: something stands in their last third
  for (const { texts, structure } of pdf.pages.slice(0, -1)) {
    const lowest = Math.min(...texts.filter(({ bottom }) => bottom > 60).map(({ bottom }) => bottom));
    assert.ok(lowest < 330, `${lowest} points left, ${elements(structure).length} elements`);
  }
});

test("no row of a table stands alone on a page", async () => {
  for (let rows = 30; rows < 44; rows += 3) {
    const pdf = await read([prose("# T"), code("1", [table("Long", 2, rows, (r) => `row ${r}`)])]);
    const perPage = pdf.pages.map(
      ({ structure }) => elements(structure).filter(({ role }) => role === "TR").length,
    );
    assert.ok(
      perPage.every((n) => n === 0 || n >= 3),
      `${rows} rows: ${perPage}`,
    );
  }
});
