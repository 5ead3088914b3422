import { activationSlices } from "./activation-slices.js";
import { confusionFigure } from "./confusion-figure.js";
import { errorCurves } from "./error-curves.js";
import type { Figure } from "./figure.js";
import { filters } from "./filters.js";
import { lossCurve } from "./loss-curve.js";
import { mistakes } from "./mistakes.js";
import { normCurves } from "./norm-curves.js";
import { rateGrid } from "./rate-grid.js";
import type { Bitmap } from "./tiles.js";
import { tsneMap } from "./tsne-map.js";

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

export const examples: Readonly<Record<string, () => Figure>> = {
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
};
