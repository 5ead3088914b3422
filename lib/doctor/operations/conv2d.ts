import { Tensor } from "@gradbook/core";
import {
  type Conv2dDims,
  conv2dBackwardBias,
  conv2dBackwardInput,
  conv2dBackwardWeight,
  conv2dForward,
} from "@gradbook/core/internal";
import type { Sizes } from "../types.js";
import { chosenTwists, contract, targetOf } from "./contraction.js";
import { conv2dMistakes } from "./conv2d-mistakes.js";
import { type Convention, drawAll, type Operation, shapeOf, usual } from "./operation.js";
import { slips } from "./unnamed.js";
import { windowCases } from "./window-cases.js";

const axes = { x: ["N", "C", "H", "W"], y: ["N", "F", "OH", "OW"], W: ["F", "C", "KH", "KW"], b: ["F"] };

const flipped: Convention = {
  id: "flipped",
  words: "forward is a true convolution (the kernel rotated by 180°), not a cross-correlation",
  numbers: {},
};

/** 2-D convolution: the definition of lib/layers/conv2d.ts, and what people make of it. */
export const conv2d: Operation = {
  kind: "conv2d",
  title: "2-D convolution",
  inputs: ["x", "W", "b"],
  axes,
  curved: false,
  cases: (can) => windowCases(can, false),
  draw: (c, rng) => drawAll(axes, ["x", "W", "b"], c, rng),
  conventions: () => [usual, flipped],
  forward(sizes, inputs, convention) {
    const y = Tensor.zeros(shapeOf(conv2d, "y", sizes), "float64");
    conv2dForward(inputs.x.data, rotated(inputs.W, convention), inputs.b?.data, y.data, dims(sizes));
    return y;
  },
  gradient(name, { sizes, inputs, dy, convention }) {
    const g = Tensor.zeros(shapeOf(conv2d, name, sizes), "float64");
    const d = dims(sizes);
    if (name === "x") conv2dBackwardInput(dy.data, rotated(inputs.W, convention), g.data, d);
    else if (name === "b") conv2dBackwardBias(dy.data, g.data, d);
    else {
      conv2dBackwardWeight(dy.data, inputs.x.data, g.data, d);
      return new Tensor(g.shape, rotated(g, convention));
    }
    return g;
  },
  mutant(tensor, { sizes, inputs, dy, convention }, mistakes, variant) {
    const target = targetOf(tensor);
    const twists = chosenTwists(mistakes, variant);
    if (target === undefined || twists === undefined) return undefined;
    const data = {
      x: inputs.x.data,
      W: rotated(inputs.W, convention),
      ...(inputs.b === undefined ? {} : { b: inputs.b.data }),
      y: dy.data,
    };
    const result = contract(target, sizes, data, twists);
    return target === "W" ? rotated(new Tensor(inputs.W.shape, result), convention) : result;
  },
  mistakes: conv2dMistakes,
  unnamed(tensor) {
    const target = targetOf(tensor);
    if (target === undefined) return [];
    return slips(target, {
      letters: target === "b" ? ["n", "f", "i", "j"] : ["n", "f", "c", "i", "j", "u", "v"],
      name: (letter) => letter,
      tensors: target === "b" ? ["y", "b"] : target === "y" ? ["x", "W", "y", "b"] : ["x", "W", "y"],
    });
  },
};

/** The kernel as the cross-correlation sees it. */
function rotated(W: Tensor, convention: Convention): Float64Array {
  const data = Float64Array.from(W.data);
  if (convention.id !== "flipped") return data;
  const plane = W.shape[2] * W.shape[3];
  for (let from = 0; from < data.length; from += plane) data.subarray(from, from + plane).reverse();
  return data;
}

function dims({ N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW }: Sizes): Conv2dDims {
  return { N, C, H, W, F, KH, KW, OH, OW, SH, SW, PH, PW };
}
