import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { examples } from "#core/figures/examples.test.helper.js";
import { plotlyFile } from "#tools/render/plotly-window.js";
import { renderPng } from "#tools/render/raster.js";
import { fontFaces } from "#tools/render/subset-font.js";
import { renderSvg } from "#tools/render/svg.js";
import { launchBrowser } from "./support/browser.js";
import { blocks } from "./support/pixels.js";

// Our drawing without a browser against Plotly's own in Chromium: the same JSON, the same font. Anti-aliasing differs,
// so both pictures are averaged over blocks of 8 × 8 pixels; where a label stands elsewhere, a panel is missing or a
// colour is another one, blocks differ.
const root = fileURLToPath(new URL("../../", import.meta.url));
let browser: Browser;
let page: Page;

before(async () => {
  browser = await launchBrowser(root);
  page = await browser.newPage({ viewport: { width: 800, height: 1000 } });
  const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i));
  await page.setContent(
    `<!doctype html><style>${fontFaces(`${ascii}·×−÷ηαρσ–—`)}body{margin:0}</style><div id="figure"></div><p style="font:16px 'Source Sans 3'">a<b style="font-weight:600">b</b></p>`,
  );
  await page.evaluate("document.fonts.ready");
  await page.addScriptTag({ content: readFileSync(plotlyFile("full"), "utf8") });
});
after(() => browser?.close());

for (const [name, make] of Object.entries(examples)) {
  test(`${name}: our picture and Chromium's agree`, async () => {
    const figure = make();
    const { width, height } = figure.layout;
    await page.evaluate(
      `Plotly.newPlot("figure", ${JSON.stringify(figure.data)}, ${JSON.stringify(figure.layout)}, { staticPlot: true })`,
    );
    const theirs = blocks(await page.screenshot({ clip: { x: 0, y: 0, width, height } }), width, height);
    const ours = blocks(await renderPng(await renderSvg(figure)), width, height);
    const differences = ours.map((value, i) => Math.abs(value - theirs[i]));
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    const far = differences.filter((d) => d > 48).length / differences.length;
    assert.ok(mean < 2.5, `mean difference ${mean.toFixed(2)} of 255 levels, expected below 2.5`);
    assert.ok(
      far < 0.01,
      `${(far * 100).toFixed(2)} % of the blocks differ by more than 48 levels, expected below 1 %`,
    );
  });
}
