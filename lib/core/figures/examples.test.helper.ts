import { activationSlices } from "./activation-slices.js";
import { comparison } from "./comparison.js";
import { confusionFigure } from "./confusion-figure.js";
import { errorCurves } from "./error-curves.js";
import type { Figure } from "./figure.js";
import { filters } from "./filters.js";
import { heatMap } from "./heat-map.js";
import { histograms } from "./histograms.js";
import { imageGrid } from "./image-grid.js";
import { lossCurve } from "./loss-curve.js";
import { lossLandscape } from "./loss-landscape.js";
import { mistakes } from "./mistakes.js";
import { networkDiagram } from "./network-diagram.js";
import { normCurves } from "./norm-curves.js";
import { figure } from "./own-figure.js";
import { rateGrid } from "./rate-grid.js";
import { scoreCurves } from "./score-curves.js";
import type { Bitmap } from "./tiles.js";
import { tsneMap } from "./tsne-map.js";
import { twinCurves } from "./twin-curves.js";

// One short example for each kind of figure. Each is drawn and compared with its picture in snapshots/ by
// examples.test.ts; the data is made up, but of the shapes and sizes of a real notebook's.

/** A made-up number in 0…1 that looks random and is the same everywhere: no sine, no Math.random. */
const noise = (n: number): number => {
  let x = Math.imul(n + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return ((x ^ (x >>> 13)) >>> 0) / 2 ** 32;
};

/** An error that falls from `from` towards `to`, by a factor each epoch. */
const falling = (from: number, to: number, factor: number, wobble = 0) => {
  let rest = from - to;
  return Array.from({ length: 16 }, (_, epoch) => {
    const testError = to + rest + wobble * noise(epoch * 13 + Math.round(factor * 100));
    const point = {
      epoch,
      trainError: to * 0.6 + rest,
      testError,
      trainLoss: 2.3 * rest + 0.1,
      testLoss: 2.4 * rest + 0.3,
    };
    rest *= factor;
    return point;
  });
};

/** A ring of the given radius: something between a 0 and a blob. */
const ring = (side: number, radius: number, x0 = 0.5, y0 = 0.5): Bitmap => ({
  height: side,
  width: side,
  data: Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side - x0, Math.floor(i / side) / side - y0];
    return Math.max(0, 1 - Math.abs(Math.sqrt(x * x + y * y) - radius) * 9);
  }),
});

/** A number that looks normal: the sum of a few uniform ones. */
const bell = (n: number): number => noise(n) + noise(n + 7919) + noise(n + 104729) + noise(n + 1299709) - 2;

/** Three seeds around a mean, with an interval as `meanInterval` makes one. */
const seeds = (mean: number, spread: number, n: number) => {
  const values = [0, 1, 2, 3, 4].map((k) => mean + spread * bell(n * 5 + k));
  const middle = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean: middle, low: middle - spread * 0.7, high: middle + spread * 0.7, values };
};

const optimizers = ["SGD", "momentum", "RMSProp"].map((name, s) => ({
  name,
  intervals: [0, 1, 2].map((k) => seeds(3 + 2 * k - s * 0.8, 0.4 + 0.3 * k, s * 3 + k)),
}));

const steps = Array.from({ length: 25 }, (_, k) => (k - 12) / 12);
const landscape = {
  x: steps,
  y: steps,
  loss: steps.map((b) =>
    steps.map((a) => 0.2 + 1.5 * (a - 0.2) ** 2 + 3 * (b - 0.4 * a * a) ** 2 + 0.15 * a * b),
  ),
  path: { x: [-0.9, -0.6, -0.3, -0.1, 0.05, 0.15, 0.19], y: [0.9, 0.55, 0.3, 0.12, 0.03, 0.01, 0.01] },
};

export const examples: Readonly<Record<string, () => Figure>> = {
  figure: () =>
    figure({
      title: "Any Plotly figure: parameters and time of each layer",
      data: [
        { type: "bar", name: "parameters", x: ["conv1", "conv2", "linear1"], y: [208, 3216, 15690] },
        {
          name: "time (ms)",
          x: ["conv1", "conv2", "linear1"],
          y: [3.1, 5.2, 0.8],
          yaxis: "y2",
          mode: "lines+markers",
        },
      ],
      layout: {
        yaxis: { title: "parameters" },
        yaxis2: { title: "time (ms)", overlaying: "y", side: "right", rangemode: "tozero", showgrid: false },
        height: 300,
      },
    }),
  "error-curves-grid": () =>
    errorCurves({
      title: "Error after each epoch: two optimizers × three batch sizes",
      runs: ["SGD", "momentum"].flatMap((optimizer, i) =>
        [1, 10, 100].map((batch, k) => ({
          name: `${optimizer}, batch ${batch}`,
          epochs: falling(0.9, 0.05, 0.5 + 0.12 * (2 - i) * k, 0.03),
        })),
      ),
      columns: 3,
      caption: "Error rate on both sets after each epoch.",
    }),
  "error-curves-seeds": () =>
    errorCurves({
      title: "Error over three seeds: a title so long that it takes two lines",
      runs: [
        { name: "RMSProp", epochs: [0.6, 0.65, 0.7].map((factor) => falling(0.9, 0.04, factor, 0.02)) },
        { name: "SGD", epochs: [0.86, 0.9, 0.92].map((factor) => falling(0.9, 0.04, factor, 0.02)) },
      ],
      layout: "single",
      size: "column",
    }),
  "error-curves-zoom": () =>
    errorCurves({
      title: "Error of three optimizers, the last epochs larger",
      runs: [
        { name: "RMSProp", epochs: [0.6, 0.65, 0.7].map((factor) => falling(0.9, 0.04, factor, 0.02)) },
        { name: "momentum", epochs: falling(0.9, 0.05, 0.62, 0.01) },
        { name: "SGD", epochs: falling(0.9, 0.045, 0.7, 0.01) },
      ],
      zoom: [10, 15],
    }),
  "error-curves-own-ranges": () =>
    errorCurves({
      title: "Loss of each run on a scale of its own",
      runs: [0.9, 0.3, 0.05, 0.01].map((to, k) => ({ name: `run ${k}`, epochs: falling(1, to, 0.5) })),
      yAxis: "loss",
      ranges: "own",
    }),
  "error-curves-loss-dark": () =>
    errorCurves({
      title: "Cross-entropy, logarithmic",
      runs: [
        { name: "η = 0.1", epochs: falling(0.9, 0.01, 0.5) },
        { name: "η = 0.01", epochs: falling(0.9, 0.02, 0.8) },
      ],
      yAxis: "loss",
      yScale: "log",
      theme: "dark",
    }),
  "loss-curve": () =>
    lossCurve({
      title: "Loss of each step",
      runs: [
        {
          name: "batch 10",
          losses: Array.from({ length: 1500 }, (_, k) => 2.3 / (1 + k / 150) + noise(k) * 0.4),
        },
        {
          name: "batch 100",
          losses: Array.from({ length: 150 }, (_, k) => 2.3 / (1 + k / 300) + noise(k) * 0.1),
        },
      ],
    }),
  "activation-slices": () =>
    activationSlices({
      title: "First convolution after ReLU",
      rows: [3, 5, 8].map((digit) => ({
        label: `digit ${digit}`,
        input: ring(28, digit / 25),
        maps: [0, 1, 2, 3].map((m) => ring(14, digit / 25, 0.4 + m * 0.07)),
      })),
    }),
  "activation-slices-signed-dark": () =>
    activationSlices({
      title: "Before ReLU, each map on its own scale",
      rows: [3, 5].map((digit) => ({
        label: `digit ${digit}`,
        maps: [1, 2, 3].map((m) => {
          const map = ring(10, (digit * m) / 40);
          return { ...map, data: Array.from(map.data, (v) => v * m - 0.5) };
        }),
      })),
      scale: "own",
      theme: "dark",
      size: "column",
    }),
  filters: () =>
    filters({
      title: "Kernels of the first convolution",
      weight: { shape: [8, 1, 5, 5], data: Array.from({ length: 200 }, (_, i) => noise(i) - 0.45) },
    }),
  "confusion-figure": () =>
    confusionFigure({
      title: "Confusion matrix, 100 test images",
      matrix: Array.from({ length: 10 }, (_, t) =>
        Array.from({ length: 10 }, (_, p) => (t === p ? 9 - (t % 3) : (t * 3 + p) % 9 === 4 ? 1 : 0)),
      ),
    }),
  "confusion-figure-names": () =>
    confusionFigure({
      title: "Long names",
      matrix: [
        [8, 1, 1],
        [0, 10, 0],
        [3, 0, 7],
      ],
      labels: ["airplane", "automobile", "bird"],
      size: "column",
    }),
  mistakes: () =>
    mistakes({
      title: "Misclassified test images",
      mistakes: [0, 1, 2, 3].map((k) => ({
        image: ring(28, 0.15 + 0.06 * k),
        truth: k,
        probabilities: Array.from({ length: 10 }, (_, c) => (c === k + 4 ? 0.6 : c === k ? 0.3 : 0.0125)),
      })),
    }),
  "tsne-map": () =>
    tsneMap({
      title: "The 49 hidden units of 100 test images",
      labels: Array.from({ length: 100 }, (_, i) => i % 10),
      maps: [1, 15].map((epoch) => ({
        name: `after epoch ${epoch}`,
        points: Array.from({ length: 100 }, (_, i) => [
          (((i % 10) * 7) % 10) + (noise(i) * 6) / epoch,
          (((i % 10) * 3) % 10) + (noise(i + 500) * 6) / epoch,
        ]),
        scores: { KL: 0.6 / epoch, trustworthiness: 0.9 + epoch / 200 },
      })),
    }),
  "tsne-map-images": () =>
    tsneMap({
      title: "The digits themselves",
      labels: Array.from({ length: 40 }, (_, i) => i % 4),
      maps: [{ name: "", points: Array.from({ length: 40 }, (_, i) => [noise(i) + (i % 4), noise(i + 99)]) }],
      marks: "images",
      images: Array.from({ length: 40 }, (_, i) => ring(14, 0.1 + (i % 4) * 0.1)),
      size: "column",
    }),
  "tsne-map-dots-dark": () =>
    tsneMap({
      title: "Dots, dark",
      labels: Array.from({ length: 60 }, (_, i) => i % 6),
      maps: [{ name: "raw pixels", points: Array.from({ length: 60 }, (_, i) => [noise(i), noise(i + 77)]) }],
      marks: "dots",
      theme: "dark",
      size: "column",
    }),
  "tsne-map-3d": () =>
    tsneMap({
      title: "Three dimensions",
      labels: Array.from({ length: 120 }, (_, i) => i % 5),
      maps: [
        {
          name: "after epoch 15",
          points: Array.from({ length: 120 }, (_, i) =>
            [0, 1, 2].map((d) => (((i % 5) * (d + 2)) % 5) + bell(i * 3 + d) * 0.5),
          ),
          scores: { KL: 0.41 },
        },
      ],
      marks: "dots",
    }),
  "paper-size": () =>
    errorCurves({
      title: "In a paper's column: 84 mm, 8 pt",
      runs: [
        { name: "RMSProp", epochs: falling(0.9, 0.04, 0.6, 0.02) },
        { name: "SGD", epochs: falling(0.9, 0.04, 0.8, 0.02) },
      ],
      size: { width: 84, text: 8 },
    }),
  "norm-curves": () =>
    normCurves({
      title: "Gradients and updates of each layer",
      layers: ["conv1", "conv2", "linear1", "linear2"].map((name, i) => ({
        name,
        gradient: Array.from({ length: 100 }, (_, k) => (0.5 + noise(k + i * 31)) / (1 + k / 20) / (i + 1)),
        update: Array.from({ length: 100 }, (_, k) => (0.002 * (0.5 + noise(k + i * 17))) / (i + 1)),
      })),
    }),
  "rate-grid": () =>
    rateGrid({
      title: "LeNet: learning rate × activation × loss",
      columns: ["0.1", "0.01", "0.001"],
      rows: ["sigmoid, MSE", "sigmoid, cross-entropy", "tanh, MSE", "tanh, cross-entropy"],
      values: [
        [90, 89.2, 90],
        [62.1, 71.5, 88],
        [55.3, 60.4, 74.2],
        [null, 44.8, 58.1],
      ],
      quantity: "test error (%)",
    }),
  "comparison-points": () =>
    comparison({
      title: "Test error over five seeds",
      quantity: "test error (%)",
      groups: ["1", "10", "100"],
      xTitle: "batch size",
      series: optimizers,
    }),
  "comparison-bars": () =>
    comparison({
      title: "Test error over five seeds, as bars",
      quantity: "test error (%)",
      groups: ["batch 1", "batch 10", "batch 100"],
      series: optimizers,
      marks: "bars",
      size: "column",
    }),
  histograms: () =>
    histograms({
      title: "Weights of each layer, before and after training",
      layers: ["conv1", "conv2", "linear1"].map((name, i) => ({
        name,
        values: {
          start: Array.from({ length: 500 * (i + 1) }, (_, k) => (bell(k + i * 999) * 0.2) / (i + 1)),
          "after epoch 15": Array.from(
            { length: 500 * (i + 1) },
            (_, k) => (bell(k + i * 777) * 0.3) / (i + 1) + 0.02,
          ),
        },
      })),
    }),
  "histograms-log-dark": () =>
    histograms({
      title: "Activations after ReLU",
      layers: ["relu1", "relu2"].map((name, i) => ({
        name,
        values: Array.from({ length: 2000 }, (_, k) => Math.max(0, bell(k + i * 999) - i * 0.3)),
      })),
      quantity: "activation",
      range: "shared",
      yScale: "log",
      theme: "dark",
      size: "column",
    }),
  "score-curves": () =>
    scoreCurves({
      title: "Is it a 3? Two networks",
      runs: [1.6, 0.9].map((gap, r) => ({
        name: r === 0 ? "CNN" : "MLP",
        scores: Array.from({ length: 200 }, (_, k) => bell(k + r * 991) + (k % 5 === 0 ? gap : 0)),
        positive: Array.from({ length: 200 }, (_, k) => k % 5 === 0),
      })),
    }),
  "score-curves-column": () =>
    scoreCurves({
      title: "ROC, one network",
      runs: [
        {
          name: "CNN",
          scores: Array.from({ length: 200 }, (_, k) => bell(k) + (k % 5 === 0 ? 1 : 0)),
          positive: Array.from({ length: 200 }, (_, k) => k % 5 === 0),
        },
      ],
      curves: "roc",
      size: "column",
    }),
  "image-grid": () =>
    imageGrid({
      title: "Samples of the training set, with their classes",
      images: Array.from({ length: 16 }, (_, k) => ({
        image: ring(28, 0.1 + (k % 8) * 0.04),
        label: k === 3 ? "a label that is rather long" : `class ${k % 8}`,
      })),
      columns: 8,
    }),
  "heat-map": () =>
    heatMap({
      title: "Correlation of the feature maps",
      rows: Array.from({ length: 6 }, (_, r) => `map ${r}`),
      columns: Array.from({ length: 6 }, (_, c) => `map ${c}`),
      values: Array.from({ length: 6 }, (_, r) =>
        Array.from({ length: 6 }, (_, c) => (r === c ? 1 : bell(Math.min(r, c) * 7 + Math.max(r, c)) * 0.7)),
      ),
      quantity: "correlation",
      digits: 2,
      scale: "diverging",
    }),
  "heat-map-column": () =>
    heatMap({
      title: "Images per class and writer",
      rows: [0, 1, 2],
      columns: [0, 1, 2, 3],
      values: [
        [12, 3, 7, 4],
        [5, null, 20, 8],
        [1, 9, 2, 16],
      ],
      quantity: "images",
      rowTitle: "writer",
      columnTitle: "class",
      size: "column",
    }),
  "twin-curves": () =>
    twinCurves({
      title: "The learning rate falls to a tenth at epochs 11 and 21",
      left: {
        name: "test loss (nats)",
        values: Array.from(
          { length: 30 },
          (_, k) => 2 / (1 + k) + 0.3 / (1 + Math.floor(k / 10)) + 0.1 * noise(k),
        ),
      },
      right: {
        name: "learning rate",
        values: Array.from({ length: 30 }, (_, k) => 0.1 / 10 ** Math.floor(k / 10)),
        scale: "log",
        line: "steps",
      },
    }),
  "loss-landscape": () => lossLandscape({ ...landscape, title: "The loss around the trained weights" }),
  "loss-landscape-surface-dark": () =>
    lossLandscape({ ...landscape, title: "The loss as a surface", view: "surface", theme: "dark" }),
  "network-diagram": () =>
    networkDiagram({
      title: "LeNet-5",
      input: "[1, 28, 28]",
      layers: [
        {
          name: "conv1",
          layer: "Conv2d(1→6, 5×5, pad 2, 156 params)",
          output: "[6, 28, 28]",
          parameters: 156,
        },
        { name: "relu1", layer: "Relu()", output: "[6, 28, 28]", parameters: 0 },
        { name: "pool1", layer: "MaxPool2d(2×2)", output: "[6, 14, 14]", parameters: 0 },
        { name: "conv2", layer: "Conv2d(6→16, 5×5, 2416 params)", output: "[16, 10, 10]", parameters: 2416 },
        { name: "flatten1", layer: "Flatten()", output: "[1600]", parameters: 0 },
        { name: "linear1", layer: "Linear(1600→10, 16010 params)", output: "[10]", parameters: 16010 },
      ],
    }),
  "network-diagram-branches": () =>
    networkDiagram({
      title: "A residual block with two branches",
      input: "[8, 14, 14]",
      layers: [
        { name: "conv1", layer: "3×3 convolution", output: "[8, 14, 14]", parameters: 584 },
        { name: "left", layer: "3×3 convolution", output: "[8, 14, 14]", parameters: 584, after: ["conv1"] },
        { name: "right", layer: "1×1 convolution", output: "[8, 14, 14]", parameters: 72, after: ["conv1"] },
        { name: "sum", layer: "x + left + right", output: "[8, 14, 14]", after: ["left", "right", "input"] },
      ],
      size: "column",
    }),
};
