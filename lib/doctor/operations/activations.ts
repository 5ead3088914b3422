import { type Rng, Tensor } from "@gradbook/core";
import { tanh as hyperbolicTangent, sigmoid as logistic } from "@gradbook/core/internal";
import type { Capabilities, Case, LayerKind, Values } from "../types.js";
import {
  type BackwardInput,
  type Convention,
  dyadic,
  type Mistake,
  type Operation,
  type Sample,
  usual,
} from "./operation.js";

const rowAxes = { x: ["N", "I"], y: ["N", "I"] };
const imageAxes = { x: ["N", "C", "H", "W"], y: ["N", "C", "H", "W"] };

/** An activation as people write it: over rows of features, or over images with four loops. */
export interface Ranks {
  readonly rows: Operation;
  readonly image: Operation;
}

interface Rule {
  readonly kind: LayerKind;
  readonly title: string;
  readonly curved: boolean;
  readonly f: (x: number, slope: number) => number;
  /** The derivative, by input and output. */
  readonly slope: (x: number, y: number, slope: number) => number;
  readonly conventions?: (samples: readonly Sample[]) => readonly Convention[];
  readonly mistakes: readonly Wrong[];
}

type Wrong = readonly [
  tensor: "dx" | "y",
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  /** dx by dy, x and y, or y by x */
  value: (a: { dy: number; x: number; y: number; slope: number }) => number,
];

function elementwise(rule: Rule): Ranks {
  return { rows: ofRank(rule, rowAxes), image: ofRank(rule, imageAxes) };
}

function ofRank(rule: Rule, axes: Operation["axes"]): Operation {
  const slopeOf = (convention: Convention) => convention.numbers.slope ?? 0;
  return {
    kind: rule.kind,
    title: rule.title,
    inputs: ["x"],
    axes,
    curved: rule.curved,
    cases: (can) => (axes === rowAxes ? rowCases(can) : imageCases(can)),
    draw: (c, rng) => draw(c, axes, rng),
    conventions: rule.conventions ?? (() => [usual]),
    forward: (_sizes, { x }, convention) =>
      new Tensor(
        x.shape,
        Float64Array.from(x.data, (v) => rule.f(v, slopeOf(convention))),
      ),
    gradient: (_name, { inputs: { x }, dy, convention }) =>
      new Tensor(
        x.shape,
        Float64Array.from(
          x.data,
          (v, i) => dy.data[i] * rule.slope(v, rule.f(v, slopeOf(convention)), slopeOf(convention)),
        ),
      ),
    mutant: (_tensor, moment, mistakes, variant) =>
      mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
    mistakes: rule.mistakes.map(
      ([tensor, id, mistake, formula, cure, value]): Mistake => ({
        id: `${rule.kind}/${tensor}/${id}`,
        tensor,
        mistake,
        formula,
        cure,
        axes: ["element"],
        produce: ({ inputs: { x }, dy, convention }: BackwardInput) =>
          Float64Array.from(x.data, (v, i) =>
            value({ dy: dy.data[i], x: v, y: rule.f(v, slopeOf(convention)), slope: slopeOf(convention) }),
          ),
      }),
    ),
    unnamed: () => [],
  };
}

function rowCases(can: Capabilities): { cases: readonly Case[]; probe: Case } {
  const make = (N: number, I: number): Case => ({ label: `N=${N}, ${I} features`, sizes: { N, I } });
  const list = [
    make(1, 1),
    make(1, 4),
    make(1, 7),
    ...(can.batch ? [make(2, 1), make(3, 5), make(4, 4)] : []),
  ];
  const last = list[list.length - 1];
  return {
    cases: [
      ...list,
      { ...last, scale: 1 / 64, label: `${last.label}, x scaled by 1/64` },
      { ...last, scale: 4, label: `${last.label}, x scaled by 4` },
    ],
    probe: can.batch ? make(3, 5) : make(1, 5),
  };
}

function imageCases(can: Capabilities): { cases: readonly Case[]; probe: Case } {
  const make = (N: number, C: number, H: number, W: number): Case => ({
    label: `N=${N}, C=${C}, ${H}×${W}`,
    sizes: { N, C, H, W },
  });
  const N = can.batch ? 2 : 1;
  const C = can.channels ? 3 : 1;
  const list = [make(1, 1, 1, 1), make(1, 1, 1, 4), make(1, 1, 3, 2), make(1, C, 2, 3), make(N, C, 3, 4)];
  const last = list[list.length - 1];
  return {
    cases: [
      ...list,
      { ...last, scale: 1 / 64, label: `${last.label}, x scaled by 1/64` },
      { ...last, scale: 4, label: `${last.label}, x scaled by 4` },
    ],
    probe: make(N, C, 4, 5),
  };
}

/** Both signs in every tensor of two elements or more. */
function draw(c: Case, axes: Operation["axes"], rng: Rng): Values {
  const x = dyadic(
    axes.x.map((l) => c.sizes[l]),
    rng.fork("x"),
    c.scale,
    c.shift,
  );
  for (let i = 0; i + 1 < x.size; i += 2) if (x.data[i] * x.data[i + 1] > 0) x.data[i + 1] *= -1;
  return { x };
}

function upstreamMissing(slope: Rule["slope"]): Wrong {
  return [
    "dx",
    "upstream-missing",
    "dy is missing: the derivative alone is returned",
    "dx = ⟦1⟧ · f′(x)",
    "Chain rule: dx = dy · f′(x).",
    (a) => slope(a.x, a.y, a.slope),
  ];
}

const identity: Wrong = [
  "dx",
  "derivative-missing",
  "dy is passed on unchanged: the derivative of the activation is missing",
  "dx = dy · ⟦1⟧",
  "Chain rule: dx = dy · f′(x).",
  ({ dy }) => dy,
];

const reluSlope = (x: number) => (x > 0 ? 1 : 0);
const leakySlope = (x: number, _y: number, slope: number) => (x > 0 ? 1 : slope);
const sigmoidSlope = (_x: number, y: number) => y * (1 - y);
const tanhSlope = (_x: number, y: number) => 1 - y * y;

export const relu = elementwise({
  kind: "relu",
  title: "ReLU",
  curved: false,
  f: (x) => (x > 0 ? x : 0),
  slope: reluSlope,
  mistakes: [
    identity,
    upstreamMissing(reluSlope),
    [
      "dx",
      "upstream-sign",
      "the mask is taken from dy instead of x: gradient passes where dy > 0",
      "dx = dy where ⟦dy⟧ > 0, else 0",
      "Ask the input of the forward pass: dx = dy where x > 0.",
      ({ dy }) => (dy > 0 ? dy : 0),
    ],
    [
      "dx",
      "mask-inverted",
      "the mask is the wrong way round: gradient passes where x < 0",
      "dx = dy where x ⟦<⟧ 0",
      "dx = dy where x > 0.",
      ({ dy, x }) => (x < 0 ? dy : 0),
    ],
    [
      "dx",
      "times-output",
      "dy is multiplied by the output (or x) instead of the mask",
      "dx = dy · ⟦y⟧",
      "The derivative of max(x, 0) is 1 where x > 0, whatever x is.",
      ({ dy, y }) => dy * y,
    ],
    [
      "dx",
      "times-input",
      "dy is multiplied by x instead of the mask",
      "dx = dy · ⟦x⟧",
      "The derivative of max(x, 0) is 1 where x > 0.",
      ({ dy, x }) => dy * x,
    ],
    [
      "dx",
      "threshold-one",
      "the mask asks for x > 1",
      "dx = dy where x > ⟦1⟧",
      "dx = dy where x > 0.",
      ({ dy, x }) => (x > 1 ? dy : 0),
    ],
    [
      "dx",
      "negative-side",
      "the negative side passes −dy: that is |x|",
      "dx = dy · ⟦sign(x)⟧",
      "dx = 0 where x ≤ 0.",
      ({ dy, x }) => (x > 0 ? dy : -dy),
    ],
    [
      "dx",
      "clipped-upstream",
      "the result is clipped: negative gradients are lost",
      "dx = ⟦max(0,⟧ dy · mask⟦)⟧",
      "A gradient may be negative: don't clip it.",
      ({ dy, x }) => (x > 0 ? Math.max(0, dy) : 0),
    ],
    ["y", "absolute", "forward is |x|", "y = ⟦|x|⟧", "y = max(x, 0).", ({ x }) => Math.abs(x)],
    ["y", "identity", "forward leaves x as it is", "y = ⟦x⟧", "y = max(x, 0).", ({ x }) => x],
    ["y", "minimum", "min for max", "y = ⟦min⟧(x, 0)", "y = max(x, 0).", ({ x }) => Math.min(x, 0)],
    [
      "y",
      "step",
      "forward is the step function: x is missing",
      "y = ⟦1⟧ where x > 0",
      "y = x where x > 0.",
      ({ x }) => (x > 0 ? 1 : 0),
    ],
    [
      "y",
      "clipped",
      "forward is cut off at 1",
      "y = ⟦min(1,⟧ max(x, 0)⟦)⟧",
      "y = max(x, 0), without an upper bound.",
      ({ x }) => Math.min(1, Math.max(0, x)),
    ],
  ],
});

export const leakyRelu = elementwise({
  kind: "leakyRelu",
  title: "leaky ReLU",
  curved: false,
  f: (x, slope) => (x > 0 ? x : slope * x),
  slope: leakySlope,
  conventions: slopes,
  mistakes: [
    identity,
    upstreamMissing(leakySlope),
    [
      "dx",
      "no-leak",
      "the negative side gets 0: the slope is missing in the backward pass (plain ReLU)",
      "dx = dy where x > 0, else ⟦0⟧",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x }) => (x > 0 ? dy : 0),
    ],
    [
      "dx",
      "slope-without-upstream",
      "the negative side gets the slope itself, without dy",
      "dx = dy where x > 0, else slope ⟦ ⟧",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : slope),
    ],
    [
      "dx",
      "slope-times-input",
      "the negative side gets slope · x instead of slope · dy",
      "dx = dy where x > 0, else slope · ⟦x⟧",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : slope * x),
    ],
    [
      "dx",
      "sides-exchanged",
      "the two sides are exchanged: the slope is applied on the positive one",
      "dx = ⟦slope·dy⟧ where x > 0, else ⟦dy⟧",
      "dx = dy where x > 0, slope · dy elsewhere.",
      ({ dy, x, slope }) => (x > 0 ? slope * dy : dy),
    ],
    [
      "dx",
      "slope-everywhere",
      "the slope is applied to both sides",
      "dx = ⟦slope⟧ · dy everywhere",
      "dx = dy where x > 0.",
      ({ dy, slope }) => slope * dy,
    ],
    [
      "dx",
      "upstream-sign",
      "the sign of dy decides instead of that of x",
      "dx = dy where ⟦dy⟧ > 0, else slope·dy",
      "Ask the input of the forward pass: x > 0.",
      ({ dy, slope }) => (dy > 0 ? dy : slope * dy),
    ],
    [
      "dx",
      "slope-negative",
      "the slope has the wrong sign in the backward pass",
      "dx = dy where x > 0, else ⟦−slope⟧·dy",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : -slope * dy),
    ],
    [
      "dx",
      "slope-one-minus",
      "1 − slope is used where the slope belongs",
      "dx = dy where x > 0, else ⟦(1 − slope)⟧·dy",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : (1 - slope) * dy),
    ],
    [
      "dx",
      "slope-inverse",
      "dy is divided by the slope",
      "dx = dy where x > 0, else dy ⟦/⟧ slope",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : dy / slope),
    ],
    [
      "dx",
      "slope-squared",
      "the slope is applied twice",
      "dx = dy where x > 0, else ⟦slope²⟧·dy",
      "dx = slope · dy where x ≤ 0.",
      ({ dy, x, slope }) => (x > 0 ? dy : slope * slope * dy),
    ],
    [
      "y",
      "no-leak",
      "the slope is missing: forward is the plain ReLU",
      "y = x where x > 0, else ⟦0⟧",
      "y = slope · x where x ≤ 0.",
      ({ x }) => Math.max(0, x),
    ],
    [
      "y",
      "slope-added",
      "the negative side is the slope itself",
      "y = x where x > 0, else ⟦slope⟧",
      "y = slope · x where x ≤ 0.",
      ({ x, slope }) => (x > 0 ? x : slope),
    ],
    [
      "y",
      "slope-sign",
      "the negative side comes out positive",
      "y = x where x > 0, else ⟦−⟧slope·x",
      "y = slope · x where x ≤ 0.",
      ({ x, slope }) => (x > 0 ? x : -slope * x),
    ],
    [
      "y",
      "sides-exchanged",
      "the two sides are exchanged",
      "y = ⟦slope·x⟧ where x > 0, else ⟦x⟧",
      "y = x where x > 0, slope · x elsewhere.",
      ({ x, slope }) => (x > 0 ? slope * x : x),
    ],
  ],
});

export const sigmoid = elementwise({
  kind: "sigmoid",
  title: "sigmoid",
  curved: true,
  f: (x) => logistic(x),
  slope: sigmoidSlope,
  mistakes: [
    identity,
    upstreamMissing(sigmoidSlope),
    [
      "dx",
      "derivative-of-input",
      "y·(1 − y) is computed with the input x in the place of the output y",
      "dx = dy · ⟦x⟧·(1 − ⟦x⟧)",
      "Keep the output of the forward pass: dx = dy · y·(1 − y).",
      ({ dy, x }) => dy * x * (1 - x),
    ],
    [
      "dx",
      "activation-twice",
      "the sigmoid is applied once more to its own output",
      "dx = dy · σ(⟦y⟧)·(1 − σ(⟦y⟧))",
      "y is already σ(x): dx = dy · y·(1 − y).",
      ({ dy, y }) => dy * logistic(y) * (1 - logistic(y)),
    ],
    [
      "dx",
      "tanh-derivative",
      "1 − y² is the derivative of tanh",
      "dx = dy · ⟦(1 − y²)⟧",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * (1 - y * y),
    ],
    [
      "dx",
      "factor-missing",
      "the factor y is missing",
      "dx = dy · ⟦ ⟧(1 − y)",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * (1 - y),
    ],
    [
      "dx",
      "one-minus-missing",
      "the factor 1 − y is missing",
      "dx = dy · y⟦ ⟧",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * y,
    ],
    [
      "dx",
      "sign",
      "y·(1 + y) for y·(1 − y)",
      "dx = dy · y·(1 ⟦+⟧ y)",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * y * (1 + y),
    ],
    [
      "dx",
      "reversed",
      "y·(y − 1): the sign is the wrong way round",
      "dx = dy · y·⟦(y − 1)⟧",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * y * (y - 1),
    ],
    [
      "dx",
      "square",
      "y is squared",
      "dx = dy · ⟦y²⟧·(1 − y)",
      "σ′ = y·(1 − y).",
      ({ dy, y }) => dy * y * y * (1 - y),
    ],
    [
      "dx",
      "input-for-output",
      "x·(1 − y): one of the two factors takes the input",
      "dx = dy · ⟦x⟧·(1 − y)",
      "σ′ = y·(1 − y).",
      ({ dy, x, y }) => dy * x * (1 - y),
    ],
    [
      "y",
      "sign",
      "the minus in the exponent is missing",
      "y = 1/(1 + e^{⟦x⟧})",
      "y = 1/(1 + e^{−x}).",
      ({ x }) => 1 - logistic(x),
    ],
    ["y", "tanh", "forward is tanh", "y = ⟦tanh x⟧", "y = 1/(1 + e^{−x}).", ({ x }) => hyperbolicTangent(x)],
  ],
});

export const tanh = elementwise({
  kind: "tanh",
  title: "tanh",
  curved: true,
  f: (x) => hyperbolicTangent(x),
  slope: tanhSlope,
  mistakes: [
    identity,
    upstreamMissing(tanhSlope),
    [
      "dx",
      "derivative-of-input",
      "1 − y² is computed with the input x in the place of the output y",
      "dx = dy · (1 − ⟦x⟧²)",
      "Keep the output of the forward pass: dx = dy · (1 − y²).",
      ({ dy, x }) => dy * (1 - x * x),
    ],
    [
      "dx",
      "square-missing",
      "the square is missing",
      "dx = dy · (1 − y⟦ ⟧)",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * (1 - y),
    ],
    [
      "dx",
      "sigmoid-derivative",
      "y·(1 − y) is the derivative of the sigmoid",
      "dx = dy · ⟦y·(1 − y)⟧",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * y * (1 - y),
    ],
    [
      "dx",
      "activation-twice",
      "tanh is applied once more to its own output",
      "dx = dy · (1 − tanh(⟦y⟧)²)",
      "y is already tanh(x): dx = dy · (1 − y²).",
      ({ dy, y }) => dy * (1 - hyperbolicTangent(y) * hyperbolicTangent(y)),
    ],
    [
      "dx",
      "sign",
      "1 + y² for 1 − y²",
      "dx = dy · (1 ⟦+⟧ y²)",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * (1 + y * y),
    ],
    [
      "dx",
      "square-only",
      "the 1 is missing",
      "dx = dy · ⟦ ⟧y²",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * y * y,
    ],
    [
      "dx",
      "bracket-squared",
      "the bracket is squared, not y",
      "dx = dy · ⟦(1 − y)²⟧",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * (1 - y) * (1 - y),
    ],
    [
      "dx",
      "reversed",
      "y² − 1: the sign is the wrong way round",
      "dx = dy · ⟦(y² − 1)⟧",
      "tanh′ = 1 − y².",
      ({ dy, y }) => dy * (y * y - 1),
    ],
    [
      "y",
      "sigmoid",
      "forward is the sigmoid",
      "y = ⟦1/(1 + e^{−x})⟧",
      "y = tanh x = (eˣ − e^{−x})/(eˣ + e^{−x}).",
      ({ x }) => logistic(x),
    ],
    [
      "y",
      "half-argument",
      "the 2 in the exponent is missing",
      "y = 1 − 2/(e^{⟦x⟧} + 1)",
      "tanh x = 1 − 2/(e^{2x} + 1).",
      ({ x }) => hyperbolicTangent(x / 2),
    ],
    [
      "y",
      "sign",
      "the sign is the wrong way round",
      "y = ⟦−⟧tanh x",
      "y = (eˣ − e^{−x})/(eˣ + e^{−x}).",
      ({ x }) => -hyperbolicTangent(x),
    ],
  ],
});

/** The slope as the forward pass shows it, when it is none that was asked for. */
function slopes(samples: readonly Sample[]): readonly Convention[] {
  const asked = 0.125;
  const usualSlope: Convention = { id: "usual", words: "", numbers: { slope: asked } };
  for (const { inputs, y } of samples) {
    const at = Array.from(inputs.x.data).findIndex((v) => v < 0);
    if (at < 0) continue;
    const slope = y.data[at] / inputs.x.data[at];
    if (slope === asked || !(slope > 0 && slope < 1)) break;
    return [
      usualSlope,
      { id: "own-slope", words: `the slope is ${Number(slope.toPrecision(6))}`, numbers: { slope } },
    ];
  }
  return [usualSlope];
}
