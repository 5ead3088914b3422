import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Locator } from "playwright-core";
import { writeKernelSpec } from "#kernel/install.js";
import { launchBrowser } from "./support/browser.js";
import { startJupyterLab, workFolder } from "./support/jupyterlab.js";
import { root } from "./support/kernel.js";

// What a person does with the kernel in JupyterLab, in a headless Chromium.

const cells = [
  "/** Doubles a number. */\nfunction twice(value: number): number {\n  return 2 * value;\n}\nconst fancyName = { alpha: 1 };\ntwice(21)",
  `import { arrayDataset, fit, linear, sequential, sgd } from "gradbook";
const train = arrayDataset(Float32Array.from({ length: 6400 }, (_, i) => Math.sin(i)), Array.from({ length: 100 }, (_, i) => i % 10), [64]);
const model = sequential([linear({ in: 64, out: 10 })], { input: [64], seed: 1 });
const run = fit(model, { train, optimizer: sgd({ lr: 0.001 }), epochs: 1e6, onEpoch: ({ epoch }) => { if (epoch === 1) console.log("training") } });
run.ending`,
  'prompt("Your name?")',
  "const text: string = 5",
  "twice(fancyN)",
  'await new Promise((resolve) => setTimeout(resolve, 1)); console.log("round"); while (true) {}',
  "'queued'",
];

const folder = await workFolder(root);
const state = join(folder.path, "state");
const notebooks = join(folder.path, "notebooks");
await mkdir(notebooks);
writeKernelSpec(join(state, "data"), "gradbook");
writeFileSync(
  join(notebooks, "kernel.ipynb"),
  JSON.stringify({
    cells: cells.map((source, i) => ({
      cell_type: "code",
      execution_count: null,
      id: `cell${i}`,
      metadata: {},
      outputs: [],
      source,
    })),
    metadata: {
      kernelspec: { name: "gradbook", display_name: "TypeScript (gradbook)", language: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  }),
);
const [lab, browser] = await Promise.all([startJupyterLab(root, notebooks, state, {}), launchBrowser(root)]);
const page = await browser.newPage({ viewport: { width: 1200, height: 1200 } });
page.setDefaultTimeout(20_000);
await page.goto(`${lab.url}lab/tree/kernel.ipynb?reset&token=${lab.token}`);
await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 60_000 });
// JupyterLab goes on with making itself ready.
await page.waitForTimeout(1500);

const cell = (index: number): Locator => page.locator(".jp-NotebookPanel .jp-CodeCell").nth(index);
const editor = (index: number): Locator => cell(index).locator(".cm-content");
const output = (index: number): Locator => cell(index).locator(".jp-OutputArea-output");

async function run(index: number): Promise<void> {
  await editor(index).click();
  await page.keyboard.press("Control+Enter");
}

/** Waits until an output of the cell shows the text. */
async function shows(index: number, text: string | RegExp): Promise<void> {
  await output(index).filter({ hasText: text }).first().waitFor();
}

/** Tab, and Enter when the list offers the name. */
async function complete(name: string): Promise<void> {
  await page.waitForTimeout(300);
  await page.keyboard.press("Tab");
  await page.locator(".jp-Completer-item", { hasText: name }).waitFor();
  await page.keyboard.press("Enter");
}

async function toolbar(title: string): Promise<void> {
  await page.locator(`.jp-NotebookPanel [data-jp-item-name="${title}"] >> jp-button`).first().click();
}

const limit = { timeout: 120_000 };

test("a cell runs", limit, async () => {
  await run(0);
  await shows(0, /^42$/);
});

test("the stop button ends a training, its history is kept and the notebook goes on", limit, async () => {
  await run(1);
  await shows(1, "training");
  await toolbar("interrupt");
  await shows(1, "'interrupted'");
  await run(0);
  await shows(0, /^42$/);
});

test("an input box", limit, async () => {
  await run(2);
  const box = cell(2).locator(".jp-Stdin-input");
  await box.fill("Ada");
  await box.press("Enter");
  await shows(2, "'Ada'");
});

test("a type error is shown as an error, with its place", limit, async () => {
  await run(3);
  await shows(3, /Cell \[\d+\], line 1, column 7: Type 'number' is not assignable to type 'string'/);
});

test("Tab completes the name of an earlier cell", limit, async () => {
  await editor(4).click();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await complete("fancyName");
  await editor(4).filter({ hasText: "twice(fancyName)" }).waitFor();
});

test("Tab offers members", limit, async () => {
  await editor(4).click();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.type(".");
  await complete("alpha");
  await editor(4).filter({ hasText: "twice(fancyName.alpha)" }).waitFor();
  await run(4);
  await shows(4, /^2$/);
});

test("Shift-Tab shows signature and documentation", limit, async () => {
  await editor(4).click();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Tab");
  const words = /function twice\(value: number\): number\s*Doubles a number\./;
  await page.locator(".jp-Tooltip", { hasText: words }).waitFor();
  await page.keyboard.press("Escape");
});

test("a cell that was queued behind a stopped one has no count", limit, async () => {
  const prompt = (index: number): Locator => cell(index).locator(".jp-InputPrompt");
  await run(5);
  await shows(5, "round");
  await run(6);
  await prompt(6).filter({ hasText: "[*]:" }).waitFor();
  await toolbar("interrupt");
  await shows(5, "Interrupted");
  await prompt(6).filter({ hasText: "[ ]:" }).waitFor();
  await run(6);
  await shows(6, "'queued'");
  await prompt(6)
    .filter({ hasText: /\[\d+\]:/ })
    .waitFor();
});

test("restart and run all", limit, async () => {
  // Without the cells that wait for somebody.
  for (const index of [1, 2, 3, 5]) {
    await editor(index).click();
    await page.keyboard.press("Control+A");
    await page.keyboard.type(`"cell ${index}"`);
  }
  await toolbar("restart-and-run");
  await page.locator(".jp-Dialog button.jp-mod-accept").click();
  // A new kernel counts from 1.
  const counted = `(() => [...document.querySelectorAll(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt")]
    .map((prompt) => prompt.textContent).join("") === "[1]:[2]:[3]:[4]:[5]:[6]:[7]:")()`;
  await page.waitForFunction(counted);
  await shows(1, "'cell 1'");
  await shows(4, /^2$/);
});

test("JupyterLab ends, and its kernels with it", limit, async () => {
  await page.screenshot({ path: join(root, ".cache/kernel-jupyterlab.png") });
  await browser.close();
  await lab.stop();
  await folder.remove();
});
