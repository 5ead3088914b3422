import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MimeBundle } from "@gradbook/base";
import type { Browser, Page } from "playwright-core";
import { buildReport } from "#tools/report/build.js";
import { code, executedNotebook, prose } from "#tools/report/fixture.test.helper.js";
import { writeFolder } from "#tools/report/folder.js";
import { reportInputs } from "#tools/report/inputs.js";
import type { Omission } from "#tools/report/omissions.js";
import { launchBrowser } from "./support/browser.js";

// Outputs of strangers on a report's page, in a browser: what is safe is seen, nothing runs, nothing is asked for, and
// figures that need WebGL or formulas are drawn there from the page alone.
const root = fileURLToPath(new URL("../../", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "gradbook-outputs-"));
let browser: Browser;
let left: readonly Omission[] = [];

const plotly = (figure: object): MimeBundle => {
  const bundle: MimeBundle = JSON.parse(JSON.stringify({ "application/vnd.plotly.v1+json": figure }));
  return bundle;
};
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><circle cx="30" cy="30" r="20" fill="teal"/>';
const pwn = "window.pwned = true";
const cells = [
  prose(
    `# Outputs of strangers\n\n<div style="color:#b3121d">red</div><script>${pwn}</script><img src=x onerror="${pwn}">\n\n` +
      "<a href='javascript:window.pwned=true'>click</a> ![far](https://example.org/x.png) $\\href{javascript:window.pwned=true}{x}$",
  ),
  code("surface", [
    plotly({
      data: [
        {
          type: "surface",
          z: [
            [1, 2, 3],
            [3, 4, 9],
            [5, 9, 0],
          ],
        },
      ],
      layout: { meta: { name: "surface" } },
    }),
  ]),
  code("scatter3d", [
    plotly({
      data: [{ type: "scatter3d", x: [1, 2, 3], y: [1, 2, 4], z: [1, 5, 9], mode: "lines" }],
      layout: { meta: { name: "scatter3d" } },
    }),
  ]),
  code("formula", [
    plotly({ data: [{ y: [1, 2] }], layout: { title: "$\\alpha^2$", meta: { name: "formula" } } }),
  ]),
  code("map", [
    plotly({ data: [{ type: "scattergeo", lon: [1], lat: [2] }], layout: { meta: { name: "map" } } }),
  ]),
  code("frames", [
    plotly({
      data: [{ y: [1, 2] }],
      layout: { meta: { name: "frames" } },
      frames: [{ name: "second", data: [{ y: [2, 1] }] }],
      config: { displayModeBar: false },
    }),
  ]),
  code("html", [
    {
      "text/html": `<h3>Heading</h3><table onclick="${pwn}"><tr><td>cell</td></tr></table><script>${pwn}</script><svg width="50" height="50"><circle cx="25" cy="25" r="20"/></svg>`,
    },
    {
      "text/html": `<iframe srcdoc="<script>parent.${pwn}</script>"></iframe><p>after</p><style>body{display:none}</style><meta http-equiv="refresh" content="0;url=https://example.org">`,
    },
  ]),
  code("svg", [
    {
      "image/svg+xml": `${svg}<script>${pwn}</script><foreignObject><body onload="${pwn}"/></foreignObject><image href="https://example.org/x.png"/></svg>`,
    },
  ]),
  code("latex", [{ "text/latex": "$$\\frac{1}{2}$$" }]),
  { ...code("folded", [{ "text/plain": "folded output" }]), metadata: { tags: ["hide-output"] } },
];

before(async () => {
  const notebook = { ...executedNotebook(), cells };
  const inputs = await reportInputs(notebook, "quick", undefined);
  const files = await buildReport(notebook, {
    notebook: "outputs.ipynb",
    inputs,
    onLeftOut: (omissions) => {
      left = omissions;
    },
  });
  await writeFolder(join(folder, "outputs"), files);
  browser = await launchBrowser(root);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the page; what it complains about or asks a network for is a finding. The driver's talk about speed is none. */
async function open(): Promise<{ page: Page; findings: string[] }> {
  const context = await browser.newContext({ viewport: { width: 900, height: 900 } });
  const page = await context.newPage();
  const findings: string[] = [];
  page.on("console", (message) => {
    if (!/GL Driver Message|Canvas2D/.test(message.text())) findings.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => findings.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    findings.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(?:file|data|blob):/.test(request.url())) findings.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(folder, "outputs/index.html")).href);
  return { page, findings };
}

test("nothing of a stranger's output runs or is asked for, and what is safe is seen", async () => {
  const { page, findings } = await open();
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate("window.pwned"), undefined);
  await page.locator("a", { hasText: "click" }).click();
  assert.equal(await page.evaluate("window.pwned"), undefined);
  assert.equal(await page.locator("main iframe, main script, main meta, main style").count(), 0);
  assert.equal(await page.locator("h3", { hasText: "Heading" }).isVisible(), true);
  assert.equal(await page.locator("td", { hasText: "cell" }).isVisible(), true);
  assert.equal(await page.locator("p", { hasText: "after" }).isVisible(), true);
  assert.equal(await page.locator("div.math svg").count(), 1);
  const pictures: number[] = await page.evaluate("[...document.images].map((i) => i.naturalWidth)");
  assert.deepEqual(pictures, [50, 60]);
  assert.deepEqual(findings, []);
  await page.context().close();
});

test("a handler that had come through the cleaning would not run either", async () => {
  const { page, findings } = await open();
  await page.evaluate(
    `document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="x:y" onerror="window.pwned=1"><a id="late" href="javascript:window.pwned=1">x</a>')`,
  );
  await page.locator("#late").click();
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate("window.pwned"), undefined);
  assert.ok(findings.some((finding) => /Content Security Policy/.test(finding)));
  await page.context().close();
});

/** How many colours a figure's WebGL canvases show; a blank one has one. */
const coloursOf = (name: string) => `(async () => {
  const plot = document.querySelector("#fig-${name} .js-plotly-plot");
  const image = Object.assign(new Image(), { src: await Plotly.toImage(plot, { format: "png" }) });
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
})()`;

for (const [name, axis] of [
  ["surface", [0, 9]],
  ["scatter3d", [1, 9]],
] as const) {
  test(`${name} is drawn in three dimensions from the page alone, without a network`, {
    timeout: 60_000,
  }, async () => {
    const { page, findings } = await open();
    await page.click(`button[data-figure="fig-${name}"]`);
    await page.waitForSelector(`#fig-${name} .js-plotly-plot canvas`);
    await page.waitForTimeout(500);
    assert.ok((await page.evaluate<number>(coloursOf(name))) > 30);
    const range: number[] = await page.evaluate(
      `document.querySelector("#fig-${name} .js-plotly-plot")._fullLayout.scene.zaxis.range`,
    );
    assert.ok(Math.abs(range[0] - axis[0]) < 1 && Math.abs(range[1] - axis[1]) < 1, `z from ${range}`);
    assert.deepEqual(findings, []);
    await page.context().close();
  });
}

test("a formula in a title is drawn in the interactive figure too; frames and config reach it", async () => {
  const { page, findings } = await open();
  await page.click('button[data-figure="fig-formula"]');
  await page.waitForSelector("#fig-formula .gtitle-math");
  await page.click('button[data-figure="fig-frames"]');
  await page.waitForSelector("#fig-frames .js-plotly-plot .main-svg");
  const frames: string[] = await page.evaluate(
    `document.querySelector("#fig-frames .js-plotly-plot")._transitionData._frames.map((f) => f.name)`,
  );
  assert.deepEqual(frames, ["second"]);
  assert.equal(await page.locator("#fig-frames .modebar").count(), 0);
  assert.deepEqual(findings, []);
  await page.context().close();
});

test("without WebGL a figure says that it cannot be interactive, and its picture stays", async () => {
  const { page } = await open();
  await page.evaluate("HTMLCanvasElement.prototype.getContext = () => null");
  await page.click('button[data-figure="fig-surface"]');
  const words = page.locator("#fig-surface .missing, #fig-surface .js-plotly-plot", {
    hasText: /WebGL|Not interactive/,
  });
  await words.first().waitFor();
  await page.context().close();
});

test("a map that asks a network has no button, and its picture says why", async () => {
  const { page } = await open();
  assert.equal(await page.locator('button[data-figure="fig-map"]').count(), 0);
  assert.match(
    await page.locator("#fig-map figcaption").innerText(),
    /Not drawn in this picture: map with points \(needs a network\)/,
  );
  await page.context().close();
});

test("what was left out stands at the end of the page with its cell, as in the terminal", async () => {
  const { page } = await open();
  const items: string[] = await page.locator(".left-out li").allInnerTexts();
  assert.deepEqual(
    items,
    left.map(({ place, what }) => `${place}: ${what}`),
  );
  const all = items.join("\n");
  for (const words of [
    /text before cell 1: of its HTML: .*script/,
    /text before cell 1: picture far: a picture on a network/,
    /text before cell 1: formula .*href/,
    /cell 4: figure map: not drawn .*needs a network/,
    /cell 6: text\/html: left out: onclick, script/,
    /cell 6: text\/html: left out: iframe, meta, style/,
    /cell 7: image\/svg\+xml: left out: onload, script, foreignobject/,
    /cell 9: its output is folded on the page and left out of the PDF \(tag hide-output\)/,
  ]) {
    assert.match(all, words);
  }
  await page.context().close();
});

test("axe finds nothing grave, and a folded output opens", async () => {
  const { page } = await open();
  await page.evaluate(axe);
  const found: string[] = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id + ': ' + v.nodes.map((n) => n.target).join(' ')))",
  );
  assert.deepEqual(found, []);
  const output = page.locator("pre", { hasText: "folded output" });
  assert.equal(await output.isVisible(), false);
  await page.locator("details.folded summary").click();
  assert.equal(await output.isVisible(), true);
  await page.context().close();
});
