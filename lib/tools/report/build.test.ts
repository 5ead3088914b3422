import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256, walk } from "@gradbook/base";
import { parseNotebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { buildReport } from "./build.js";
import { checkReport, differences } from "./check.js";
import { executedNotebook, prose } from "./fixture.test.helper.js";
import { writeFolder } from "./folder.js";
import { reportInputs } from "./inputs.js";
import { keptNotebook } from "./kept-notebook.js";
import { type Manifest, manifestText } from "./manifest.js";
import { assertOwnFolder } from "./ownership.js";
import { makeReport } from "./report.js";
import { staleness } from "./staleness.js";

const root = mkdtempSync(join(tmpdir(), "gradbook-report-"));
after(() => rmSync(root, { recursive: true, force: true }));

const notebook = executedNotebook();
const inputs = await reportInputs(notebook, "quick", undefined);
const options = { notebook: "small.ipynb", inputs };
const built = buildReport(notebook, options);
const text = (content: string | Uint8Array | undefined) => Buffer.from(content ?? "").toString("utf8");

test("a report has its page, PDF, notebook, figures in four forms, tables in three, LaTeX and metrics", async () => {
  assert.deepEqual(
    [...(await built).keys()].filter((file) => !file.startsWith("figures/")),
    [
      "tables/accuracy.csv",
      "tables/accuracy.tex",
      "tables/accuracy.md",
      "preview.png",
      "small.ipynb",
      "metrics.json",
      "figures.tex",
      "small.pdf",
      "index.html",
      "manifest.json",
    ],
  );
  const figures = [...(await built).keys()].filter((file) => file.startsWith("figures/"));
  assert.equal(figures.length, 3 * 4);
});

test("built again from the written notebook every byte is the same", async () => {
  const again = await buildReport(parseNotebook(stringifyNotebook(notebook), "small"), options);
  for (const [file, content] of await built)
    assert.ok(Buffer.from(content).equals(Buffer.from(again.get(file) ?? "")), file);
});

test("the page asks for nothing from outside and holds plotly.js once", async () => {
  const page = text((await built).get("index.html"));
  assert.equal(page.split('id="plotly-source"').length, 2);
  const markup = page.slice(0, page.indexOf('<script type="application/json"'));
  assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(markup));
  assert.ok(!markup.includes("<script"));
  const navigation = markup.slice(markup.indexOf("<nav"), markup.indexOf("</nav>"));
  assert.match(navigation, /<nav aria-label="Contents">.*Curves.*Inside.*Conclusions/);
  assert.ok(markup.includes("quick scale"));
});

test("provenance is in the page, the figures and their PDF, but nothing of when and where", async () => {
  const files = await built;
  assert.ok(text(files.get("index.html")).includes("<dt>runs</dt><dd>abc</dd>"));
  assert.match(text(files.get("figures/first-convolution-after-relu.svg")), /small\.ipynb.*abc/);
  for (const [file, content] of files) {
    if (file.endsWith(".ipynb")) continue;
    assert.ok(!text(content).includes(process.cwd()), file);
  }
});

test("metrics.json keeps the schema's order", async () => {
  assert.equal(
    text((await built).get("metrics.json")),
    '{\n  "notebook": "small",\n  "runs": [\n    {\n      "digest": "abc"\n    }\n  ]\n}\n',
  );
});

const reasons = (...args: Parameters<typeof staleness>) => staleness(...args).map(({ text }) => text);

const fresh = async () => {
  const folder = join(mkdtempSync(join(root, "r-")), "small");
  await writeFolder(folder, await built);
  return folder;
};

test("a report that was just written is up to date", async () => {
  assert.deepEqual(reasons(await fresh(), inputs), []);
});

test("no report yet", () => {
  assert.deepEqual(reasons(join(root, "none"), inputs), ["there is no report yet"]);
});

test("each input that changes is named", async () => {
  const folder = await fresh();
  const changed = executedNotebook([prose("one more line")]);
  assert.deepEqual(
    reasons(folder, {
      ...(await reportInputs(changed, "full", undefined)),
      files: "v",
      executed: "w",
      rendered: "x",
      data: "y",
    }),
    [
      "the notebook has changed",
      "a file that the notebook uses has changed",
      "the code that the notebook uses has changed",
      "the code that renders it has changed",
      "it was made at quick scale, not full",
      "the data has changed",
    ],
  );
});

test("outputs and execution counts do not make a notebook another one", async () => {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: 9 } : cell,
  );
  assert.deepEqual(await reportInputs({ ...notebook, cells }, "quick", undefined), inputs);
});

test("a file that was changed, removed or added by hand is named", async () => {
  const folder = await fresh();
  appendFileSync(join(folder, "metrics.json"), " ");
  rmSync(join(folder, "small.pdf"));
  writeFileSync(join(folder, "mine.txt"), "x");
  assert.deepEqual(reasons(folder, inputs), [
    "small.pdf is missing",
    "metrics.json was changed by hand",
    "mine.txt does not belong to it",
  ]);
});

test("files that git does not keep are not derived yet; the others are missing, and nothing has to run", async () => {
  const folder = await fresh();
  const place = { name: "small", notebook: join(folder, "../small.ipynb"), folder };
  writeFileSync(place.notebook, stringifyNotebook(notebook));
  for (const path of ["figures", "tables", "figures.tex"]) rmSync(join(folder, path), { recursive: true });
  assert.deepEqual(staleness(folder, inputs), [{ kind: "derived", text: "16 files are not derived yet" }]);
  assert.deepEqual(await checkReport(place, "quick", undefined), { findings: [], notDerived: 16 });
  assert.deepEqual(await makeReport(place), { done: "rendered", why: ["16 files are not derived yet"] });
  assert.deepEqual(reasons(folder, inputs), []);
  for (const [path, content] of await built)
    assert.ok(readFileSync(join(folder, path)).equals(Buffer.from(content)), path);
  rmSync(join(folder, "index.html"));
  assert.deepEqual(await makeReport(place), { done: "rendered", why: ["index.html is missing"] });
});

test("a report that other code rendered is rendered again, and the new one is up to date", async () => {
  const folder = await fresh();
  const place = { name: "small", notebook: join(folder, "../small.ipynb"), folder };
  writeFileSync(place.notebook, stringifyNotebook(notebook));
  const files = new Map([...(await built)].filter(([path]) => path !== "manifest.json"));
  files.set("index.html", "an old page");
  files.set("figures/gone.svg", "an old figure");
  const old = { ...inputs, rendered: "of another version" };
  const manifest = manifestText({ title: "A small report", facts: [], inputs: old }, files);
  await writeFolder(folder, new Map([...files, ["manifest.json", manifest]]));
  const { findings } = await checkReport(place, "quick", undefined);
  assert.deepEqual(findings.slice(0, 2), [
    "the code that renders it has changed: gradbook report renders it again, without a run",
    "figures/gone.svg is no longer produced",
  ]);
  assert.match(
    findings[2],
    /^index\.html differs when rebuilt: \d+ bytes, was 11; first difference at byte 0$/,
  );
  assert.equal(findings.length, 3);
  const why = ["the code that renders it has changed"];
  assert.deepEqual(await makeReport(place), { done: "rendered", why });
  assert.deepEqual(await checkReport(place, "quick", undefined), { findings: [], notDerived: 0 });
  assert.ok(!existsSync(join(folder, "figures/gone.svg")));
});

test("what is not derived yet, but would come out differently, is a finding", async () => {
  const folder = await fresh();
  const place = { name: "small", notebook: join(folder, "../small.ipynb"), folder };
  writeFileSync(place.notebook, stringifyNotebook(notebook));
  const files = new Map([...(await built)].filter(([path]) => path !== "manifest.json"));
  files.set("figures.tex", "from somewhere else");
  files.set("manifest.json", manifestText({ title: "A small report", facts: [], inputs }, files));
  await writeFolder(folder, files);
  rmSync(join(folder, "figures.tex"));
  const { findings, notDerived } = await checkReport(place, "quick", undefined);
  assert.deepEqual(findings, ["figures.tex differs from what was derived before"]);
  assert.equal(notDerived, 1);
});

test("a notebook that is not the manifest's proves nothing: it is not rendered", async () => {
  const folder = await fresh();
  assert.ok(keptNotebook(folder, "small.ipynb"));
  assert.equal(keptNotebook(folder, "other.ipynb"), null);
  appendFileSync(join(folder, "small.ipynb"), " ");
  assert.equal(keptNotebook(folder, "small.ipynb"), null);
  rmSync(join(folder, "small.ipynb"));
  assert.equal(keptNotebook(folder, "small.ipynb"), null);
  const again = await fresh();
  appendFileSync(join(again, "manifest.json"), " ");
  assert.equal(keptNotebook(again, "small.ipynb"), null, "the manifest itself was changed");
});

test("a report of 0.1.0 has to run again, is checked without an error and is known as ours", async () => {
  const folder = await fresh();
  const place = { name: "small", notebook: join(folder, "../small.ipynb"), folder };
  writeFileSync(place.notebook, stringifyNotebook(notebook));
  const files = new Map([...(await built)].filter(([path]) => path !== "manifest.json"));
  const { executed, rendered, ...others } = inputs;
  const former = { ...others, library: sha256(executed + rendered) };
  const manifest = manifestText({ title: "A small report", facts: [], inputs: former }, files);
  await writeFolder(folder, new Map([...files, ["manifest.json", manifest]]));
  const reason = "an earlier gradbook made it, which did not say what code of the library it executed";
  assert.deepEqual(staleness(folder, inputs), [{ kind: "input", text: reason }]);
  assert.deepEqual(await checkReport(place, "quick", undefined), {
    findings: [`${reason}: it has to run again`],
    notDerived: 0,
  });
  assertOwnFolder(folder);
});

test("a data set that is not here says nothing about the others", async () => {
  const folder = await fresh();
  const files = new Map([...(await built)].filter(([path]) => path !== "manifest.json"));
  const data = (...sets: readonly string[][]) => JSON.stringify(sets);
  const made = { ...inputs, data: data(["cifar10", "a"], ["mnist", "b"]) };
  const manifest = manifestText({ title: "A small report", facts: [], inputs: made }, files);
  await writeFolder(folder, new Map([...files, ["manifest.json", manifest]]));
  const now = (...sets: readonly string[][]) => reasons(folder, { ...inputs, data: data(...sets) });
  assert.deepEqual(now(["cifar10", "missing"], ["mnist", "b"]), []);
  assert.deepEqual(now(["cifar10", "missing"], ["mnist", "c"]), ["the data has changed"]);
  assert.deepEqual(reasons(folder, { ...inputs, data: "c0ffee" }), ["the data has changed"]);
  assert.equal(
    keptNotebook(folder, "small.ipynb")?.inputs.data,
    made.data,
    "what is rendered again keeps its data",
  );
});

test("a manifest that is not JSON counts as missing", async () => {
  const folder = await fresh();
  writeFileSync(join(folder, "manifest.json"), "{");
  assert.match(reasons(folder, inputs)[0], /manifest\.json is missing or cannot be read/);
});

const listed = async () => (JSON.parse(text((await built).get("manifest.json"))) as Manifest).files;

test("the first byte that differs is named", async () => {
  const folder = await fresh();
  const metrics = text((await built).get("metrics.json"));
  writeFileSync(join(folder, "metrics.json"), metrics.replace("small", "smelt"));
  assert.deepEqual(differences(folder, await built, await listed()), [
    `metrics.json differs when rebuilt: ${metrics.length} bytes, was ${metrics.length}; first difference at byte ${metrics.indexOf("small") + 2}`,
  ]);
});

test("check finds nothing in a fresh report, and an edited picture in another", async () => {
  const folder = await fresh();
  const place = { name: "small", notebook: join(folder, "../small.ipynb"), folder };
  writeFileSync(place.notebook, stringifyNotebook(notebook));
  assert.deepEqual(await checkReport(place, "quick", undefined), { findings: [], notDerived: 0 });
  appendFileSync(join(folder, "figures/first-convolution-after-relu.svg"), "<!-- -->");
  const { findings } = await checkReport(place, "quick", undefined);
  assert.equal(findings.length, 2);
  assert.match(findings[1], /^figures\/first-convolution-after-relu\.svg differs when rebuilt/);
});

test("a report that cannot be written leaves the old one whole, and no draft behind", async () => {
  const folder = await fresh();
  const before = readFileSync(join(folder, "index.html"), "utf8");
  const broken = new Map<string, string>([
    ["index.html", "new"],
    ["index.html/inner", "a file below a file"],
  ]);
  await assert.rejects(writeFolder(folder, broken), {
    name: "GradbookError",
    message: /a file is where a folder should be\. Move it away, or choose another location with --out DIR/,
  });
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), before);
  assert.deepEqual(readdirSync(join(folder, "..")), ["small"]);
});

/** A small report whose files all hold the same word. */
function smallReport(word: string): Map<string, string> {
  const files = new Map(Array.from({ length: 50 }, (_, i): [string, string] => [`f${i}`, word]));
  return files.set("manifest.json", manifestText({ title: word, facts: [], inputs }, files));
}

test("two writers at once end with one whole folder", async () => {
  const folder = join(mkdtempSync(join(root, "w-")), "two");
  await Promise.all(["a", "b", "c"].map((word) => writeFolder(folder, smallReport(word))));
  const contents = new Set(walk(folder).map(({ path }) => readFileSync(join(folder, path), "utf8")));
  assert.equal(contents.size, 2, "one word, and the manifest");
  assert.deepEqual(readdirSync(join(folder, "..")), ["two"]);
});
