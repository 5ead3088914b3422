import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildReport } from "#tools/report/build.js";
import { executedNotebook } from "#tools/report/fixture.test.helper.js";
import { writeFolder } from "#tools/report/folder.js";
import { reportInputs } from "#tools/report/inputs.js";
import { writeOverview } from "#tools/report/overview.js";
import { launchBrowser } from "./support/browser.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "gradbook-page-"));
let browser: Browser;

before(async () => {
  const notebook = executedNotebook();
  const inputs = await reportInputs(notebook, "quick", undefined);
  await writeFolder(join(folder, "small"), await buildReport(notebook, { notebook: "small.ipynb", inputs }));
  await writeOverview(folder);
  browser = await launchBrowser(root);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a page from the disk; whatever it complains about or asks a network for is a finding. */
async function open(file: string, width: number): Promise<{ page: Page; findings: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  const findings: string[] = [];
  page.on("console", (message) => findings.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => findings.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(?:file|data|blob):/.test(request.url())) findings.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(folder, file)).href);
  return { page, findings };
}

interface PageState {
  readonly overflow: number;
  readonly undecoded: number;
  readonly figures: readonly number[];
  readonly font: boolean;
}

/** axe's findings of the graver kinds, as text. */
async function graveFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: unknown = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id + ': ' + v.nodes.map((n) => n.target).join(' ')))",
  );
  assert.ok(Array.isArray(found));
  return found.map(String);
}

for (const width of [360, 820, 1400]) {
  test(`at ${width} px: no complaint, no request, nothing wider than the window, axe finds nothing grave`, async () => {
    const { page, findings } = await open("small/index.html", width);
    const state: PageState = await page.evaluate(`({
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      undecoded: [...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length,
      figures: [...document.querySelectorAll("figure svg.main-svg")].map(
        (svg) => svg.getBoundingClientRect().width,
      ),
      font: document.fonts.check('16px "Source Sans 3"'),
    })`);
    assert.equal(state.overflow, 0);
    assert.equal(state.undecoded, 0);
    assert.equal(state.figures.length, 3);
    assert.ok(state.figures.every((w) => w > 200 && w <= width));
    assert.equal(state.font, true);
    assert.deepEqual(await graveFindings(page), []);
    assert.deepEqual(findings, []);
    await page.context().close();
  });
}

test("a press makes a figure interactive, the next press still again; the keyboard does it too", async () => {
  const { page, findings } = await open("small/index.html", 1000);
  const button = page.locator("button[data-figure]").first();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector(`button[aria-pressed="true"]`);
  assert.equal(await page.locator("figure .js-plotly-plot .plotly").count(), 1);
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await button.click();
  assert.equal(await page.locator(".js-plotly-plot").count(), 0);
  assert.equal(await page.locator("figure svg.main-svg").count(), 3);
  assert.deepEqual(findings, []);
  await page.context().close();
});

test("hasty presses: two figures at once run Plotly once, and a press on one that is on its way changes nothing", async () => {
  const { page, findings } = await open("small/index.html", 1000);
  await page.evaluate(`{
    window.ran = 0;
    new MutationObserver((all) => {
      for (const { addedNodes } of all) window.ran += [...addedNodes].filter((n) => n.localName === "script").length;
    }).observe(document.head, { childList: true });
    const [first, second] = document.querySelectorAll("button[data-figure]");
    for (const button of [first, second, first, first]) button.click();
  }`);
  await page.waitForFunction("document.querySelectorAll('button[aria-pressed=true]').length === 2");
  assert.equal(await page.locator("figure .js-plotly-plot .plotly").count(), 2);
  assert.equal(await page.evaluate("window.ran"), 1);
  assert.deepEqual(findings, []);
  await page.context().close();
});

test("a browser that cannot unpack says so, and the still picture stays", async () => {
  const { page, findings } = await open("small/index.html", 1000);
  await page.evaluate("delete window.DecompressionStream");
  await page.locator("button[data-figure]").first().click();
  await page.waitForSelector("figure .missing");
  assert.match(
    await page.locator("figure .missing").innerText(),
    /Not interactive: DecompressionStream is not/,
  );
  assert.equal(await page.locator("figure svg.main-svg").count(), 3);
  assert.deepEqual(findings, []);
  await page.context().close();
});

test("every link leads to a file of the report or into the page", async () => {
  const { page } = await open("small/index.html", 1000);
  const links: string[] = await page.evaluate('[...document.links].map((a) => a.getAttribute("href"))');
  assert.ok(links.length > 15);
  for (const link of links) {
    if (link.startsWith("#"))
      assert.equal(await page.locator(`[id="${decodeURI(link.slice(1))}"]`).count(), 1, link);
    else readFileSync(join(folder, "small", decodeURI(link)));
  }
  await page.context().close();
});

test("on paper: no contents, no code, no links, every figure whole", async () => {
  const { page } = await open("small/index.html", 1000);
  await page.emulateMedia({ media: "print" });
  for (const hidden of ["nav", "details.code", ".links"]) {
    assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  }
  assert.equal(await page.locator("figure svg.main-svg").first().isVisible(), true);
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
  await page.context().close();
});

test("the page over all reports names this one, with its picture", async () => {
  const { page, findings } = await open("index.html", 820);
  assert.equal(await page.locator("h2 a").first().innerText(), "A small report");
  assert.ok(await page.evaluate("document.images[0].naturalWidth > 0"));
  assert.deepEqual(await graveFindings(page), []);
  assert.deepEqual(findings, []);
  await page.context().close();
});
