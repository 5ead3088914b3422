import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notebook } from "@gradbook/kernel/internal";
import { contents } from "./blocks.js";
import { prose } from "./fixture.test.helper.js";
import { authorLine, frontMatter } from "./front-matter.js";
import { Omissions } from "./omissions.js";

const notebook = (cells: Notebook["cells"], metadata: Notebook["metadata"] = {}): Notebook => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata,
  cells,
});
const raw = (source: string) => ({ ...prose(source), cell_type: "raw" as const });

const cases: readonly (readonly [string, string, string])[] = [
  ["one author", "title: A study\nauthor: A. Author", "A study | A. Author | "],
  [
    "authors with affiliations",
    "title: >\n  Long\n  title\nauthor:\n  - name: A\n    affiliation: ETH\n  - name: B\n    affiliations: [X, name: Y]\ndate: 2026-11-26",
    "Long title | A (ETH), B (X, Y) | 2026-11-26",
  ],
  ["a common affiliation", "author: [A, B]\naffiliation: ETH", "undefined | A (ETH), B (ETH) | "],
  ["numbers and dates as they are typed", "title: 1e3\ndate: 2026-01-02", "1e3 |  | 2026-01-02"],
];
for (const [title, yaml, expected] of cases) {
  for (const cell of [prose, raw]) {
    test(`${title}, in a ${cell("").cell_type} cell`, () => {
      const omissions = new Omissions();
      const { front, notebook: rest } = frontMatter(
        notebook([cell(`---\n${yaml}\n---`), prose("x")]),
        omissions,
      );
      assert.equal(`${front.title} | ${authorLine(front.authors)} | ${front.date}`, expected);
      assert.equal(rest.cells.length, 1);
      assert.deepEqual(omissions.list(), []);
    });
  }
}

test("nbformat's metadata counts where the cell says nothing", () => {
  const metadata = { title: "M", authors: [{ name: "A" }] };
  const { front } = frontMatter(notebook([raw("---\ntitle: T\n---")], metadata), new Omissions());
  assert.deepEqual(front, {
    title: "T",
    authors: [{ name: "A", affiliation: "" }],
    date: "",
    lang: "en",
    code: false,
  });
});

const unread: readonly (readonly [string, string, string])[] = [
  ["YAML that is broken", "---\ntitle: [a\n---", "it cannot be read"],
  ["a list", "---\n- a\n---", "it cannot be read (it has no keys)"],
  [
    "other keys",
    "---\nformat: html\n---",
    "format (a report uses title, author, authors, affiliation, date, lang, code)",
  ],
];
for (const [title, source, what] of unread) {
  test(`told: ${title}`, () => {
    const omissions = new Omissions();
    frontMatter(notebook([raw(source)]), omissions);
    assert.ok(omissions.list()[0].what.startsWith(what), omissions.list()[0].what);
  });
}

test("the language of the text, and code for the PDF", () => {
  const read = (source: string, metadata = {}) =>
    frontMatter({ ...notebook([raw(source)]), metadata }, new Omissions()).front;
  const { lang, code } = read("---\nlang: fr\ncode: true\n---");
  assert.deepEqual([lang, code], ["fr", true]);
  const given = read("text", { lang: "de", code: true });
  assert.deepEqual([given.lang, given.code], ["de", true]);
});

test("text between rules is text", () => {
  const { notebook: rest } = frontMatter(notebook([prose("---\n\nText.\n\n---\n\nmore")]), new Omissions());
  assert.equal(rest.cells.length, 1);
});

test("a title takes the place of the first heading, or stands before everything", async () => {
  const read = async (...cells: Notebook["cells"]) => {
    const { title, blocks } = await contents(notebook(cells), "file", new Omissions());
    return [title, ...blocks.map((block) => (block.kind === "prose" ? block.markdown : block.kind))];
  };
  assert.deepEqual(await read(raw("---\ntitle: T\n---"), prose("a\n\n# H #\n\nb")), ["T", "a\n\n# T\n\nb"]);
  assert.deepEqual(await read(raw("---\ntitle: T\n---"), prose("a")), ["T", "# T", "a"]);
});
