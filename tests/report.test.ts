import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { submit } from "#lib/homework/submit.js";
import type { Cell } from "#lib/notebook/nbformat.js";
import { writeNotebook } from "#lib/notebook/write-ipynb.js";
import { makeReport } from "#lib/report/report.js";
import { workFolder } from "./support/jupyterlab.js";

// Notebooks through a real kernel into reports and submissions.

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: Awaited<ReturnType<typeof workFolder>>;
before(async () => {
  folder = await workFolder(root);
});
after(() => folder?.remove());

const good = (name: string) => `import { confusionFigure, metrics, show, table } from "gradbook";
await show(confusionFigure({ title: "${name}", matrix: [[9, 1], [2, 8]] }));
table([{ name: "${name}", scale: process.env.GRADBOOK_SCALE ?? "none" }]);
metrics({ notebook: "${name}" });`;

async function place(name: string, ...sources: string[]) {
  const cells = sources.map(
    (source, i): Cell => ({
      cell_type: "code",
      id: `c${i}`,
      metadata: {},
      source,
      execution_count: null,
      outputs: [],
    }),
  );
  const notebook = join(folder.path, `${name}.ipynb`);
  const kernelspec = { name: "tslab", display_name: "TypeScript", language: "typescript" };
  await writeNotebook(notebook, { nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells });
  return { name, notebook, folder: join(folder.path, "reports", name) };
}

/** Every file of a folder with its content. */
function filesOf(path: string): Map<string, string> {
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map((entry) => [
      join(entry.parentPath ?? entry.path, entry.name).slice(path.length),
      readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1"),
    ]),
  );
}

test("a report is made once, left alone when nothing has changed, and made again byte by byte", {
  timeout: 120_000,
}, async () => {
  const small = await place("small", good("small"));
  assert.deepEqual(await makeReport(small), ["there is no report yet"]);
  const first = filesOf(small.folder);
  assert.ok(first.has("/index.html") && first.has("/small.pdf") && first.has("/figures/small.svg"));
  assert.match(first.get("/tables/table.csv") ?? "", /small,quick/);
  assert.deepEqual(await makeReport(small), []);
  assert.deepEqual(await makeReport(small, { force: true }), ["forced"]);
  for (const [file, content] of filesOf(small.folder)) assert.ok(first.get(file) === content, file);
});

test("a cell that fails leaves the old report whole", { timeout: 120_000 }, async () => {
  const broken = await place("broken", good("broken"));
  await makeReport(broken);
  const before = filesOf(broken.folder);
  await place("broken", good("broken"), 'throw new Error("no data")');
  await assert.rejects(makeReport(broken), /no data/);
  assert.deepEqual(filesOf(broken.folder), before);
});

test("two reports at once don't mix", { timeout: 120_000 }, async () => {
  const places = await Promise.all(["one", "two"].map((name) => place(name, good(name))));
  await Promise.all(places.map((each) => makeReport(each)));
  for (const { name, folder: report } of places) {
    assert.deepEqual(JSON.parse(readFileSync(join(report, "metrics.json"), "utf8")), { notebook: name });
    assert.match(
      readFileSync(join(report, "figures", `${name}.svg`), "utf8"),
      new RegExp(`<title>${name}</title>`),
    );
  }
});

test("a submission holds the outputs and says its size, digest and time", { timeout: 120_000 }, async () => {
  const { notebook } = await place("hw9", good("hw9"));
  const out = join(folder.path, "hand-in");
  const done = await submit({ notebook, roll: "CS21B001", out, scale: "quick" });
  assert.equal(done.file, join(out, "cs21b001-hw9.ipynb"));
  const text = readFileSync(done.file, "utf8");
  assert.equal(Buffer.byteLength(text), done.bytes);
  assert.match(text, /"image\/png"/);
  assert.match(done.digest, /^[0-9a-f]{64}$/);
  assert.ok(done.seconds > 0);
});

test("a notebook with a cell that fails is not handed in", { timeout: 120_000 }, async () => {
  const { notebook } = await place("hw10", 'throw new Error("not finished")');
  const out = join(folder.path, "hand-in");
  await assert.rejects(submit({ notebook, roll: "CS21B001", out, scale: "quick" }), /not finished/);
  assert.equal(existsSync(join(out, "cs21b001-hw10.ipynb")), false);
});
