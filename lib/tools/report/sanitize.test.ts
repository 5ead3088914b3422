import assert from "node:assert/strict";
import { test } from "node:test";
import { sanitizeHtml } from "./sanitize.js";

const table = (...rows: readonly (readonly string[])[]) =>
  `<table><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table>`;

/** Which cells stand right, row by row. */
async function right(html: string, isOutput = true): Promise<string> {
  const clean = await sanitizeHtml(html, isOutput);
  assert.ok(typeof clean !== "string");
  return [...clean.html.matchAll(/<t[dh]([^>]*)>/g)]
    .map(([, rest]) => (rest === ' align="right"' ? "r" : "-"))
    .join("");
}

const cases: readonly (readonly [string, string, string])[] = [
  ["a column of numbers", table(["conv1", "104"], ["total", "10,661"]), "-r-r"],
  ["numbers of all kinds", table(["−0.5"], ["1.2e-14"], ["97.5 %"], [""]), "rrrr"],
  ["a word among numbers", table(["1"], ["none"]), "--"],
  ["sizes and versions", table(["[4, 28]"], ["1.2.3-rc"]), "--"],
  ["an empty column", table([""], [""]), "--"],
  ["its heading too", "<table><tr><th>n</th></tr><tr><td>1</td></tr></table>", "rr"],
  ["one with cells over several columns", '<table><tr><td colspan="2">1</td></tr></table>', "-"],
];
for (const [title, html, expected] of cases) {
  test(`right in an output's table: ${title}`, async () => assert.equal(await right(html), expected));
}

test("a table that says how it stands is left alone, and one of Markdown", async () => {
  const centred = await sanitizeHtml('<table><tr><td align="center">1</td></tr></table>', true);
  assert.ok(typeof centred !== "string" && centred.html.includes('<td align="center">1</td>'));
  assert.equal(await right(table(["1"]), false), "-");
});
