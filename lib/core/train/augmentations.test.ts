import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayDataset } from "../datasets/array-dataset.js";
import { flatten } from "../layers/flatten.js";
import { linear } from "../layers/linear.js";
import { sequential } from "../layers/sequential.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { Tensor } from "../tensor/tensor.js";
import type { Augment } from "./augment.js";
import { augmentations, crop, cutout, flip, noise, rotate, shift } from "./augmentations.js";
import { fit } from "./fit.js";

const image = () =>
  Tensor.from([
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [7, 8, 9],
      [10, 11, 12],
    ],
  ]);
const seen = (augment: Augment, draws = 200) =>
  new Set(
    Array.from({ length: draws }, (_, i) => {
      const sample = image();
      return JSON.stringify((augment(sample, new Rng(i)) ?? sample).toNested());
    }),
  );

test("flip: left and right, top and bottom; half of the samples", () => {
  const mirrored = JSON.stringify([
    [
      [3, 2, 1],
      [6, 5, 4],
    ],
    [
      [9, 8, 7],
      [12, 11, 10],
    ],
  ]);
  assert.deepEqual(seen(flip({ p: 1 })), new Set([mirrored]));
  assert.deepEqual(seen(flip()), new Set([mirrored, JSON.stringify(image().toNested())]));
  const down = JSON.stringify([
    [
      [4, 5, 6],
      [1, 2, 3],
    ],
    [
      [10, 11, 12],
      [7, 8, 9],
    ],
  ]);
  assert.deepEqual(seen(flip({ p: 1, axis: "vertical" })), new Set([down]));
  assert.equal(seen(flip({ p: 0 })).size, 1);
});

test("shift: nine places for one pixel, the border goes on or is filled", () => {
  const places = seen(shift({ pixels: 1 }));
  assert.equal(places.size, 9);
  assert.ok(
    places.has(
      JSON.stringify([
        [
          [1, 1, 2],
          [4, 4, 5],
        ],
        [
          [7, 7, 8],
          [10, 10, 11],
        ],
      ]),
    ),
  );
  const filled = seen(shift({ pixels: 1, fill: 0 }));
  assert.ok(
    filled.has(
      JSON.stringify([
        [
          [0, 0, 0],
          [0, 1, 2],
        ],
        [
          [0, 0, 0],
          [0, 7, 8],
        ],
      ]),
    ),
  );
  assert.equal(seen(shift({ pixels: 0 })).size, 1);
});

test("rotate by exactly 90 and 180 degrees moves pixels; the middle stays", () => {
  const turned = (angle: number): number[][] => {
    // a stream whose draw is the largest angle
    const sample = Tensor.from([
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ]);
    rotate({ degrees: angle })(sample, Object.assign(new Rng(0), { uniform: () => 1 }));
    return (sample.toNested() as number[][][])[0].map((row) => row.map((v) => Math.round(v * 1e9) / 1e9));
  };
  assert.deepEqual(turned(180), [
    [9, 8, 7],
    [6, 5, 4],
    [3, 2, 1],
  ]);
  assert.deepEqual(turned(90), [
    [7, 4, 1],
    [8, 5, 2],
    [9, 6, 3],
  ]);
  const small = Tensor.from([
    [
      [0, 0, 0],
      [0, 5, 0],
      [0, 0, 0],
    ],
  ]);
  rotate({ degrees: 10 })(small, new Rng(3));
  assert.equal(small.data[4], 5);
});

test("crop keeps the size and the range; a share of 1 changes nothing", () => {
  for (const text of seen(crop({ least: 0.5 }))) {
    const values = JSON.parse(text).flat(3);
    assert.equal(values.length, 12);
    assert.ok(values.every((v: number) => v >= 1 && v <= 12));
  }
  assert.equal(seen(crop({ least: 1 })).size, 1);
  assert.ok(seen(crop({ least: 0.5 })).size > 100);
});

test("noise has the deviation asked for; cutout covers size² pixels, or fewer at the border", () => {
  const sample = Tensor.zeros([1, 100, 100]);
  noise({ sigma: 0.2 })(sample, new Rng(1));
  const deviation = Math.sqrt(Array.from(sample.data).reduce((sum, v) => sum + v * v, 0) / sample.size);
  assert.ok(Math.abs(deviation - 0.2) < 0.005, `${deviation}`);
  for (const text of seen(cutout({ size: 2, fill: -1 }))) {
    const [first, second] = JSON.parse(text).map((plane: number[][]) => plane.flat());
    const covered = first.map((v: number) => v === -1);
    assert.deepEqual(
      second.map((v: number) => v === -1),
      covered,
      "the same place in each channel",
    );
    assert.ok([1, 2, 4].includes(covered.filter(Boolean).length));
  }
});

test("one after the other, and the same bits for a seed in fit, whatever the threads and batches read", () => {
  const augment = augmentations([
    flip(),
    shift({ pixels: 1 }),
    noise({ sigma: 0.1 }),
    rotate({ degrees: 20 }),
  ]);
  const train = arrayDataset(
    Float32Array.from({ length: 120 }, (_, i) => (i * 7) % 11),
    Array.from({ length: 10 }, (_, i) => i % 2),
    [1, 3, 4],
  );
  const digest = (seed: number, threads: number) =>
    fit(sequential([flatten(), linear({ in: 12, out: 2 })], { input: [1, 3, 4] }), {
      ...{ train, optimizer: sgd({ lr: 0.01 }), batch: 4, epochs: 2, seed, augment, threads },
    }).digest;
  assert.equal(digest(1, 1), digest(1, 2));
  assert.notEqual(digest(1, 1), digest(2, 1));
});

for (const [run, message] of [
  [() => flip({ p: 2 }), /flip: p is 2/],
  [
    () => flip({ p: 1 })(Tensor.zeros([4]), new Rng(1)),
    /flip: a sample of the shape \[4\], expected an image \[C, H, W\]/,
  ],
  [() => shift({ pixels: -1 }), /shift: pixels is -1/],
  [() => rotate({ degrees: 200 }), /rotate: degrees is 200, expected a number in \(0, 180\]/],
  [() => crop({ least: 0 }), /crop: least is 0/],
  [() => noise({ sigma: -1 }), /noise: sigma is -1/],
  [() => cutout({ size: 0 }), /cutout: size is 0/],
  [
    () => Reflect.apply(augmentations, undefined, [[3]]),
    /augmentations: 3 in the list, expected a list of augmentations/,
  ],
] as const)
  test(`refused: ${message.source.slice(0, 60)}`, () => assert.throws(run, message));
