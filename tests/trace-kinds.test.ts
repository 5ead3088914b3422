import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Figure } from "@gradbook/core";
import { figureFrom, type TraceType, traceKind, traceTypes } from "@gradbook/core/internal";
import type { Browser, Page } from "playwright-core";
import { plotlyFile, plotlyWindow } from "#tools/render/plotly-window.js";
import { renderPng } from "#tools/render/raster.js";
import { pageBundle, stillFigure } from "#tools/render/still.js";
import { fontFaces } from "#tools/render/subset-font.js";
import { renderStill } from "#tools/render/svg.js";
import { launchBrowser } from "./support/browser.js";
import { blocks } from "./support/pixels.js";
import { traceSamples } from "./support/trace-samples.js";

// Every kind of trace that Plotly has, by Plotly's own schema: known to our table, in the bundle that it names, and in
// a still picture either drawn as Chromium draws it or said in words, never passed over.
const root = fileURLToPath(new URL("../../", import.meta.url));
let browser: Browser;
let page: Page;

before(async () => {
  browser = await launchBrowser(root);
  page = await browser.newPage({ viewport: { width: 500, height: 400 } });
  const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i));
  await page.setContent(
    `<!doctype html><style>${fontFaces(`${ascii}−°∞`)}body{margin:0}</style><div id="figure"></div><p style="font:16px 'Source Sans 3'">a</p>`,
  );
  await page.evaluate("document.fonts.ready");
  await page.addScriptTag({ content: readFileSync(plotlyFile("full"), "utf8") });
});
after(() => browser?.close());

const sample = (type: TraceType): Figure => {
  const layout = {
    width: 400,
    height: 260,
    title: { text: "Title" },
    margin: { l: 40, r: 20, t: 50, b: 40 },
  };
  return figureFrom({ data: traceSamples[type], layout }, "sample");
};

for (const bundle of ["cartesian", "full"] as const) {
  test(`the kinds of the ${bundle} bundle's schema are those of our table`, async () => {
    const ours = traceTypes.filter((type) => bundle === "full" || traceKind(type).bundle === "cartesian");
    assert.deepEqual([...(await plotlyWindow(bundle)).traceTypes].sort(), [...ours].sort());
  });
}

for (const type of traceTypes) {
  const { still, words } = traceKind(type);
  const isDrawn = still === "drawn" || typeof still === "object";
  if (still === "projected") continue; // lib/tools/render/projection.test.ts
  test(`${type}: ${isDrawn ? "a still picture draws what Chromium draws" : "a still picture says what it is"}`, async () => {
    const figure = sample(type);
    const { svg, said } = await renderStill(figure);
    if (!isDrawn) {
      assert.equal(said.length, 1);
      assert.match(said[0], new RegExp(`^${words} \\(needs`));
      const texts = svg.replace(/<(title|desc|metadata)>.*?<\/\1>/gs, "").replace(/<[^>]*>/g, " ");
      assert.match(texts.replace(/\s+/g, " ").toLowerCase(), new RegExp(words.toLowerCase()));
      assert.ok(!/class="[xyz]tick"|class="[xy]grid/.test(svg), "axes are drawn");
      return;
    }
    assert.deepEqual(said, []);
    await page.evaluate(
      `Plotly.newPlot("figure", ${JSON.stringify(figure.data)}, ${JSON.stringify(figure.layout)}, { staticPlot: true })`,
    );
    // Polar and point plots of WebGL are drawn in the next frame.
    await page.waitForTimeout(typeof still === "object" ? 400 : 0);
    const { width, height } = figure.layout;
    const theirs = blocks(await page.screenshot({ clip: { x: 0, y: 0, width, height } }), width, height);
    const ours = blocks(await renderPng(svg), width, height);
    const differences = ours.map((value, i) => Math.abs(value - theirs[i]));
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    const far = differences.filter((d) => d > 48).length / differences.length;
    assert.ok(mean < 2.5, `mean difference ${mean.toFixed(2)} of 255 levels, expected below 2.5`);
    assert.ok(far < 0.01, `${(far * 100).toFixed(2)} % of the blocks differ by more than 48 levels`);
  });
}

test("a page draws every kind by the bundle that it names, but none that asks a network", () => {
  for (const type of traceTypes) {
    const { still, bundle } = traceKind(type);
    assert.equal(pageBundle(sample(type)), still === "network" ? null : bundle, type);
  }
});

test("beside a curve a 3-D scene says what it is in its own place, and the curve is drawn", async () => {
  const data = [
    { y: [1, 2, 3] },
    {
      type: "cone",
      ...{ x: [1], y: [1], z: [1], u: [1], v: [1], w: [0] },
      scene: "scene2",
    },
  ];
  const layout = { xaxis: { domain: [0, 0.45] }, scene2: { domain: { x: [0.55, 1], y: [0, 1] } } };
  const { layout: still } = await stillFigure(figureFrom({ data, layout }, "x"));
  const [frame] = Array.isArray(still.shapes) ? still.shapes : [];
  assert.deepEqual([frame.x0, frame.x1], [0.55, 1]);
  assert.equal(still.scene2, undefined);
  assert.deepEqual(still.xaxis, { domain: [0, 0.45] });
});

test("buttons, sliders and pictures from a network are left out, and said", async () => {
  const layout = {
    updatemenus: [{ buttons: [{ label: "a", method: "skip" }] }],
    sliders: [{ steps: [{ label: "1", method: "skip" }] }],
    images: [{ source: "https://example.org/x.png" }, { source: "data:image/png;base64,AAAA" }],
  };
  const { said } = await stillFigure(figureFrom({ data: [{ y: [1] }], layout }, "x"));
  assert.deepEqual(said, [
    "buttons (interactive only)",
    "sliders (interactive only)",
    "an image of the layout (a picture on a network)",
    "an image of the layout (neither PNG, JPEG, GIF nor WebP)",
  ]);
});

test("300,000 points are thinned, with all that belongs to a point, and it is said", async () => {
  const points = Array.from({ length: 300_000 }, (_, i) => i);
  const marker = { color: Float64Array.from(points), size: 4 };
  const { data, said } = await stillFigure(
    figureFrom({ data: [{ type: "scattergl", mode: "markers", x: points, y: points, marker }] }, "x"),
  );
  const [{ x, marker: thin }] = data;
  assert.equal(Array.isArray(x) && x.length, 20_000);
  const { color } = thin as { color: readonly number[] };
  assert.deepEqual(color.slice(0, 3), [0, 15, 30]);
  assert.deepEqual(said, ["all of 300000 marks (every 15th point is drawn, of lines the line)"]);
});

test("formulas in titles are drawn, macros stay in their figure, dollars of money stay dollars", async () => {
  const of = (text: string) =>
    renderStill(figureFrom({ data: [{ y: [1] }], layout: { title: { text } } }, "x"));
  const { svg } = await of("$\\mathcal{L}(\\theta)$");
  assert.match(svg.match(/<svg [^>]*class="gtitle-math"[^>]*>/)?.[0] ?? "", / width="[\d.]+".* x="321\.8/);
  await of("$\\newcommand{\\mine}{x}\\mine$");
  assert.ok((await of("$\\mine$")).svg.includes('fill="red"'));
  assert.ok((await of("It costs $5")).svg.includes(">It costs $5<"));
});

test("a picture in an image trace is drawn", async () => {
  const source = `data:image/png;base64,${Buffer.from(
    await renderPng(
      '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="#d22"/></svg>',
    ),
  ).toString("base64")}`;
  const { svg } = await renderStill(figureFrom({ data: [{ type: "image", source }] }, "x"));
  assert.ok(/<image [^>]*xlink:href="data:image\/png/.test(svg));
});

test("letters that the pictures' font lacks are said", async () => {
  const { said } = await renderStill(
    figureFrom({ data: [{ y: [1] }], layout: { title: "손실 ошибка ✗" } }, "x"),
  );
  assert.deepEqual(said, ["손실 (npm install @expo-google-fonts/noto-sans-kr adds them)"]);
});
