// What the other packages of gradbook share of this one. Not public: it may change in any release.

export {
  type Catalogue,
  type DatasetKey,
  datasetKeys,
  readCatalogue,
  replaceCatalogue,
} from "./datasets/catalogue.js";
export { withChosenMirror } from "./datasets/download/chosen-mirror.js";
export { ensureMnist } from "./datasets/download/ensure.js";
export { fetchDataset } from "./datasets/download/fetch-dataset.js";
export { silent } from "./datasets/download/listener.js";
export { checkContent, isHere, requireFiles, standardFolder } from "./datasets/folder.js";
export { readRaw } from "./datasets/read-file.js";
export { type StandInPolicy, standInPolicy, standInVariable } from "./datasets/stand-in.js";
export { setDrawer } from "./display/drawer.js";
export { escapeHtml } from "./display/escape.js";
export { frontEnd, publish } from "./display/publish.js";
export { tableBundle } from "./display/show.js";
export { heading, tableHtml, tableMarkdown, tableText } from "./display/table-text.js";
export {
  gemmKernel,
  gemmTasks,
  packKernel,
  packTasks,
  panelBytes,
  panelFloats,
} from "./engine/kernels/gemm.js";
export { Machine } from "./engine/machine.js";
export { Arena } from "./engine/memory.js";
export type { Phase } from "./engine/plan.js";
export { Program } from "./engine/render/program.js";
export { canonical } from "./figures/canonical.js";
export { describeTrace, notOnLogAxes } from "./figures/describe.js";
export { examples } from "./figures/examples.test.helper.js";
export { isSafeName, plain, slug, wrap } from "./figures/figure.js";
export { figureFrom, problemText, readFigure } from "./figures/plotly-figure.js";
export { isList, isRecord, shapeOf, valuesOf } from "./figures/plotly-values.js";
export { encodePalettePng, encodePng, pngUri } from "./figures/png.js";
export { family, themes } from "./figures/theme.js";
export { isVisible, typeOf } from "./figures/trace-checks.js";
export { type Area, type TraceType, traceKind, traceTypes } from "./figures/trace-kinds.js";
export { avgPool2dBackwardInput, avgPool2dForward } from "./layers/avg-pool2d.js";
export {
  batchMean,
  batchNormBackwardBias,
  batchNormBackwardInput,
  batchNormBackwardWeight,
  batchNormForward,
  batchVariance,
} from "./layers/batch-norm.js";
export {
  type Conv2dDims,
  conv2dBackwardBias,
  conv2dBackwardInput,
  conv2dBackwardWeight,
  conv2dForward,
} from "./layers/conv2d.js";
export { leakyReluBackwardInput, leakyReluForward } from "./layers/leaky-relu.js";
export {
  linearBackwardBias,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from "./layers/linear.js";
export { maxPool2dBackwardInput, maxPool2dForward } from "./layers/max-pool2d.js";
export { reluBackwardInput, reluForward } from "./layers/relu.js";
export { sigmoidBackwardInput, sigmoidForward } from "./layers/sigmoid.js";
export { tanhBackwardInput, tanhForward } from "./layers/tanh.js";
export {
  softmaxCrossEntropyGradient,
  softmaxCrossEntropySum,
  softmaxRows,
} from "./losses/softmax-cross-entropy.js";
export { bundleModule } from "./sweep/bundle.js";
export { type EngineName, engineNames } from "./sweep/engines/engine.js";
export { defaultFolder } from "./sweep/module-sweep.js";
export { studentQuantile, studentTails } from "./sweep/statistics.js";
export { Store } from "./sweep/store.js";
export { exp, log, sigmoid, tanh } from "./tensor/portable.js";
export { sameShape, sizeOf } from "./tensor/shape.js";
export { makeTrainer } from "./train/make-trainer.js";
