import { conv2d } from "./conv2d.js";
import { flatten } from "./flatten.js";
import type { Layer } from "./layer.js";
import { linear } from "./linear.js";
import { maxPool2d } from "./max-pool2d.js";
import { relu } from "./relu.js";

/** The layers of hw4's network, for inputs [1, 28, 28]: 10,661 parameters. */
export const hw4Layers = (): Layer[] => [
  conv2d({ in: 1, out: 4, kernel: 5, pad: 2 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d({ in: 4, out: 4, kernel: 5, pad: 2 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear({ in: 196, out: 49 }),
  relu(),
  linear({ in: 49, out: 10 }),
];
