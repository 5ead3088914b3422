import type { TraceType } from "@gradbook/core/internal";

const matrix = (n: number, f: (i: number, j: number) => number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => f(i, j)));
const nodes = matrix(4, (i) => i + 1).flat();
const carpet = {
  type: "carpet",
  carpet: "c",
  a: nodes,
  b: matrix(4, (_, j) => j + 1).flat(),
  x: matrix(4, (i, j) => i + j / 4).flat(),
  y: matrix(4, (i, j) => j + (i * i) / 6).flat(),
};
const tree = {
  labels: ["root", "a", "b", "c"],
  parents: ["", "root", "root", "a"],
  values: [6, 3, 3, 2],
  branchvalues: "total",
};
const cube = {
  x: [0, 0, 0, 0, 1, 1, 1, 1],
  y: [0, 1, 0, 1, 0, 1, 0, 1],
  z: [1, 1, 0, 0, 1, 1, 0, 0],
  value: [1, 2, 3, 4, 5, 6, 7, 8],
};
const days = { x: ["2026-01-01", "2026-01-02"], open: [1, 2], high: [3, 4], low: [0, 1], close: [2, 3] };
const dimensions = [
  { label: "lr", values: [1, 2, 3] },
  { label: "acc", values: [3, 4, 1] },
];

/** A small figure of each kind of trace: the last trace is of the kind. */
export const traceSamples: Readonly<Record<TraceType, readonly object[]>> = {
  scatter: [{ x: [1, 2, 3], y: [2, 1, 3] }],
  bar: [{ type: "bar", x: ["SGD", "Adam"], y: [0.9, 0.95], error_y: { type: "data", array: [0.02, 0.01] } }],
  box: [{ type: "box", y: [1, 2, 3, 4, 9], name: "a" }],
  violin: [{ type: "violin", y: [1, 2, 3, 3, 4, 9], box: { visible: true } }],
  histogram: [{ type: "histogram", x: [1, 2, 2, 3, 3, 3] }],
  histogram2d: [{ type: "histogram2d", x: [1, 2, 2, 3], y: [1, 2, 2, 3] }],
  histogram2dcontour: [{ type: "histogram2dcontour", x: [1, 2, 2, 3, 4, 4], y: [1, 2, 2, 3, 4, 1] }],
  heatmap: [{ type: "heatmap", z: matrix(2, (i, j) => i * 2 + j), texttemplate: "%{z}" }],
  contour: [
    {
      type: "contour",
      z: matrix(10, (i, j) => Math.sin(i / 3) * Math.cos(j / 3)),
      contours: { showlabels: true },
    },
  ],
  image: [
    {
      type: "image",
      z: [
        [
          [255, 0, 0],
          [0, 255, 0],
        ],
        [
          [0, 0, 255],
          [255, 255, 0],
        ],
      ],
    },
  ],
  funnel: [{ type: "funnel", y: ["a", "b", "c"], x: [3, 2, 1] }],
  waterfall: [
    { type: "waterfall", x: ["a", "b", "c"], y: [3, -1, 2], measure: ["relative", "relative", "total"] },
  ],
  pie: [{ type: "pie", values: [1, 2, 3], labels: ["a", "b", "c"] }],
  scatterternary: [{ type: "scatterternary", a: [1, 2, 3], b: [3, 2, 1], c: [1, 1, 2], mode: "markers" }],
  quiver: [{ type: "quiver", x: [0, 1], y: [0, 1], u: [1, 1], v: [1, 0] }],
  ohlc: [{ type: "ohlc", ...days }],
  candlestick: [{ type: "candlestick", ...days }],
  carpet: [carpet],
  scattercarpet: [
    carpet,
    { type: "scattercarpet", carpet: "c", a: [1.5, 2, 3], b: [1.5, 2, 2.5], mode: "markers" },
  ],
  contourcarpet: [
    carpet,
    { type: "contourcarpet", carpet: "c", a: [1, 1, 4, 4], b: [1, 4, 1, 4], z: [1, 2, 3, 4] },
  ],
  scatterpolar: [{ type: "scatterpolar", r: [1, 2, 3], theta: [0, 90, 180] }],
  barpolar: [{ type: "barpolar", r: [1, 2, 3], theta: [0, 90, 180] }],
  scattersmith: [{ type: "scattersmith", real: [0.5, 1, 2], imag: [0.5, 1, 2] }],
  sunburst: [{ type: "sunburst", ...tree }],
  treemap: [{ type: "treemap", ...tree }],
  icicle: [{ type: "icicle", ...tree }],
  funnelarea: [{ type: "funnelarea", values: [3, 2, 1], labels: ["a", "b", "c"] }],
  sankey: [
    {
      type: "sankey",
      node: { label: ["a", "b", "c"] },
      link: { source: [0, 0], target: [1, 2], value: [1, 2] },
    },
  ],
  parcats: [
    {
      type: "parcats",
      dimensions: [
        { label: "optimizer", values: ["sgd", "adam", "adam"] },
        { label: "result", values: ["good", "bad", "good"] },
      ],
    },
  ],
  indicator: [{ type: "indicator", mode: "gauge+number", value: 42, gauge: { axis: { range: [0, 100] } } }],
  table: [
    {
      type: "table",
      header: { values: ["a", "b"] },
      cells: {
        values: [
          [1, 2],
          ["x", "y"],
        ],
      },
    },
  ],
  scattergl: [{ type: "scattergl", x: [1, 2, 3], y: [1, 3, 2], mode: "markers" }],
  scatterpolargl: [{ type: "scatterpolargl", r: [1, 2, 3], theta: [0, 90, 180], mode: "markers" }],
  splom: [{ type: "splom", dimensions }],
  parcoords: [{ type: "parcoords", dimensions }],
  scatter3d: [
    { type: "scatter3d", x: [1, 2, 3], y: [1, 2, 4], z: [1, 5, 9], mode: "lines", line: { width: 8 } },
  ],
  surface: [{ type: "surface", z: matrix(5, (i, j) => i * j) }],
  mesh3d: [{ type: "mesh3d", x: [0, 1, 0, 0], y: [0, 0, 1, 0], z: [0, 0, 0, 1] }],
  isosurface: [{ type: "isosurface", ...cube, isomin: 2, isomax: 6 }],
  volume: [{ type: "volume", ...cube }],
  cone: [{ type: "cone", x: [1], y: [1], z: [1], u: [1], v: [1], w: [0] }],
  streamtube: [
    {
      type: "streamtube",
      x: [0, 1, 0, 1, 0, 1, 0, 1],
      y: [0, 0, 1, 1, 0, 0, 1, 1],
      z: [0, 0, 0, 0, 1, 1, 1, 1],
      u: [1, 1, 1, 1, 1, 1, 1, 1],
      v: [0, 0, 0, 0, 0, 0, 0, 0],
      w: [0, 0, 0, 0, 0, 0, 0, 0],
    },
  ],
  scattergeo: [{ type: "scattergeo", lon: [2, 12], lat: [48, 41], mode: "markers" }],
  choropleth: [{ type: "choropleth", locations: ["DEU", "FRA"], z: [1, 2] }],
  scattermap: [{ type: "scattermap", lon: [2], lat: [48] }],
  choroplethmap: [
    { type: "choroplethmap", locations: ["a"], z: [1], geojson: { type: "FeatureCollection", features: [] } },
  ],
  densitymap: [{ type: "densitymap", lon: [2], lat: [48], z: [1] }],
};
