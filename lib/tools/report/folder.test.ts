import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { host } from "@gradbook/base";
import { writeFolder } from "./folder.js";
import { manifestText, readManifest } from "./manifest.js";
import { assertOwnOverview, writeOverview } from "./overview.js";
import { assertOwnFolder } from "./ownership.js";

// Whose is it? What somebody else has put into a folder, or changed in it, is never gone afterwards.

const root = mkdtempSync(join(tmpdir(), "gradbook-folder-"));
after(() => rmSync(root, { recursive: true, force: true }));

const inputs = { notebook: "n", library: "l", data: "[]", scale: "quick" };
const aged = (word: string) => {
  const files = new Map([
    ["index.html", `<p>${word}`],
    ["figures/a.svg", `<svg>${word}</svg>`],
    ["metrics.json", "{}"],
  ]);
  return files.set("manifest.json", manifestText({ title: word, facts: ["x"], inputs }, files));
};

async function report(name = "hw4"): Promise<string> {
  const folder = join(mkdtempSync(join(root, "r-")), name);
  await writeFolder(folder, aged("old"));
  return folder;
}

/** Every file and link below a folder, with what is in it. */
function content(folder: string, inner = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, inner), { withFileTypes: true })) {
    const path = join(inner, entry.name);
    if (entry.isSymbolicLink()) found[path] = `→ ${readlinkSync(join(folder, path))}`;
    else if (entry.isDirectory()) Object.assign(found, { [`${path}/`]: "" }, content(folder, path));
    else found[path] = readFileSync(join(folder, path), "utf8");
  }
  return found;
}

const touched: readonly [title: string, change: (folder: string) => void, words: RegExp][] = [
  [
    "a file of one's own",
    (f) => writeFileSync(join(f, "NOTES.md"), "mine"),
    /NOTES\.md is not of the report\. Nothing was/,
  ],
  [
    "one deep inside",
    (f) => writeFileSync(join(f, "figures/mine.svg"), "mine"),
    /figures\/mine\.svg is not of the report/,
  ],
  [
    "one in a folder of its own",
    (f) => put(f, "raw/deep/data.csv"),
    /raw\/deep\/data\.csv is not of the report/,
  ],
  ["an empty folder", (f) => mkdirSync(join(f, "later")), /later is not of the report/],
  ["a hidden file", (f) => put(f, ".env"), /\.env is not of the report/],
  ["a link", (f) => symlinkSync("index.html", join(f, "page")), /page is not of the report/],
  ["a link to a folder", (f) => symlinkSync("/etc", join(f, "etc")), /etc is not of the report/],
  [
    "a page that was changed",
    (f) => appendFileSync(join(f, "index.html"), "!"),
    /index\.html has been changed since gradbook/,
  ],
  ["a file that a link has replaced", (f) => relink(f, "metrics.json"), /metrics\.json is not of the report/],
  [
    "a file that a folder has replaced",
    (f) => refolder(f, "metrics.json"),
    /metrics\.json is not of the report/,
  ],
  [
    "two of each",
    (f) => [put(f, "a"), put(f, "b"), put(f, "index.html"), put(f, "metrics.json")],
    /a, b are not of the report, and index\.html, metrics\.json have been changed/,
  ],
  [
    "many files",
    (f) => ["a", "b", "c", "d", "e"].map((name) => put(f, name)),
    /a, b, c and 2 more are not of the report/,
  ],
  [
    "a manifest that was changed",
    (f) => edit(f, '"facts": [\n    "x"', '"facts": [\n    "y"'),
    /it is not a report of gradbook \(no manifest\.json of ours lists figures\/a\.svg, index\.html, manifest\.json and 1 more\)/,
  ],
  [
    "a manifest of 0.1.0 that was changed",
    (f) => [edit(f, /,\n {2}"self": "\w+"/, ""), edit(f, '"title": ', '"title":  ')],
    /it is not a report of gradbook/,
  ],
  ["a manifest that lists a foreign file", (f) => disown(f), /it is not a report of gradbook/],
  ["no manifest", (f) => unlinkSync(join(f, "manifest.json")), /it is not a report of gradbook/],
  [
    "somebody else's manifest",
    (f) => writeFileSync(join(f, "manifest.json"), '{"files":[]}'),
    /it is not a report of gradbook/,
  ],
];

function put(folder: string, path: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), "mine");
}

function relink(folder: string, name: string): void {
  writeFileSync(join(folder, "..", "same"), readFileSync(join(folder, name)));
  unlinkSync(join(folder, name));
  symlinkSync("../same", join(folder, name));
}

function refolder(folder: string, name: string): void {
  unlinkSync(join(folder, name));
  mkdirSync(join(folder, name));
}

function edit(folder: string, from: string | RegExp, to: string): void {
  const path = join(folder, "manifest.json");
  const text = readFileSync(path, "utf8");
  assert.notEqual(text.replace(from, to), text);
  writeFileSync(path, text.replace(from, to));
}

/** Somebody's manifest with the right digests, but not as gradbook writes one. */
function disown(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, own: true }, null, 2));
}

for (const [title, change, words] of touched) {
  test(`a report's folder with ${title} is refused; nothing is touched, the new report is kept beside it`, async () => {
    const folder = await report();
    change(folder);
    const before = content(folder);
    assert.throws(() => assertOwnFolder(folder), words);
    await assert.rejects(writeFolder(folder, aged("new")), (error: Error) => {
      assert.match(error.message, words);
      assert.match(
        error.message,
        /choose another location with --out DIR\. The new report is kept as .*hw4\.new\.$/,
      );
      return true;
    });
    assert.deepEqual(content(folder), before);
    assert.equal(readFileSync(join(`${folder}.new`, "index.html"), "utf8"), "<p>new");
    assert.deepEqual(
      readdirSync(join(folder, "..")).filter((name) => name.startsWith(".")),
      [],
    );
  });
}

test("a folder of somebody's own that has the report's name is refused, file for file", async () => {
  const parent = mkdtempSync(join(root, "own-"));
  const folder = join(parent, "analysis");
  put(folder, "data/raw.csv");
  put(folder, "model.py");
  const before = content(parent);
  await assert.rejects(writeFolder(folder, aged("new")), {
    code: "foreign",
    message:
      /analysis: it is not a report of gradbook \(no manifest\.json of ours lists data\/raw\.csv, model\.py\)\. Nothing was touched\. Rename the folder, or choose another location with --out DIR\./,
  });
  rmSync(join(parent, "analysis.new"), { recursive: true });
  assert.deepEqual(content(parent), before);
});

const places: readonly [title: string, make: (folder: string) => void, words: RegExp][] = [
  [
    "a file",
    (folder) => writeFileSync(folder, "mine"),
    /hw4: it is a file\. Nothing was touched\. Move it away, or/,
  ],
  [
    "a link to a folder",
    (folder) => symlinkSync("target", folder),
    /hw4: it is a symbolic link to target\. Nothing was/,
  ],
  ["a link to nowhere", (folder) => symlinkSync("none", folder), /it is a symbolic link to none/],
  ["a link in a circle", (folder) => symlinkSync("hw4", folder), /it is a symbolic link to hw4/],
];

for (const [title, make, words] of places) {
  test(`${title} in the report's place is refused, and what it leads to stays`, async () => {
    const parent = mkdtempSync(join(root, "p-"));
    await writeFolder(join(parent, "target"), aged("old"));
    make(join(parent, "hw4"));
    const before = content(parent);
    await assert.rejects(writeFolder(join(parent, "hw4"), aged("new")), words);
    rmSync(join(parent, "hw4.new"), { recursive: true });
    assert.deepEqual(content(parent), before);
  });
}

test("a reports folder that is a link is followed: only the report itself must be a real folder", async () => {
  const parent = mkdtempSync(join(root, "p-"));
  mkdirSync(join(parent, "big disk"));
  symlinkSync("big disk", join(parent, "reports"));
  for (const word of ["old", "new"]) await writeFolder(join(parent, "reports/hw4"), aged(word));
  assert.equal(readFileSync(join(parent, "big disk/hw4/index.html"), "utf8"), "<p>new");
});

test("a report of ours is replaced, also one that has lost files; no old file stays", async () => {
  const folder = await report("mit Leerzeichen ü 😀");
  rmSync(join(folder, "figures"), { recursive: true });
  await writeFolder(
    folder,
    new Map([["manifest.json", manifestText({ title: "t", facts: [], inputs }, new Map())]]),
  );
  assert.deepEqual(Object.keys(content(folder)), ["manifest.json"]);
  assert.deepEqual(readdirSync(join(folder, "..")).length, 1);
});

test("a report of 0.1.0, whose manifest has no digest of its own, is ours", async () => {
  const folder = await report();
  edit(folder, /,\n {2}"self": "\w+"/, "");
  await writeFolder(folder, aged("new"));
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), "<p>new");
});

test("an empty folder may be filled", async () => {
  const folder = join(mkdtempSync(join(root, "e-")), "hw4");
  mkdirSync(folder);
  await writeFolder(folder, aged("new"));
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), "<p>new");
});

test("what file managers and Jupyter leave in a folder does not make it somebody's, and goes over into the new one", async () => {
  const folder = await report();
  const clutter = [".DS_Store", "figures/Thumbs.db", ".ipynb_checkpoints/hw4-checkpoint.ipynb"];
  for (const path of clutter) put(folder, path);
  await writeFolder(folder, aged("new"));
  for (const path of clutter) assert.equal(readFileSync(join(folder, path), "utf8"), "mine");
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), "<p>new");
});

test("a name as long as the file system allows", async () => {
  const folder = await report("x".repeat(255));
  await writeFolder(folder, aged("new"));
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), "<p>new");
});

test("the next writer puts back what a killed one had moved away, and removes its draft", async () => {
  const folder = await report();
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const draft = join(folder, "..", `.gradbook-${host}-${dead}-0123456789ab`);
  mkdirSync(join(draft, "old"), { recursive: true });
  put(folder, "NOTES.md");
  const before = content(folder);
  spawnSync("mv", [folder, join(draft, "old/hw4")]);
  assert.equal(existsSync(folder), false);
  await assert.rejects(writeFolder(folder, aged("new")), /NOTES\.md is not of the report/);
  assert.deepEqual(content(folder), before);
  assert.deepEqual(readdirSync(join(folder, "..")).sort(), ["hw4", "hw4.new"]);
});

test("a manifest that is hostile is none: paths that lead out, values of other kinds", async () => {
  const folder = await report();
  const whole = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const hostile = [
    null,
    [],
    { ...whole, files: { "../other": "x" } },
    { ...whole, files: { "/etc/passwd": "x" } },
    { ...whole, files: { a: 1 } },
    { ...whole, facts: [1] },
    { ...whole, facts: "x" },
    { ...whole, title: 1 },
    { ...whole, inputs: {} },
    { ...whole, more: 1 },
  ];
  for (const one of hostile) {
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(one));
    assert.equal(readManifest(folder), null, JSON.stringify(one));
  }
  writeOverview(join(folder, ".."));
});

test("the overview replaces itself, and links names with #, ?, % and quotes", async () => {
  const name = 'a #1? 50% "b" ü';
  const parent = join(await report(name), "..");
  writeOverview(parent);
  const first = readFileSync(join(parent, "index.html"), "utf8");
  assert.ok(first.includes('href="a%20%231%3F%2050%25%20%22b%22%20%C3%BC/index.html"'));
  writeOverview(parent);
  assert.equal(readFileSync(join(parent, "index.html"), "utf8"), first);
  assert.equal(first.endsWith(" -->\n"), true);
});

const pages: readonly [title: string, make: (path: string, ours: string) => void][] = [
  ["somebody's own", (path) => writeFileSync(path, "<h1>mine</h1>")],
  ["an empty one", (path) => writeFileSync(path, "")],
  ["ours, changed", (path, ours) => writeFileSync(path, ours.replace("Reports", "My reports"))],
  ["ours, with a line more", (path, ours) => writeFileSync(path, `${ours}<p>mine</p>\n`)],
  ["a link to ours", (path, ours) => [writeFileSync(`${path}.x`, ours), symlinkSync(`${path}.x`, path)]],
  ["a folder", (path) => mkdirSync(path)],
];

for (const [title, make] of pages) {
  test(`refuses to write the overview over ${title}`, async () => {
    const parent = join(await report(), "..");
    const path = join(parent, "index.html");
    writeOverview(parent);
    const ours = readFileSync(path, "utf8");
    rmSync(path);
    make(path, ours);
    const before = { ...content(parent), kind: String(lstatSync(path).mode) };
    for (const call of [assertOwnOverview, writeOverview]) {
      assert.throws(
        () => call(parent),
        /index\.html: it is not the overview as gradbook wrote it\. It was not touched\. Move it away, .*--no-overview\.$/,
      );
    }
    assert.deepEqual({ ...content(parent), kind: String(lstatSync(path).mode) }, before);
  });
}
