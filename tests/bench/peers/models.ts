import type { Layer, Optimizer, Sequential } from "gradbook";
import type { BenchLayer, BenchModel } from "../workloads.js";

/** gradbook as one file, as notebooks import it, or module by module, where a measurement looks inside. */
export type Library = typeof import("gradbook");

export function buildModel(library: Library, { input, layers }: BenchModel): Sequential {
  return library.sequential(
    layers.map((spec) => layer(library, spec)),
    { input, seed: 0 },
  );
}

function layer(library: Library, spec: BenchLayer): Layer {
  switch (spec.kind) {
    case "conv2d":
      return library.conv2d({ in: spec.in, out: spec.out, kernel: spec.kernel, pad: spec.pad });
    case "maxPool2d":
      return library.maxPool2d({ kernel: spec.kernel, stride: spec.stride, pad: spec.pad });
    case "avgPool2d":
      return library.avgPool2d({ kernel: spec.kernel, stride: spec.stride, pad: spec.pad });
    case "linear":
      return library.linear({ in: spec.in, out: spec.out });
    case "leakyRelu":
      return library.leakyRelu({ slope: spec.slope });
    case "batchNorm2d":
      return library.batchNorm2d({ features: spec.features });
    default:
      return library[spec.kind]();
  }
}

export function buildOptimizer(library: Library, { optimizer }: BenchModel): Optimizer {
  if (optimizer.kind === "adam") return library.adam({ lr: optimizer.lr });
  const { lr, momentum, weightDecay } = optimizer;
  return library.sgd({ lr, momentum, weightDecay });
}
