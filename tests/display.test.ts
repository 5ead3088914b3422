import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import {
  displaySymbol,
  metricsMime,
  type PublishMessage,
  plotlyMime,
  progressMime,
  publishSymbol,
} from "@gradbook/base";
import { frontEnd, publish, tableHtml, tableMarkdown, tableText } from "@gradbook/core/internal";
import { confusionFigure, live, markdown, metrics, progress, resultsTable, show, table } from "gradbook";

let messages: PublishMessage[] = [];

beforeEach(() => {
  messages = [];
  Reflect.set(globalThis, publishSymbol, (message: PublishMessage) => messages.push(message));
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, publishSymbol);
});

const figure = confusionFigure({
  title: "t",
  matrix: [
    [1, 0],
    [0, 1],
  ],
});
const results = resultsTable({
  title: "Results <1>",
  rows: [
    { name: "a|b", error: 1.5 },
    { name: "c", error: 22 },
  ],
  columns: ["name", { key: "error", unit: "%", digits: 1, best: "min" }],
});

test("a figure is a PNG at twice its size, the Plotly JSON beside it, its description as text", async () => {
  await show(figure);
  const [{ data, metadata }] = messages;
  assert.deepEqual(Object.keys(data), ["image/png", plotlyMime, "text/plain"]);
  const png = Buffer.from(String(data["image/png"]), "base64");
  assert.equal(png.readUInt32BE(16), 2 * figure.layout.width);
  const { width, height, meta } = figure.layout;
  assert.deepEqual(metadata, { "image/png": { width, height, alt: meta.description } });
  assert.deepEqual(data[plotlyMime], { data: figure.data, layout: figure.layout });
});

test("twenty figures of all kinds stay under 3 MB of notebook", async () => {
  const { examples } = await import("#core/figures/examples.test.helper.js");
  let bytes = 0;
  for (const make of Object.values(examples)) {
    await show(make());
    bytes += JSON.stringify(messages.pop()).length;
  }
  assert.ok((bytes / Object.keys(examples).length) * 20 < 3e6, `${bytes} bytes`);
});

test("a table is there before show's promise is waited for", () => {
  show(results);
  assert.deepEqual(Object.keys(messages[0].data), [
    "text/html",
    "text/markdown",
    "application/vnd.gradbook.table+json",
    "text/plain",
  ]);
});

test("table(rows) needs no title", () => {
  table([{ a: 1 }]);
  assert.match(String(messages[0].data["text/html"]), /^<table><thead>/);
});

test("an object shows itself", async () => {
  await show({ [displaySymbol]: () => ({ "text/plain": "me" }) });
  assert.deepEqual(messages[0].data, { "text/plain": "me" });
});

test("Plotly JSON of one's own is shown with all that it lacks, and can be read from the message", async () => {
  await show({
    data: [{ type: "surface", z: [Float32Array.of(1, 2), Float32Array.of(3, 4)] }],
    frames: [{ name: "f" }],
  });
  const [{ data, metadata }] = messages;
  const own: unknown = JSON.parse(JSON.stringify(data[plotlyMime]));
  assert.deepEqual(own, {
    data: [
      {
        type: "surface",
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    frames: [{ name: "f" }],
    layout: {
      font: { family: '"Source Sans 3", "Source Sans Pro", Helvetica, Arial, sans-serif' },
      width: 680,
      height: 420,
      meta: {
        name: "figure",
        title: "Figure",
        caption: "",
        description: "Figure. 3-D surface, 2 × 2, z 1 to 4.",
        theme: "light",
      },
    },
  });
  const alt = "Figure. 3-D surface, 2 × 2, z 1 to 4.";
  assert.deepEqual(metadata, { "image/png": { width: 680, height: 420, alt } });
  assert.equal(data["text/plain"], alt);
});

test("an object that shows itself does so, whatever fields it has", async () => {
  await show({ data: 1, layout: 2, kind: "table", [displaySymbol]: () => ({ "text/plain": "me" }) });
  assert.deepEqual(messages[0].data, { "text/plain": "me" });
});

test("refuses Plotly JSON that Plotly would not draw, and traces without their figure", async () => {
  await assert.rejects(show({ data: [{ type: "scater" }] }), {
    message: /^show, data\[0\]: type is "scater"/,
  });
  await assert.rejects(show([{ y: [1] }]), {
    message: /Show Plotly traces with show\(\{ data: \[ … \] \}\)/,
  });
  await assert.rejects(show({ kind: "table" }), {
    message: /^show: an object, expected a figure, a table/,
  });
});

test("refuses what cannot be shown", async () => {
  await assert.rejects(show([1, 2]), { message: /^show: .*expected a figure, a table, or an object/ });
});

test("a table as HTML, Markdown and text: markup escaped, numbers to the right, the best marked", () => {
  assert.equal(
    tableHtml(results).replace(/ style="text-align:(?:left|right)"/g, ""),
    '<table><caption>Results &lt;1&gt;</caption><thead><tr><th scope="col">name</th><th scope="col">error (%)</th></tr></thead><tbody>\n' +
      "<tr><td>a|b</td><td><strong>1.5</strong></td></tr>\n<tr><td>c</td><td>22.0</td></tr>\n</tbody></table>",
  );
  assert.equal(
    tableMarkdown(results),
    "| name | error (%) |\n| :--- | ---: |\n| a\\|b | **1.5** |\n| c | 22.0 |",
  );
  assert.equal(
    tableText(results),
    "Results <1>\nname  error (%)\n────  ──────────\na|b         1.5*\nc          22.0",
  );
});

test("markdown is shown as it is", () => {
  markdown("**so** $x$");
  assert.deepEqual(messages[0].data, { "text/markdown": "**so** $x$", "text/plain": "**so** $x$" });
});

test("metrics travel in a MIME type of their own", () => {
  metrics({ runs: [{ lr: 0.1 }], note: null });
  assert.deepEqual(messages[0].data[metricsMime], { runs: [{ lr: 0.1 }], note: null });
});

test("refuses a metric that is not finite, by its path", () => {
  assert.throws(() => metrics({ runs: [{ lr: 0.1 }, { lr: Number.NaN }] }), {
    message: /runs\.1\.lr is NaN.*Write null/,
  });
});

test("refuses metrics that are no record, and values that JSON would leave out", () => {
  const of = (record: unknown) => () => Reflect.apply(metrics, undefined, [record]);
  assert.throws(of(null), { message: "metrics: null, expected an object, e.g. { testError: 0.02 }." });
  assert.throws(of([1]), /metrics: \[1\], expected an object/);
  assert.throws(of({ a: { b: undefined } }), /metrics: a\.b is nothing, expected a number.*Write null/);
  assert.throws(of({ a: [() => 1] }), /metrics: a\.0 is a function, expected a number/);
  assert.throws(of({ a: 1n }), /metrics: a is 1n, expected a number/);
  assert.deepEqual(messages, []);
});

/** A clock that is moved by hand, in milliseconds. */
function handClock() {
  let now = 0;
  return { clock: () => now, advance: (milliseconds: number) => (now += milliseconds) };
}

test("a progress bar is drawn at most ten times a second, always under the same id", () => {
  const { clock, advance } = handClock();
  const bar = progress({ label: "training", total: 1000, unit: "epochs", clock });
  for (let k = 0; k < 1000; k++) {
    advance(1);
    bar.add();
  }
  bar.end();
  assert.ok(messages.length <= 12, String(messages.length));
  assert.deepEqual(
    messages.map((m) => m.update),
    [false, ...new Array(messages.length - 1).fill(true)],
  );
  assert.equal(new Set(messages.map((m) => m.displayId)).size, 1);
});

test("rate and time left: 25 of 100 epochs in 5 s are 5 a second and leave 15 s", () => {
  const { clock, advance } = handClock();
  const bar = progress({ label: "training", total: 100, unit: "epochs", clock });
  advance(5000);
  bar.update(25);
  const { data } = messages[1];
  assert.equal(data["text/plain"], "training: 25 of 100 epochs · 5 epochs/s · 0:15 left");
  assert.deepEqual(data[progressMime], { label: "training", done: 25, total: 100, rate: 5, secondsLeft: 15 });
});

test("the last state carries no times, so that the saved notebook keeps its bytes", () => {
  const { clock, advance } = handClock();
  const bar = progress({ label: "training", total: 2, clock });
  advance(1234);
  bar.add(2);
  bar.end();
  bar.end();
  assert.equal(messages.at(-1)?.data["text/plain"], "training: 2 of 2 steps");
});

test("refuses a total of 0", () => {
  assert.throws(() => progress({ label: "x", total: 0 }), {
    message: /total is 0, expected a finite number above 0/,
  });
});

const epoch = (n: number) => ({
  epoch: n,
  trainError: 1 / (n + 1),
  testError: 1 / (n + 1),
  trainLoss: 2,
  testLoss: Number.NaN,
});

test("live curves grow under one id, and end as a figure", async () => {
  const { clock, advance } = handClock();
  const plot = live({ title: "run <1>", clock });
  for (let k = 0; k < 5; k++) {
    for (let step = 0; step < 100; step++) {
      advance(2);
      plot.onStep(k * 100 + step, 1 / (step + 1));
    }
    plot.onEpoch(epoch(k));
  }
  assert.ok(messages.length >= 5 && messages.length <= 12, String(messages.length));
  const svg = Buffer.from(
    String(messages.at(-1)?.data["text/html"]).replace(/.*base64,([^"]*)".*/, "$1"),
    "base64",
  ).toString();
  assert.match(svg, /^<svg .*run &lt;1&gt;.*<\/svg>$/s);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  await plot.end();
  const last = messages.at(-1);
  assert.ok(last !== undefined && "image/png" in last.data && last.update === true);
  assert.equal(new Set(messages.map((m) => m.displayId)).size, 1);
});

test("drawing takes at most a fiftieth of the time, however slow it is", () => {
  let now = 0;
  const slow = { toString: () => "" };
  Reflect.set(globalThis, publishSymbol, () => {
    now += 40; // each message costs 40 ms
    messages.push({ data: { slow } });
  });
  const bar = progress({ label: "x", total: 10_000, clock: () => now });
  const work = 10_000;
  for (let k = 0; k < work; k++) {
    now += 1;
    bar.add();
  }
  assert.ok(messages.length * 40 <= 0.02 * now + 80, `${messages.length} messages in ${now} ms`);
});

test("without a notebook, text goes to the terminal", () => {
  Reflect.deleteProperty(globalThis, publishSymbol);
  assert.equal(frontEnd(), "terminal");
  const printed: string[] = [];
  const { log } = console;
  console.log = (text: string) => printed.push(text);
  try {
    show(figure);
    table([{ a: 1 }]);
    metrics({ a: 1 });
    publish({ data: { "text/html": "<b>b</b>", "image/png": "AAAA" } });
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed.slice(-2), ["metrics: a", "[text/html, image/png: seen in a notebook]"]);
  assert.match(printed.join("\n"), /a\n─\n1/);
});
