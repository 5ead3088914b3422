// datasets
export { type ArrayDatasetOptions, arrayDataset } from "./datasets/array-dataset.js";
export { type BalancedSubsetConfig, balancedSubset } from "./datasets/balanced.js";
export { ByteImages, type ByteImagesConfig } from "./datasets/byte-images.js";
export { type Cifar10, type Cifar10Config, loadCifar10 } from "./datasets/cifar10.js";
export type { Dataset, IntegerSource } from "./datasets/dataset.js";
export { fitChannels, fitMeanImage } from "./datasets/fit-normalisation.js";
export { loadMnist, type Mnist, type MnistConfig } from "./datasets/mnist.js";
export { type Normalisation, rawBytes, unitScale } from "./datasets/normalisation.js";
// figures and display
export { type LiveConfig, type LivePlot, live } from "./display/live.js";
export { type MetricsRecord, type MetricsValue, metrics } from "./display/metrics.js";
export { type ProgressBar, type ProgressConfig, progress } from "./display/progress.js";
export { type Displayable, displaySymbol, type MimeBundle } from "./display/publish.js";
export { markdown, show, table } from "./display/show.js";
// doctor
export { type Diagnosable, type DiagnoseOptions, diagnose } from "./doctor/diagnose.js";
export type { Diagnosis } from "./doctor/diagnosis.js";
export type { Examination, Finding, Picture, Verdict } from "./doctor/types.js";
export type { Features } from "./embed/features.js";
// embed
export { type NeighbourConfig, neighbourPurity, trustworthiness } from "./embed/scores.js";
export { type Embedding, klDivergence, type TsneConfig, tsne } from "./embed/tsne.js";
export { type ErrorCode, type ErrorRecord, GradbookError } from "./errors/error.js";
export {
  type ActivationRow,
  type ActivationSlicesConfig,
  activationSlices,
} from "./figures/activation-slices.js";
export { type ConfusionFigureConfig, confusionFigure } from "./figures/confusion-figure.js";
export {
  type EpochPoint,
  type ErrorCurvesConfig,
  errorCurves,
  type RunCurves,
} from "./figures/error-curves.js";
export type { Figure, FigureMeta, FigureOptions, Json, JsonObject } from "./figures/figure.js";
export { type FiltersConfig, filters } from "./figures/filters.js";
export { type LossCurveConfig, lossCurve, type StepLosses } from "./figures/loss-curve.js";
export { type Mistake, type MistakesConfig, mistakes } from "./figures/mistakes.js";
export { type LayerNorms, type NormCurvesConfig, normCurves } from "./figures/norm-curves.js";
export type { PlotlyJson } from "./figures/plotly-figure.js";
export { type RateGridConfig, rateGrid } from "./figures/rate-grid.js";
export { type Column, type ResultsTableConfig, resultsTable, type Table } from "./figures/results-table.js";
export { type Bitmap, channelMaps } from "./figures/tiles.js";
export { type EmbeddingMap, type TsneMapConfig, tsneMap } from "./figures/tsne-map.js";
// layers
export { avgPool2d } from "./layers/avg-pool2d.js";
export { type BatchNormConfig, batchNorm1d, batchNorm2d } from "./layers/batch-norm.js";
export { type Conv2dConfig, conv2d } from "./layers/conv2d.js";
export { type DropoutConfig, dropout } from "./layers/dropout.js";
export { flatten } from "./layers/flatten.js";
export { gelu } from "./layers/gelu.js";
export { col2im, type Im2colConfig, im2col } from "./layers/im2col.js";
export type { Init } from "./layers/init.js";
export {
  type ForwardContext,
  type Layer,
  type LayerBuffer,
  type NamedLayer,
  Parameter,
  toNCHW,
} from "./layers/layer.js";
export { type LeakyReluConfig, leakyRelu } from "./layers/leaky-relu.js";
export { type LinearConfig, linear } from "./layers/linear.js";
export { maxPool2d } from "./layers/max-pool2d.js";
export type { Pool2dConfig } from "./layers/pool2d.js";
export { relu } from "./layers/relu.js";
export { type Sequential, type SequentialConfig, sequential } from "./layers/sequential.js";
export { sigmoid } from "./layers/sigmoid.js";
export { tanh } from "./layers/tanh.js";
// losses, optimizers, schedules
export type { Loss } from "./losses/loss.js";
export { type LossConfig, softmax, softmaxCrossEntropy } from "./losses/softmax-cross-entropy.js";
export { euclidean, mse } from "./losses/squared.js";
export { type AdagradConfig, adagrad } from "./optimizers/adagrad.js";
export { type AdamConfig, adam, adamw } from "./optimizers/adam.js";
export type { Optimizer } from "./optimizers/optimizer.js";
export { type RmspropConfig, rmsprop } from "./optimizers/rmsprop.js";
export { type SgdConfig, sgd } from "./optimizers/sgd.js";
export { constant, linearDecay, type Schedule, stepDecay } from "./schedules/schedule.js";
// sweep
export type { RunContext } from "./sweep/execute.js";
export type { Grid, Setting } from "./sweep/grid.js";
export type { ModuleSweepConfig } from "./sweep/module-sweep.js";
export type { SweepProgress } from "./sweep/progress.js";
export type { SettingSummary, Sweep, SweepRun } from "./sweep/results.js";
export {
  compareMeans,
  type Difference,
  type Interval,
  type McNemar,
  mcnemar,
  meanInterval,
} from "./sweep/statistics.js";
export { type SweepConfig, sweep } from "./sweep/sweep.js";
export { differenceInWords, intervalInWords, mcnemarInWords } from "./sweep/words.js";
// tensor
export { Rng } from "./tensor/rng.js";
export type { Shape } from "./tensor/shape.js";
export { type DType, type FloatArray, type Nested, Tensor } from "./tensor/tensor.js";
// train
export type { Augment } from "./train/augment.js";
export { weightsDigest } from "./train/digest.js";
export { type EarlyStopConfig, earlyStop } from "./train/early-stop.js";
export { type FirstMinuteConfig, firstMinute } from "./train/first-minute/first-minute.js";
export type { CheckLine, FirstMinute } from "./train/first-minute/panel.js";
export { type FitConfig, fit } from "./train/fit.js";
export { type Ending, type Epoch, lastEpoch, type Run, type StepEvaluation } from "./train/history.js";
export { activations, confusionMatrix, features, type Predictions, predict } from "./train/metrics.js";
