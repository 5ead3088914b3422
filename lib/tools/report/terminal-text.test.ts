import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalText } from "./terminal-text.js";

const esc = "\u001b";
/** What a program wrote, what a terminal shows in the end, and the same as HTML. */
const cases: readonly (readonly [string, string, string, string])[] = [
  ["plain lines", "a\nb\n", "a\nb", "a\nb"],
  ["markup", "<b> & 'x'", "<b> & 'x'", "&lt;b&gt; &amp; &#39;x&#39;"],
  ["a bar that is written over", "10%\r50%\r100%\n", "100%", "100%"],
  ["a shorter line over a longer one", "100 %\rok", "ok0 %", "ok0 %"],
  ["a line that was cleared first", `100 %\r${esc}[Kok`, "ok", "ok"],
  ["a whole line that was cleared", `100 %${esc}[2K\rok`, "ok", "ok"],
  ["line ends of Windows", "a\r\nb\r\n", "a\nb", "a\nb"],
  ["backspaces", "abc\b\bX", "aXc", "aXc"],
  ["tabs", "a\tb", "a\tb", "a\tb"],
  ["a bell and a null", "a\u0007b\u0000c", "abc", "abc"],
  ["a colour", `${esc}[31mred${esc}[0m x`, "red x", '<span class="ansi-color-red">red</span> x'],
  [
    "bold and bright",
    `${esc}[1;92mok${esc}[22;39m!`,
    "ok!",
    '<span class="ansi-bold ansi-color-green">ok</span>!',
  ],
  [
    "a colour over two lines",
    `${esc}[34ma\nb${esc}[m`,
    "a\nb",
    '<span class="ansi-color-blue">a</span>\n<span class="ansi-color-blue">b</span>',
  ],
  ["one colour of 256, which is no other code", `${esc}[38;5;31mx`, "x", "x"],
  ["a colour of red, green and blue", `${esc}[38;2;1;31;4mx`, "x", "x"],
  ["a link of a terminal", `${esc}]8;;https://example.org${esc}\\text${esc}]8;;${esc}\\`, "text", "text"],
  ["the cursor's moves", `a${esc}[2Ab${esc}[?25lc`, "abc", "abc"],
  ["an escape at the end", `a${esc}`, "a", "a"],
  ["emoji written over", "🎉🎉\r🎈", "🎈🎉", "🎈🎉"],
];
for (const [title, output, text, html] of cases) {
  test(title, () => assert.deepEqual(terminalText(output), { text, html, left: "" }));
}

test("a line of a million letters is cut, and it is said", () => {
  const { text, left } = terminalText("x".repeat(1_000_000));
  assert.equal(text.length, 10_002);
  assert.equal(left, "990000 characters of lines longer than 10000");
});

test("of 3000 lines 2000 are shown, and where the others would be", () => {
  const { text, html, left } = terminalText(Array.from({ length: 3000 }, (_, i) => `${i}`).join("\n"));
  assert.equal(text.split("\n").length, 2001);
  assert.match(text, /\n1499\n… 1000 lines are in the executed notebook …\n2500\n/);
  assert.equal(html, text);
  assert.equal(left, "1000 of 3000 lines");
});

test("50 MB of long lines are 400 kB, their beginning and their end", () => {
  const line = (i: number) => `${i} ${"x".repeat(9_990)}`;
  const { text, left } = terminalText(Array.from({ length: 5_000 }, (_, i) => line(i)).join("\n"));
  assert.ok(text.length < 410_000, `${text.length}`);
  assert.match(text, /^0 x[^\n]*\n1 x/);
  assert.match(text, /\n4999 x+$/);
  assert.match(left, /^49\d\d of 5000 lines$/);
});
