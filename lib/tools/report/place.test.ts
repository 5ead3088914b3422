import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { locateNotebook, locateReport, notebookNames } from "./place.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-place-")));
const home = process.cwd();
before(() => {
  for (const path of [
    "p/notebooks/hw4",
    "p/notebooks/quick",
    "p/notebooks/.hidden",
    "p/alone",
    "p/sub/mein Heft ü",
    "q/x",
  ]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, `${path}.ipynb`), "");
  }
});
after(() => {
  process.chdir(home);
  rmSync(root, { recursive: true });
});

const full = { scale: "full", standIn: false } as const;
const quick = { scale: "quick", standIn: false } as const;
const standIn = { scale: "full", standIn: true } as const;

const places = [
  ["p", "hw4", full, undefined, "p/reports/hw4", false],
  ["p/notebooks", "hw4", full, undefined, "p/reports/hw4", false],
  ["p", "hw4", quick, undefined, "p/reports/quick/hw4", true],
  ["p", "hw4", standIn, undefined, "p/reports/stand-in/hw4", true],
  ["p", "hw4", { scale: "quick", standIn: true }, undefined, "p/reports/stand-in/hw4", true],
  ["p", "notebooks/hw4.ipynb", quick, undefined, "p/reports/quick/hw4", true],
  ["p", "hw4", quick, "elsewhere", "p/elsewhere/hw4", false],
  ["p", "hw4", quick, ".", "p/hw4", false],
  ["p", "alone.ipynb", full, undefined, "p/reports/alone", false],
  ["p", "sub/mein Heft ü.ipynb", quick, undefined, "p/sub/reports/quick/mein Heft ü", true],
  ["p/sub", "mein Heft ü.ipynb", full, undefined, "p/sub/reports/mein Heft ü", false],
  ["p", "../q/x.ipynb", full, undefined, "q/reports/x", false],
  ["p", "quick", quick, undefined, "p/reports/quick/quick", true],
  ["p", "quick", full, "out", "p/out/quick", false],
] as const;

for (const [from, wanted, kind, out, folder, provisional] of places) {
  const called = `${wanted}${out === undefined ? "" : ` --out ${out}`}`;
  test(`in ${from}: ${called}, ${kind.scale}${kind.standIn ? " on the stand-in" : ""} → ${folder}`, () => {
    process.chdir(join(root, from));
    const place = locateReport(wanted, kind, out);
    assert.equal(relative(root, place.folder), join(folder));
    assert.equal(place.provisional, provisional);
  });
}

test("the project's notebooks, without hidden ones", () => {
  process.chdir(join(root, "p/notebooks"));
  assert.deepEqual(notebookNames(), ["hw4", "quick"]);
});

const refused: readonly [from: string, wanted: string, words: RegExp][] = [
  ["p", "hw5", /^GradbookError: hw5: there is no notebooks\/hw5\.ipynb, expected one of hw4, quick\.$/],
  [
    "p",
    "alone",
    /expected one of hw4, quick\. alone\.ipynb names the notebook in this folder by its path\.$/,
  ],
  ["p", "none.ipynb", /^GradbookError: none\.ipynb: there is no such file\.$/],
  ["p", "", /^GradbookError: "": there is no/],
  ["p", "..", /^GradbookError: \.\.: there is no notebooks\/\.\.\.ipynb/],
  [
    "q",
    "x",
    /: no folder notebooks in it\. Name the notebook by its path, or call gradbook in the project's folder\.$/,
  ],
];

for (const [from, wanted, words] of refused) {
  test(`refuses ${JSON.stringify(wanted)} in ${from}`, () => {
    process.chdir(join(root, from));
    assert.throws(() => locateNotebook(wanted), words);
  });
}

test("refuses a notebook whose kept report would take the folder of all quick ones", () => {
  process.chdir(join(root, "p"));
  assert.throws(() => locateReport("quick", full), {
    message:
      "quick.ipynb: reports/quick is the folder of all quick reports, expected another name. Rename the notebook, or choose another folder with --out DIR.",
  });
});
