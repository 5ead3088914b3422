import assert from "node:assert/strict";
import { test } from "node:test";
import { resultsTable } from "@gradbook/core";
import { escapeTex } from "./latex.js";
import { figuresTex, tableCsv, tableTex } from "./tables.js";

const table = resultsTable({
  title: "Results, 50 %",
  rows: [
    { name: 'a, "b"', error: 1 / 3, note: "=1+1" },
    { name: "c_d & e", error: null, note: "ρ × 2" },
  ],
  columns: ["name", { key: "error", unit: "%", digits: 2, best: "min" }, "note"],
});

test("CSV: quotes doubled, numbers in full, no formula for a spreadsheet to run", () => {
  assert.equal(
    tableCsv(table),
    `name,error (%),note\r\n"a, ""b""",0.3333333333333333,'=1+1\r\nc_d & e,,ρ × 2\r\n`,
  );
});

test("LaTeX: a table with caption and label; its own characters are escaped", () => {
  const tex = tableTex(table);
  assert.match(
    tex,
    /\\begin\{table\}\n {2}\\centering\n {2}\\caption\{Results, 50 \\%\}\n {2}\\label\{tab:results-50\}/,
  );
  assert.match(tex, /name & \{error \(\\%\)\} & note \\\\/);
  assert.match(tex, /c\\_d \\& e & \{--\} & \$\\rho\$ \$\\times\$ 2 \\\\/);
});

test("LaTeX: the caption is the table's, where it has one", () => {
  const own = resultsTable({ title: "t", caption: "Why & how", rows: [{ a: 1 }] });
  assert.match(tableTex(own), /\\caption\{Why \\& how\}/);
});

test("LaTeX: numbers stand at their points: digits, thousands, signs and powers are siunitx's", () => {
  const rows = [
    { n: 12345, x: -0.5, p: 1e-7, none: null },
    { n: 3, x: 12.25, p: 0.0312, none: null },
  ];
  const columns = ["n", { key: "x", best: "max" as const }, "p", "none"];
  const tex = tableTex(resultsTable({ title: "t", rows, columns }));
  assert.match(tex, /tabular\}\{S\[table-format=5\.0\]S\[table-format=-2\.2\]S\[table-format=1\.4e-1\]r\}/);
  assert.match(tex, /12345 & -0\.5 & 1e-7 & -- \\\\\n {4}3 & \\bfseries 12\.25 & 0\.0312 & -- \\\\/);
});

test("LaTeX: long texts and headings are broken into lines, a wide table takes the page", () => {
  const row = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`a heading of column ${i}`, i === 0 ? "word ".repeat(20) : i]),
  );
  const tex = tableTex(resultsTable({ title: "t", rows: [row] }));
  assert.match(tex, /\\begin\{table\*\}[\s\S]*\\end\{table\*\}/);
  assert.match(tex, /\\begin\{tabular\}\{>\{\\raggedright\\arraybackslash\}p\{\d+em\}S/);
  assert.match(tex, /a heading of\\\\\{\}column 1\\end\{tabular\}/);
  assert.match(tableTex(table), /\\begin\{table\}/);
});

test("LaTeX: a row that starts with [ or * is no argument of the line before", () => {
  const rows = ["[1]", "[2pt] a", " * b", "c [3]"].map((a) => ({ a, b: "[4]" }));
  const tex = tableTex(resultsTable({ title: "t", rows, columns: [{ key: "a", title: "[a]" }, "b"] }));
  assert.deepEqual(
    tex
      .split("\n")
      .filter((line) => line.includes("&"))
      .map((line) => line.trim()),
    ["{}[a] & b \\\\", "{}[1] & [4] \\\\", "{}[2pt] a & [4] \\\\", "{} * b & [4] \\\\", "c [3] & [4] \\\\"],
  );
});

test("LaTeX: a backslash and braces in a caption cannot start a command", () => {
  assert.equal(
    escapeTex("\\input{/etc/passwd} 50% #1 ~^"),
    "\\textbackslash{}input\\{/etc/passwd\\} 50\\% \\#1 \\textasciitilde{}\\textasciicircum{}",
  );
});

test("LaTeX: signs, Greek letters, raised figures and accents become formulas", () => {
  assert.equal(
    escapeTex("∂L/∂x̂ ≈ 10⁻⁸ · Σδ 12–\u206013\u00a0%"),
    "$\\partial$L/$\\partial$$\\hat{x}$ $\\approx$ 10$^{-8}$ $\\cdot$ $\\Sigma$$\\delta$ 12--13~\\%",
  );
  assert.equal(escapeTex("Ärger, é, 数"), "Ärger, é, 数");
});

test("figures.tex includes each figure with caption and label", () => {
  const tex = figuresTex([{ name: "error-curves", file: "figures/error-curves.pdf", caption: "Error (%)" }]);
  assert.match(
    tex,
    /\\includegraphics\[width=\\linewidth\]\{figures\/error-curves\.pdf\}\n {2}\\caption\{Error \(\\%\)\}\n {2}\\label\{fig:error-curves\}/,
  );
});
