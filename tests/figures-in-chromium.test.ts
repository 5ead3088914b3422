import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { examples } from "#core/figures/examples.test.helper.js";
import type { Figure } from "#core/figures/figure.js";
import { typeOf } from "#core/figures/trace-checks.js";
import { traceKind } from "#core/figures/trace-kinds.js";
import { plotlyFile } from "#tools/render/plotly-window.js";
import { renderPng } from "#tools/render/raster.js";
import { stillFigure } from "#tools/render/still.js";
import { fontFaces } from "#tools/render/subset-font.js";
import { renderSvg, withFont } from "#tools/render/svg.js";
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

/** Scenes are drawn in another way: marks of fixed size, labels elsewhere; what must agree is the perspective, below. */
const isScene = ({ data }: Figure) => data.some((trace) => traceKind(typeOf(trace)).still === "projected");

for (const [name, make] of Object.entries(examples)) {
  if (isScene(make())) continue;
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

/** Where a browser's camera puts the points of a trace, in its own units. */
const seenInBrowser = `(() => {
  const scene = document.getElementById("figure")._fullLayout.scene._scene;
  const { model, view, projection } = scene.glplot.cameraParams;
  const times = (m, v) => [0, 1, 2, 3].map((r) => [0, 1, 2, 3].reduce((sum, c) => sum + m[4 * c + r] * v[c], 0));
  const { x, y, z } = document.getElementById("figure")._fullData.find((t) => t.type === "scatter3d");
  const { width, height } = scene.glplot.canvas;
  return Array.from(z, (_, i) => {
    const point = [x[i], y[i], z[i]].map((v, d) => v * scene.dataScale[d]);
    const [a, b, , w] = [model, view, projection].reduce((v, m) => times(m, v), [...point, 1]);
    return [(a / w) * width, (b / w) * height];
  });
})()`;

for (const [name, make] of Object.entries(examples).filter(([, make]) => isScene(make()))) {
  test(`${name}: our camera and Plotly's put the points in the same places`, async () => {
    const figure = make();
    await page.evaluate(
      `Plotly.newPlot("figure", ${JSON.stringify(figure.data)}, ${JSON.stringify(figure.layout)}).then(() => new Promise((r) => setTimeout(r, 1000)))`,
    );
    const theirs = await page.evaluate<[number, number][]>(seenInBrowser);
    const { data } = await stillFigure(figure);
    const trace = data.find(({ x }) => Array.isArray(x) && x.length === theirs.length);
    const [x, y] = [trace?.x, trace?.y].map((list) => (Array.isArray(list) ? list.map(Number) : []));
    // Equal but for shift and size: both are measured from their first point, in units of the whole.
    const normal = (points: readonly (readonly number[])[]) => {
      const sorted = points.map(([a, b]) => [a, b]).sort((p, q) => p[0] - q[0]);
      const size = sorted[sorted.length - 1][0] - sorted[0][0];
      return sorted.map(([a, b]) => [(a - sorted[0][0]) / size, (b - sorted[0][1]) / size]);
    };
    const ours = normal(x.map((v, i) => [v, y[i]]));
    for (const [i, [a, b]] of normal(theirs).entries()) {
      const off = Math.hypot(a - ours[i][0], b - ours[i][1]);
      assert.ok(off < 0.003, `point ${i} is ${(100 * off).toFixed(2)} % of the width away`);
    }
  });
}
test("ten scripts: the SVG in Chromium and the PNG agree, with the fonts that the SVG brings", async () => {
  const words = [
    "✗ ✓ naïve",
    "漢字 かな",
    "Ελληνικά",
    "Кириллица",
    "עברית (א) 12",
    "العربية مرحبا",
    "हिन्दी क्षत्रिय",
  ];
  words.push("ภาษาไทย", "🎉 👍", "ℝ𝔼 ∈ ①", "a\u2060b\u200bc");
  const trace = { type: "bar", orientation: "h", x: words.map((_, i) => i + 1), y: words, text: words };
  const layout = {
    width: 680,
    height: 480,
    margin: { l: 150 },
    title: { text: words.slice(1, 7).join(" ") },
  };
  const { meta } = examples["error-curves-seeds"]().layout;
  const figure = { data: [trace], layout: { ...layout, meta } };
  const svg = await renderSvg(figure);
  const own = await browser.newPage({ viewport: { width: 680, height: 480 } });
  await own.setContent(`<!doctype html><style>body{margin:0}svg{display:block}</style>${withFont(svg)}`);
  await own.evaluate("document.fonts.ready");
  const theirs = blocks(await own.screenshot(), 680, 480);
  await own.close();
  const ours = blocks(await renderPng(svg), 680, 480);
  const differences = ours.map((value, i) => Math.abs(value - theirs[i]));
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  assert.ok(mean < 1, `mean difference ${mean.toFixed(2)} of 255 levels, expected below 1`);
  assert.ok(
    Math.max(...differences) < 64,
    `${Math.max(...differences)} of 255 levels in a block, expected below 64`,
  );
});
