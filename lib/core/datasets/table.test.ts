import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Dataset } from "./dataset.js";
import { fitTable, readTable } from "./table.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(text: string): string {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, text);
  return path;
}
const table = (text: string) => readTable(file(text));
const row = (set: Dataset, i: number): number[] => {
  const out = new Float64Array(set.shape[0]);
  set.read(i, out, 0);
  return Array.from(out);
};

for (const [title, text] of [
  ["commas", "a,b\n1,x\n2,y\n"],
  ["tabs", "a\tb\n1\tx\n2\ty"],
  ["semicolons, Windows' ends of lines, a byte order mark", "\uFEFFa;b\r\n1;x\r\n2;y\r\n"],
  ["blanks around the values, empty lines", "a , b\n 1, x\n\n2 ,y \n\n"],
  ["quotation marks", '"a","b"\n"1","x"\n2,"y"\n'],
] as const)
  test(`a table with ${title}`, () => {
    const read = table(text);
    assert.deepEqual(read.columns, ["a", "b"]);
    assert.deepEqual(read.column("a"), [1, 2]);
    assert.deepEqual(read.column("b"), ["x", "y"]);
  });

test("commas and line ends within quotation marks, other scripts of letters", () => {
  const read = table('名前,text\n"東京, 大阪","two\nlines"\n');
  assert.deepEqual([read.column("名前"), read.column("text")], [["東京, 大阪"], ["two\nlines"]]);
});

test("missing values: nothing, NA, ?; a column stays one of numbers", () => {
  const read = table("a,b\n1,\nNA,x\n?,y\n-2.5e3,NaN\n");
  assert.deepEqual(read.column("a"), [1, undefined, undefined, -2500]);
  assert.deepEqual(read.column("b"), [undefined, "x", "y", undefined]);
});

test("standardised and one-hot by the training rows alone; an unknown text is 0 in all", () => {
  const all = table("x,town,y\n1,A,10\n3,B,20\n5,C,30\n");
  const fitted = fitTable(all.rows([0, 1]), { target: "y" });
  assert.deepEqual(fitted.inputs, ["x", "town = A", "town = B"]);
  const set = fitted.dataset(all);
  assert.deepEqual(
    [row(set, 0), row(set, 1), row(set, 2)],
    [
      [-1, 1, 0],
      [1, 0, 1],
      [3, 0, 0],
    ],
  );
  const target = new Float64Array(1);
  set.targets?.read(2, target, 0);
  assert.equal(target[0], 30);
  assert.equal(set.classes, 0);
});

test("texts as the target are classes, in the order of their letters; numbers can be", () => {
  const all = table("x,k\n1,b\n2,a\n4,b\n");
  const set = fitTable(all, { target: "k" }).dataset(all, "letters");
  assert.deepEqual([set.name, set.classNames, Array.from(set.labels)], ["letters", ["a", "b"], [1, 0, 1]]);
  const numbers = table("x,k\n1,10\n2,9\n4,10\n");
  const fitted = fitTable(numbers, { target: "k", classes: true });
  assert.deepEqual(
    [fitted.classNames, Array.from(fitted.dataset(numbers).labels)],
    [
      ["9", "10"],
      [1, 0, 1],
    ],
  );
});

test("a missing number is the mean where that is asked for; a column that never changes is 0", () => {
  const all = table("x,c,y\n1,7,0\n,7,0\n3,7,0\n");
  const set = fitTable(all, { target: "y", missing: "mean" }).dataset(all);
  assert.deepEqual(
    [row(set, 0), row(set, 1), row(set, 2)],
    [
      [-1, 0],
      [0, 0],
      [1, 0],
    ],
  );
});

for (const [run, message] of [
  [() => table("a,b\n1,2,3\n"), /row 1 has 3 values, expected 2, as the header has/],
  [() => table("a\n1,2\n"), /row 1 has 2 values, expected 1.*delimiter/],
  [() => table("a,a\n1,2\n"), /two columns called "a"/],
  [() => table("a,b\n"), /no row below the header/],
  [() => table(""), /no row below the header/],
  [() => table('a,b\n"1,2\n3,4\n'), /a quotation mark that is not closed/],
  [() => readTable(join(folder, "none.csv")), /none\.csv/],
  [() => table("a\n1\n").column("b"), /no column "b", expected one of a/],
  [() => table("a\n1\n").rows([1]), /row 1, expected 0 … 0/],
  [() => fitTable(table("a,y\n1,2\n"), { target: "z" }), /no column "z", expected one of a, y/],
  [() => fitTable(table("a,y\n1,2\n"), { target: "y", ignore: ["a"] }), /no column is left for the inputs/],
  [
    () => fitTable(table("a,y\n,2\n"), { target: "y" }),
    /no value in the column a.* ignore: \["a"\] leaves it out/,
  ],
  [
    () => {
      const t = table("a,y\n1,2\n,3\n");
      fitTable(t, { target: "y" }).dataset(t);
    },
    /no value in column a of row 2, expected a value\. missing: "mean"/,
  ],
  [
    () => {
      const t = table("a,y\n1,2\n2,\n");
      fitTable(t, { target: "y" }).dataset(t);
    },
    /no value in column y of row 2.* Leave these rows out/,
  ],
  [
    () => fitTable(table("a,y\n1,p\n"), { target: "y" }).dataset(table("a,y\n1,q\n")),
    /"q" in column y of row 1, expected one of p/,
  ],
  [
    () => fitTable(table("a,y\n1,2\n"), { target: "y" }).dataset(table("a,y\nx,2\n")),
    /"x" in column a of row 1, expected a number, as in the training rows/,
  ],
] as const)
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
