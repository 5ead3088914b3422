import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { MimeBundle } from "@gradbook/base";
import { type Cell, type Notebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { stamp } from "../notebook/own-notebook.js";
import { absolutePaths, datasetImages } from "./findings.js";
import { parseRoll } from "./roll.js";
import { submit } from "./submit.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-submit-"));
after(() => rmSync(root, { recursive: true, force: true }));

const code = (source: string, data: Record<string, unknown> = {}): Cell => ({
  cell_type: "code",
  id: "c1",
  metadata: {},
  source,
  execution_count: 1,
  outputs: [{ output_type: "display_data", data: JSON.parse(JSON.stringify(data)), metadata: {} }],
});
const notebook = (...cells: Cell[]): Notebook => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: "tslab", display_name: "TypeScript" } },
  cells,
});

for (const [roll, name] of [
  ["CS21B001", "cs21b001"],
  ["2018000001", "2018000001"],
  ["CS-21-B-001", "cs-21-b-001"],
  ["b4c", "b4c"],
])
  test(`the roll number ${roll} becomes ${name}`, () => assert.equal(parseRoll(roll), name));
for (const roll of [
  "",
  "CS",
  "12",
  "abcdef",
  "-CS21",
  "CS21-",
  "CS--21",
  "ＣＳ２１",
  "../CS21B001",
  "CS21B001;rm",
  "CS 21 B 001",
  "CS21B001CS21B001CS21B001X",
]) {
  test(`refuses the roll number ${JSON.stringify(roll)}`, () => {
    assert.throws(() => parseRoll(roll), {
      message: /^roll number: .* expected 3 to 24 letters, digits and hyphens/,
    });
  });
}

for (const path of [
  "/home/me/mnist",
  "/Users/me/x.ts",
  "/tmp/x/y",
  "C:\\\\Users\\\\me\\\\x",
  "C:\\Users\\me",
]) {
  test(`finds the absolute path ${path} in a source and in an output`, () => {
    assert.equal(absolutePaths(notebook(code(`load("${path}")`)), "/nowhere")[0].cell, 1);
    const [finding] = absolutePaths(notebook(code("x", { "text/plain": `from ${path}` })), "/nowhere");
    assert.match(finding.got, /in its output$/);
  });
}
for (const text of [
  "https://example.org/home/me/",
  "a/home/b",
  "1/tmp/2",
  "./tmp/x",
  "~/data",
  "x = a / b; // var/log",
  "\\alpha",
  "ratio A: \\frac",
]) {
  test(`takes ${text} for no absolute path`, () => {
    assert.deepEqual(absolutePaths(notebook(code(text)), "/nowhere"), []);
  });
}
test("finds the author's home folder wherever it is", () => {
  assert.equal(absolutePaths(notebook(code("/srv2/me/file")), "/srv2/me").length, 1);
});

const images = (count: number) => ({
  "application/vnd.plotly.v1+json": { data: [], layout: { images: new Array(count).fill({ source: "" }) } },
});
test("250 images of the data set may stand in figures, one more is a finding at its cell", () => {
  assert.deepEqual(datasetImages(notebook(code("a", images(250)))), []);
  assert.equal(datasetImages(notebook(code("a", images(250)), code("b", images(1))))[0].cell, 2);
});

const png = { "image/png": "AAAA" };
/** Outputs and how many pictures of the data set they hold. */
const shown: readonly (readonly [string, MimeBundle, number])[] = [
  ["a picture", png, 1],
  ["a figure with its picture", { ...images(3), ...png }, 3],
  [
    "a figure as text",
    { "application/vnd.plotly.v1+json": JSON.stringify({ data: [{ type: "image" }, {}] }) },
    1,
  ],
  [
    "frames",
    {
      "application/vnd.plotly.v1+json": {
        data: [],
        frames: [{ data: [{ type: "image" }] }, { data: [{ type: "image" }] }],
      },
    },
    2,
  ],
  ["a gallery in HTML", { "text/html": '<img src="a"><IMG src="b"><p>', "text/plain": "" }, 2],
  ["a gallery in SVG", { "image/svg+xml": "<svg><image/><image/><image/></svg>", ...png }, 3],
  ["a broken figure", { "application/vnd.plotly.v1+json": "{" }, 0],
  ["words", { "text/plain": "img" }, 0],
];
for (const [title, bundle, count] of shown) {
  test(`${title}: ${count} of the 250 images`, () => {
    assert.equal(datasetImages(notebook(code("a", images(250 - count)), code("b", bundle))).length, 0);
    assert.equal(datasetImages(notebook(code("a", images(251 - count)), code("b", bundle))).length, 1);
  });
}

test("a path in an SVG is found, slashes in base64 are none", () => {
  const svg = { "image/svg+xml": "<svg><text>/home/me/data</text></svg>" };
  assert.equal(absolutePaths(notebook(code("1", svg)), "/nowhere").length, 1);
  const packed = `${"A".repeat(200)}+/home/me/${"B".repeat(200)}`;
  const figure = { "application/vnd.plotly.v1+json": { data: [{ y: { bdata: packed, dtype: "f4" } }] } };
  assert.deepEqual(absolutePaths(notebook(code("1", figure)), "/nowhere"), []);
});

const write = (name: string, ...cells: Cell[]) => {
  const path = join(root, name);
  writeFileSync(path, stringifyNotebook(notebook(...cells)));
  return path;
};
const base = { roll: "CS21B001", scale: "quick" } as const;

test("an existing file is not overwritten, and nothing runs", async () => {
  const path = write("hw4.ipynb", code("1"));
  const file = join(root, "cs21b001-hw4.ipynb");
  writeFileSync(file, "mine");
  await assert.rejects(submit({ ...base, notebook: path, out: root }), /already exists\. .*--force/);
  assert.equal(readFileSync(file, "utf8"), "mine");
  rmSync(file);
});

const others: readonly [title: string, put: (file: string) => void, words: RegExp][] = [
  [
    "somebody's own file",
    (file) => writeFileSync(file, "mine"),
    /gradbook did not write it, or it has been changed since\. It was not touched/,
  ],
  [
    "a submission that was changed",
    (file) => writeFileSync(file, submission.replace('"1"', '"2"')),
    /changed since/,
  ],
  ["a link", (file) => symlinkSync("elsewhere", file), /it is a symbolic link|leads nowhere/],
  ["a folder", (file) => mkdirSync(file), /it is a folder/],
];
const submission = stringifyNotebook(stamp(notebook(code("1"))));

for (const [title, put, words] of others) {
  test(`--force does not overwrite ${title}, and nothing runs`, async () => {
    const path = write("hw8.ipynb", code("1"));
    const file = join(root, "cs21b001-hw8.ipynb");
    put(file);
    const before = lstatSync(file);
    await assert.rejects(submit({ ...base, notebook: path, out: root, force: true }), words);
    assert.deepEqual([lstatSync(file).ino, lstatSync(file).size], [before.ino, before.size]);
    rmSync(file, { recursive: true });
  });
}

test("a folder that is a file is refused before the run", async () => {
  const path = write("hw5.ipynb", code("1"));
  await assert.rejects(
    submit({ ...base, notebook: path, out: join(path, "inner") }),
    /nothing can be written there \(.*hw5\.ipynb is a file\)/,
  );
});

test("an absolute path in a source is refused before the run", async () => {
  const path = write("hw6.ipynb", code('load("/home/me/mnist")'));
  await assert.rejects(
    submit({ ...base, notebook: path, out: root }),
    /hw6\.ipynb, cell 1: the absolute path \/home\/me\/mnist/,
  );
  assert.equal(existsSync(join(root, "cs21b001-hw6.ipynb")), false);
});
