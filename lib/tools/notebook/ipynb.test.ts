import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Notebook, parseNotebook, readNotebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { assertOwnNotebook, isStamped, stamp } from "./own-notebook.js";
import { injectParameters } from "./parameters.js";
import { writeNotebook } from "./write-ipynb.js";

/** As Jupyter's nbformat 5.10 writes it: sorted keys, one space, lists of lines, base64 and JSON whole. */
const AS_JUPYTER_WRITES = `{
 "cells": [
  {
   "attachments": {
    "a.png": {
     "image/png": "iVBORw0KGgo="
    }
   },
   "cell_type": "markdown",
   "id": "intro",
   "metadata": {},
   "source": [
    "# Title\\n",
    "text"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "one",
   "metadata": {
    "tags": [
     "parameters"
    ]
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "a\\r\\n",
      "b\\u2028",
      "ü\\n"
     ]
    },
    {
     "data": {
      "application/json": {
       "1": "first",
       "10": "second",
       "9": []
      },
      "image/svg+xml": [
       "<svg>\\n",
       "</svg>"
      ],
      "text/plain": [
       "x"
      ]
     },
     "execution_count": 1,
     "metadata": {},
     "output_type": "execute_result"
    },
    {
     "ename": "Error",
     "evalue": "no",
     "output_type": "error",
     "traceback": [
      "Error: no"
     ]
    }
   ],
   "source": []
  }
 ],
 "metadata": {
  "kernelspec": {
   "name": "tslab"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`.replace("\\u2028", "\u2028");

test("a notebook that Jupyter wrote comes out byte by byte the same", () => {
  const notebook = parseNotebook(AS_JUPYTER_WRITES, "a.ipynb");
  assert.equal(stringifyNotebook(notebook), AS_JUPYTER_WRITES);
  const [intro, one] = notebook.cells;
  assert.equal(intro.source, "# Title\ntext");
  assert.equal(one.source, "");
});

test("nbformat 4.0 cells without ids get the same ids in every run", () => {
  const text = JSON.stringify({
    nbformat: 4,
    nbformat_minor: 0,
    metadata: {},
    cells: [
      { cell_type: "markdown", metadata: {}, source: "a" },
      { cell_type: "raw", metadata: {}, source: ["b\n", "c"] },
    ],
  });
  assert.deepEqual(
    parseNotebook(text, "old.ipynb").cells.map(({ id, source }) => [id, source]),
    [
      ["cell-0", "a"],
      ["cell-1", "b\nc"],
    ],
  );
});

for (const [title, text, words] of [
  ["not JSON", "{", /^n\.ipynb: the file is not JSON \(.*\), expected a Jupyter notebook\.$/],
  ["a list", "[]", "n.ipynb: a list, expected an object."],
  ["no version", "{}", "n.ipynb, nbformat: nothing, expected a number."],
  [
    "nbformat 3",
    '{"nbformat":3}',
    "n.ipynb: nbformat 3, expected nbformat 4. jupyter nbconvert --to notebook --nbformat 4 turns it.",
  ],
  ["no cells", wrap("null"), "n.ipynb, cells: null, expected a list."],
  [
    "an unknown kind of cell",
    wrap('[{"cell_type":"heading"}]'),
    'n.ipynb, cells[0].cell_type: "heading", expected one of code, markdown, raw.',
  ],
  [
    "a source of numbers",
    wrap('[{"cell_type":"raw","id":"a","metadata":{},"source":[1]}]'),
    "n.ipynb, cells[0].source[0]: a number, expected a string.",
  ],
  [
    "a bad id",
    wrap('[{"cell_type":"raw","id":"a b","metadata":{},"source":""}]'),
    'n.ipynb, cells[0].id: "a b", expected 1 to 64 letters, digits, - and _.',
  ],
  [
    "outputs of a code cell that are no list",
    wrap('[{"cell_type":"code","id":"a","metadata":{},"source":"","execution_count":null,"outputs":{}}]'),
    "n.ipynb, cells[0].outputs: an object, expected a list.",
  ],
  [
    "the same id twice",
    wrap(
      '[{"cell_type":"raw","id":"a","metadata":{},"source":""},{"cell_type":"raw","id":"a","metadata":{},"source":""}]',
    ),
    'n.ipynb, cell 1: the id "a" is that of cell 0 too, expected a unique id for each cell. ' +
      "Saving the notebook once in JupyterLab gives new ids.",
  ],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(() => parseNotebook(text, "n.ipynb"), { name: "GradbookError", message: words });
  });
}

test("refuses a file that is not there", async () => {
  await assert.rejects(readNotebook("/nowhere/n.ipynb"), {
    message: "/nowhere/n.ipynb: there is no such file. Check the path and its spelling.",
  });
});

test("a result is stamped, known again, and replaced by the next one; another key of its metadata stays", async (t) => {
  const folder = await scratch(t);
  const path = join(folder, "deep/n.ipynb");
  const notebook = parseNotebook(AS_JUPYTER_WRITES, path);
  const withOthers = {
    ...notebook,
    metadata: { ...notebook.metadata, gradbook: { roll: "x", written: "old" } },
  };
  for (const one of [notebook, withOthers, stamp(notebook)]) {
    await writeNotebook(path, one);
    assert.ok(isStamped(await readFile(path, "utf8")));
  }
  assert.deepEqual(await readdir(dirname(path)), ["n.ipynb"]);
  assert.deepEqual(stamp(stamp(notebook)), stamp(notebook));
  assert.match(
    JSON.stringify(stamp(withOthers).metadata.gradbook),
    /^\{"roll":"x","written":"[0-9a-f]{64}"\}$/,
  );
});

const written = stringifyNotebook(stamp(parseNotebook(AS_JUPYTER_WRITES, "n")));
const othersFiles: readonly [title: string, text: string][] = [
  ["no notebook", "my notes"],
  ["nothing at all", ""],
  ["a notebook of somebody's own", AS_JUPYTER_WRITES],
  ["one with another output", written.replace("first", "last")],
  ["one with another end of line", written.replaceAll("\n", "\r\n")],
  ["one that was saved without the stamp", written.replace(/"written": "[0-9a-f]+"/, '"written": ""')],
];

for (const [title, text] of othersFiles) {
  test(`refuses to write a result over ${title}, and keeps it elsewhere`, async (t) => {
    assert.notEqual(text, written);
    const folder = await scratch(t);
    const path = join(folder, "n.ipynb");
    await writeFile(path, text);
    let kept = "";
    await assert.rejects(
      writeNotebook(path, parseNotebook(AS_JUPYTER_WRITES, path)),
      ({ message }: Error) => {
        kept = /The executed notebook is kept as (.+\/n\.ipynb)\.$/.exec(message)?.[1] ?? "";
        return /n\.ipynb: gradbook did not write it, or it has been changed since\. It was not touched\. Move it away, or choose/.test(
          message,
        );
      },
    );
    assert.equal(await readFile(path, "utf8"), text);
    assert.equal(await readFile(kept, "utf8"), AS_JUPYTER_WRITES);
    await rm(dirname(kept), { recursive: true });
    assert.deepEqual(await readdir(folder), ["n.ipynb"]);
  });
}

test("refuses a link, a folder, and a place that cannot be written", async (t) => {
  const folder = await scratch(t);
  const target = join(folder, "target.ipynb");
  await writeFile(target, written);
  await symlink("target.ipynb", join(folder, "link.ipynb"));
  assert.throws(
    () => assertOwnNotebook(join(folder, "link.ipynb"), "--out FILE"),
    /it is a symbolic link\. It was not/,
  );
  assert.throws(() => assertOwnNotebook(folder, "--out FILE"), /: it is not a file\. /);
  assertOwnNotebook(target, "--out FILE");
  assertOwnNotebook(join(folder, "none.ipynb"), "--out FILE");
  assert.throws(() => assertOwnNotebook(join(target, "x.ipynb"), "--out FILE"), /target\.ipynb is a file/);
});

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test("parameters stand after the cell tagged parameters, and a second injection replaces the first", () => {
  const notebook = parseNotebook(AS_JUPYTER_WRITES, "n.ipynb");
  const once = injectParameters(notebook, { epochs: 3, "config.data": "mine", "config.deep.lr": 0.1 });
  const twice = injectParameters(once, { epochs: 4 });
  assert.deepEqual(
    once.cells.map(({ id }) => id),
    ["intro", "one", "injected-parameters"],
  );
  assert.equal(
    once.cells[2].source,
    '// Parameters of this run\nlet epochs = 3;\nObject.assign(config, {"data":"mine"});\nObject.assign(config.deep, {"lr":0.1});',
  );
  assert.equal(twice.cells.length, 3);
  assert.equal(twice.cells[2].source, "// Parameters of this run\nlet epochs = 4;");
  assert.equal(notebook.cells.length, 2);
});

test("parameters stand at the top when no cell is tagged, and none change nothing", () => {
  const notebook: Notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] };
  assert.equal(
    injectParameters(notebook, { a: [1, "b"] }).cells[0].source.split("\n")[1],
    'let a = [1,"b"];',
  );
  assert.equal(injectParameters(notebook, {}), notebook);
});

test("refuses a parameter that is no name", () => {
  const notebook: Notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] };
  assert.throws(() => injectParameters(notebook, { "a b": 1 }), {
    message:
      'parameter "a b": it is not the name of a variable or of an object\'s field, expected a name like epochs or config.epochs.',
  });
});

function wrap(cells: string): string {
  return `{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":${cells}}`;
}
