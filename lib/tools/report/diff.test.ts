import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { resultsTable } from "@gradbook/core";
import { figureFrom } from "@gradbook/core/internal";
import type { Notebook } from "@gradbook/kernel/internal";
import { buildReport } from "./build.js";
import { diffReports } from "./diff.js";
import { code, figureOutput, tableOutput } from "./fixture.test.helper.js";
import { writeFolder } from "./folder.js";
import { reportInputs } from "./inputs.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-diff-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly rate: number;
  readonly error: number;
  readonly extra?: boolean;
}

/** Writes the report of a run and gives its folder. */
async function report(name: string, { rate, error, extra = false }: Run): Promise<string> {
  const table = resultsTable({
    name: "errors",
    title: "Errors",
    rows: [{ rate, error }],
    columns: ["rate", "error"],
  });
  const metrics = { runs: [{ error, digest: `d${error}` }], ...(extra ? { more: true } : {}) };
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      code(`const rate = ${rate};\nconst seed = 1;`, [], ["parameters"]),
      code("show();", [
        figureOutput(figureFrom({ data: [{ y: [1, error] }] }, "curve")),
        tableOutput(table),
        { "application/vnd.gradbook.metrics+json": metrics },
      ]),
    ],
  };
  const inputs = await reportInputs(notebook, "quick", undefined);
  await writeFolder(join(folder, name), await buildReport(notebook, { notebook: "x.ipynb", inputs }));
  return join(folder, name);
}

test("two reports that say the same do not differ", async () => {
  const nothing = { settings: [], numbers: [], tables: [], figures: [] };
  const [a, b] = [await report("a", { rate: 0.1, error: 3 }), await report("b", { rate: 0.1, error: 3 })];
  assert.deepEqual(await diffReports(a, b), nothing);
});

test("settings, numbers, tables and figures that differ are named with both values", async () => {
  const [a, b] = [
    await report("a", { rate: 0.1, error: 3 }),
    await report("c", { rate: 0.2, error: 2.5, extra: true }),
  ];
  assert.deepEqual(await diffReports(a, b), {
    settings: ["config: − const rate = 0.1;", "config: + const rate = 0.2;"],
    numbers: ["runs[0].digest: d3 → d2.5", "runs[0].error: 3 → 2.5 (−0.5)", "more: only in the second"],
    tables: ["errors: row 1, rate: 0.1 → 0.2", "errors: row 1, error: 3 → 2.5"],
    figures: ["figure: differs"],
  });
});

test("a folder that is no report is named", async () => {
  await assert.rejects(
    diffReports(folder, folder),
    /it is not a report of gradbook \(no manifest\.json that lists/,
  );
});
