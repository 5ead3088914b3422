import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resultsTable } from "@gradbook/core";
import { examples } from "@gradbook/core/internal";
import type { Notebook } from "@gradbook/kernel/internal";
import type { Browser, Page } from "playwright-core";
import { buildReport } from "#tools/report/build.js";
import {
  code,
  executedNotebook,
  figureOutput,
  prose,
  tableOutput,
} from "#tools/report/fixture.test.helper.js";
import { writeFolder } from "#tools/report/folder.js";
import { reportInputs } from "#tools/report/inputs.js";
import { writeOverview } from "#tools/report/overview.js";
import { launchBrowser } from "./support/browser.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "gradbook-page-"));
const curves = examples["error-curves-seeds"]();
const matrix = examples["confusion-figure"]();
let browser: Browser;

before(async () => {
  const notebook = executedNotebook();
  const inputs = await reportInputs(notebook, "quick", undefined);
  await writeFolder(join(folder, "small"), await buildReport(notebook, { notebook: "small.ipynb", inputs }));
  const wide = wideNotebook();
  await writeFolder(join(folder, "wide"), await buildReport(wide, { notebook: "wide.ipynb", inputs }));
  await writeOverview(folder);
  browser = await launchBrowser(root);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What is wider than a phone, a text column or a sheet. */
function wideNotebook(): Notebook {
  const columns = Array.from({ length: 10 }, (_, i) => ({ key: `c${i}`, title: `measurement ${i}` }));
  const row = Object.fromEntries(columns.map(({ key }, i) => [key, i % 2 === 0 ? 1234.5678 : "setting"]));
  const title = "Ten columns, with a caption that is longer than any of them and longer than a phone is wide";
  const cells = ["a", "b", "c", "d", "e", "f", "g", "h"].map((letter) => `value ${letter}`);
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      prose(
        `# Wide\n\nSee @tbl-ten and @fig-${curves.layout.meta.name}[^far]. A ${"long".repeat(40)} word.\n\n` +
          "$$\\sum_{i=1}^{n} w_i x_i + b = y,\\qquad \\hat y = \\operatorname{softmax}(Wx + b)\\qquad (1)$$\n\n" +
          `$$${Array.from({ length: 40 }, (_, i) => `a_{${i}}x^{${i}}`).join("+")}$$\n\n` +
          `> [!WARNING]\n> Mind the *gap*.\n\n| ${cells.join(" | ")} |\n|${"---|".repeat(8)}\n| ${cells.join(" | ")} |`,
      ),
      prose("[^far]: A note with $x^2$."),
      code("// a comment\nconst text = 'text', n = 1;\nfunction f(x: number) { return String(x); }", [
        tableOutput(resultsTable({ name: "ten", title, rows: [row], columns })),
        figureOutput(curves),
        figureOutput(matrix),
        { "text/plain": `${"L".repeat(400)}\nline` },
      ]),
      prose("## First\n\nText."),
      prose("## Second\n\nText."),
    ],
  };
}

/** Opens a page from the disk; whatever it complains about or asks a network for is a finding. */
async function open(
  file: string,
  width: number,
  colorScheme: "light" | "dark" = "light",
): Promise<{ page: Page; findings: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
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
      figures: [...document.querySelectorAll("figure .picture:has(> svg.main-svg)")].map(
        (box) => box.getBoundingClientRect().width,
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

/** What of the wide report sticks out, with a selector and by how many pixels. */
async function stickingOut(page: Page, selector: string): Promise<readonly string[]> {
  const found: unknown = await page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].flatMap((e) => {
      const over = Math.max(e.scrollWidth - e.clientWidth, Math.round(e.getBoundingClientRect().right - window.innerWidth));
      return over > 0 ? [e.outerHTML.slice(0, 60) + " by " + over] : [];
    })`,
  );
  assert.ok(Array.isArray(found));
  return found.map(String);
}

for (const width of [390, 1366, 1920]) {
  test(`what is wide, at ${width} px: captions, printed lines and text stay in their place`, async () => {
    const { page, findings } = await open("wide/index.html", width);
    assert.deepEqual(await stickingOut(page, "html, figcaption, pre.out, p, li"), []);
    assert.equal(await page.locator("figure .table figcaption, caption").count(), 0);
    if (width >= 1366) {
      assert.deepEqual(await stickingOut(page, ".table"), []);
      assert.ok(await page.evaluate("document.querySelector('#table-ten .table').clientWidth > 46 * 16"));
    }
    assert.deepEqual(await graveFindings(page), []);
    assert.deepEqual(findings, []);
    await page.context().close();
  });
}

test("on a phone: letters of a figure have 10 px, a usual formula is whole, a long one scrolls", async () => {
  const { page } = await open("wide/index.html", 390);
  const smallest: number = await page.evaluate(
    `Math.min(...[...document.querySelectorAll("svg.main-svg text")].filter((t) => t.textContent.trim() !== "").map(
      (t) => Number.parseFloat(getComputedStyle(t).fontSize) * Math.hypot(t.getScreenCTM().a, t.getScreenCTM().b)))`,
  );
  assert.ok(smallest > 9.9, `${smallest} px`);
  const [usual, long] = await page
    .locator("div.math")
    .evaluateAll((all) => all.map((e) => e.scrollWidth - e.clientWidth));
  assert.equal(usual, 0);
  assert.ok(long > 0);
  await page.context().close();
});

test("on a wide screen the contents stand beside the text, and over nothing", async () => {
  const { page } = await open("wide/index.html", 1366);
  const [right, left]: number[] = await page.evaluate(
    `[document.querySelector("nav").getBoundingClientRect().right, document.querySelector("h1").getBoundingClientRect().left]`,
  );
  assert.ok(right < left, `${right} < ${left}`);
  assert.ok((await page.locator("nav").boundingBox())?.x ?? -1 >= 0);
  await page.context().close();
});

test("on paper nothing is cut: tables, printed lines, formulas and figures end before the margin", async () => {
  // A4 without its margins, in CSS pixels
  const { page } = await open("wide/index.html", 673);
  await page.emulateMedia({ media: "print" });
  assert.deepEqual(
    await stickingOut(page, "html, table, pre, .table, div.math, div.math svg, .picture > svg"),
    [],
  );
  await page.context().close();
});

test("dark: page, overview and figures change, with contrast; a figure with pictures keeps its light ground", async () => {
  for (const file of ["wide/index.html", "small/index.html", "index.html"]) {
    const { page, findings } = await open(file, 1366, "dark");
    assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(13, 17, 23)");
    assert.deepEqual(await graveFindings(page), [], file);
    assert.deepEqual(findings, []);
    await page.context().close();
  }
  const { page } = await open("wide/index.html", 1366, "dark");
  const grounds: unknown = await page.evaluate(
    `${JSON.stringify([curves.layout.meta.name, matrix.layout.meta.name])}.map((name) => {
      const svg = document.querySelector("#fig-" + name + " svg");
      return [svg.hasAttribute("data-adapts"), getComputedStyle(svg.querySelector("rect")).fill, getComputedStyle(svg).backgroundColor];
    })`,
  );
  assert.deepEqual(grounds, [
    [true, "rgb(13, 17, 23)", "rgba(0, 0, 0, 0)"],
    [false, "rgb(255, 255, 255)", "rgb(255, 255, 255)"],
  ]);
  await page.locator(`#fig-${curves.layout.meta.name} button`).click();
  await page.waitForSelector(".js-plotly-plot .bg");
  const live = await page.evaluate(
    "getComputedStyle(document.querySelector('.js-plotly-plot svg.main-svg')).backgroundColor",
  );
  assert.equal(live, "rgb(13, 17, 23)");
  await page.context().close();
});

test("references, notes, callouts and code in colours", async () => {
  const { page } = await open("wide/index.html", 1000);
  const text = page.locator("main > p").filter({ hasText: "See" });
  assert.match(await text.innerText(), /^See Table\s1 and Figure\s11\. A/);
  assert.match(await page.locator("#note-1").innerText(), /^A note with\s*\. ↑$/);
  assert.match(await page.locator(".callout-warning").innerText(), /^Warning\s+Mind the gap\.$/);
  const colors = await page
    .locator("details.code code span")
    .evaluateAll((all) => all.map((e) => e.className));
  for (const kind of ["comment", "keyword", "string", "number", "type", "function"])
    assert.ok(colors.includes(`tok-${kind}`), kind);
  await page.context().close();
});
