import assert from "node:assert/strict";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { parseNotebook } from "#kernel/jupyter/read-ipynb.js";
import { writeNotebook } from "#tools/notebook/write-ipynb.js";
import { launchBrowser } from "./support/browser.js";
import { complaints, countPictures, type DrawnImage, LOOK_AT_IMAGES, PICTURES } from "./support/figures.js";
import { type JupyterLab, notebookUnderTest, startJupyterLab, workFolder } from "./support/jupyterlab.js";
import { realMnist } from "./support/mnist-mirror.js";

// The real front end: JupyterLab in a headless Chromium runs the notebook, saves it and opens it again.

const root = fileURLToPath(new URL("../..", import.meta.url));
const notebook = notebookUnderTest(root);
const name = basename(notebook);
/** A cell of the notebook at quick scale, and then all of them, take far less. */
const RUN_MILLISECONDS = 240_000;

let folder: Awaited<ReturnType<typeof workFolder>>;
let lab: JupyterLab;
let browser: Browser;
let page: Page;

before(async () => {
  folder = await workFolder(root);
  const notebooks = join(folder.path, "notebooks");
  await mkdir(notebooks);
  await copyFile(notebook, join(notebooks, name));
  // a folder with notebooks of its own is a project of its own, without data
  const env = { GRADBOOK_SCALE: "quick", GRADBOOK_DATA: await realMnist(root) };
  [lab, browser] = await Promise.all([
    startJupyterLab(root, notebooks, join(folder.path, "state"), env),
    launchBrowser(root),
  ]);
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
});

after(async () => {
  // What the last test saw, for whoever has to find out why it failed.
  await page?.screenshot({ path: join(root, ".cache/jupyterlab.png") }).catch(() => undefined);
  await browser?.close();
  await lab?.stop();
  await folder?.remove();
});

test(`${name}: Run All in JupyterLab draws every figure and fails in no cell`, {
  timeout: 300_000,
}, async () => {
  await open(name);
  await menu("Run", "Run All Cells");
  await idle();
  const { file, images } = await save(name);
  assert.deepEqual(complaints(file), []);
  for (const [index, cell] of file.cells.entries()) {
    if (cell.cell_type !== "code" || cell.source.trim() === "") continue;
    assert.ok(cell.execution_count !== null, `cell ${index} did not run`);
  }
  assertDrawn(images, countPictures(file));
  assert.ok((await page.locator(".js-plotly-plot").count()) > 0, "no figure is interactive");
});

test(`${name}: closed and opened again, the saved notebook shows the same figures`, {
  timeout: 60_000,
}, async () => {
  const saved = parseNotebook(await readFile(join(folder.path, "notebooks", name), "utf8"), name);
  await open(name);
  assertDrawn(await lookAtImages(countPictures(saved)), countPictures(saved));
});

test(`${name}: executed elsewhere and not trusted, it still shows every figure`, {
  timeout: 60_000,
}, async () => {
  const saved = parseNotebook(await readFile(join(folder.path, "notebooks", name), "utf8"), name);
  // A signature covers the whole file: one more word in it makes it a notebook from another machine.
  const other = `other-${name}`;
  await writeNotebook(join(folder.path, "notebooks", other), {
    ...saved,
    metadata: { ...saved.metadata, from: "elsewhere" },
  });
  await open(other);
  await page.locator('[title^="Notebook not trusted"]').waitFor({ timeout: 20_000 });
  assertDrawn(await lookAtImages(countPictures(saved)), countPictures(saved));
  assert.equal(await page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .js-plotly-plot").count(), 0);
});

test("figures of one's own in JupyterLab: 3-D, formulas and packed numbers are drawn interactively, a fault is said", {
  timeout: 180_000,
}, async () => {
  const figures = [
    "await show({ data: [{ type: 'surface', z: [[1, 2], [3, 9]] }] });",
    "await show({ data: [{ type: 'scatter3d', mode: 'lines', x: [1, 2], y: Float32Array.of(1, 2), z: [1, 9] }] });",
    "await show({ data: [{ y: [1, 2] }], layout: { title: '$\\\\alpha^2$' } });",
    "import * as tslab from 'tslab'; tslab.display.raw('application/vnd.plotly.v1+json', JSON.stringify({ data: [{ y: [1, 2] }] }));",
    "tslab.display.raw('application/vnd.plotly.v1+json', '{');",
  ];
  const cells = ["import { show } from 'gradbook';", ...figures].map((source, i) => {
    return {
      cell_type: "code",
      id: `c${i}`,
      metadata: {},
      source,
      execution_count: null,
      outputs: [],
    } as const;
  });
  const own = "own.ipynb";
  const metadata = { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } };
  await writeNotebook(join(folder.path, "notebooks", own), {
    nbformat: 4,
    nbformat_minor: 5,
    metadata,
    cells,
  });
  await open(own);
  await menu("Run", "Run All Cells");
  await idle();
  const plots = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedFigure");
  await plots.nth(4).waitFor({ timeout: 30_000 });
  await page.waitForTimeout(2000);
  assert.deepEqual(
    [await plots.nth(0).locator("canvas").count(), await plots.nth(1).locator("canvas").count()].map(
      (n) => n > 0,
    ),
    [true, true],
  );
  const ranges: readonly (readonly number[])[] = await page.evaluate(
    `[...document.querySelectorAll(".jp-RenderedFigure .js-plotly-plot")].slice(0, 2).map((plot) => plot._fullLayout.scene.zaxis.range)`,
  );
  for (const [from, to] of ranges)
    assert.ok(from > 0 && from <= 1 && to >= 9 && to < 10, `z from ${from} to ${to}`);
  assert.equal(await plots.nth(2).locator(".gtitle-math").count(), 1);
  assert.equal((await plots.nth(3).locator(".main-svg").count()) > 0, true);
  assert.match(await plots.nth(4).innerText(), /Plotly cannot draw this figure: .*JSON/);
});

async function open(file: string): Promise<void> {
  await page.goto(`${lab.url}lab/tree/${file}?reset&token=${lab.token}`);
  await page.locator(".jp-NotebookPanel .jp-Cell").first().waitFor({ timeout: 40_000 });
  await idle();
}

async function menu(title: string, item: string): Promise<void> {
  await page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${title}$`) }).click();
  await page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${item}$`) }).click();
}

/** No cell waits for its end ([*]) and the kernel rests, seen twice because between two cells it rests as well. */
async function idle(): Promise<void> {
  const resting = `(() => {
    const panel = document.querySelector(".jp-NotebookPanel");
    const waiting = [...panel.querySelectorAll(".jp-InputPrompt")].some((prompt) => prompt.textContent.includes("*"));
    const indicator = panel.querySelector(".jp-Notebook-ExecutionIndicator");
    return !waiting && indicator?.getAttribute("data-status") === "idle";
  })()`;
  await page.waitForTimeout(500);
  for (let seen = 0; seen < 2; seen++) {
    await page.waitForFunction(resting, undefined, { timeout: RUN_MILLISECONDS, polling: 250 });
    await page.waitForTimeout(300);
  }
}

async function save(file: string) {
  await menu("File", "Save Notebook");
  await page.locator(".jp-mod-dirty").waitFor({ state: "detached", timeout: 20_000 });
  const saved = parseNotebook(await readFile(join(folder.path, "notebooks", file), "utf8"), file);
  return { file: saved, images: await lookAtImages(countPictures(saved)) };
}

/** Waits for as many pictures as the notebook holds: after opening, cells are drawn one by one. */
async function lookAtImages(count: number): Promise<readonly DrawnImage[]> {
  const drawn = `document.querySelectorAll(${JSON.stringify(PICTURES)}).length >= ${count}`;
  await page.waitForFunction(drawn, undefined, { timeout: 20_000 }).catch(() => undefined);
  return page.evaluate<readonly DrawnImage[]>(LOOK_AT_IMAGES);
}

function assertDrawn(images: readonly DrawnImage[], expected: number): void {
  assert.ok(expected > 0, "the notebook shows no picture at all");
  assert.equal(images.length, expected);
  for (const [index, { width, height, colours }] of images.entries()) {
    assert.ok(
      width > 0 && height > 0 && colours > 1,
      `picture ${index}: ${width} × ${height}, ${colours} colours`,
    );
  }
}
