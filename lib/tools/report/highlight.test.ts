import assert from "node:assert/strict";
import { test } from "node:test";
import { highlighter } from "./highlight.js";

const highlight = await highlighter();

const cases: readonly (readonly [string, string, string])[] = [
  [
    "ts",
    'const a: number = 1; // "x"',
    '<span class="tok-keyword">const</span> a: <span class="tok-type">number</span> = <span class="tok-number">1</span>; <span class="tok-comment">// &quot;x&quot;</span>',
  ],
  [
    "python",
    "def f():\n    return '<'",
    '<span class="tok-keyword">def</span> <span class="tok-function">f</span>():\n    <span class="tok-keyword">return</span> <span class="tok-string">&#39;&lt;&#39;</span>',
  ],
  ["cobol", "a < b & c", "a &lt; b &amp; c"],
  ["constructor", "a", "a"],
];
for (const [language, source, html] of cases) {
  test(`${language}: ${source}`, async () => assert.equal(await highlight(source, language), html));
}

test("code that cannot be parsed keeps every letter", async () => {
  const source = "%magic ?\nconst = `${\n<<";
  const html = await highlight(source, "typescript");
  assert.equal(html.replace(/<[^>]*>/g, ""), source.replace(/</g, "&lt;"));
});

test("a text of more than 100,000 letters stands without colours", async () => {
  assert.equal(await highlight("1;".repeat(60_000), "ts"), "1;".repeat(60_000));
});
