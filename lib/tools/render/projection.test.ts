import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@gradbook/base";
import { figureFrom } from "@gradbook/core/internal";
import { stillFigure } from "./still.js";
import { renderStill } from "./svg.js";

const still = async (data: readonly object[], scene: object = {}) =>
  stillFigure(figureFrom({ data, layout: { scene } }, "test"));
const cube = { x: [0, 1, 0, 0], y: [0, 0, 1, 0], z: [0, 0, 0, 1] };
const points = { type: "scatter3d", mode: "markers", ...cube };
const eye = (x: number, y: number, z: number) => ({ camera: { eye: { x, y, z } }, aspectmode: "cube" });
const numbers = (list: unknown) => (Array.isArray(list) ? list : []);

test("from straight above, x goes to the right and y upwards; the nearest point is drawn last", async () => {
  const { data, said } = await still([{ ...points, text: ["o", "x", "y", "z"] }], eye(0, 0, 2));
  assert.deepEqual(said, []);
  const at = (name: string) => {
    const i = numbers(data[0].text).indexOf(name);
    return { x: Number(numbers(data[0].x)[i]), y: Number(numbers(data[0].y)[i]), i };
  };
  assert.ok(at("x").x > at("o").x && Math.abs(at("x").y - at("o").y) < 1e-9);
  assert.ok(at("y").y > at("o").y && Math.abs(at("y").x - at("o").x) < 1e-9);
  assert.equal(at("z").i, 3);
});

test("perspective: an edge nearer to the eye is longer, as 2.5 to 1.5 from 2 away", async () => {
  const z = [0, 0, 1, 1];
  const side = { range: [0, 1] };
  const { data } = await still([{ type: "scatter3d", mode: "lines", x: [0, 1, 0, 1], y: [0, 0, 1, 1], z }], {
    ...eye(0, 0, 2),
    xaxis: side,
    yaxis: side,
    zaxis: side,
  });
  const x = numbers(data[0].x).map(Number);
  assert.ok(Math.abs((x[3] - x[2]) / (x[1] - x[0]) - 2.5 / 1.5) < 1e-3, x.join(" "));
});

test("a line keeps its order", async () => {
  const { data } = await still([{ ...points, mode: "lines", text: ["o", "x", "y", "z"] }], eye(0, 0, 2));
  assert.deepEqual(data[0].text, ["o", "x", "y", "z"]);
});

test("a surface's facets run from the farthest to the nearest, in its colours, with a colour bar", async () => {
  const surface = {
    type: "surface",
    z: [
      [0, 0, 0],
      [1, 1, 1],
    ],
    colorscale: [
      [0, "#000000"],
      [1, "#0000ff"],
    ],
  };
  const { data, layout, bundle } = await still([surface], eye(2, 0, 0.5));
  assert.equal(bundle, "cartesian");
  const facets = numbers(layout.shapes).filter((shape: JsonObject) => shape.type === "path");
  assert.deepEqual(
    facets.map((facet: JsonObject) => facet.fillcolor),
    ["rgb(0,0,128)", "rgb(0,0,128)"],
  );
  // Seen from the side of the large x, the facet of the larger x is nearer, and so wider.
  const wide = facets.map(({ path }: JsonObject) => {
    const x = [...String(path).matchAll(/[ML]([-\d.]+)/g)].map(([, at]) => Number(at));
    return Math.max(...x) - Math.min(...x);
  });
  assert.ok(wide[0] < wide[1], wide.join(" "));
  assert.match(JSON.stringify(data[0].marker), /"showscale":true/);
});

test("a large surface is drawn by at most 40 × 40 facets", async () => {
  const z = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: 200 }, (_, j) => Math.sin(i / 40) * j),
  );
  const { layout } = await still([{ type: "surface", z }]);
  const facets = numbers(layout.shapes).filter((shape: JsonObject) => shape.type === "path");
  assert.ok(facets.length <= 1600 && facets.length > 1000, String(facets.length));
});

for (const [name, data] of [
  ["names on an axis", [{ ...points, x: ["a", "b", "c", "d"] }]],
  ["a mesh beside the points", [points, { type: "mesh3d", ...cube }]],
] as const) {
  test(`${name}: the scene is said in words as a whole`, async () => {
    const { said, layout } = await still(data);
    assert.match(said.join(), /3-D scatter plot \(needs WebGL\)/);
    assert.doesNotMatch(JSON.stringify(layout), /x90/);
  });
}

test("two scenes and a flat panel stand side by side, each in its place", async () => {
  const domain = (from: number, to: number) => ({ domain: { x: [from, to], y: [0, 1] } });
  const figure = figureFrom(
    {
      data: [points, { ...points, scene: "scene2" }, { y: [1, 2] }],
      layout: { scene: domain(0, 0.3), scene2: domain(0.35, 0.65), xaxis: { domain: [0.7, 1] } },
    },
    "test",
  );
  const { layout } = await stillFigure(figure);
  const axis = (key: string) => (layout[key] as JsonObject).domain;
  assert.deepEqual(
    [axis("xaxis90"), axis("xaxis91")],
    [
      [0, 0.3],
      [0.35, 0.65],
    ],
  );
  const { svg, said } = await renderStill(figure);
  assert.deepEqual(said, []);
  assert.ok((svg.match(/class="point"/g) ?? []).length >= 8);
});

test("points without a single finite value, and values that are all the same, are drawn without a fault", async () => {
  for (const z of [[null], [5]]) await still([{ type: "scatter3d", x: [1], y: [1], z }]);
});
