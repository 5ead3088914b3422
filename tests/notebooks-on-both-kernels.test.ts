import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Json, type MimeBundle, metricsMime } from "@gradbook/base";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import type { Notebook, Output } from "#kernel/jupyter/nbformat.js";
import { findKernel } from "#tools/notebook/kernels.js";
import { runNotebook } from "#tools/notebook/run.js";
import { root } from "./support/kernel.js";

// Nobody is locked in: the notebooks, which run on our kernel, show the same on the npm package tslab.

/** So few samples and epochs that what differs between the kernels is most of the work. */
const small: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  hw4: {
    "config.epochs": 2,
    "config.epochCounts": [1, 2],
    "config.trainPerClass": 20,
    "config.batches": [10, 100],
    "config.tsneIterations": 150,
  },
  tsinghua: {
    "config.perClass": 20,
    "config.epochs": { exp1: 2, exp2: 2, mlp: 2 },
    "config.evaluateEvery": 1,
  },
};

function outputsOf(notebook: Notebook): readonly (readonly Output[])[] {
  return notebook.cells.map((cell) => (cell.cell_type === "code" ? cell.outputs : []));
}

/** What was displayed, without streams: they tell how long something took. */
function displaysOf(notebook: Notebook): readonly MimeBundle[] {
  return outputsOf(notebook)
    .flat()
    .flatMap((output) => (output.output_type === "display_data" ? [output.data] : []));
}

for (const [name, parameters] of Object.entries(small)) {
  test(`${name} shows the same on our kernel and on stock tslab`, { timeout: 300_000 }, async () => {
    const path = join(root, "notebooks", `${name}.ipynb`);
    const run = (kernel: string) =>
      runNotebook(path, { kernel, parameters, env: { GRADBOOK_SCALE: "quick" } });
    const ours = (await run("gradbook")).notebook;
    const stock = (await run("stock-tslab")).notebook;
    // Stock tslab prints a cell's value where our kernel sends a result: as many outputs, then, not the same ones.
    const counts = (notebook: Notebook) => outputsOf(notebook).map(({ length }) => length);
    assert.deepEqual(counts(ours), counts(stock));
    const displays = displaysOf(ours);
    assert.deepEqual(displays, displaysOf(stock));
    const metrics = displays.find((data) => metricsMime in data)?.[metricsMime];
    assert.match(JSON.stringify(metrics), /"digest":"[0-9a-f]{12}/);
  });
}

test("notebooks run as they do in Jupyter: with the command that gradbook kernel install writes", () => {
  for (const name of ["tslab", "jslab"]) assert.deepEqual(findKernel(name, root).argv, kernelSpec(name).argv);
});
