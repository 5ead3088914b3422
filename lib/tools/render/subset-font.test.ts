import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { create } from "fontkit";
import { fontFile } from "./font.js";
import { fontFaces, shownText, subsetWoff } from "./subset-font.js";

const whole = readFileSync(fontFile(400));
const outlines = (font: ReturnType<typeof create>, text: string) =>
  font.layout(text).glyphs.map((glyph) => glyph.path.toSVG());

test("the letters of a subset have their outlines, composed ones (ä, é) too", () => {
  const part = create(Buffer.from(subsetWoff(whole, new Set("äéx−η"))));
  for (const letter of "äéx−η")
    assert.deepEqual(outlines(part, letter), outlines(create(whole), letter), letter);
});

test("a letter outside of the subset is the empty box", () => {
  const part = create(Buffer.from(subsetWoff(whole, new Set("ab"))));
  assert.equal(part.layout("c").glyphs[0].id, 0);
  assert.equal(part.hasGlyphForCodePoint("b".codePointAt(0) ?? 0), true);
});

test("a letter that the font does not have is left out", () => {
  const part = create(Buffer.from(subsetWoff(whole, new Set("a数"))));
  assert.equal(part.hasGlyphForCodePoint("数".codePointAt(0) ?? 0), false);
});

test("both weights of a figure's letters take less than 20 kB", () => {
  assert.ok(fontFaces("Error rate after each epoch: 0123456789 % · train test").length < 20_000);
});

test("the shown text of an SVG is that between its tags, with entities as letters", () => {
  const svg = '<svg><title>no</title><style>no</style><text x="1">a &lt; b &amp; c&#8722;1</text></svg>';
  assert.equal(shownText(svg), "a < b & c−1");
});
