import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { activationSlices, errorCurves, type Figure, lossCurve, normCurves } from "@gradbook/core";
import { examples } from "#core/figures/examples.test.helper.js";
import { renderPng, renderSmallPng } from "#tools/render/raster.js";
import { renderSvg } from "#tools/render/svg.js";

const titled = (title: string): Figure =>
  errorCurves({
    title,
    caption: title,
    runs: [
      {
        name: title,
        epochs: [0, 1].map((epoch) => ({
          epoch,
          trainError: 0.5,
          testError: 0.5,
          trainLoss: 1,
          testLoss: 1,
        })),
      },
    ],
  });

test("the same figure gives the same bytes whatever was drawn before, and in any order of its keys", async () => {
  const figure = examples["tsne-map"]();
  const first = await renderSvg(figure);
  await renderSvg(examples["activation-slices"]());
  const { layout, data } = figure;
  const turned: Figure = {
    layout: Object.fromEntries(Object.entries(layout).reverse()) as typeof layout,
    data: data.map((trace) => Object.fromEntries(Object.entries(trace).reverse())),
  };
  assert.equal(await renderSvg(turned), first);
});

test("two figures drawn at once don't mix their ids", async () => {
  const [a, b] = [examples["tsne-map"](), examples["error-curves-grid"]()];
  const together = await Promise.all([renderSvg(a), renderSvg(b)]);
  assert.deepEqual(together, [await renderSvg(a), await renderSvg(b)]);
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
  const inA = new Set(ids(together[0]));
  assert.ok(inA.size > 0);
  assert.deepEqual(
    ids(together[1]).filter((id) => inA.has(id)),
    [],
  );
});

test("nothing in an SVG leads outside of it, and no id is missing", async () => {
  for (const [name, make] of Object.entries(examples)) {
    const svg = await renderSvg(make());
    const references = [...svg.matchAll(/(?:href="|url\()([^")]*)/g)].map((m) => m[1]);
    for (const reference of references) {
      if (reference.startsWith("data:image/png;base64,")) continue;
      assert.match(reference, /^#/, `${name}: ${reference}`);
      assert.ok(svg.includes(`id="${reference.slice(1)}"`), `${name}: ${reference}`);
    }
  }
});

for (const title of [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "</svg><svg onload='alert(1)'>",
  "a & b < c > d &lt;b&gt; <b>bold</b> <a href='javascript:alert(1)'>x</a>",
  "]]> <!-- & %{x} $x^2$",
]) {
  test(`a title ${JSON.stringify(title)} is drawn as it is typed`, async () => {
    const svg = await renderSvg(titled(title), { notebook: title });
    const { JSDOM } = createRequire(import.meta.url)("jsdom");
    const { window } = new JSDOM("", { runScripts: "outside-only" });
    Object.assign(window, { source: svg });
    window.eval(
      `const root = new DOMParser().parseFromString(source, "image/svg+xml");
       globalThis.found = [...root.querySelectorAll("*")].map((e) => e.localName);
       globalThis.handlers = [...root.querySelectorAll("*")].flatMap((e) => [...e.attributes]).filter((a) => /^on/i.test(a.name)).length;
       globalThis.links = root.querySelectorAll("a").length;
       globalThis.texts = [...root.querySelectorAll("text")].map((t) => t.textContent).join("|");`,
    );
    const { found, handlers, links, texts } = window as typeof window & Record<string, unknown>;
    assert.ok(
      Array.isArray(found) &&
        !found.includes("parsererror") &&
        !found.includes("script") &&
        !found.includes("img"),
    );
    assert.equal(handlers, 0);
    assert.equal(links, 0);
    assert.ok(String(texts).replace(/\s/g, "").includes(title.replace(/\s/g, "")), String(texts));
    assert.ok((await renderPng(svg)).length > 1000);
  });
}

test("NaN in a feature map, an empty map, and 100,000 steps are drawn", async () => {
  const map = (data: number[]) => ({ height: 2, width: 2, data });
  const broken = activationSlices({
    title: "broken",
    rows: [
      {
        label: "a",
        maps: [
          map([0, Number.NaN, 1, Number.POSITIVE_INFINITY]),
          map([0, 0, 0, 0]),
          map([Number.NaN, Number.NaN, Number.NaN, Number.NaN]),
        ],
      },
    ],
  });
  assert.match(broken.layout.meta.description, /6 values are not finite/);
  assert.ok((await renderSvg(broken)).includes("<image"));
  const long = lossCurve({
    title: "long",
    runs: [{ name: "a", losses: Float64Array.from({ length: 100_000 }, (_, k) => k % 7) }],
  });
  assert.ok((await renderSvg(long)).length < 100_000);
});

test("100,000 epochs and 100 classes are drawn in a file of less than 1 MB", async () => {
  const { confusionFigure } = await import("@gradbook/core");
  const epochs = Array.from({ length: 100_000 }, (_, epoch) => {
    return { epoch, trainError: (epoch % 7) / 7, testError: 0.5, trainLoss: 1, testLoss: 1 };
  });
  const matrix = Array.from({ length: 100 }, (_, t) =>
    Array.from({ length: 100 }, (_, p) => (t === p ? 9 : 1)),
  );
  for (const figure of [
    errorCurves({ title: "long", runs: [{ name: "a", epochs }] }),
    confusionFigure({ title: "CIFAR-100", matrix }),
  ]) {
    assert.ok((await renderSvg(figure)).length < 1e6);
  }
});

test("provenance stands in the SVG and in the PNG", async () => {
  const about = { notebook: "hw4.ipynb", cell: 7, config: "c0ffee", run: "abc" };
  const svg = await renderSvg(titled("t"), about);
  assert.match(svg, /<metadata>.*hw4\.ipynb.*c0ffee.*<\/metadata>/);
  const png = Buffer.from(await renderPng(svg, 1, about)).toString("latin1");
  for (const entry of [
    "gradbook:notebook\0hw4.ipynb",
    "gradbook:cell\x007",
    "gradbook:config\0c0ffee",
    "gradbook:run\0abc",
  ]) {
    assert.ok(png.includes(entry), entry);
  }
});

test("a notebook's picture in 256 colours differs by at most 14 levels from all colours in 199 of 200 pixels", async () => {
  const { Resvg } = await import("@resvg/resvg-js");
  const decode = (png: Uint8Array, width: number, height: number) => {
    const uri = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}"><image width="${width}" height="${height}" xlink:href="${uri}"/></svg>`;
    return new Resvg(svg).render().pixels;
  };
  const bytes = { few: 0, all: 0 };
  for (const name of ["error-curves-grid", "activation-slices", "tsne-map-images"]) {
    const figure = examples[name]();
    const { width, height } = figure.layout;
    const svg = await renderSvg(figure);
    const all = decode(await renderPng(svg), width, height);
    const few = decode(await renderSmallPng(svg), width, height);
    let off = 0;
    for (let i = 0; i < all.length; i += 4) {
      if ([0, 1, 2].some((c) => Math.abs(all[i + c] - few[i + c]) > 25)) off++;
    }
    assert.ok(off * 200 <= width * height, `${name}: ${off} of ${width * height}`);
    bytes.few += (await renderSmallPng(svg, 2)).length;
    bytes.all += (await renderPng(svg, 2)).length;
  }
  assert.ok(bytes.few < 0.6 * bytes.all, JSON.stringify(bytes));
});

/** The labels under the panels, from left to right. */
const countLabels = async (figure: Figure) =>
  [...(await renderSvg(figure)).matchAll(/class="xtick"[^>]*>\s*<text[^>]*>([^<]*)</g)].map((m) => m[1]);
const upTo = (n: number) => Array.from({ length: n + 1 }, (_, k) => String(k));
const epochs = (n: number) =>
  Array.from({ length: n + 1 }, (_, epoch) => ({
    epoch,
    trainError: 0.5,
    testError: 0.5,
    trainLoss: 1,
    testLoss: 1,
  }));

for (const n of [1, 2, 3, 7, 8, 10]) {
  test(`the axis of ${n} epochs has each of them once`, async () => {
    const figure = errorCurves({ title: "t", runs: [{ name: "a", epochs: epochs(n) }] });
    assert.deepEqual(await countLabels(figure), upTo(n));
  });
}

test("few epochs in a grid and few steps have each a tick of its own; steps between whole numbers keep their labels", async () => {
  const runs = ["a", "b"].map((name) => ({ name, epochs: epochs(2) }));
  assert.deepEqual(await countLabels(errorCurves({ title: "t", layout: "grid", runs })), upTo(2));
  assert.deepEqual(
    await countLabels(lossCurve({ title: "t", runs: [{ name: "a", losses: [3, 2, 1] }] })),
    upTo(3),
  );
  const norms = (steps: readonly number[]) =>
    normCurves({ title: "t", steps, layers: [{ name: "a", gradient: [0.1, 0.2, 0.1] }] });
  assert.deepEqual(await countLabels(norms([1, 2, 3])), ["1", "2", "3"]);
  assert.deepEqual(await countLabels(norms([0, 0.5, 1])), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
});
