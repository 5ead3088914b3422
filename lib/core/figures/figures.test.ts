import assert from "node:assert/strict";
import { test } from "node:test";
import { activationSlices } from "./activation-slices.js";
import { confusionFigure } from "./confusion-figure.js";
import { type EpochPoint, errorCurves } from "./error-curves.js";
import { examples } from "./examples.test.helper.js";
import { plain, slug } from "./figure.js";
import { filters } from "./filters.js";
import { lossCurve } from "./loss-curve.js";
import { mistakes } from "./mistakes.js";
import { normCurves } from "./norm-curves.js";
import { rateGrid } from "./rate-grid.js";
import { resultsTable } from "./results-table.js";
import { channelMaps } from "./tiles.js";
import { tsneMap } from "./tsne-map.js";

const point = (epoch: number, error: number): EpochPoint => ({
  epoch,
  trainError: error,
  testError: error,
  trainLoss: error,
  testLoss: error,
});
const run = (name: string, ...errors: number[]) => ({ name, epochs: errors.map((e, k) => point(k, e)) });

test("every example is plain JSON: written and read it is the same", () => {
  for (const make of Object.values(examples)) {
    const figure = make();
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure);
  }
});

test("errors are drawn in percent", () => {
  const { data } = errorCurves({ title: "t", runs: [run("a", 0.9, 0.25)] });
  assert.deepEqual(data[0].y, [90, 25]);
});

test("the line over seeds is their mean, 10 % and 30 % → 20 %", () => {
  const runs = [{ name: "a", epochs: [[point(0, 0.1)], [point(0, 0.3)]] }];
  const lines = errorCurves({ title: "t", runs }).data.filter((trace) => trace.fill === undefined);
  assert.deepEqual(lines[0].y, [20]);
});

test("a test set that was not measured (NaN) has no curve", () => {
  const epochs = [{ ...point(0, 0.5), testError: Number.NaN, testLoss: Number.NaN }];
  assert.equal(errorCurves({ title: "t", runs: [{ name: "a", epochs }] }).data.length, 1);
});

test("a diverged epoch is a gap, and the description says so", () => {
  const runs = [run("a", 0.5, Number.NaN, 0.4)];
  const { data, layout } = errorCurves({ title: "t", runs });
  assert.deepEqual(data[0].y, [50, null, 40]);
  assert.match(layout.meta.description, /2 values are not finite and left out/);
});

const saying = ({ layout }: { layout: { meta: { description: string } } }) => layout.meta.description;

test("what a logarithmic axis cannot show is counted in the description, a linear one shows it", () => {
  const runs = [run("a", 0.5, 0.1, 0)];
  assert.match(saying(errorCurves({ title: "t", yScale: "log", runs })), /\. 2 values are not above 0/);
  assert.doesNotMatch(saying(errorCurves({ title: "t", runs })), /not above 0/);
  const losses = [{ name: "a", losses: [1, -1, 0, Number.NaN] }];
  assert.match(
    saying(lossCurve({ title: "t", yScale: "log", runs: losses })),
    / 1 losses are not finite and left out\. 2 values are not above 0 and have no place on the logarithmic axis\.$/,
  );
  assert.doesNotMatch(saying(lossCurve({ title: "t", runs: losses })), /not above 0/);
});

test("filters say how many weights are not finite", () => {
  const of = (...data: number[]) => saying(filters({ title: "t", weight: { shape: [1, 1, 1, 3], data } }));
  assert.match(of(Number.NaN, 1, -2), /weight from -2 to 1\. 1 values are not finite and left blank\.$/);
  assert.match(of(0, 1, -2), /weight from -2 to 1\.$/);
});

test("a grid of runs that all diverged has no range", () => {
  const grid = rateGrid({
    title: "t",
    rows: ["a"],
    columns: [1, 2],
    values: [[null, Number.NaN]],
    quantity: "%",
  });
  assert.equal(saying(grid), "t. % for 1 × 2 settings. 2 did not end with a number.");
});

test("a probability that is not finite is nobody's answer", () => {
  const of = (...probabilities: number[]) =>
    saying(
      mistakes({ title: "t", classes: ["a", "b"], mistakes: [{ image: bitmap, truth: 0, probabilities }] }),
    );
  assert.match(of(Number.NaN, Number.NaN), /a a without a finite probability/);
  assert.match(of(Number.NaN, 0.8), /a a taken for b/);
});

test("one epoch is drawn as a point, for a line of one point is invisible", () => {
  assert.equal(errorCurves({ title: "t", runs: [run("a", 0.5)] }).data[0].mode, "markers");
});

test("100,000 steps become 400 points", () => {
  const { data } = lossCurve({
    title: "t",
    runs: [{ name: "a", losses: new Float64Array(100_000).fill(2) }],
  });
  assert.ok(JSON.stringify(data).length < 20_000);
});

test("channelMaps cuts sample 1 out of a batch [2, 2, 1, 2]", () => {
  const batch = { shape: [2, 2, 1, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) };
  assert.deepEqual(channelMaps(batch, 1), [
    { height: 1, width: 2, data: [4, 5] },
    { height: 1, width: 2, data: [6, 7] },
  ]);
});

test("the recall of a class is its diagonal's share of its row", () => {
  const { layout } = confusionFigure({
    title: "t",
    matrix: [
      [3, 1],
      [0, 0],
    ],
  });
  assert.match(JSON.stringify(layout.annotations), /75\.0 %.*–/);
});

test("a class that the set has no name for is called by its number", () => {
  const { layout } = confusionFigure({
    title: "t",
    matrix: [
      [3, 1],
      [0, 0],
    ],
    labels: ["cat"],
  });
  assert.match(JSON.stringify(layout), /\["cat","1"\]/);
});

test("a name comes from the title", () => {
  assert.equal(slug("Error rate: η = 0.001, batch 10"), "error-rate-0-001-batch-10");
  assert.equal(slug("Über-Größe"), "uber-gro-e");
  assert.equal(slug("数字"), "figure");
});

test("a table has the keys of all its rows", () => {
  const { columns } = resultsTable({ title: "t", rows: [{ a: 1 }, { a: 2, b: 3 }] });
  assert.deepEqual(
    columns.map(({ key }) => key),
    ["a", "b"],
  );
});

test("text is text: what looks like markup is written as entities, control characters go", () => {
  assert.equal(plain('<b onclick="x">&amp;</b>\u0000'), '&lt;b onclick="x"&gt;&amp;amp;&lt;/b&gt;');
});

test("the best number of a column is marked, nothing is an en dash", () => {
  const table = resultsTable({
    title: "t",
    rows: [
      { name: "a", error: 2.71543 },
      { name: "b", error: null },
      { name: "c", error: 2 },
    ],
    columns: ["name", { key: "error", unit: "%", digits: 2, best: "min" }],
  });
  assert.deepEqual(
    table.rows.map((row) => row[1].text),
    ["2.72", "–", "2.00"],
  );
  assert.deepEqual(
    table.rows.map((row) => row[1].best),
    [false, false, true],
  );
  assert.equal(table.columns[1].numeric, true);
});

const bitmap = { height: 2, width: 2, data: [0, 1, 2, 3] };
const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "errorCurves without runs",
    () => errorCurves({ title: "t", runs: [] }),
    /no runs, expected at least one run/,
  ],
  ["errorCurves without epochs", () => errorCurves({ title: "t", runs: [run("a")] }), /"a" has no epochs/],
  [
    "percents for fractions",
    () => errorCurves({ title: "t", runs: [run("a", 12.5)] }),
    /is 12\.5, expected a fraction/,
  ],
  [
    "seeds of different length",
    () =>
      errorCurves({
        title: "t",
        runs: [{ name: "a", epochs: [run("", 0.1).epochs, run("", 0.1, 0.2).epochs] }],
      }),
    /have 1 and 2 epochs/,
  ],
  [
    "an unknown option",
    () => errorCurves({ title: "t", runs: [run("a", 0.1)], ...{ colums: 2 } }),
    /Did you mean "columns"/,
  ],
  [
    "no title",
    () => errorCurves({ title: " ", runs: [run("a", 0.1)] }),
    /title is " ", expected a title that says what is shown/,
  ],
  [
    "a name with a slash",
    () => errorCurves({ title: "t", name: "../x", runs: [run("a", 0.1)] }),
    /lower-case letters/,
  ],
  [
    "activationSlices without maps",
    () => activationSlices({ title: "t", rows: [{ label: "a", maps: [] }] }),
    /no maps/,
  ],
  [
    "maps of two sizes",
    () =>
      activationSlices({
        title: "t",
        rows: [{ label: "a", maps: [bitmap, { height: 1, width: 4, data: [1, 2, 3, 4] }] }],
      }),
    /maps of 2×2 and 1×4 pixels.*a figure of its own/,
  ],
  [
    "a map with too few values",
    () => activationSlices({ title: "t", rows: [{ label: "a", maps: [{ ...bitmap, data: [1] }] }] }),
    /1 values and size 2×2/,
  ],
  [
    "a weight of three dimensions",
    () => filters({ title: "t", weight: { shape: [2, 2, 2], data: [] } }),
    /\[F, C, KH, KW\]/,
  ],
  [
    "a confusion matrix that is not square",
    () => confusionFigure({ title: "t", matrix: [[1, 2]] }),
    /row 0 has 2 entries/,
  ],
  [
    "more names than classes",
    () => confusionFigure({ title: "t", matrix: [[1]], labels: ["a", "b"] }),
    /2 labels for 1 classes, expected at most one for each class/,
  ],
  [
    "a negative count",
    () => confusionFigure({ title: "t", matrix: [[-1]] }),
    /matrix\[0\]\[0\] is -1, expected a whole number of at least 0/,
  ],
  [
    "fewer points than labels",
    () => tsneMap({ title: "t", labels: [0, 1], maps: [{ name: "a", points: [[0, 0]] }] }),
    /1 points in "a" for 2 labels/,
  ],
  [
    "points in four dimensions",
    () => tsneMap({ title: "t", labels: [0], maps: [{ name: "a", points: [[0, 0, 0, 0]] }] }),
    /has 4 coordinates, expected 2 or 3/,
  ],
  [
    "points of two and of three dimensions in one map",
    () =>
      tsneMap({
        title: "t",
        labels: [0, 0],
        maps: [
          {
            name: "a",
            points: [
              [0, 0, 0],
              [1, 1],
            ],
          },
        ],
      }),
    /point 1 of "a" has 2 coordinates, expected 3/,
  ],
  [
    "a range beside scales of each map",
    () =>
      activationSlices({ title: "t", scale: "own", range: [0, 1], rows: [{ label: "a", maps: [bitmap] }] }),
    /a range and scale: "own"/,
  ],
  [
    "image marks without images",
    () => tsneMap({ title: "t", labels: [0], marks: "images", maps: [{ name: "a", points: [[0, 0]] }] }),
    /without an image for sample 0/,
  ],
  [
    "100,000 samples in a map",
    () =>
      tsneMap({
        title: "t",
        labels: new Uint8Array(1e5),
        maps: [{ name: "a", points: new Array(1e5).fill([0, 0]) }],
      }),
    /100000 samples, expected at most 5000/,
  ],
  [
    "lossCurve without steps",
    () => lossCurve({ title: "t", runs: [{ name: "a", losses: [] }] }),
    /a run without steps/,
  ],
  ["no mistakes", () => mistakes({ title: "t", mistakes: [] }), /no mistakes/],
  [
    "layers with different steps",
    () =>
      normCurves({
        title: "t",
        layers: [
          { name: "a", gradient: [1] },
          { name: "b", gradient: [1, 2] },
        ],
      }),
    /2 values of b/,
  ],
  [
    "normCurves with more steps than values",
    () => normCurves({ title: "t", steps: [1, 2], layers: [{ name: "a", gradient: [1] }] }),
    /2 steps, expected 1, one for each value/,
  ],
  [
    "a ragged grid",
    () => rateGrid({ title: "t", rows: ["a"], columns: [1, 2], values: [[1]], quantity: "%" }),
    /1 values in row 0/,
  ],
  [
    "a best that is neither end",
    () => resultsTable({ title: "t", rows: [{ a: 1 }], columns: [{ key: "a", best: "least" as "min" }] }),
    /resultsTable, column "a": best is "least", expected "max" or "min"/,
  ],
  [
    "a cell that is a record",
    () => resultsTable({ title: "t", rows: [{ a: 1 }, { a: JSON.parse("{}") }] }),
    /"a" of row 1 is an object, expected a string/,
  ],
  [
    "a grid whose best is neither end",
    () =>
      rateGrid({
        title: "t",
        rows: ["a"],
        columns: [1],
        values: [[1]],
        quantity: "q",
        best: "least" as "min",
      }),
    /rateGrid: best is "least"/,
  ],
  ["a table without rows", () => resultsTable({ title: "t", rows: [] }), /no rows/],
  [
    "a column that no row has",
    () => resultsTable({ title: "t", rows: [{ a: 1 }], columns: ["b"] }),
    /column "b" is in no row/,
  ],
  [
    "digits that a number cannot have",
    () => resultsTable({ title: "t", rows: [{ a: 1 }], columns: [{ key: "a", digits: 101 }] }),
    /column "a": digits is 101, expected a whole number in 0 … 100/,
  ],
  [
    "a sample that is not in the batch",
    () => channelMaps({ shape: [1, 1, 1, 1], data: [0] }, 1),
    /sample 1 of a batch \[1, 1, 1, 1\]/,
  ],
];
for (const [title, call, words] of refusals) {
  test(`refuses ${title}`, () => {
    assert.throws(call, { name: "GradbookError", message: words });
  });
}

test("errorCurves: runs on numbers have an axis in the targets' unit, and share none with error rates", () => {
  const epochs = [3, 1.5].map((error, epoch) => ({
    epoch,
    trainError: error,
    testError: error,
    trainLoss: error ** 2,
    testLoss: error ** 2,
    measure: "RMSE" as const,
  }));
  const figure = errorCurves({ title: "t", runs: [{ name: "a", epochs }] });
  assert.match(JSON.stringify(figure.layout), /"RMSE"/);
  assert.match(
    String(Object(figure.layout.meta).description),
    /Curves of the RMSE .* ends at 1\.5 \(train\), 1\.5 \(test\)/,
  );
  const rates = epochs.map(({ measure: _, ...point }) => ({ ...point, trainError: 0.1, testError: 0.1 }));
  assert.throws(
    () =>
      errorCurves({
        title: "t",
        runs: [
          { name: "a", epochs },
          { name: "b", epochs: rates },
        ],
      }),
    /RMSE of others/,
  );
});
