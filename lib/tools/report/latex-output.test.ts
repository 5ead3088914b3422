import assert from "node:assert/strict";
import { test } from "node:test";
import { latexMarkdown } from "./latex-output.js";

for (const [title, latex, markdown] of [
  ["a displayed formula", "$$x^2$$", "$$x^2$$"],
  ["a formula in a line", "so $ x $ is", "so $x$ is"],
  ["round brackets", "so \\(x\\) is", "so $x$ is"],
  ["square brackets", "\\[x\\]", "$$x$$"],
  ["an environment", "\\begin{align}a &= b\\end{align}", "\n\n\\begin{align}a &= b\\end{align}\n\n"],
  ["no marks at all", "x^2 + y_1", "$$x^2 + y_1$$"],
  ["text around it", "**not bold** # $x$ <b>", "\\*\\*not bold\\*\\* \\# $x$ \\<b\\>"],
  ["an empty line inside", "$$a\n\nb$$", "$$a\nb$$"],
  ["an escaped dollar inside", "$a\\$b$", "$a\\$b$"],
]) {
  test(title, () => assert.equal(latexMarkdown(latex), markdown));
}
