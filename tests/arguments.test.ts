import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as gradbook from "gradbook";

// no data of this computer is read, and nothing is kept beside it
process.env.GRADBOOK_DATA = join(tmpdir(), `gradbook-nowhere-${process.pid}`);

// wrong paths are written, too
const written = mkdtempSync(join(tmpdir(), "gradbook-arguments-"));
process.chdir(written);
after(() => {
  process.chdir(tmpdir());
  rmSync(written, { recursive: true });
});

/** A call that works: each of its arguments, and each value inside them, is then replaced by wrong ones. */
interface Call {
  readonly run: (...given: never[]) => unknown;
  readonly args: () => readonly unknown[];
  /** The files that it would read are not there. */
  readonly refused?: boolean;
}

const { ByteImages, fit, GradbookError, Parameter, Rng, Tensor } = gradbook;

const x = () => new Tensor([2, 1, 2, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
const savedModel = () => {
  const path = join(written, "saved.safetensors");
  gradbook.saveModel(model(), path);
  return path;
};
const savedTable = () => {
  const path = join(written, "table.csv");
  writeFileSync(path, "a,b,y\n1,2,3\n4,5,6\n");
  return path;
};
const savedPictures = () => {
  const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";
  mkdirSync(join(written, "pictures", "a"), { recursive: true });
  writeFileSync(join(written, "pictures", "a", "1.png"), Buffer.from(dot, "base64"));
  return join(written, "pictures");
};
const points = () => Array.from({ length: 8 }, (_, i) => [i % 3, (i * i) % 5]);
const data = () => gradbook.arrayDataset(Float32Array.from(Array(16).keys()), [0, 1, 0, 1], [1, 2, 2]);
/** A data set, a layer, a loss and an update rule as a cell writes them: plain objects. */
const ownData = () => ({
  name: "own",
  source: "a cell",
  size: 4,
  shape: [1, 2, 2],
  classes: 2,
  classNames: ["a", "b"],
  labels: [0, 1, 0, 1],
  digest: "own",
  read(index: number, out: Float32Array, offset: number) {
    for (let k = 0; k < 4; k++) out[offset + k] = index + k;
  },
  subset: () => data(),
});
const ownLayer = () => ({
  params: {},
  forward: (input: InstanceType<typeof Tensor>) => input,
  backward: (dy: InstanceType<typeof Tensor>) => dy,
});
const ownLoss = () => ({
  spec: { kind: "own", reduction: "mean" },
  sum: () => 1,
  gradient: (output: InstanceType<typeof Tensor>) => Tensor.zeros(output.shape),
});
const ownRule = () => ({ spec: { kind: "own", lr: 0.1 }, slots: 1, update() {} });
const bytes = () => ({
  name: "bytes",
  source: "a test",
  shape: [1, 2, 2],
  classNames: ["a", "b"],
  pixels: Uint8Array.from(Array(16).keys()),
  labels: Uint8Array.of(0, 1, 0, 1),
});
const images = () => new ByteImages(bytes());
const model = () =>
  gradbook.sequential(
    [
      gradbook.conv2d({ in: 1, out: 1, kernel: 1 }),
      gradbook.batchNorm2d({ features: 1 }),
      gradbook.dropout(),
      gradbook.flatten(),
      gradbook.linear({ in: 4, out: 2 }),
    ],
    { input: [1, 2, 2] },
  );
const fitConfig = () => ({ train: data(), test: data(), optimizer: gradbook.sgd({ lr: 0.1 }), epochs: 1 });
const run = fit(model(), fitConfig());
const bitmap = () => ({ height: 2, width: 2, data: [0, 1, 2, 3] });
const epoch = (k: number) => ({ epoch: k, trainError: 0.5, testError: 0.5, trainLoss: 1, testLoss: 1 });
const look = { title: "t", name: "n", caption: "c", theme: "light", size: "page" };
const interval = { n: 3, mean: 1, half: 0.5, low: 0.5, high: 1.5 };
const gridSweep = () => ({
  grid: { lr: [0.1, 0.2] },
  where: () => true,
  seeds: [1, 2],
  run: () => ({ error: 0.5 }),
  depends: ["data"],
});

/** Every function and class of the library with arguments that do, and the methods of what they make. */
const calls: Readonly<Record<string, Call | readonly Call[]>> = {
  activationSlices: call(gradbook.activationSlices, () => [
    {
      ...look,
      rows: [{ label: "a", input: bitmap(), maps: [bitmap()] }],
      scale: "shared",
      range: [0, 2],
      quantity: "q",
    },
  ]),
  activations: call(gradbook.activations, () => [model(), data(), [0, 1]]),
  add: call(gradbook.add, () => [[[gradbook.relu()], []]]),
  adadelta: call(gradbook.adadelta, () => [{ lr: 1, rho: 0.9, eps: 1e-6 }]),
  adagrad: call(gradbook.adagrad, () => [{ lr: 0.1, eps: 1e-8 }]),
  adam: call(gradbook.adam, () => [{ lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0 }]),
  adamw: call(gradbook.adamw, () => [{ lr: 0.1, weightDecay: 0 }]),
  arrayDataset: call(gradbook.arrayDataset, () => [
    Float32Array.from(Array(8).keys()),
    [0, 1],
    [1, 2, 2],
    { name: "n", source: "s", classNames: ["a", "b"] },
  ]),
  avgPool2d: call(gradbook.avgPool2d, () => [{ kernel: [2, 2], stride: 1, pad: 0 }]),
  binaryCrossEntropy: call(gradbook.binaryCrossEntropy, () => [{ reduction: "sum" }]),
  balancedSubset: [
    call(gradbook.balancedSubset, () => [data(), { perClass: 1, rng: new Rng(1), name: "n" }]),
    call(gradbook.balancedSubset, () => [ownData(), { perClass: 2, rng: { int: () => 0 } }]),
  ],
  batchNorm1d: call(gradbook.batchNorm1d, () => [{ features: 2 }]),
  batchNorm2d: call(gradbook.batchNorm2d, () => [{ features: 2 }]),
  channelMaps: call(gradbook.channelMaps, () => [{ shape: [1, 1, 2, 2], data: [1, 2, 3, 4] }, 0]),
  col2im: call(gradbook.col2im, () => [Tensor.zeros([1, 4, 1]), [1, 1, 2, 2], { kernel: 2 }]),
  comparison: call(gradbook.comparison, () => [
    {
      ...look,
      groups: ["a"],
      series: [{ name: "s", intervals: [{ mean: 1, low: 0.5, high: 1.5, values: [1, 1.2] }] }],
      quantity: "q",
      marks: "bars",
      xTitle: "x",
      interval: "i",
    },
  ]),
  compareMeans: call(gradbook.compareMeans, () => [[1, 2, 3], [2, 3, 5], 0.95]),
  confusionFigure: call(gradbook.confusionFigure, () => [
    {
      ...look,
      matrix: [
        [1, 2],
        [3, 4],
      ],
      labels: ["a", "b"],
    },
  ]),
  classScores: call(gradbook.classScores, () => [
    [
      [5, 1],
      [2, 2],
    ],
  ]),
  concat: call(gradbook.concat, () => [[[gradbook.relu()], []]]),
  confusionMatrix: call(gradbook.confusionMatrix, () => [model(), data()]),
  constant: call(gradbook.constant, () => [1, 0.1]),
  conv1d: call(gradbook.conv1d, () => [{ in: 2, out: 2, kernel: 3, pad: 1, groups: 2 }]),
  cosineDecay: call(gradbook.cosineDecay, () => [{ last: 0.1 }]),
  "cosineDecay().perStep": call(gradbook.cosineDecay().perStep, () => [{ step: 1, steps: 9, epoch: 1 }, 0.1]),
  oneCycle: call(gradbook.oneCycle, () => [{ rise: 0.5 }]),
  plateau: call(gradbook.plateau, () => [{ watch: "trainLoss", patience: 2 }]),
  "plateau()": call(gradbook.plateau({ watch: "trainLoss" }), () => [1, 0.1, [epoch(0)]]),
  warmup: call(gradbook.warmup, () => [{ steps: 2, next: gradbook.constant }]),
  conv2d: call(gradbook.conv2d, () => [{ in: 1, out: 2, kernel: 3, stride: 1, pad: [1, 1], bias: true }]),
  convTranspose2d: call(gradbook.convTranspose2d, () => [
    { in: 1, out: 2, kernel: 3, stride: [2, 2], pad: 1, outputPad: 1 },
  ]),
  diagnose: call(gradbook.diagnose, () => [
    [
      (z: number[]) => z.map((v) => Math.max(v, 0)),
      (dy: number[], z: number[]) => dy.map((v, i) => (z[i] > 0 ? v : 0)),
    ],
    { kind: "relu", name: "mine" },
  ]),
  differenceInWords: call(gradbook.differenceInWords, () => [
    "a",
    "b",
    { difference: 1, low: 0.5, high: 1.5, p: 0.01, distinguishable: true },
    { unit: " %", digits: 1, times: 100 },
  ]),
  dropout: call(gradbook.dropout, () => [{ p: 0.5 }]),
  earlyStop: call(gradbook.earlyStop, () => [{ watch: "testLoss", patience: 2 }]),
  "earlyStop()": call(
    (seen: never) => gradbook.earlyStop()(seen),
    () => [epoch(1)],
  ),
  "earlyStop().end": call(gradbook.earlyStop().end, () => [model()]),
  "earlyStop().save": call(gradbook.earlyStop().save, () => []),
  "earlyStop().resume": call(
    (seen: never) => gradbook.earlyStop().resume(seen),
    () => [[epoch(0), epoch(1)]],
  ),
  elu: call(gradbook.elu, () => [{ alpha: 0.5 }]),
  embedding: call(gradbook.embedding, () => [{ count: 3, features: 2 }]),
  evaluate: call(gradbook.evaluate, () => [model(), data(), { loss: gradbook.mse() }]),
  errorCurves: [
    call(gradbook.errorCurves, () => [
      {
        ...look,
        runs: [{ name: "r", epochs: [epoch(0), epoch(1)] }],
        layout: "grid",
        columns: 2,
        ranges: "own",
        yAxis: "error",
      },
    ]),
    call(gradbook.errorCurves, () => [
      {
        ...look,
        runs: [{ name: "r", epochs: [[epoch(0)], [epoch(0)]] }],
        yAxis: "loss",
        yScale: "log",
        xTitle: "t",
        ranges: "shared",
        layout: "single",
        zoom: [-1, 0.5],
      },
    ]),
  ],
  euclidean: call(gradbook.euclidean, () => [{ reduction: "sum" }]),
  features: call(gradbook.features, () => [model(), data(), "flatten"]),
  figure: call(gradbook.figure, () => [
    {
      ...look,
      data: [{ type: "bar", name: "b", x: ["a", "b"], y: [1, 2] }],
      layout: { height: 300, yaxis: { title: "y" }, yaxis2: { overlaying: "y" } },
      frames: [{ data: [] }],
      config: { displaylogo: false },
      description: "d",
    },
  ]),
  figureDefaults: [
    call(gradbook.figureDefaults, () => [{ size: "column", theme: "dark", titles: false }]),
    call(gradbook.figureDefaults, () => [{ size: { width: 84, text: 8 } }]),
  ],
  filters: [
    call(gradbook.filters, () => [
      { ...look, weight: { shape: [1, 1, 2, 2], data: [1, 2, 3, 4] }, quantity: "q" },
    ]),
    call(gradbook.filters, () => [{ ...look, weight: { shape: [1, 2, 1, 2], data: [1, 2, 3, 4] } }]),
  ],
  firstMinute: call(gradbook.firstMinute, () => [
    model(),
    data(),
    { loss: gradbook.mse(), optimizer: gradbook.sgd({ lr: 0.1 }), batch: 2, seed: 1, shuffle: true },
  ]),
  fit: [
    call(fit, () => [
      model(),
      {
        ...fitConfig(),
        loss: gradbook.mse(),
        batch: 2,
        steps: 3,
        trainSample: data(),
        evaluateEvery: 1,
        seed: "s",
        shuffle: true,
        dropLast: false,
        augment: () => {},
        schedule: gradbook.constant,
        onEpoch: () => {},
        onStep: () => {},
        resume: false,
        threads: 1,
      },
    ]),
    call(fit, () => [
      gradbook.sequential([ownLayer() as never, gradbook.flatten(), gradbook.linear({ in: 4, out: 2 })], {
        input: [1, 2, 2],
      }),
      { train: ownData(), test: ownData(), loss: ownLoss(), optimizer: ownRule(), epochs: 1 },
    ]),
  ],
  fitChannels: call(gradbook.fitChannels, () => [images()]),
  fitMeanImage: call(gradbook.fitMeanImage, () => [images(), 255]),
  flatten: bare(gradbook.flatten),
  gelu: bare(gradbook.gelu),
  heatMap: call(gradbook.heatMap, () => [
    {
      ...look,
      columns: ["a", 1],
      rows: ["b"],
      values: [[1, null]],
      quantity: "q",
      columnTitle: "c",
      rowTitle: "r",
      digits: 1,
      scale: "diverging",
    },
  ]),
  histograms: [
    call(gradbook.histograms, () => [
      {
        ...look,
        layers: [{ name: "l", values: { start: [1, 2, 3], end: [2, 3, 4] } }],
        quantity: "q",
        bins: 3,
        range: "shared",
        yScale: "log",
      },
    ]),
    call(gradbook.histograms, () => [{ ...look, layers: [{ name: "l", values: [1, 2, 3] }] }]),
  ],
  imageGrid: call(gradbook.imageGrid, () => [
    { ...look, images: [{ image: bitmap(), label: "a" }, { image: bitmap() }], columns: 2 },
  ]),
  im2col: call(gradbook.im2col, () => [x(), { kernel: [2, 1], stride: 1, pad: 0 }]),
  intervalInWords: call(gradbook.intervalInWords, () => [
    { ...interval },
    { unit: " %", digits: 1, times: 100 },
  ]),
  hinge: call(gradbook.hinge, () => [{ reduction: "sum", margin: 2 }]),
  huber: call(gradbook.huber, () => [{ reduction: "sum", delta: 2 }]),
  klDivergence: call(gradbook.klDivergence, () => [points(), points(), { perplexity: 2 }]),
  lastEpoch: [
    call(gradbook.lastEpoch, () => [run]),
    call(gradbook.lastEpoch, () => [{ epochs: [epoch(0)] }]),
  ],
  avgPool1d: call(gradbook.avgPool1d, () => [{ kernel: 3, stride: 2, pad: 1, countPad: false }]),
  globalAvgPool2d: call(gradbook.globalAvgPool2d, () => []),
  groupNorm: call(gradbook.groupNorm, () => [{ features: 4, groups: 2, eps: 0.1 }]),
  hardSigmoid: call(gradbook.hardSigmoid, () => []),
  hardSwish: call(gradbook.hardSwish, () => []),
  hardTanh: call(gradbook.hardTanh, () => []),
  instanceNorm2d: call(gradbook.instanceNorm2d, () => [{ features: 4 }]),
  layerNorm: call(gradbook.layerNorm, () => [{ shape: [2, 2], eps: 0.1 }]),
  lstm: call(gradbook.lstm, () => [{ in: 2, hidden: 3, returns: "all" }]),
  maxPool1d: call(gradbook.maxPool1d, () => [{ kernel: 3, stride: 2, pad: 1 }]),
  prelu: call(gradbook.prelu, () => [{ features: 2, slope: 0.1 }]),
  rnn: call(gradbook.rnn, () => [{ in: 2, hidden: 3, returns: "all" }]),
  silu: call(gradbook.silu, () => []),
  softplus: call(gradbook.softplus, () => []),
  loadImageFolder: call(gradbook.loadImageFolder, () => [savedPictures(), { size: 2, colour: "grey" }]),
  loadModel: call(gradbook.loadModel, () => [savedModel()]),
  loadWeights: call(gradbook.loadWeights, () => [model(), savedModel(), { rename: (name: string) => name }]),
  readSafetensors: call(gradbook.readSafetensors, () => [savedModel()]),
  saveModel: call(gradbook.saveModel, () => [model(), join(written, "a.safetensors")]),
  writeSafetensors: call(gradbook.writeSafetensors, () => [
    join(written, "b.safetensors"),
    { x: x() },
    { by: "me" },
  ]),
  batches: call(
    (...given: never[]) => [...Reflect.apply(gradbook.batches, undefined, given)],
    () => [data(), { size: 3, epoch: 1 }],
  ),
  trainer: call(
    (...given: never[]) => Reflect.apply(gradbook.trainer, undefined, given).end(),
    () => [model(), { train: data(), optimizer: gradbook.sgd({ lr: 0.1 }), threads: 1 }],
  ),
  augmentations: call(gradbook.augmentations, () => [[gradbook.flip()]]),
  crop: call(gradbook.crop, () => [{ least: 0.8 }]),
  cutout: call(gradbook.cutout, () => [{ size: 2, fill: 1 }]),
  flip: call(gradbook.flip, () => [{ axis: "vertical", p: 0.5 }]),
  noise: call(gradbook.noise, () => [{ sigma: 0.1 }]),
  rotate: call(gradbook.rotate, () => [{ degrees: 10, fill: 0 }]),
  shift: call(gradbook.shift, () => [{ pixels: 2, fill: 0 }]),
  split: call(gradbook.split, () => [data(), { validation: 0.5, seed: 1 }]),
  kFold: call(gradbook.kFold, () => [data(), { folds: 2, seed: 1 }]),
  readTable: call(gradbook.readTable, () => [savedTable(), { delimiter: "," }]),
  fitTable: call(gradbook.fitTable, () => [
    gradbook.readTable(savedTable()),
    { target: "y", ignore: ["b"], missing: "mean" },
  ]),
  leakyRelu: call(gradbook.leakyRelu, () => [{ slope: 0.1 }]),
  linear: call(gradbook.linear, () => [{ in: 2, out: 3, bias: true }]),
  linearDecay: call(gradbook.linearDecay, () => [{ epochs: 3, last: 0.1 }]),
  "linearDecay()": call(gradbook.linearDecay({ epochs: 3 }), () => [1, 0.1]),
  live: call(gradbook.live, () => [{ title: "t", clock: () => 0 }]),
  "live().onEpoch": call(
    (seen: never) => gradbook.live().onEpoch(seen),
    () => [epoch(0)],
  ),
  "live().onStep": call(
    (...seen: [never, never]) => gradbook.live().onStep(...seen),
    () => [1, 0.5],
  ),
  "live().end": bare(() => gradbook.live().end()),
  loadCifar10: refusedCall(gradbook.loadCifar10, () => [{ folder: "nowhere", perClass: 1 }]),
  loadMnist: refusedCall(gradbook.loadMnist, () => [{ folder: "nowhere", heldOut: false }]),
  lossLandscape: [
    call(gradbook.lossLandscape, () => [
      {
        ...look,
        x: [0, 1],
        y: [0, 1],
        loss: [
          [1, 2],
          [3, 4],
        ],
        path: { x: [0, 1], y: [0, 1] },
        view: "surface",
        scale: "log",
        quantity: "q",
        xTitle: "x",
        yTitle: "y",
      },
    ]),
    call(gradbook.lossLandscape, () => [
      { ...look, x: [0, 1], y: [0, 1], loss: [Float32Array.of(1, 2), [3, 4]], path: { x: [0], y: [1] } },
    ]),
  ],
  klDivergenceLoss: call(gradbook.klDivergenceLoss, () => [{ reduction: "sum" }]),
  lossCurve: call(gradbook.lossCurve, () => [
    { ...look, runs: [{ name: "r", losses: [3, 2, 1] }], yScale: "linear", quantity: "q" },
  ]),
  markdown: call(gradbook.markdown, () => ["text"]),
  maxPool2d: call(gradbook.maxPool2d, () => [{ kernel: 2, stride: [2, 2], pad: 0 }]),
  mcnemar: call(gradbook.mcnemar, () => [[1, 0, 1], [true, true, false], 0.05]),
  mcnemarInWords: call(gradbook.mcnemarInWords, () => [
    "a",
    "b",
    { onlyFirst: 1, onlySecond: 2, p: 0.5, distinguishable: false },
  ]),
  meanInterval: call(gradbook.meanInterval, () => [[1, 2, 3], 0.95]),
  metrics: call(gradbook.metrics, () => [{ a: 1, b: [1, "x"], c: { d: null } }]),
  mistakes: call(gradbook.mistakes, () => [
    {
      ...look,
      mistakes: [{ image: bitmap(), truth: 0, probabilities: [0.3, 0.7] }],
      classes: ["a", "b"],
      limit: 3,
    },
  ]),
  mae: call(gradbook.mae, () => [{ reduction: "sum" }]),
  mse: call(gradbook.mse, () => [{ reduction: "mean" }]),
  neighbourPurity: call(gradbook.neighbourPurity, () => [points(), [0, 1, 0, 1, 0, 1, 0, 1], { k: 2 }]),
  networkDiagram: call(gradbook.networkDiagram, () => [
    {
      ...look,
      layers: [
        { name: "a", layer: "A", output: "[1]", parameters: 3 },
        { name: "b", layer: "B", output: "[1]", after: ["a", "input"] },
      ],
      input: "[2]",
    },
  ]),
  normCurves: call(gradbook.normCurves, () => [
    { ...look, layers: [{ name: "l", gradient: [1, 2], update: [1, 2] }], steps: [1, 2], xTitle: "step" },
  ]),
  nll: call(gradbook.nll, () => [{ reduction: "sum" }]),
  outputs: call(gradbook.outputs, () => [model(), data()]),
  predict: [
    call(gradbook.predict, () => [model(), data()]),
    call(gradbook.predict, () => [model(), ownData()]),
  ],
  progress: call(gradbook.progress, () => [{ label: "l", total: 3, unit: "steps", clock: () => 0 }]),
  "progress().add": call(
    (n: never) => gradbook.progress({ label: "l", total: 3 }).add(n),
    () => [1],
  ),
  "progress().update": call(
    (n: never) => gradbook.progress({ label: "l", total: 3 }).update(n),
    () => [1],
  ),
  "progress().end": bare(() => gradbook.progress({ label: "l", total: 3 }).end()),
  rateGrid: call(gradbook.rateGrid, () => [
    {
      ...look,
      columns: [0.1, 0.2],
      rows: ["a"],
      values: [[1, null]],
      quantity: "q",
      columnTitle: "lr",
      digits: 1,
      best: "min",
    },
  ]),
  relu: bare(gradbook.relu),
  rSquared: call(gradbook.rSquared, () => [
    [1, 2, 3],
    [1, 2, 4],
  ]),
  reconstruction: call(gradbook.reconstruction, () => [data()]),
  residual: call(gradbook.residual, () => [[gradbook.relu()], { shortcut: [gradbook.relu()] }]),
  resultsTable: call(gradbook.resultsTable, () => [
    {
      title: "t",
      name: "n",
      caption: "c",
      rows: [{ a: 1, b: "x" }],
      columns: [{ key: "a", title: "A", unit: "%", digits: 1, best: "max" }, "b"],
    },
  ]),
  rmsprop: call(gradbook.rmsprop, () => [{ lr: 0.1, eps: 1e-8 }]),
  scoreCurves: call(gradbook.scoreCurves, () => [
    {
      ...look,
      runs: [{ name: "r", scores: [0.1, 0.9, 0.5], positive: [false, true, 1] }],
      curves: "both",
    },
  ]),
  sequential: [
    call(gradbook.sequential, () => [
      [ownLayer(), gradbook.flatten()],
      { input: [1, 2, 2], seed: 1, init: "he", dtype: "float32" },
    ]),
  ],
  rmse: call(gradbook.rmse, () => [
    [1, 2, 3],
    [1, 2, 4],
  ]),
  rocAuc: call(gradbook.rocAuc, () => [
    [0.1, 0.4, 0.3],
    [0, 1, 0],
  ]),
  sgd: call(gradbook.sgd, () => [{ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0 }]),
  show: [
    call(gradbook.show, () => [
      { data: [{ type: "scatter", x: [1, 2], y: [1, 2] }], layout: { title: { text: "t" } } },
    ]),
    call(gradbook.show, () => [gradbook.resultsTable({ title: "t", rows: [{ a: 1 }] })]),
    call(gradbook.show, () => [{ [gradbook.displaySymbol]: () => ({ "text/plain": "x" }) }]),
  ],
  sigmoid: bare(gradbook.sigmoid),
  softmax: call(gradbook.softmax, () => [Tensor.from([[1, 2]])]),
  softmaxCrossEntropy: call(gradbook.softmaxCrossEntropy, () => [{ reduction: "sum" }]),
  stepDecay: call(gradbook.stepDecay, () => [{ every: 2, factor: 0.5 }]),
  "stepDecay()": call(gradbook.stepDecay({ every: 2, factor: 0.5 }), () => [1, 0.1]),
  sweep: [
    call(gradbook.sweep as (config: never) => unknown, () => [
      { ...gridSweep(), onProgress: () => {}, clock: () => 0 },
    ]),
    refusedCall(gradbook.sweep as (config: never) => unknown, () => [
      { grid: { lr: [0.1] }, run: { module: "nowhere.ts", export: "run" }, engine: "local", jobs: 1 },
    ]),
  ],
  "sweep().of": method(() => gradbook.sweep(gridSweep()), "of", { lr: 0.1 }),
  "sweep().summary": method(
    () => gradbook.sweep(gridSweep()),
    "summary",
    () => 1,
  ),
  table: call(gradbook.table, () => [[{ a: 1 }], { title: "t", columns: ["a"] }]),
  tanh: bare(gradbook.tanh),
  toNCHW: call(gradbook.toNCHW, () => [x()]),
  trustworthiness: call(gradbook.trustworthiness, () => [points(), points(), { k: 2 }]),
  targetDataset: call(gradbook.targetDataset, () => [
    Float32Array.of(0, 1, 2, 3),
    Float32Array.of(1, 3),
    [2],
    { name: "n", source: "s", targetShape: [1] },
  ]),
  tsne: call(gradbook.tsne, () => [points(), { perplexity: 2, iterations: 3, seed: 1 }]),
  tsneMap: [
    call(gradbook.tsneMap, () => [
      { ...look, maps: [{ name: "m", points: [[0, 1, 2]] }], labels: [0], marks: "dots" },
    ]),
    call(gradbook.tsneMap, () => [
      {
        ...look,
        maps: [{ name: "m", points: [[0, 1]], scores: { KL: 0.5 } }],
        labels: [0],
        classes: ["a"],
        marks: "images",
        images: [bitmap()],
      },
    ]),
  ],
  twinCurves: call(gradbook.twinCurves, () => [
    {
      ...look,
      left: { name: "l", values: [1, 2], scale: "log", line: "straight" },
      right: { name: "r", values: [2, 1], line: "steps" },
      x: [1, 2],
      xTitle: "step",
    },
  ]),
  weightsDigest: call(gradbook.weightsDigest, () => [model()]),

  "new ByteImages": call(
    (config: never) => new ByteImages(config),
    () => [
      {
        ...bytes(),
        first: 0,
        stride: 4,
        records: Uint32Array.of(0, 1, 2, 3),
        normalisation: gradbook.rawBytes,
      },
    ],
  ),
  "ByteImages#read": method(images, "read", 0, new Float32Array(4), 0),
  "ByteImages#bytes": method(images, "bytes", 0),
  "ByteImages#subset": method(images, "subset", [0, 1], "name"),
  "ByteImages#normalise": method(images, "normalise", gradbook.rawBytes),
  "arrayDataset()#read": method(data, "read", 0, new Float32Array(4), 0),
  "arrayDataset()#subset": method(data, "subset", [0, 1], "name"),
  "new GradbookError": call(
    (...given: [never, never]) => new GradbookError(...given),
    () => [{ code: "config", what: "w", got: "g", expected: "e", cure: "c" }, { cause: 1 }],
  ),
  "new Parameter": call(
    (...given: [never, never, never, never]) => new Parameter(...given),
    () => [[2, 2], 1, 2, 0],
  ),
  "Parameter#cast": method(() => new Parameter([2], 1, 1), "cast", "float64"),
  "new Rng": call(
    (seed: never) => new Rng(seed),
    () => [1],
  ),
  "Rng#fork": method(() => new Rng(1), "fork", "name"),
  "Rng#int": method(() => new Rng(1), "int", 3),
  "Rng#shuffle": method(() => new Rng(1), "shuffle", [1, 2, 3]),
  "Rng#permutation": method(() => new Rng(1), "permutation", 3),
  "new Tensor": call(
    (...given: [never, never]) => new Tensor(...given),
    () => [[2], Float32Array.of(1, 2)],
  ),
  "Tensor.zeros": call(Tensor.zeros, () => [[2, 3], "float64"]),
  "Tensor.from": call(Tensor.from, () => [
    [
      [1, 2],
      [3, 4],
    ],
    "float32",
  ]),
  "Tensor#at": method(x, "at", 0, 0, 1, 1),
  "Tensor#offset": method(x, "offset", [0, 0, 1, 1]),
  "Tensor#reshape": method(x, "reshape", [2, 4]),
  "Tensor#rows": method(x, "rows", 0, 1),
  "Tensor#clone": method(x, "clone", "float64"),
  "Sequential#forward": method(model, "forward", x(), { training: false, rng: new Rng(1) }),
  "Sequential#backward": method(trained, "backward", Tensor.zeros([2, 2])),
  "Sequential#activations": method(model, "activations", x()),
  "Sequential#layer": method(model, "layer", "linear1"),
};

/** Of the batches that layers of sequences take; the others take images. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  conv1d: [2, 1, 4],
  maxPool1d: [2, 1, 4],
  embedding: [2, 3],
  rnn: [2, 3, 2],
  lstm: [2, 3, 2],
};

/** The passes of each layer and the functions of each loss. */
const passes = Object.fromEntries(
  Object.entries({
    avgPool2d: () => gradbook.avgPool2d({ kernel: 2 }),
    batchNorm2d: () => gradbook.batchNorm2d({ features: 1 }),
    conv2d: () => gradbook.conv2d({ in: 1, out: 1, kernel: 1 }),
    dropout: () => gradbook.dropout(),
    flatten: () => gradbook.flatten(),
    gelu: () => gradbook.gelu(),
    leakyRelu: () => gradbook.leakyRelu(),
    maxPool2d: () => gradbook.maxPool2d({ kernel: 2 }),
    relu: () => gradbook.relu(),
    sigmoid: () => gradbook.sigmoid(),
    tanh: () => gradbook.tanh(),
    convTranspose2d: () => gradbook.convTranspose2d({ in: 1, out: 1, kernel: 2 }),
    globalAvgPool2d: () => gradbook.globalAvgPool2d(),
    groupNorm: () => gradbook.groupNorm({ features: 1, groups: 1 }),
    layerNorm: () => gradbook.layerNorm({ shape: 2 }),
    prelu: () => gradbook.prelu(),
    conv1d: () => gradbook.conv1d({ in: 1, out: 1, kernel: 2 }),
    maxPool1d: () => gradbook.maxPool1d({ kernel: 2 }),
    embedding: () => gradbook.embedding({ count: 3, features: 2 }),
    rnn: () => gradbook.rnn({ in: 2, hidden: 2 }),
    lstm: () => gradbook.lstm({ in: 2, hidden: 2 }),
  }).flatMap(([name, make]) => {
    const [, ...sample] = shapes[name] ?? x().shape;
    const batch = () => Tensor.zeros([2, ...sample]);
    const context = () => ({ training: true, rng: new Rng(1) });
    const forward = method(make, "forward", batch(), context());
    const outputShape = method(make, "outputShape", sample);
    const after = () => {
      const layer = make();
      const y = layer.forward(batch(), context());
      return { layer, dy: Tensor.zeros(y.shape) };
    };
    const backward = call(
      (dy: never) => after().layer.backward(dy),
      () => [after().dy],
    );
    return Object.entries({ forward, outputShape, backward }).map(([key, one]) => [`${name}().${key}`, one]);
  }),
);
const losses = Object.fromEntries(
  Object.entries({
    mse: gradbook.mse,
    euclidean: gradbook.euclidean,
    mae: gradbook.mae,
    huber: gradbook.huber,
    binaryCrossEntropy: gradbook.binaryCrossEntropy,
    hinge: gradbook.hinge,
    nll: gradbook.nll,
    softmaxCrossEntropy: gradbook.softmaxCrossEntropy,
  }).flatMap(([name, make]) =>
    ["sum", "gradient"].map((key) => [`${name}().${key}`, method(make, key, Tensor.from([[1, 2]]), [1])]),
  ),
);

/** Calls without arguments, whatever is given. */
const withoutArguments = ["bits", "uniform", "normal", "toString", "toNested", "zeroGradients", "toJSON"];

/** Private to the compiler only, so that an object of somebody's that inherits from one of these still works. */
const internal: readonly string[] = [
  "ByteImages#view",
  "ByteImages#recordOf",
  "ByteImages#startOf",
  "ByteImages#refuseBadRecords",
  "ByteImages#hashPixels",
  "Sequential#place",
  "Sequential#outputOf",
  "Sequential#cast",
  "Sequential#initialize",
  "arrayDataset()#rowOf",
  "arrayDataset()#hashNumbers",
];

/** What may be called with nothing although it takes something: all of it has defaults. */
const withDefaults: readonly string[] = [
  "adadelta",
  "adagrad",
  "adam",
  "adamw",
  "binaryCrossEntropy",
  "cosineDecay",
  "oneCycle",
  "plateau",
  "dropout",
  "earlyStop",
  "elu",
  "euclidean",
  "hinge",
  "huber",
  "prelu",
  "flip",
  "leakyRelu",
  "live",
  "klDivergenceLoss",
  "mae",
  "mse",
  "nll",
  "progress().add",
  "rmsprop",
  "softmaxCrossEntropy",
  "Tensor#clone",
];

const wrong: readonly unknown[] = [
  undefined,
  null,
  3,
  -1.5,
  Number.NaN,
  "x",
  "",
  true,
  10n,
  {},
  { title: "t" },
  [],
  [null],
  [3],
  [{}],
  () => undefined,
  Symbol("s"),
  new Float32Array(2),
];

test("every export has a call here, and every method of its objects", () => {
  const objects = { model: model(), data: data(), sweep: gradbook.sweep(gridSweep()) };
  const named = Object.entries(gradbook).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    if (!/^class\b/.test(String(value))) return [name];
    const own = methods(value).map((key) => `${name}.${key}`);
    return [`new ${name}`, ...own, ...methods(value.prototype).map((key) => `${name}#${key}`)];
  });
  const made = [
    ...methods(Object.getPrototypeOf(objects.model)).map((key) => `Sequential#${key}`),
    ...methods(Object.getPrototypeOf(objects.data)).map((key) => `arrayDataset()#${key}`),
    ...methods(Object.getPrototypeOf(objects.sweep)).map((key) => `sweep().${key}`),
    ...methods(gradbook.live()).map((key) => `live().${key}`),
    ...methods(Object.getPrototypeOf(gradbook.progress({ label: "", total: 1 }))).map(
      (key) => `progress().${key}`,
    ),
  ];
  const known = [...named, ...made];
  assert.deepEqual(
    known.filter((name) => !(name in calls)),
    internal,
  );
});

for (const [name, some] of Object.entries({ ...calls, ...passes, ...losses })) {
  test(`${name}: works, or throws a GradbookError, whatever it is given`, async (t) => {
    t.mock.method(console, "log", () => {});
    t.mock.method(console, "warn", () => {});
    const raw: string[] = [];
    for (const { run, args, refused = false } of [some].flat()) {
      const works = async () => Reflect.apply(run, undefined, args());
      if (refused) await assert.rejects(works, GradbookError);
      else await works();
      const tried = [[], ...wrong.map((value) => [value]), ...damaged(args())];
      for (const given of tried) {
        try {
          await Reflect.apply(run, undefined, given);
        } catch (error) {
          const said = error instanceof GradbookError ? error.message : "";
          if (said === "" || /\[object |undefined/.test(said)) raw.push(`${shown(given)} → ${error}`);
        }
      }
    }
    assert.deepEqual(raw, []);
  });
}

test("called with nothing: a GradbookError, unless everything has a default", async (t) => {
  t.mock.method(console, "log", () => {});
  t.mock.method(console, "warn", () => {});
  const work: string[] = [];
  for (const [name, some] of Object.entries({ ...calls, ...passes, ...losses })) {
    const [{ run, args, refused = false }] = [some].flat();
    if (args().length === 0 || refused) continue;
    try {
      await Reflect.apply(run, undefined, []);
      work.push(name);
    } catch (error) {
      assert.ok(error instanceof GradbookError, name);
    }
  }
  assert.deepEqual(work, withDefaults);
});

/** A list of arguments with one value of them replaced, in every place and by every wrong value. */
function* damaged(value: readonly unknown[]): Generator<unknown[]> {
  for (const { path } of places(value, []))
    for (const other of wrong) yield replaced(value, path, other) as unknown[];
}

function* places(value: unknown, path: readonly string[]): Generator<{ readonly path: readonly string[] }> {
  if (path.length > 0) yield { path };
  if (path.length > 5 || typeof value !== "object" || value === null || !isPlain(value)) return;
  for (const key of Object.keys(value)) yield* places(Reflect.get(value, key), [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  const inner = replaced(Reflect.get(Object(value), key), rest, other);
  if (!Array.isArray(value)) return { ...Object(value), [key]: inner };
  const copy = [...value];
  copy[Number(key)] = inner;
  return copy;
}

function isPlain(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value).split("\n")[0];
  if (!isPlain(value)) return value.constructor?.name ?? "object";
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${shown(inner)}`)
    .join(", ")} }`;
}

function methods(holder: object): string[] {
  return Object.getOwnPropertyNames(holder).filter((key) => {
    const { value } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
    return (
      typeof value === "function" &&
      key !== "constructor" &&
      key !== "prototype" &&
      !withoutArguments.includes(key)
    );
  });
}

function call(run: (...given: never[]) => unknown, args: Call["args"]): Call {
  return { run, args };
}

function refusedCall(run: (...given: never[]) => unknown, args: Call["args"]): Call {
  return { run, args, refused: true };
}

function bare(run: () => unknown): Call {
  return { run, args: () => [] };
}

/** A method of an object that is made anew for each call. */
function method(make: () => object, name: string, ...args: readonly unknown[]): Call {
  return {
    run: (...given: never[]) => {
      const object = make();
      return Reflect.apply(Reflect.get(object, name), object, given);
    },
    args: () => args,
  };
}

/** A model that has been forward, so that it can go backward. */
function trained(): ReturnType<typeof model> {
  const made = model();
  made.forward(x());
  return made;
}
