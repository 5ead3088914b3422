import type { Kind } from "../types.js";
import { leakyRelu, relu, sigmoid, tanh } from "./activations.js";
import { avgPool2d } from "./avg-pool.js";
import { batchNorm1d, batchNorm2d } from "./batch-norm.js";
import { conv2d } from "./conv2d.js";
import { dropout } from "./dropout.js";
import { flatten } from "./flatten.js";
import { linear } from "./linear.js";
import { softmax } from "./losses.js";
import { maxPool2d } from "./max-pool.js";
import type { Operation } from "./operation.js";

/** The layers that are examined by their forward and backward, each in the ranks in which people write it. */
export const layerOperations: Partial<Readonly<Record<Kind, readonly Operation[]>>> = {
  conv2d: [conv2d],
  linear: [linear],
  maxPool2d: [maxPool2d],
  avgPool2d: [avgPool2d],
  relu: [relu.image, relu.rows],
  leakyRelu: [leakyRelu.image, leakyRelu.rows],
  sigmoid: [sigmoid.image, sigmoid.rows],
  tanh: [tanh.image, tanh.rows],
  flatten: [flatten],
  dropout,
  softmax: [softmax],
  batchNorm1d: [batchNorm1d],
  batchNorm2d: [batchNorm2d],
};

/** Every operation once. */
/** What code without a telling name may be known by; the identity (flatten) may be the beginning of anything. */
export const allOperations: readonly Operation[] = [...new Set(Object.values(layerOperations).flat())].filter(
  ({ kind }) => kind !== "dropout" && kind !== "flatten",
);
