import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import type { Browser, Page } from "playwright-core";
import { examples } from "#lib/figures/examples.js";
import { plotlyFile } from "#lib/figures/render/plotly-window.js";
import { renderPng } from "#lib/figures/render/raster.js";
import { fontFaces } from "#lib/figures/render/subset-font.js";
import { renderSvg } from "#lib/figures/render/svg.js";
import { launchBrowser } from "./support/browser.js";

// Our drawing without a browser against Plotly's own in Chromium: the same JSON, the same font. Anti-aliasing differs,
// so both pictures are averaged over blocks of 8 × 8 pixels; where a label stands elsewhere, a panel is missing or a
// colour is another one, blocks differ.
const root = fileURLToPath(new URL("../../", import.meta.url));
const block = 8;
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

/** Mean red, green and blue of each block of a PNG. */
function blocks(png: Uint8Array, width: number, height: number): number[] {
  const uri = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">` +
    `<image width="${width}" height="${height}" xlink:href="${uri}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  const columns = Math.floor(width / block);
  const means = new Array<number>(columns * Math.floor(height / block) * 3).fill(0);
  for (let y = 0; y < Math.floor(height / block) * block; y++) {
    for (let x = 0; x < columns * block; x++) {
      const at = (Math.floor(y / block) * columns + Math.floor(x / block)) * 3;
      for (let c = 0; c < 3; c++) means[at + c] += pixels[(y * width + x) * 4 + c] / block ** 2;
    }
  }
  return means;
}
