import assert from "node:assert/strict";
import { test } from "node:test";
import type { Token } from "marked";
import { htmlTokens } from "./html-tokens.js";

/** A token as `type(inner tokens or text)`. */
const short = (token: Token): string => {
  if (token.type === "table") {
    const row = (cells: readonly { readonly tokens: Token[] }[]) =>
      cells.map((c) => c.tokens.map(short).join("")).join("|");
    return `table(${[token.header, ...token.rows].map(row).join("/")} ${token.align.map((a: string | null) => a ?? "-").join("")})`;
  }
  if (token.type === "list")
    return `list(${token.items.map((item: Token) => `${"tokens" in item ? item.tokens?.map(short).join("") : ""};`).join("")})`;
  if (token.type === "image") return `image(${token.text})`;
  const inner =
    "tokens" in token && token.tokens !== undefined
      ? token.tokens.map(short).join("")
      : "text" in token
        ? token.text
        : "";
  return token.type === "escape" ? inner : `${token.type}(${inner})`;
};

for (const [title, html, tokens] of [
  [
    "text and elements in a line",
    "a <b>b</b> <i>c</i> <code>d</code>",
    "paragraph(a strong(b) em(c) codespan(d))",
  ],
  [
    "paragraphs and what stands between them",
    "<p>a</p>b<div>c</div>",
    "paragraph(a)paragraph(b)paragraph(c)",
  ],
  ["a heading", "<h3>H</h3>", "heading(H)"],
  ["lists in lists", "<ul><li>a<ol><li>b</li></ol></li></ul>", "list(text(a)list(text(b););)"],
  [
    "a table with its head and numbers to the right",
    "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td style='text-align:right'>2</td></tr></table>",
    "table(a|b/1|2 -right)",
  ],
  ["a caption", "<table><caption>C</caption><tr><td>1</td></tr></table>", "paragraph(C)table(1 -)"],
  [
    "cells over two columns",
    "<table><tr><td colspan=2>a</td></tr><tr><td>1</td><td>2</td></tr></table>",
    "table(a|/1|2 --)",
  ],
  [
    "rows of different length",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td></tr></table>",
    "table(a|b/1| --)",
  ],
  [
    "a table that places others",
    "<table><tr><td>x<table><tr><td>1</td></tr></table></td></tr></table>",
    "paragraph(x)table(1 -)",
  ],
  ["a picture", "<img src='data:,' alt='me'>", "paragraph(image(me))"],
  ["code as it is typed", "<pre>a\n  b</pre>", "code(a\n  b)"],
  ["details", "<details><summary>s</summary>b</details>", "paragraph(s)paragraph(b)"],
  ["nothing", "<p> </p>", ""],
]) {
  test(title, () => assert.equal(htmlTokens(html).map(short).join(""), tokens));
}
