import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { workFolder } from "./support/jupyterlab.js";

// Somebody writes: the command stays, the text on the page follows each save, and the code runs only when it changes.

const root = fileURLToPath(new URL("../..", import.meta.url));
const command = join(root, "lib/gradbook/gradbook.mjs");
let folder: Awaited<ReturnType<typeof workFolder>>;
let notebook = "";
let watching: ChildProcess | undefined;
let said = "";

/** Saves the notebook; each run of its cell adds a line to the file `runs`. */
function save(text: string, number: number): void {
  const source = `import { appendFileSync } from "node:fs";\nimport { metrics, show } from "gradbook";\nappendFileSync("runs", "run\\n");\nmetrics({ number: ${number} });\nawait show({ data: [{ y: [1, ${number}] }] });`;
  const cell = (cell_type: string, words: string) => ({
    cell_type,
    id: cell_type,
    metadata: {},
    source: words,
  });
  const cells = [
    cell("raw", "---\ntitle: Watched\nauthor: A. Author\n---"),
    cell("markdown", text),
    { ...cell("code", source), execution_count: null, outputs: [] },
  ];
  const kernelspec = { name: "tslab", display_name: "TypeScript", language: "typescript" };
  writeFileSync(
    notebook,
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells }),
  );
}

function gradbook(...args: readonly string[]) {
  return spawnSync(process.execPath, [command, "report", ...args], { encoding: "utf8", timeout: 240_000 });
}

/** Waits for words of the command. */
async function heard(words: RegExp): Promise<void> {
  for (const end = Date.now() + 120_000; !words.test(said); await sleep(20)) {
    assert.ok(Date.now() < end && watching?.exitCode === null, said);
  }
  said = "";
}

const page = () => readFileSync(join(folder.path, "reports/quick/watched/index.html"), "utf8");
const runs = () => readFileSync(join(folder.path, "runs"), "utf8").split("\n").length - 1;

before(async () => {
  folder = await workFolder(root);
  notebook = join(folder.path, "watched.ipynb");
  save("First words.", 1);
  watching = spawn(process.execPath, [command, "report", "--watch", notebook], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const hear = (data: Buffer) => {
    said += data.toString();
  };
  watching.stdout?.on("data", hear);
  watching.stderr?.on("data", hear);
});
after(() => {
  watching?.kill("SIGKILL");
  folder?.remove();
});

test("watch: a change of text is on the page without a run, one of code with one", async () => {
  await heard(/watched\/index\.html \(there is no report yet\)/);
  assert.match(page(), /<h1[^>]*>Watched<\/h1>\n<p class="authors">A\. Author<\/p>/);
  assert.equal(runs(), 1);
  save("Other words.", 1);
  await heard(/the notebook has changed; rendered from its executed notebook, nothing was run/);
  assert.match(page(), /Other words\./);
  assert.equal(runs(), 1);
  save("Other words.", 2);
  await heard(/index\.html \(the notebook has changed/);
  assert.equal(runs(), 2);
});

test("watch: a notebook that is broken is named, and the next one is made", async () => {
  writeFileSync(notebook, "{");
  await heard(/watched: .*watched\.ipynb/);
  save("Last words.", 2);
  await heard(/nothing was run/);
  assert.match(page(), /Last words\./);
});

test("watch: at its end the report is whole", async () => {
  watching?.kill("SIGINT");
  if (watching?.exitCode === null) await once(watching, "exit");
  assert.equal(watching?.exitCode, 0);
  const checked = gradbook("--check", notebook);
  assert.equal(checked.status, 0, checked.stdout);
  assert.equal(runs(), 2);
});

test("--title and --author stand before the front matter, change no run, and --check knows them", () => {
  const made = gradbook("--title", "Mine", "--author", "B. Other", "--author", "C. Third", notebook);
  assert.match(made.stdout, /its title or authors have changed; rendered from its executed notebook/);
  assert.match(page(), /<h1[^>]*>Mine<\/h1>\n<p class="authors">B\. Other, C\. Third<\/p>/);
  assert.equal(gradbook("--check", notebook).status, 0);
  assert.equal(runs(), 2);
});

test("--diff names what two runs differ in", () => {
  save("Last words.", 3);
  const other = join(folder.path, "other");
  assert.equal(gradbook("--out", other, notebook).status, 0);
  const { stdout, status } = gradbook(
    "--diff",
    join(folder.path, "reports/quick/watched"),
    join(other, "watched"),
  );
  assert.equal(status, 1);
  assert.match(stdout, /numbers:\n {2}number: 2 → 3 \(\+1\)\nfigures:\n {2}figure: differs\n/);
  const same = gradbook("--diff", join(other, "watched"), join(other, "watched"));
  assert.equal(same.status, 0);
  assert.match(same.stdout, /no setting, number, table or figure differs/);
});

test("--kernel runs in that kernel; one that is not there is named", () => {
  const made = gradbook("--kernel", "jslab", "--out", join(folder.path, "js"), notebook);
  assert.equal(made.status, 0, made.stderr);
  const unknown = gradbook("--kernel", "cobol", "--out", join(folder.path, "cobol"), notebook);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /cobol/);
});
