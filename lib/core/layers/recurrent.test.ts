import assert from "node:assert/strict";
import { test } from "node:test";
import { tanh } from "../tensor/portable.js";
import { Tensor } from "../tensor/tensor.js";
import { embedding } from "./embedding.js";
import { checkGradients, checkPromises, noise, randomised } from "./gradients.test.helper.js";
import { lstm } from "./lstm.js";
import { rnn } from "./rnn.js";

for (const make of [rnn, lstm])
  for (const returns of ["last", "all"] as const)
    for (const shape of [
      [2, 4, 3],
      [1, 1, 3],
      [3, 7, 3],
    ]) {
      const layer = () => make({ in: 3, hidden: 2, returns });
      test(`${layer()} gradients through all steps, x=[${shape}]`, () => {
        checkGradients(randomised(layer()), noise(shape, 1));
        checkPromises(randomised(layer()), noise(shape, 2));
      });
    }

test("rnn by hand: two steps of one feature, h = tanh(2x + 3h + 1)", () => {
  const layer = rnn({ in: 1, hidden: 1, returns: "all" });
  for (const [name, value] of [
    ["weightInput", 2],
    ["weightHidden", 3],
    ["bias", 1],
  ] as const) {
    layer.params[name].cast("float64");
    layer.params[name].value.data.fill(value);
  }
  const first = tanh(2 * 0.1 + 1);
  const y = layer.forward(Tensor.from([[[0.1], [-0.5]]]));
  assert.deepEqual(y.toNested(), [[[first], [tanh(1 + 2 * -0.5 + 3 * first)]]]);
});

test("embedding: rows of the table, gradients of a number that comes twice add up", () => {
  const layer = embedding({ count: 3, features: 2 });
  layer.params.weight.cast("float64");
  layer.params.weight.value.data.set([1, 2, 3, 4, 5, 6]);
  const x = Tensor.from([[2, 0, 2]]);
  assert.deepEqual(layer.forward(x).toNested(), [
    [
      [5, 6],
      [1, 2],
      [5, 6],
    ],
  ]);
  const dx = layer.backward(
    Tensor.from([
      [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
    ]),
  );
  assert.deepEqual(Array.from(layer.params.weight.grad.data), [2, 20, 0, 0, 4, 40]);
  assert.deepEqual(dx.toNested(), [[0, 0, 0]], "the number of a row has no gradient");
});

for (const [run, message] of [
  [
    () => rnn({ in: 3, hidden: 2 }).outputShape([3, 4]),
    /rnn: the input has the shape \[1, 3, 4\], expected \[N, T, 3\]: T steps of 3 features\. Are steps and features swapped\?/,
  ],
  [
    () => lstm({ in: 3, hidden: 2 }).forward(noise([4, 3], 1)),
    /lstm: the input has the shape \[4, 3\], expected/,
  ],
  // @ts-expect-error: no such word
  [() => rnn({ in: 3, hidden: 2, returns: "first" }), /rnn: returns is "first", expected "last" or "all"/],
  [() => lstm({ in: 3, hidden: 2 }).backward(noise([1, 2], 1)), /lstm: backward without a forward/],
  [
    () => embedding({ count: 3, features: 2 }).forward(Tensor.from([[0, 3]])),
    /embedding: the number 3 at \[0, 1\], expected a whole number from 0 to 2\. count: 4 or more makes room/,
  ],
  [
    () => embedding({ count: 3, features: 2 }).forward(Tensor.from([[0.5]])),
    /embedding: the number 0\.5 at \[0, 0\].* normalised/,
  ],
  [() => embedding({ count: 3, features: 2 }).forward(noise([2], 1)), /expected 2 axes \[N, T\]/],
] as const) {
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
}

test("a second forward before backward counts: the last one's steps", () => {
  const layer = randomised(lstm({ in: 2, hidden: 3 }));
  layer.forward(noise([2, 5, 2], 1));
  const y = layer.forward(noise([4, 3, 2], 2));
  assert.deepEqual(layer.backward(noise(y.shape, 3)).shape, [4, 3, 2]);
});
