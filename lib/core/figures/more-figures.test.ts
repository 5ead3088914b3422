import assert from "node:assert/strict";
import { test } from "node:test";
import { comparison } from "./comparison.js";
import { figureDefaults } from "./figure.js";
import { heatMap } from "./heat-map.js";
import { histograms } from "./histograms.js";
import { imageGrid } from "./image-grid.js";
import { lossLandscape } from "./loss-landscape.js";
import { networkDiagram } from "./network-diagram.js";
import { figure } from "./own-figure.js";
import { scoreCurves } from "./score-curves.js";
import { inkOn, themes } from "./theme.js";
import { twinCurves } from "./twin-curves.js";

const title = "t";
const saying = ({ layout }: { layout: { meta: { description: string } } }) => layout.meta.description;

test("figure: what the layout says goes before the look, the title before the layout's", () => {
  const { layout } = figure({
    title,
    data: [{ y: [1] }],
    layout: { title: "other", width: 500, font: { size: 9 } },
  });
  assert.equal(layout.width, 500);
  assert.match(JSON.stringify(layout.font), /"size":9/);
  assert.match(JSON.stringify(layout.title), /"text":"t"/);
  assert.equal(layout.meta.title, "t");
});

test("figure: a template that the layout brings along is replaced by our look", () => {
  const { layout } = figure({
    title,
    data: [{ y: [1] }],
    layout: { template: { layout: { colorway: ["red"] } } },
  });
  assert.match(JSON.stringify(layout.template), new RegExp(themes.light.series[0]));
});

test("figure: two named traces have a legend, one has none", () => {
  const of = (...names: string[]) =>
    figure({ title, data: names.map((name) => ({ name, y: [1] })) }).layout.showlegend;
  assert.deepEqual([of("a"), of("a", "b")], [false, true]);
});

test("comparison: an interval without bounds (one seed) has no whiskers", () => {
  const intervals = [{ mean: 2, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }];
  const made = comparison({ title, quantity: "q", groups: ["a"], series: [{ name: "s", intervals }] });
  assert.match(JSON.stringify(made.data[0].error_y), /"array":\[0\],"arrayminus":\[0\]/);
  assert.match(saying(made), /s: a 2\.$/);
});

test("histograms: shares of the finite values, [0, 0, 0, 1] in two bins → 75 % and 25 %", () => {
  const made = histograms({ title, layers: [{ name: "l", values: [0, 0, Number.NaN, 0, 1] }], bins: 2 });
  assert.deepEqual(made.data[0].y, [0, 75, 25, 0]);
  assert.match(saying(made), /l: 4 values, mean 0\.25.*75 % zero\. 1 values are not finite/);
});

test("histograms: all values the same stand in the middle", () => {
  assert.deepEqual(
    histograms({ title, layers: [{ name: "l", values: [3, 3] }], bins: 3 }).data[0].y,
    [0, 0, 100, 0, 0],
  );
});

test("scoreCurves: samples of one score pass the threshold together, so that guessing has AUC 0.5", () => {
  const made = scoreCurves({
    title,
    runs: [{ name: "same", scores: [1, 1, 1, 1], positive: [true, false, true, false] }],
  });
  assert.match(saying(made), /same has AUC 0\.500, AP 0\.500/);
});

test("scoreCurves: scores in the right order have AUC 1 and AP 1", () => {
  const runs = [{ name: "r", scores: [3, 2, 1], positive: [1, 1, 0] }];
  assert.match(saying(scoreCurves({ title, runs })), /AUC 1\.000, AP 1\.000/);
});

test("twinCurves: what is not above 0 is a gap on a logarithmic axis, and counted", () => {
  const left = { name: "a", values: [1, 0, 2], scale: "log" as const };
  const made = twinCurves({ title, left, right: { name: "b", values: [1, 2, 3] } });
  assert.deepEqual(made.data[0].y, [1, null, 2]);
  assert.match(saying(made), /1 values are not above 0/);
});

test("networkDiagram: a layer stands below the lowest that it takes", () => {
  const layer = (name: string, ...after: string[]) => ({ name, layer: "L", output: "[1]", after });
  const made = networkDiagram({
    title,
    layers: [layer("a", "input"), layer("b", "input"), layer("sum", "a", "b", "input")],
  });
  const tops = JSON.stringify(made.layout.shapes).match(/"rect","x0":[\d.]+,"x1":[\d.]+,"y0":[\d.]+/g) ?? [];
  const y = tops.map((top) => Number(top.split(":")[3]));
  assert.equal(y.length, 4);
  assert.ok(y[0] < y[1] && y[1] === y[2] && y[2] < y[3], y.join(" "));
});

test("every number on a ramp can be read: contrast of at least 4.5", () => {
  const luminance = (color: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const v = Number.parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
      return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    }, 0);
  for (const { sequential, diverging } of [themes.light, themes.dark]) {
    for (const [share, color] of [...sequential, ...diverging]) {
      const ramp = sequential.some((stop) => stop[1] === color) ? sequential : diverging;
      const [a, b] = [luminance(color), luminance(inkOn(ramp, share))].sort((p, q) => q - p);
      assert.ok((a + 0.05) / (b + 0.05) >= 4.5, `${color}: ${(a + 0.05) / (b + 0.05)}`);
    }
  }
});

test("figureDefaults: a paper's width in millimetres and letters in points, until it is called again", (t) => {
  t.after(() => figureDefaults({}));
  const of = (more: object = {}) => figure({ title, data: [{ y: [1] }], ...more }).layout;
  figureDefaults({ size: { width: 84, text: 9 }, theme: "dark", titles: false });
  assert.equal(of().width, Math.round((84 / 25.4) * 96));
  assert.match(JSON.stringify(of().template), /"size":12/);
  assert.match(JSON.stringify(of().title), /"text":""/);
  assert.deepEqual([of().meta.theme, of({ theme: "light" }).meta.theme], ["dark", "light"]);
  assert.equal(of({ size: "column" }).width, 336);
  figureDefaults({});
  assert.deepEqual([of().width, of().meta.theme], [680, "light"]);
});

const refused: Readonly<Record<string, () => unknown>> = {
  "a series with fewer intervals than groups": () =>
    comparison({ title, quantity: "q", groups: ["a", "b"], series: [{ name: "s", intervals: [] }] }),
  "a layer without values": () => histograms({ title, layers: [{ name: "l", values: [] }] }),
  "scores of one class only": () =>
    scoreCurves({ title, runs: [{ name: "r", scores: [1, 2], positive: [true, true] }] }),
  "scores of fewer samples": () =>
    scoreCurves({ title, runs: [{ name: "r", scores: [1], positive: [true, false] }] }),
  "a score that is not finite": () =>
    scoreCurves({ title, runs: [{ name: "r", scores: [Number.NaN, 1], positive: [true, false] }] }),
  "curves of different lengths": () =>
    twinCurves({ title, left: { name: "a", values: [1] }, right: { name: "b", values: [1, 2] } }),
  "a landscape with a short row": () => lossLandscape({ title, x: [0, 1], y: [0, 1], loss: [[1, 2], [3]] }),
  "a layer that takes a later one": () =>
    networkDiagram({ title, layers: [{ name: "a", layer: "", output: "", after: ["b"] }] }),
  "two layers of one name": () =>
    networkDiagram({ title, layers: ["a", "a"].map((name) => ({ name, layer: "", output: "" })) }),
  "a paper as wide as a house": () => figureDefaults({ size: { width: 3000, text: 8 } }),
  "letters without a width": () => figure({ title, data: [], size: { text: 8 } as never }),
  "no images": () => imageGrid({ title, images: [] }),
  "an image whose data does not fit its size": () =>
    imageGrid({ title, images: [{ image: { height: 2, width: 2, data: [1] } }] }),
  "a row of a heat map that is too short": () =>
    heatMap({ title, quantity: "q", rows: ["a"], columns: ["b", "c"], values: [[1]] }),
};
for (const [name, make] of Object.entries(refused)) {
  test(`refuses ${name}`, () => assert.throws(make, { name: "GradbookError" }));
}
