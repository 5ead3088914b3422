import { Tensor } from "@gradbook/core";
import {
  linearBackwardBias,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from "@gradbook/core/internal";
import type { Case, Sizes } from "../types.js";
import { chosenTwists, contract, targetOf } from "./contraction.js";
import { linearMistakes } from "./linear-mistakes.js";
import { drawAll, label, type Operation, shapeOf, usual } from "./operation.js";
import { slips } from "./unnamed.js";

const axes = { x: ["N", "I"], y: ["N", "O"], W: ["O", "I"], b: ["O"] };

/** Fully connected layer: the definition of lib/layers/linear.ts, seen as a 1×1 convolution of one pixel. */
export const linear: Operation = {
  kind: "linear",
  title: "linear layer",
  inputs: ["x", "W", "b"],
  axes,
  curved: false,
  cases(can) {
    const sizes = [
      [1, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
      [2, 1, 1],
      [1, 3, 4],
      [2, 3, 3],
      [3, 4, 4],
      [3, 2, 5],
      [2, 5, 3],
    ].filter(([N]) => can.batch || N === 1);
    const cases = sizes.map(([N, I, O]) => make(N, I, O));
    cases.push(
      { ...make(can.batch ? 2 : 1, 4, 3), scale: 1024 },
      { ...make(can.batch ? 2 : 1, 4, 3), scale: 1 / 4096 },
    );
    return { cases, probe: can.batch ? make(3, 4, 5) : make(1, 4, 5) };
  },
  draw: (c, rng) => drawAll(axes, ["x", "W", "b"], c, rng),
  conventions: () => [usual],
  forward(sizes, inputs) {
    const y = Tensor.zeros(shapeOf(linear, "y", sizes), "float64");
    const { N, I, O } = sizes;
    linearForward(inputs.x.data, inputs.W.data, inputs.b?.data, y.data, { N, I, O });
    return y;
  },
  gradient(name, { sizes, inputs, dy }) {
    const g = Tensor.zeros(shapeOf(linear, name, sizes), "float64");
    const { N, I, O } = sizes;
    if (name === "x") linearBackwardInput(dy.data, inputs.W.data, g.data, { N, I, O });
    else if (name === "W") linearBackwardWeight(dy.data, inputs.x.data, g.data, { N, I, O });
    else linearBackwardBias(dy.data, g.data, { N, I, O });
    return g;
  },
  mutant(tensor, { sizes, inputs, dy }, mistakes, variant) {
    const target = targetOf(tensor);
    const twists = chosenTwists(mistakes, variant);
    if (target === undefined || twists === undefined) return undefined;
    const data = {
      x: inputs.x.data,
      W: inputs.W.data,
      ...(inputs.b === undefined ? {} : { b: inputs.b.data }),
      y: dy.data,
    };
    return contract(target, { ...sizes, ...onePixel(sizes) }, data, twists);
  },
  mistakes: linearMistakes,
  unnamed(tensor) {
    const target = targetOf(tensor);
    if (target === undefined) return [];
    return slips(target, {
      letters: target === "b" ? ["n", "f"] : ["n", "f", "c"],
      name: (letter) => (letter === "f" ? "o" : letter === "c" ? "i" : letter),
      tensors: target === "b" ? ["y", "b"] : target === "y" ? ["x", "W", "y", "b"] : ["x", "W", "y"],
    }).map((m) => ({
      ...m,
      mistake: m.mistake
        .replace("(output channel)", "(output feature)")
        .replace("(channel)", "(input feature)"),
      axes: m.axes.map((axis) => (axis === "sample" ? axis : "feature")),
    }));
  },
};

function make(N: number, I: number, O: number): Case {
  return { label: label({ N, I, O }), sizes: { N, I, O } };
}

function onePixel({ I, O }: Sizes): Sizes {
  return { C: I, F: O, H: 1, W: 1, KH: 1, KW: 1, OH: 1, OW: 1, SH: 1, SW: 1, PH: 0, PW: 0 };
}
