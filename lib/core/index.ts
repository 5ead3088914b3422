// Everything that the library offers, in groups. The formatter's sorting is off for this file (biome.json), so that the
// headings stay true.

// Tensor and random numbers
export { Rng } from "./tensor/rng.js";
export type { Shape } from "./tensor/shape.js";
export { type DType, type FloatArray, type Nested, Tensor } from "./tensor/tensor.js";

// Layers
export {
  type Sequential,
  type SequentialConfig,
  type LayerSummary,
  type NamedParameter,
  sequential,
} from "./layers/sequential.js";
export type { NamedBuffer } from "./layers/nested.js";
export {
  type BuiltinLayer,
  type ForwardContext,
  type Layer,
  type LayerBuffer,
  type NamedLayer,
  Parameter,
  toNCHW,
} from "./layers/layer.js";
export type { Init } from "./layers/init.js";
export { type Linear, type LinearConfig, linear } from "./layers/linear.js";
export { type Conv2d, type Conv2dConfig, conv2d } from "./layers/conv2d.js";
export { type Conv1d, type Conv1dConfig, conv1d } from "./layers/conv1d.js";
export {
  type ConvTranspose2d,
  type ConvTranspose2dConfig,
  convTranspose2d,
} from "./layers/conv-transpose2d.js";
export { col2im, type Im2colConfig, im2col } from "./layers/im2col.js";
export type { AvgPool2dConfig, Pool2dConfig } from "./layers/pool2d.js";
export { type MaxPool2d, maxPool2d } from "./layers/max-pool2d.js";
export { type AvgPool2d, avgPool2d } from "./layers/avg-pool2d.js";
export {
  type AvgPool1dConfig,
  avgPool1d,
  type MaxPool1dConfig,
  maxPool1d,
  type Pool1d,
} from "./layers/pool1d.js";
export { type GlobalAvgPool2d, globalAvgPool2d } from "./layers/global-avg-pool2d.js";
export { add, concat, type Layers, type ResidualConfig, residual } from "./layers/branches.js";
export { type Flatten, flatten } from "./layers/flatten.js";
export type { Activation } from "./layers/activation.js";
export { relu } from "./layers/relu.js";
export { type LeakyReluConfig, leakyRelu } from "./layers/leaky-relu.js";
export { sigmoid } from "./layers/sigmoid.js";
export { tanh } from "./layers/tanh.js";
export { gelu } from "./layers/gelu.js";
export { silu } from "./layers/silu.js";
export { type EluConfig, elu } from "./layers/elu.js";
export { softplus } from "./layers/softplus.js";
export { hardSigmoid, hardSwish, hardTanh } from "./layers/hard-activations.js";
export { type Prelu, type PreluConfig, prelu } from "./layers/prelu.js";
export { type BatchNorm, type BatchNormConfig, batchNorm1d, batchNorm2d } from "./layers/batch-norm.js";
export { type LayerNorm, type LayerNormConfig, layerNorm } from "./layers/layer-norm.js";
export {
  type GroupNorm,
  type GroupNormConfig,
  groupNorm,
  type InstanceNormConfig,
  instanceNorm2d,
} from "./layers/group-norm.js";
export { type EmbeddingLayer, type EmbeddingConfig, embedding } from "./layers/embedding.js";
export type { RecurrentConfig } from "./layers/recurrent.js";
export { type Rnn, rnn } from "./layers/rnn.js";
export { type Lstm, lstm } from "./layers/lstm.js";
export { type Dropout, type DropoutConfig, dropout } from "./layers/dropout.js";

// Losses
export type { BuiltinLoss, Loss } from "./losses/loss.js";
export {
  type CrossEntropyConfig,
  type LossConfig,
  softmax,
  softmaxCrossEntropy,
} from "./losses/softmax-cross-entropy.js";
export { type HingeConfig, hinge, klDivergenceLoss, nll } from "./losses/class-losses.js";
export { binaryCrossEntropy, type HuberConfig, huber, mae } from "./losses/elementwise.js";
export { euclidean, mse } from "./losses/squared.js";

// Optimizers and schedules
export type { BuiltinOptimizer, Optimizer } from "./optimizers/optimizer.js";
export { type SgdConfig, sgd } from "./optimizers/sgd.js";
export { type AdagradConfig, adagrad } from "./optimizers/adagrad.js";
export { type AdadeltaConfig, adadelta } from "./optimizers/adadelta.js";
export { type RmspropConfig, rmsprop } from "./optimizers/rmsprop.js";
export { type AdamConfig, adam, adamw } from "./optimizers/adam.js";
export {
  type CosineDecayConfig,
  cosineDecay,
  type Moment,
  type OneCycleConfig,
  oneCycle,
  type StepSchedule,
  type WarmupConfig,
  warmup,
} from "./schedules/step-schedule.js";
export { type PlateauConfig, plateau } from "./schedules/plateau.js";
export {
  constant,
  type LinearDecayConfig,
  linearDecay,
  type Measured,
  type Schedule,
  type StepDecayConfig,
  stepDecay,
} from "./schedules/schedule.js";

// Training
export { type FitConfig, fit } from "./train/fit.js";
export type { Clip, EpochCallback } from "./train/fit-config.js";
export { type Ending, type Epoch, lastEpoch, type Run, type StepEvaluation } from "./train/history.js";
export { type Batch, type BatchesConfig, batches } from "./train/batch.js";
export { type ModelTrainer, type TrainerOptions, trainer } from "./train/own-loop.js";
export type { Augment } from "./train/augment.js";
export {
  augmentations,
  type CropConfig,
  type CutoutConfig,
  crop,
  cutout,
  type FlipConfig,
  flip,
  type NoiseConfig,
  noise,
  type RotateConfig,
  rotate,
  type ShiftConfig,
  shift,
} from "./train/augmentations.js";
export { type EarlyStop, type EarlyStopConfig, earlyStop } from "./train/early-stop.js";
export { type FirstMinuteConfig, firstMinute } from "./train/first-minute/first-minute.js";
export type { CheckLine, FirstMinute } from "./train/first-minute/panel.js";
export {
  activations,
  confusionMatrix,
  type EvaluateConfig,
  evaluate,
  features,
  type Predictions,
  predict,
  type SetEvaluation,
} from "./train/metrics.js";
export type { ModelInput } from "./train/model-input.js";
export { outputs } from "./train/outputs.js";
export { type ClassScore, classScores, rmse, rocAuc, rSquared } from "./train/scores.js";
export { weightsDigest } from "./train/digest.js";

// Saving
export { type LoadWeightsConfig, loadModel, loadWeights, saveModel } from "./saving/model-file.js";
export { readSafetensors, type Safetensors, writeSafetensors } from "./saving/safetensors.js";

// Data
export type { Dataset, IntegerSource, Labels, Targets } from "./datasets/dataset.js";
export { type ArrayDatasetOptions, arrayDataset } from "./datasets/array-dataset.js";
export { reconstruction, type TargetDatasetOptions, targetDataset } from "./datasets/targets.js";
export { ByteImages, type ByteImagesConfig } from "./datasets/byte-images.js";
export { loadMnist, type Mnist, type MnistConfig } from "./datasets/mnist.js";
export { type Cifar10, type Cifar10Config, loadCifar10 } from "./datasets/cifar10.js";
export {
  type Fold,
  type KFoldConfig,
  kFold,
  type Split,
  type SplitConfig,
  split,
} from "./datasets/split.js";
export {
  type Cell,
  type FittedTable,
  type FitTableConfig,
  fitTable,
  type ReadTableConfig,
  readTable,
  type DataTable,
} from "./datasets/table.js";
export { type ImageFolderConfig, loadImageFolder } from "./datasets/image-folder.js";
export { type BalancedSubsetConfig, balancedSubset } from "./datasets/balanced.js";
export { type Normalisation, rawBytes, unitScale } from "./datasets/normalisation.js";
export { fitChannels, fitMeanImage } from "./datasets/fit-normalisation.js";

// Embedding (t-SNE)
export type { Features } from "./embed/features.js";
export {
  type Embedding,
  type KlDivergenceConfig,
  klDivergence,
  type TsneConfig,
  tsne,
} from "./embed/tsne.js";
export { type NeighbourConfig, neighbourPurity, trustworthiness } from "./embed/scores.js";

// Sweeps
export { type SweepConfig, sweep } from "./sweep/sweep.js";
export type { ModuleSweepConfig } from "./sweep/module-sweep.js";
export type { Grid, Setting, SettingOf } from "./sweep/grid.js";
export type { RunContext, RunFunction } from "./sweep/execute.js";
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
export { differenceInWords, intervalInWords, mcnemarInWords, type WordsConfig } from "./sweep/words.js";

// Figures and tables
export {
  type Figure,
  type FigureDefaults,
  type FigureMeta,
  type FigureOptions,
  figureDefaults,
  type PaperSize,
} from "./figures/figure.js";
export { type FigureConfig, figure } from "./figures/own-figure.js";
export {
  type ComparedSeries,
  type ComparisonConfig,
  comparison,
  type Measurement,
} from "./figures/comparison.js";
export { type HistogramsConfig, histograms, type LayerValues } from "./figures/histograms.js";
export { type ScoreCurvesConfig, type ScoredRun, scoreCurves } from "./figures/score-curves.js";
export { type TwinCurvesConfig, type Twin, twinCurves } from "./figures/twin-curves.js";
export { type LossLandscapeConfig, lossLandscape } from "./figures/loss-landscape.js";
export { type DrawnLayer, type NetworkDiagramConfig, networkDiagram } from "./figures/network-diagram.js";
export { type ImageGridConfig, imageGrid, type LabelledImage } from "./figures/image-grid.js";
export { type HeatMapConfig, heatMap } from "./figures/heat-map.js";
export type { PlotlyJson } from "./figures/plotly-figure.js";
export {
  type EpochPoint,
  type ErrorCurvesConfig,
  errorCurves,
  type RunCurves,
} from "./figures/error-curves.js";
export { type LossCurveConfig, lossCurve, type StepLosses } from "./figures/loss-curve.js";
export { type LayerNorms, type NormCurvesConfig, normCurves } from "./figures/norm-curves.js";
export { type RateGridConfig, rateGrid } from "./figures/rate-grid.js";
export { type ConfusionFigureConfig, confusionFigure } from "./figures/confusion-figure.js";
export { type Mistake, type MistakesConfig, mistakes } from "./figures/mistakes.js";
export { type FiltersConfig, filters } from "./figures/filters.js";
export {
  type ActivationRow,
  type ActivationSlicesConfig,
  activationSlices,
} from "./figures/activation-slices.js";
export { type Bitmap, channelMaps } from "./figures/tiles.js";
export { type EmbeddingMap, type TsneMapConfig, tsneMap } from "./figures/tsne-map.js";
export {
  type Column,
  type ResultsTableConfig,
  resultsTable,
  type Table,
  type TableCell,
} from "./figures/results-table.js";

// In the notebook
export { markdown, show, table } from "./display/show.js";
export { type LiveConfig, type LivePlot, live } from "./display/live.js";
export { type ProgressBar, type ProgressConfig, progress } from "./display/progress.js";
export { metrics } from "./display/metrics.js";
export {
  type Displayable,
  type DisplayData,
  displaySymbol,
  type Json,
  type JsonObject,
  type MimeBundle,
} from "@gradbook/base";

// Errors
export { type ErrorCode, type ErrorRecord, GradbookError } from "@gradbook/base";
