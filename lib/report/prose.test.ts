import assert from "node:assert/strict";
import { test } from "node:test";
import { proseWriter } from "./prose.js";

const write = async (markdown: string) => (await proseWriter())(markdown, {}).html;

const cases: readonly (readonly [string, string, RegExp])[] = [
  ["inline math", "so $x_1 * y_1 * z$ is", /<p>so <span class="math"><svg aria-label="x_1 \* y_1 \* z"/],
  ["display math", "$$\na_b\n$$", /<div class="math"><svg/],
  ["an environment", "\\begin{align}a &= b\\\\ c &= d\\end{align}", /<div class="math"><svg/],
  ["dollars before digits as money", "from $5 to $10", /<p>from \$5 to \$10<\/p>/],
  ["an escaped dollar", "\\$a$", /<p>\$a\$<\/p>/],
  ["a table", "| a | b |\n|---|--:|\n| 1 | 2 |", /<table>[\s\S]*<td align="right">2<\/td>/],
  ["a link to the web", "[x](https://example.org)", /<a href="https:\/\/example.org">x<\/a>/],
  ["harmless HTML", "H<sub>2</sub>O", /H<sub>2<\/sub>O/],
];
for (const [title, markdown, html] of cases) {
  test(`writes ${title}`, async () => assert.match(await write(markdown), html));
}

const refused: readonly (readonly [string, string, RegExp])[] = [
  ["a script", "<script>alert(1)</script>", /&lt;script&gt;/],
  ["an attribute in HTML", '<b onclick="x">a</b>', /&lt;b onclick/],
  ["a link to javascript:", "[x](javascript:alert(1))", /<p>x<\/p>/],
  ["a link that hides its scheme", "[x](java&#115;cript:alert(1))", /^(?!.*href="java)/s],
  ["a picture from the web", "![x](https://example.org/x.png)", /\[picture: x\]/],
  ["an SVG in a data URI", "![x](data:image/svg+xml;base64,AAAA)", /\[picture: x\]/],
  ["TeX with a missing brace", "$\\frac{a$", /<code class="bad-math" title="Missing/],
];
for (const [title, markdown, html] of refused) {
  test(`refuses ${title}`, async () => {
    const written = await write(markdown);
    assert.match(written, html);
    assert.doesNotMatch(written, /<script|onclick="|src="http/);
  });
}

test("headings of the same words have ids of their own, over all cells", async () => {
  const writer = await proseWriter();
  const ids = ["## Data", "## Data", "## η = 1"].map((markdown) => writer(markdown, {}).headings[0].id);
  assert.deepEqual(ids, ["data", "data-2", "η-1"]);
});

test("a picture that the notebook carries itself is shown", async () => {
  const writer = await proseWriter();
  const { html } = writer("![me](attachment:a.png)", { "a.png": { "image/png": "AAAA" } });
  assert.match(html, /<img src="data:image\/png;base64,AAAA" alt="me">/);
});
