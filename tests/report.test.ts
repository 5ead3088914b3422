import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Catalogue, readCatalogue, replaceCatalogue } from "@gradbook/core/internal";
import type { Cell } from "#kernel/jupyter/nbformat.js";
import { submit } from "#tools/homework/submit.js";
import { writeNotebook } from "#tools/notebook/write-ipynb.js";
import { makeReport } from "#tools/report/report.js";
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
  assert.deepEqual(await makeReport(small), { done: "run", why: ["there is no report yet"] });
  const first = filesOf(small.folder);
  assert.ok(first.has("/index.html") && first.has("/small.pdf") && first.has("/figures/small.svg"));
  assert.match(first.get("/tables/table.csv") ?? "", /small,quick/);
  assert.deepEqual(await makeReport(small), { done: "nothing", why: [] });
  assert.deepEqual(await makeReport(small, { force: true }), { done: "run", why: ["forced"] });
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

/** A notebook that leaves a trace where it ran. */
const traced = (name: string) => `require("node:fs").appendFileSync("${name}.ran", "x");\n${good(name)}`;
const runs = (name: string) => {
  const trace = join(folder.path, `${name}.ran`);
  return existsSync(trace) ? readFileSync(trace, "utf8").length : 0;
};

test("a report of full scale is replaced by a quick one only when that is wanted", {
  timeout: 120_000,
}, async () => {
  const one = await place("scales", traced("scales"));
  await makeReport(one, { scale: "full" });
  const before = filesOf(one.folder);
  for (const force of [false, true]) {
    await assert.rejects(
      makeReport(one, { scale: "quick", force }),
      /scales: it holds the report of full scale, and this run is quick\. --scale full rebuilds that one, --replace-full/,
    );
  }
  assert.deepEqual(filesOf(one.folder), before);
  assert.equal(runs("scales"), 1, "refused before the run");
  await makeReport(one, { scale: "quick", replaceFull: true });
  assert.match(filesOf(one.folder).get("/tables/table.csv") ?? "", /scales,quick/);
  await makeReport(one, { scale: "full" });
});

test("what git does not keep comes back without a run; a file of the notebook's own asks for one by its code", {
  timeout: 120_000,
}, async () => {
  const util = join(folder.path, "util.ts");
  writeFileSync(util, "export const half = (x: number) => x / 2;");
  const one = await place("own-file", `${traced("own-file")}\nimport { half } from "./util.ts";\nhalf(3)`);
  assert.equal((await makeReport(one)).done, "run");
  const before = filesOf(one.folder);
  for (const path of ["figures", "tables", "figures.tex"])
    rmSync(join(one.folder, path), { recursive: true });
  writeFileSync(util, "// halves\nexport const half = (x: number) => x / 2;");
  assert.deepEqual(await makeReport(one), { done: "rendered", why: ["8 files are not derived yet"] });
  assert.deepEqual(filesOf(one.folder), before);
  assert.equal(runs("own-file"), 1);
  writeFileSync(util, "export const half = (x: number) => x / 2 + 0;");
  assert.deepEqual(await makeReport(one), {
    done: "run",
    why: ["a file that the notebook uses has changed"],
  });
  assert.equal(runs("own-file"), 2);
});

test("a report on the stand-in never replaces one without, whatever is allowed", {
  timeout: 120_000,
}, async (t) => {
  const one = await place("stand-ins", traced("stand-ins"));
  await makeReport(one, { scale: "quick" });
  const before = filesOf(one.folder);
  const folders = { mnist: replaceCatalogue(withoutMnist()) };
  t.after(() => replaceCatalogue(folders.mnist));
  const wanted = { scale: "quick", standIn: true, replaceFull: true, force: true } as const;
  await assert.rejects(
    makeReport(one, wanted),
    /stand-ins: it holds a report that was made without the stand-in\. gradbook data/,
  );
  assert.deepEqual(filesOf(one.folder), before);
  assert.equal(runs("stand-ins"), 1, "refused before the run");
  const apart = { ...one, folder: join(folder.path, "reports/stand-in/stand-ins"), provisional: true };
  await makeReport(apart, wanted);
  assert.equal(JSON.parse(filesOf(apart.folder).get("/manifest.json") ?? "").inputs.standIn, true);
  assert.equal(readFileSync(join(apart.folder, "../.gitignore"), "utf8"), "*\n");
  await makeReport(apart, wanted);
});

/** A catalogue whose MNIST is nowhere on this computer. */
function withoutMnist(): Catalogue {
  const { mnist, cifar10 } = readCatalogue();
  return {
    cifar10,
    mnist: { ...mnist, files: mnist.files.map((file) => ({ ...file, name: `none-${file.name}` })) },
  };
}

test("what somebody has put into a report's folder is refused before the run, --force or not", {
  timeout: 120_000,
}, async () => {
  const one = await place("notes", traced("notes"));
  await makeReport(one);
  writeFileSync(join(one.folder, "NOTES.md"), "mine");
  assert.deepEqual(
    await makeReport(one),
    { done: "nothing", why: [] },
    "an up-to-date report is left alone, and so are the notes",
  );
  await assert.rejects(
    makeReport(one, { force: true }),
    /notes: NOTES\.md is not of the report\. Nothing was touched/,
  );
  await place("notes", `${traced("notes")}\n1;`);
  await assert.rejects(makeReport(one), /NOTES\.md is not of the report/);
  assert.equal(readFileSync(join(one.folder, "NOTES.md"), "utf8"), "mine");
  assert.equal(runs("notes"), 1);
});

test("a file that appears during the run keeps its place, and so do the results of the run", {
  timeout: 120_000,
}, async () => {
  const write = `require("node:fs").mkdirSync("reports/race/mine", { recursive: true });
require("node:fs").writeFileSync("reports/race/mine/data.csv", "1,2");`;
  const one = await place("race", `${good("race")}\n${write}`);
  await assert.rejects(makeReport(one), (error: Error) => {
    assert.match(
      error.message,
      /race: it is not a report of gradbook .*mine\/data\.csv.* The new report is kept as .*race\.new\./,
    );
    const kept = /notebook is kept as (.*race\.ipynb)\.$/.exec(error.message)?.[1] ?? "";
    rmSync(dirname(kept), { recursive: true });
    return true;
  });
  assert.equal(readFileSync(join(one.folder, "mine/data.csv"), "utf8"), "1,2");
  assert.ok(existsSync(join(`${one.folder}.new`, "index.html")));
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
