import assert from "node:assert/strict";
import { test } from "node:test";
import { areNumbers, typesetNumber } from "./typeset-number.js";

const cases: readonly (readonly [string, string])[] = [
  ["1.2e-14", "1.2&#8239;×&#8239;10<sup>−14</sup>"],
  ["-3e+05", "−3&#8239;×&#8239;10<sup>5</sup>"],
  ["-0.5", "−0.5"],
  ["10-20", "10-20"],
  ["12,345.6", "12,345.6"],
  ["97.0 (95–98)", "97.0 (95–98)"],
  ["1e-3 ± 2e-4", "1&#8239;×&#8239;10<sup>−3</sup> ± 2&#8239;×&#8239;10<sup>−4</sup>"],
  ["a1e5", "a1e5"],
  ["conv-1", "conv-1"],
  ["<-1", "&lt;−1"],
];
for (const [text, html] of cases) test(`${text} → ${html}`, () => assert.equal(typesetNumber(text), html));

test("numbers that a program has made text of are numbers; sizes, versions and nothing are not", () => {
  assert.equal(areNumbers(["1.30e-2", "", "−4", "10,661", "97 %"]), true);
  for (const texts of [["1", "none"], ["[4, 28]"], ["1.2.3-rc"], ["", " "], []])
    assert.equal(areNumbers(texts), false);
});
