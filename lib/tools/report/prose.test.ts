import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProseWriter, proseWriter } from "./prose.js";

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
const base64 = (text: string) => Buffer.from(text).toString("base64");
const prose = async (markdown: string, attachments: Parameters<ProseWriter>[1] = {}) =>
  (await proseWriter())(markdown, attachments);

const cases: readonly (readonly [string, string, RegExp])[] = [
  ["inline math", "so $x_1 * y_1 * z$ is", /<p>so <span class="math"><svg aria-label="x_1 \* y_1 \* z"/],
  ["display math", "$$\na_b\n$$", /<div class="math"><svg/],
  ["an environment", "\\begin{align}a &= b\\\\ c &= d\\end{align}", /<div class="math"><svg/],
  ["dollars before digits as money", "from $5 to $10", /<p>from \$5 to \$10<\/p>/],
  [
    "code in its colours",
    "```ts\nconst a = '<';\n```",
    /<code><span class="tok-keyword">const<\/span> a = <span class="tok-string">&#39;&lt;&#39;/,
  ],
  [
    "a callout",
    "> [!TIP]\n> Look.",
    /<div class="callout callout-tip" role="note"><p class="callout-title">Tip<\/p>\s*<p>Look\.<\/p>/,
  ],
  [
    "a callout of several paragraphs",
    "> [!NOTE]\n>\n> a\n>\n> b",
    /Note<\/p>\s*<p>a<\/p>\s*<p>b<\/p>\s*<\/div>/,
  ],
  ["a quotation that is no callout", "> [!OTHER] a", /<blockquote>\s*<p>\[!OTHER\] a<\/p>/],
  [
    "a reference to nothing as it is typed, an address too",
    "@fig-x, a@fig-x.org",
    /<p>@fig-x, a@fig-x\.org<\/p>|mailto:a@fig-x\.org/,
  ],
  ["an escaped dollar", "\\$a$", /<p>\$a\$<\/p>/],
  ["a table", "| a | b |\n|---|--:|\n| 1 | 2 |", /<table>[\s\S]*<td align="right">2<\/td>/],
  ["a link to the web", "[x](https://example.org)", /<a href="https:\/\/example.org">x<\/a>/],
  ["harmless HTML", "H<sub>2</sub>O", /H<sub>2<\/sub>O/],
  ["HTML with a style", "<div style='color:red'>a</div>", /<div style="color:red">a<\/div>/],
  [
    "details, with Markdown inside",
    "<details><summary>s</summary>\n\n**b**\n\n</details>",
    /<summary>s<\/summary>[\s\S]*<strong>b<\/strong>/,
  ],
  [
    "a formula beside HTML that is cleaned",
    "<div align=right>x</div>\n\n$a^2$",
    /<div align="right">x<\/div>[\s\S]*<span class="math"><svg/,
  ],
  ["a heading beside it, with its id", "## Data\n\n<div align=right>x</div>", /<h2 id="data">Data<\/h2>/],
  ["a picture in a data URI", `![x](data:image/png;base64,${png})`, /<img src="data:image\/png;base64,iVBOR/],
  [
    "a drawing in a data URI",
    `![x](data:image/svg+xml;base64,${base64(svg)})`,
    /<img src="data:image\/svg\+xml;base64/,
  ],
  ["boxes to tick", "- [x] done", /<input checked="" disabled="" type="checkbox"> done/],
];
for (const [title, markdown, html] of cases) {
  test(`writes ${title}`, async () => assert.match((await prose(markdown)).html, html));
}

/** What a text asks for, what it becomes, and what the report says of it. */
const refused: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ["a script", "a\n\n<script>alert(1)</script>", /^<p>a<\/p>\s*$/, /^of its HTML: script$/],
  ["a handler in HTML", '<b onclick="x">a</b>', /<b>a<\/b>/, /onclick/],
  ["an iframe", "<iframe src='https://example.org'></iframe>a", /a/, /iframe/],
  ["a link to javascript:", "[x](javascript:alert(1))", /<p>x<\/p>/, /a link to javascript:alert/],
  [
    "a link in HTML to javascript:",
    "<a href='java&#115;cript:alert(1)'>x</a>",
    /<a>x<\/a>/,
    /a link to javascript:/,
  ],
  ["a link that hides its scheme", "[x](java&#115;cript:alert(1))", /^(?!.*href="java)/s, /a link to java/],
  [
    "a picture from the web",
    "![x](https://example.org/x.png)",
    /\[picture: x\]/,
    /picture x: a picture on a network/,
  ],
  [
    "a picture beside the notebook",
    "![x](figs/x.png)",
    /\[picture: x\]/,
    /picture x: a picture outside of the notebook/,
  ],
  [
    "a picture that is not attached",
    "![x](attachment:a.png)",
    /\[picture: x\]/,
    /picture x: is not attached to its cell/,
  ],
  [
    "a picture that is none",
    "![x](data:image/png;base64,AAAA)",
    /\[picture: x\]/,
    /neither PNG, JPEG, GIF nor WebP/,
  ],
  [
    "a drawing with a script in a data URI",
    `![x](data:image/svg+xml;base64,${base64("<svg><script>1</script></svg>")})`,
    /\[picture: x\]/,
    /nothing in it/,
  ],
  [
    "TeX with a missing brace",
    "$\\frac{a$",
    /<code class="bad-math" title="Missing/,
    /formula \\frac\{a: Missing/,
  ],
  ["TeX with an unknown command, but draws the rest", "$\\foo x$", /<svg/, /MathJax does not know \\foo/],
  ["a link in TeX", "$\\href{javascript:alert(1)}{x}$", /<svg/, /does not know \\href/],
  ["a formula of many pages", `$${"x".repeat(6000)}$`, /bad-math/, /6000 characters, of at most 5000/],
];
for (const [title, markdown, html, left] of refused) {
  test(`refuses ${title}, and says so`, async () => {
    const written = await prose(markdown);
    assert.match(written.html, html);
    assert.doesNotMatch(written.html, /<script|onclick="|src="http|<iframe|href="java/);
    assert.match(written.left.join("; "), left);
  });
}

test("headings of the same words have ids of their own, over all cells", async () => {
  const writer = await proseWriter();
  const ids: string[] = [];
  for (const markdown of ["## Data", "## Data", "## η = 1"])
    ids.push((await writer(markdown, {})).headings[0].id);
  assert.deepEqual(ids, ["data", "data-2", "η-1"]);
});

test("a heading keeps its formula in the contents", async () => {
  const { headings } = await prose("## The rate $\\eta$");
  assert.match(headings[0].text, /^The rate .*<svg/);
});

test("macros of one text hold in the next of the same report, and in no other report", async () => {
  const writer = await proseWriter();
  await writer("$\\newcommand{\\R}{\\mathbb{R}}$", {});
  assert.deepEqual((await writer("$x \\in \\R$", {})).left, []);
  assert.deepEqual((await prose("$x \\in \\R$")).left, ["formula x \\in \\R: MathJax does not know \\R"]);
});

test("a picture that the notebook carries itself is shown", async () => {
  const { html } = await prose("![me](attachment:a%20b.png)", { "a b.png": { "image/png": png } });
  assert.match(html, /<img src="data:image\/png;base64,iVBOR[^"]*" alt="me">/);
});

test("an attached picture is shown in HTML too, with its width", async () => {
  const markdown = '<img src="attachment:a.png" width="40" alt="me">';
  const { html, left } = await prose(markdown, { "a.png": { "image/png": png } });
  assert.match(html, /<img (?=[^>]*width="40")(?=[^>]*alt="me")[^>]*src="data:image\/png;base64,iVBOR/);
  assert.deepEqual(left, []);
});
