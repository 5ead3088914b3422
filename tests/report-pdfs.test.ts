import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readNotebook } from "@gradbook/kernel/internal";
import { buildReport } from "#tools/report/build.js";
import { reportInputs } from "#tools/report/inputs.js";
import { faults, readPdf } from "#tools/report/pdf/read-pdf.test.helper.js";

const reports = fileURLToPath(new URL("../../reports", import.meta.url));
const names = readdirSync(reports).filter((name) => existsSync(join(reports, name, `${name}.ipynb`)));

for (const name of names)
  test(`${name}.pdf: each letter has a shape, no text lies on another, nothing is outside the page`, async () => {
    const notebook = await readNotebook(join(reports, name, `${name}.ipynb`));
    const inputs = await reportInputs(notebook, "full", undefined);
    const pdf = (await buildReport(notebook, { notebook: `${name}.ipynb`, inputs })).get(`${name}.pdf`);
    assert.ok(pdf instanceof Uint8Array);
    assert.deepEqual(faults(await readPdf(pdf)), []);
  });
