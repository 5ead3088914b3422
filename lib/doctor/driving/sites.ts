import type { Role } from "../reading/roles.js";
import type { LayerKind } from "../types.js";

/** Which roles make sense at a call, in the usual order of the parameters. */
export interface Sites {
  readonly construct: readonly Role[];
  /** Parameters of a forward function that gets everything. */
  readonly forward: readonly Role[];
  readonly backward: readonly Role[];
  /** Parameters of the methods of a class. */
  readonly forwardMethod: readonly Role[];
  readonly backwardMethod: readonly Role[];
}

const windowRoles: readonly Role[] = ["kernel", "KH", "KW", "stride", "SH", "SW", "pad", "PH", "PW"];
const imageRoles: readonly Role[] = ["N", "C", "H", "width", "OH", "OW", "xShape", "yShape"];
const moment: readonly Role[] = ["training", "mode", "rng", "seed", "options"];

function sites(
  parameters: readonly Role[],
  own: readonly Role[],
  sizes: readonly Role[],
  construct: readonly Role[],
): Sites {
  return {
    construct: [...construct, ...own, "options", "name", "reduction", "lr"],
    forward: ["x", ...parameters, ...own, ...sizes, ...moment],
    backward: ["dy", "x", ...parameters, "cache", ...own, ...sizes, "y", "lr", ...moment],
    forwardMethod: ["x", ...moment, ...parameters, "cache"],
    backwardMethod: ["dy", "x", "lr", "cache", ...parameters, "y", ...moment],
  };
}

const elementwise = sites([], [], ["N", "in", "xShape"], ["N", "in", "xShape"]);
const pooling = sites([], windowRoles, imageRoles, []);
const norm = sites(
  ["gamma", "beta"],
  ["eps", "momentum", "runningMean", "runningVar"],
  ["N", "C", "H", "width", "xShape"],
  ["C", "H", "width", "gamma", "beta"],
);

export const sitesOf: Readonly<Record<LayerKind, Sites>> = {
  conv2d: sites(
    ["W", "b"],
    windowRoles,
    [...imageRoles, "F", "wShape"],
    ["in", "out", "C", "F", "W", "b", "H", "width", "xShape", "hasBias"],
  ),
  linear: sites(["W", "b"], [], ["N", "in", "out", "xShape", "wShape"], ["in", "out", "W", "b", "hasBias"]),
  maxPool2d: pooling,
  avgPool2d: pooling,
  relu: elementwise,
  sigmoid: elementwise,
  tanh: elementwise,
  flatten: elementwise,
  leakyRelu: sites([], ["slope"], ["N", "in", "xShape"], []),
  batchNorm1d: norm,
  batchNorm2d: norm,
  softmax: elementwise,
  softmaxCrossEntropy: elementwise,
  euclidean: elementwise,
  im2col: pooling,
  dropout: sites([], ["p", "keep"], ["N", "in", "xShape"], ["rng", "seed"]),
};
