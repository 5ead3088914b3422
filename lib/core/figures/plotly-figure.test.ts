import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCurves } from "./error-curves.js";
import { figureFrom, problemText, readFigure } from "./plotly-figure.js";

/** The only trace of a figure. */
const trace = (value: object) => figureFrom({ data: [value] }, "show").data[0];

test("a figure of ours comes back as it is", () => {
  const epochs = [0, 1].map((epoch) => {
    return { epoch, trainError: 0.5, testError: 0.5, trainLoss: 1, testLoss: 1 };
  });
  const figure = errorCurves({ title: "t", runs: [{ name: "a", epochs }] });
  assert.deepEqual(figureFrom(figure, "show"), figure);
});

/** Typed arrays of every kind and what JSON has of them. */
const lists: readonly (readonly [string, unknown, unknown])[] = [
  ["Int8Array", Int8Array.of(-1, 2), [-1, 2]],
  ["Uint8Array", Uint8Array.of(1, 255), [1, 255]],
  ["Uint8ClampedArray", Uint8ClampedArray.of(300), [255]],
  ["Int16Array", Int16Array.of(-300), [-300]],
  ["Uint16Array", Uint16Array.of(65535), [65535]],
  ["Int32Array", Int32Array.of(-7), [-7]],
  ["Uint32Array", Uint32Array.of(4294967295), [4294967295]],
  ["Float32Array", Float32Array.of(0.5, Number.NaN), [0.5, null]],
  ["Float64Array", Float64Array.of(0.1, Number.POSITIVE_INFINITY), [0.1, null]],
  ["BigInt64Array", BigInt64Array.of(-5n, 9007199254740993n), [-5, "9007199254740993"]],
  ["BigUint64Array", BigUint64Array.of(18446744073709551615n), ["18446744073709551615"]],
  ["a view into a larger buffer", new Float32Array(Float32Array.of(1, 2, 3, 4).buffer, 4, 2), [2, 3]],
  ["shared memory", new Float32Array(new SharedArrayBuffer(8)), [0, 0]],
  ["a Buffer", Buffer.from([1, 2]), [1, 2]],
  ["a list with holes", Object.assign(new Array(3), { 0: 1, 2: 3 }), [1, null, 3]],
  ["numbers that are not finite", [1, Number.NaN, Number.NEGATIVE_INFINITY], [1, null, null]],
  ["bigints", [1n, 2n], [1, 2]],
  [
    "dates",
    [new Date("2026-01-02"), new Date("2026-01-02T03:04:05.678Z"), new Date(Number.NaN)],
    ["2026-01-02", "2026-01-02 03:04:05.678", null],
  ],
  ["texts with characters that no SVG holds", ["a\u0000b\ud800"], ["ab\ufffd"]],
  ["undefined in a list", [1, undefined], [1, null]],
];
for (const [title, y, json] of lists) {
  test(`${title} becomes plain data`, () => assert.deepEqual(trace({ y }).y, json));
}

test("rows of typed arrays become a matrix", () => {
  assert.deepEqual(trace({ type: "heatmap", z: [Float32Array.of(1, 2), Float32Array.of(3, 4)] }).z, [
    [1, 2],
    [3, 4],
  ]);
});

test("a long typed array travels as base64, and is described and counted like a list", () => {
  const y = Float32Array.from({ length: 2000 }, (_, i) => i / 2);
  y[7] = Number.NaN;
  const { data, layout } = figureFrom({ data: [{ y }] }, "show");
  assert.deepEqual(Object.keys(data[0].y ?? {}), ["bdata", "dtype"]);
  assert.match(layout.meta.description, /2000 values, y 0 to 999\.5\. 1 value is not finite/);
});

test("a long typed array keeps its bytes in the machine's memory", () => {
  const y = Float64Array.from({ length: 1500 }, (_, i) => i);
  trace({ y });
  assert.equal(y[1499], 1499);
});

test("Plotly's own packed lists stay, and are counted", () => {
  const bdata = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer).toString("base64");
  const z = { bdata, dtype: "f4", shape: "2, 2" };
  const { data, layout } = figureFrom({ data: [{ type: "heatmap", z }] }, "show");
  assert.deepEqual(data[0].z, z);
  assert.match(layout.meta.description, /Heat map, 2 × 2, z 1 to 4/);
});

test("an instance of a class is a trace like any other, and keys that are undefined are left out", () => {
  class Trace {
    x = [1];
    y = [2];
    name = undefined;
  }
  assert.deepEqual(trace(new Trace()), { x: [1], y: [2] });
});

test("what is missing is filled in: size, name, title, description, font", () => {
  const { layout } = figureFrom(
    { data: [{ y: [3, 1], name: "loss" }], layout: { title: "My <b>loss</b>", xaxis: { title: "epoch" } } },
    "show",
  );
  assert.equal(layout.width, 680);
  assert.equal(layout.height, 420);
  assert.deepEqual(layout.title, { text: "My <b>loss</b>" });
  assert.deepEqual(layout.meta, {
    name: "my-loss",
    title: "My loss",
    caption: "",
    description: 'My loss. Line or point plot "loss", 2 values, y 1 to 3. x axis: epoch.',
    theme: "light",
  });
});

test("meta of one's own stays beside what is filled in, a list by its numbers", () => {
  const of = (meta: unknown) => figureFrom({ data: [{ y: [1] }], layout: { meta } }, "show").layout.meta;
  assert.equal(of({ run: 7, name: "mine" }).run, 7);
  assert.equal(of({ run: 7, name: "mine" }).name, "mine");
  assert.equal(of(["a", "b"])[1], "b");
});

test("frames and config stay", () => {
  const { frames, config } = figureFrom(
    { data: [{ y: [1] }], frames: [{ data: [{ y: [2] }] }], config: { editable: true } },
    "show",
  );
  assert.deepEqual(frames, [{ data: [{ y: [2] }] }]);
  assert.deepEqual(config, { editable: true });
});

for (const [name, file] of [
  ["../../escape", "escape"],
  ["Name With Spaces & ü", "name-with-spaces-u"],
  ["訓練", "figure"],
  ["", "figure"],
  ["CON", "con-figure"],
  ["lpt1", "lpt1-figure"],
  ["x".repeat(300), "x".repeat(60)],
]) {
  test(`the name ${JSON.stringify(name.slice(0, 20))} becomes the file ${file.slice(0, 20)}`, () => {
    assert.equal(
      figureFrom({ data: [{ y: [1] }], layout: { meta: { name } } }, "show").layout.meta.name,
      file,
    );
  });
}

const circular: { y: number[]; self?: unknown } = { y: [1] };
circular.self = circular;

/** What is refused, and the sentence. */
const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ["no data", { layout: {} }, /^show: no data, expected \{ data: \[ … \] \} with a list of traces\.$/],
  ["data that is one trace", { data: { y: [1] } }, /^show: data that is not a list/],
  ["a trace that is none", { data: [3] }, /^show, data\[0\]: 3, expected a trace/],
  ["a trace that is a list", { data: [[1, 2]] }, /^show, data\[0\]: a list, expected a trace/],
  [
    "an unknown type",
    { data: [{ y: [1] }, { type: "scater", y: [1] }] },
    /^show, data\[1\]: type is "scater", expected a trace type that Plotly has\. Did you mean "scatter"\?$/,
  ],
  [
    "a type that is nothing like one",
    { data: [{ type: "lines of code" }] },
    /expected one of scatter, bar, .*, densitymap\.$/,
  ],
  [
    "a type of an earlier Plotly",
    { data: [{ type: "scattermapbox", lon: [1], lat: [1] }] },
    /Plotly calls it "scattermap" now/,
  ],
  ["a type that is no text", { data: [{ type: 3 }] }, /type is 3, expected one of/],
  [
    "lists of different lengths",
    { data: [{ x: [1, 2, 3], y: [1, 2], name: "loss" }] },
    /^show, data\[0\] \(scatter "loss"\): x has 3 values, y has 2, expected the same number of each\.$/,
  ],
  [
    "three lists of different lengths",
    { data: [{ type: "scatter3d", x: [1], y: [1, 2], z: [1] }] },
    /x has 1 value, y has 2, z has 1/,
  ],
  [
    "a 3-D plot without z",
    { data: [{ type: "scatter3d", x: [1], y: [1] }] },
    /\(scatter3d\): no z, expected what its 3-D scatter plot is drawn from/,
  ],
  ["a heat map without z", { data: [{ type: "heatmap", x: [1], y: [1] }] }, /\(heatmap\): no z/],
  ["a trace without anything", { data: [{}] }, /\(scatter\): no x or y/],
  [
    "axes of a matrix of the wrong length",
    { data: [{ type: "heatmap", z: [[1, 2]], x: [1, 2, 3, 4] }] },
    /x has 4 values for 2 columns of z/,
  ],
  [
    "a surface that is a list",
    { data: [{ type: "surface", z: Float32Array.of(1, 2) }] },
    /z is a list of 2 values, expected a list of rows/,
  ],
  ["a record in place of a list", { data: [{ y: { a: 1 } }] }, /\(scatter\)\.y: an object, expected a list/],
  [
    "a Map",
    { data: [{ y: new Map() }] },
    /^show, data\[0\]\.y: an object of the class Map, expected a list\. Write \[\.\.\.values\]\.$/,
  ],
  ["a Set", { data: [{ y: new Set([1]) }] }, /class Set/],
  [
    "a DataView",
    { data: [{ y: new DataView(new ArrayBuffer(8)) }] },
    /data\[0\]\.y: a DataView, .*new Float32Array\(view\.buffer/,
  ],
  ["an ArrayBuffer", { data: [{ y: new ArrayBuffer(8) }] }, /an ArrayBuffer/],
  [
    "a promise",
    { data: [{ y: Promise.resolve([1]) }] },
    /a promise, expected its value\. Write await before it/,
  ],
  [
    "a function",
    { data: [{ y: [1] }], layout: { hover: () => 1 } },
    /layout\.hover: the function hover, expected data/,
  ],
  ["a symbol", { data: [{ y: [Symbol("a")] }] }, /data\[0\]\.y\[0\]: Symbol\(a\), expected data/],
  ["an object that contains itself", { data: [circular] }, /data\[0\]\.self: an object that contains itself/],
  [
    "a width that is none",
    { data: [{ y: [1] }], layout: { width: "100%" } },
    /layout\.width: "100%", expected pixels from 10 to 10000/,
  ],
  [
    "a picture as large as a house",
    { data: [{ y: [1] }], layout: { width: 1e9 } },
    /layout\.width: 1000000000/,
  ],
  [
    "a picture of 100 million pixels",
    { data: [{ y: [1] }], layout: { width: 10000, height: 10000 } },
    /10000 × 10000 pixels, expected at most 16 million/,
  ],
  ["a layout that is a list", { data: [{ y: [1] }], layout: [] }, /layout: a list, expected an object/],
  [
    "packed lists that are not base64",
    { data: [{ y: { bdata: "AAA", dtype: "f4" } }] },
    /bdata that is not base64/,
  ],
  [
    "packed lists that were cut",
    { data: [{ y: { bdata: "AAAAAA==", dtype: "f8" } }] },
    /4 bytes of bdata, not a multiple of 8/,
  ],
  [
    "packed lists of another order of bytes",
    { data: [{ y: { bdata: "AAAAAA==", dtype: ">f4" } }] },
    /the dtype ">f4"/,
  ],
  [
    "packed lists of another shape",
    { data: [{ type: "heatmap", z: { bdata: "AAAAAA==", dtype: "f4", shape: "2, 2" } }] },
    /1 numbers for the shape 2 × 2/,
  ],
];
for (const [title, value, message] of refused) {
  test(`refuses ${title}`, () =>
    assert.throws(() => figureFrom(value, "show"), { name: "GradbookError", message }));
}

test("faults of several traces are told together, what follows from one of them is not", () => {
  const data = [{ y: new Set() }, { type: "x" }, { type: "scatter3d" }];
  assert.throws(() => figureFrom({ data }, "show"), {
    message:
      /^show, data\[0\]\.y: .*class Set.*Also data\[1\]: type is "x"; data\[2\] \(scatter3d\): no x, no y, no z\.$/,
  });
});

test("a report takes the traces that can be drawn, and names the others", () => {
  const { figure, problems } = readFigure({ data: [{ y: [1] }, { type: "x" }, { x: [1, 2], y: [1] }] });
  assert.equal(figure?.data.length, 2);
  assert.match(
    problems.map(problemText).join("; "),
    /data\[1\]: type is "x".*data\[2\] \(scatter\): x has 2 values, y has 1/,
  );
});

test("hidden traces may lack their data, and a figure may be of shapes alone", () => {
  assert.equal(figureFrom({ data: [{ type: "scatter3d", visible: "legendonly" }] }, "show").data.length, 1);
  assert.equal(figureFrom({ data: [], layout: { shapes: [] } }, "show").data.length, 0);
});

test("a key __proto__ is no data, and changes no other object", () => {
  const hostile: object = JSON.parse('{"y":[1],"__proto__":{"polluted":1}}');
  assert.deepEqual(Object.keys(trace(hostile)), ["y"]);
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

test("a hundred thousand points, rows and traces are read", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => i);
  assert.match(figureFrom({ data: [{ x: many, y: many }] }, "show").layout.meta.description, /100000 values/);
  assert.match(
    figureFrom({ data: [{ type: "heatmap", z: many.map((i) => [i]) }] }, "show").layout.meta.description,
    /100000 × 1/,
  );
  assert.match(
    figureFrom({ data: many.slice(0, 3000).map((i) => ({ y: [i] })) }, "show").layout.meta.description,
    /2988 more/,
  );
});

test("what a logarithmic axis cannot show is counted", () => {
  const layout = { yaxis: { type: "log" }, xaxis2: { type: "log" } };
  const data = [
    { x: [0, 1], y: [0, 1] },
    { x: [0, -1], y: [5, 5], xaxis: "x2" },
  ];
  const { description } = figureFrom({ data, layout }, "show").layout.meta;
  assert.match(description, /3 values are not above 0 and left out of a logarithmic axis\.$/);
});
