import assert from "node:assert/strict";
import { test } from "node:test";
import { withFallbacks } from "./fallback-text.js";
import { fontRuns, lettersWithoutShape, measure, openFont } from "./font.js";
import { withOutlines } from "./outlined-text.js";
import { fontFaces } from "./subset-font.js";
import { visualRuns } from "./visual-order.js";

const families = (text: string) => fontRuns(text).map((run) => [run.text, run.fallback?.family]);

test("each piece of a text has the first font that knows its letters", () => {
  assert.deepEqual(families("a ✗ Ω Ж"), [["a ✗ Ω Ж", undefined]]);
  assert.deepEqual(families("x שלום"), [
    ["x ", undefined],
    ["שלום", "Noto Sans Hebrew"],
  ]);
  assert.deepEqual(families("हिन्दी क्षत्रिय"), [["हिन्दी क्षत्रिय", "Noto Sans Devanagari"]]);
  assert.deepEqual(families("🎉"), [["🎉", "Noto Emoji"]]);
});

test("what is not seen is not drawn: U+2060, U+200B, U+FEFF, marks of direction, soft hyphens, variation selectors", () => {
  assert.deepEqual(
    families("9\u20605–\u200b9\ufeff8\u200e\u00ad⚠\ufe0f")
      .map(([text]) => text)
      .join(""),
    "95–98⚠",
  );
  assert.equal(measure("9\u20605", 12), measure("95", 12));
});

test("a letter that no font here has is a box, and the package that has it is named", () => {
  assert.deepEqual(
    families("한").map(([text]) => text),
    ["□"],
  );
  assert.equal(
    lettersWithoutShape("a 한글 ✗"),
    "한글 (npm install @expo-google-fonts/noto-sans-kr adds them)",
  );
  assert.equal(lettersWithoutShape("\u{10a00}"), "\u{10a00} (no font here has them)");
  assert.equal(lettersWithoutShape("a ✗ 漢字 שלום مرحبا हिन्दी ไทย 🎉 ∈ \u2060"), "");
});

test("every run of ten scripts is drawn without a font's empty box", () => {
  const text =
    "Latin Ελληνικά Кириллица עברית العربية हिन्दी ภาษาไทย 漢字 かな ✗✓ ℝ∈ 🎉👍 e\u0301 \u2060\u202f";
  for (const run of visualRuns(text)) {
    if (run.fallback === undefined) continue;
    const { glyphs } = openFont(run.fallback.file).layout(run.text);
    assert.ok(
      glyphs.every(({ id }) => id !== 0),
      run.text,
    );
  }
});

test("a line in two directions is in the order in which it is seen, its brackets turned", () => {
  const seen = visualRuns("אב (גד) 12").map((run) => run.text);
  assert.equal(seen.join("|").replaceAll("||", "|"), "12| |(|גד|)| |אב");
});

test("in an SVG each piece has its font and its place, so that the anchor is that of the whole", () => {
  const svg = withFallbacks('<text x="100" y="10" text-anchor="end" style="font-size: 10px;">a שלום</text>');
  const start = 100 - measure("a שלום", 10);
  const places = [...svg.matchAll(/<tspan x="([\d.]+)"/g)].map((m) => Number(m[1]));
  assert.deepEqual(
    places,
    [start, start + measure("a ", 10)].map((x) => Number(x.toFixed(2))),
  );
  assert.match(svg, /style="font-family: 'Noto Sans Hebrew', 'Source Sans 3'">שלום</);
  assert.equal(withFallbacks('<text x="1">plain – é</text>'), '<text x="1">plain – é</text>');
});

test("the rasterizer gets outlines for scripts whose letters join", () => {
  const svg = withFallbacks('<text x="0" y="10" style="font-size: 10px;">हिन्दी</text>');
  const outlined = withOutlines(svg);
  assert.ok(!outlined.includes("हिन्दी"));
  assert.equal(
    outlined.match(/<path /g)?.length,
    openFont(fontRuns("हिन्दी")[0].fallback?.file ?? "").layout("हिन्दी").glyphs.length,
  );
});

test("a page's fonts have a face for the letters of each script, and nothing more when there are none", () => {
  assert.equal(fontFaces("abc").match(/@font-face/g)?.length, 2);
  const faces = fontFaces("abc שלום");
  assert.match(faces, /font-weight:600;[^}]*unicode-range:U\+5d5,U\+5dc,U\+5dd,U\+5e9/);
});
